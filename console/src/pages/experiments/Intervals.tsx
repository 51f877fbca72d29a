import { theme } from "antd";
import { type Mark, spanOf } from "@/parts/picture";
import { signed } from "./figures";

const [WIDTH, HEIGHT] = [560, 150];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 8, 10, 22];

/** An estimate with its interval for each day, beside the line of no difference. */
export function Intervals({ marks, label }: { marks: Mark[]; label: string }) {
  const { token } = theme.useToken();
  const [least, most] = spanOf(marks);
  const y = (value: number) => TOP + (1 - (value - least) / (most - least)) * (HEIGHT - TOP - BOTTOM);
  const step = (WIDTH - LEFT - RIGHT) / Math.max(marks.length, 1);
  const x = (place: number) => LEFT + step * (place + 0.5);
  const every = Math.ceil(marks.length / 6);
  const ink = { fill: token.colorTextSecondary, fontSize: 11 };
  const line = { stroke: token.colorText, strokeWidth: 1.5 };
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      style={{ width: "100%", maxWidth: 720, height: "auto", display: "block" }}
    >
      {[least, 0, most]
        .filter((value, place, all) => all.indexOf(value) === place)
        .map((value) => (
          <g key={value}>
            <line
              x1={LEFT}
              x2={WIDTH - RIGHT}
              y1={y(value)}
              y2={y(value)}
              stroke={value === 0 ? token.colorText : token.colorBorderSecondary}
              strokeDasharray={value === 0 ? "4 3" : undefined}
            />
            <text x={LEFT - 6} y={y(value) + 4} textAnchor="end" {...ink}>
              {value === 0 ? "0" : signed(value)}
            </text>
          </g>
        ))}
      {marks.map((mark, place) => (
        <g key={mark.label}>
          {mark.low !== undefined && mark.high !== undefined && (
            <>
              <line x1={x(place)} x2={x(place)} y1={y(mark.low)} y2={y(mark.high)} {...line} />
              {[mark.low, mark.high].map((end) => (
                <line key={end} x1={x(place) - 4} x2={x(place) + 4} y1={y(end)} y2={y(end)} {...line} />
              ))}
            </>
          )}
          {mark.value !== null && <circle cx={x(place)} cy={y(mark.value)} r={3.5} fill={token.colorPrimary} />}
          {(marks.length - 1 - place) % every === 0 && (
            <text x={x(place)} y={HEIGHT - 6} textAnchor="middle" {...ink}>
              {mark.label}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}
