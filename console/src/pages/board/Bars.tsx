import { theme } from "antd";
import type { Told } from "./figures";

const HEIGHT = 40;

/** A bar for each period; the last, which isn't over, is only outlined. Periods without a number have none. */
export function Bars({ told, label }: { told: Told[]; label: string }) {
  const { token } = theme.useToken();
  const most = Math.max(...told.map((each) => each.value ?? 0), 0) || 1;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${told.length * 8} ${HEIGHT}`}
      preserveAspectRatio="none"
      style={{ width: "100%", height: HEIGHT, display: "block" }}
    >
      {told.map((each, place) => {
        const height = Math.max(((each.value ?? 0) / most) * (HEIGHT - 2), each.value === null ? 0 : 1);
        const last = place === told.length - 1;
        return (
          <rect
            key={each.day}
            x={place * 8 + 1}
            y={HEIGHT - height - 0.5}
            width={6}
            height={height}
            fill={last ? "none" : token.colorTextTertiary}
            stroke={last ? token.colorTextTertiary : "none"}
          />
        );
      })}
    </svg>
  );
}
