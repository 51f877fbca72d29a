import { theme } from "antd";
import type { Schema } from "@/api/client";
import { count, instant } from "@/parts/time";
import { useReviewWords } from "./reviewWords";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [900, 190, 44, 40, 12];

/** A name that has room beside the next one. */
const brief = (name: string): string => (name.length > 7 ? `${name.slice(0, 6)}…` : name);

/** How many watched, every five minutes; below, where another product was begun. */
export function Curve({ points }: { points: Schema["Watching"][] }) {
  const words = useReviewWords();
  const { token } = theme.useToken();
  const most = Math.max(...points.map((each) => each.watching), 1);
  const x = (place: number) => LEFT + (place / (points.length - 1)) * (WIDTH - LEFT - 12);
  const y = (watching: number) => TOP + (1 - watching / most) * (HEIGHT - TOP - BOTTOM);
  const ink = { fill: token.colorTextSecondary, fontSize: 11 };
  const peak = points.reduce((best, each) => (each.watching > best.watching ? each : best));
  const every = Math.ceil(points.length / 8);
  return (
    <svg
      role="img"
      aria-label={words.peak(count(peak.watching), instant(peak.at))}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      style={{ width: "100%", maxWidth: 1080, display: "block" }}
    >
      {[0, most].map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={WIDTH - 12} y1={y(value)} y2={y(value)} stroke={token.colorBorderSecondary} />
          <text x={LEFT - 6} y={y(value) + 4} textAnchor="end" {...ink}>
            {count(value)}
          </text>
        </g>
      ))}
      <polyline
        fill="none"
        stroke={token.colorPrimary}
        strokeWidth={2}
        points={points.map((each, place) => `${x(place)},${y(each.watching)}`).join(" ")}
      />
      {points.map((each, place) => {
        const shown = each.shown.at(-1);
        const before = points[place - 1]?.shown.at(-1);
        return (
          <g key={each.at}>
            {place % every === 0 && (
              <text x={x(place)} y={HEIGHT - 22} textAnchor={place === points.length - 1 ? "end" : "middle"} {...ink}>
                {instant(each.at).slice(-5)}
              </text>
            )}
            {shown !== undefined && shown !== before && (
              <>
                <line
                  x1={x(place)}
                  x2={x(place)}
                  y1={TOP}
                  y2={HEIGHT - BOTTOM}
                  stroke={token.colorTextTertiary}
                  strokeDasharray="3 3"
                />
                <text x={x(place)} y={HEIGHT - 6} textAnchor="middle" {...ink}>
                  {brief(shown)}
                </text>
              </>
            )}
          </g>
        );
      })}
    </svg>
  );
}
