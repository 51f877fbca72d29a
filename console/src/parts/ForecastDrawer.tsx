import { Drawer, Flex, Grid, Skeleton, Tag, theme } from "antd";
import { api, type Schema } from "@/api/client";
import { isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useForecastWords as useWords } from "./forecastWords";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [520, 220, 40, 26, 12];

/** What will be sold of a product on the next days: the band between its quantiles, and what that stands on. */
export function ForecastDrawer({ sku, onClose }: { sku: string; onClose: () => void }) {
  const words = useWords();
  const wide = Grid.useBreakpoint().md ?? true;
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/forecasts",
    { params: { query: { sku, days: 14 } } },
    { retry: false },
  );
  return (
    <Drawer open size={wide ? 600 : "100%"} title={words.forecastOf(data?.name ?? sku)} onClose={onClose}>
      {isStatus(error, 404) ? (
        <Quiet>{words.onNothing}</Quiet>
      ) : (
        error !== null && !data && <Failure error={error} retry={() => void refetch()} />
      )}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && (
        <Flex vertical gap={16}>
          <Quiet>{basisOf(data.basis, words)}</Quiet>
          {data.basis.of !== "nothing" && <Band days={data.days} />}
          {data.days.some((day) => day.special.length > 0) && (
            <Flex vertical gap={6}>
              {data.days
                .filter((day) => day.special.length > 0)
                .map((day) => (
                  <span key={day.date}>
                    {day.date}{" "}
                    {day.special.map((name) => (
                      <Tag key={name}>{name}</Tag>
                    ))}
                  </span>
                ))}
            </Flex>
          )}
        </Flex>
      )}
    </Drawer>
  );
}

function basisOf(basis: Schema["ForecastBasis"], words: ReturnType<typeof useWords>): string {
  if (basis.of === "nothing") return words.onNothing;
  if (basis.of === "category") return words.onCategory(basis.category ?? "", count(basis.products), count(basis.days));
  return words.onProduct(count(basis.days), count(Math.round(basis.sold)), count(Math.round(basis.short)));
}

function Band({ days }: { days: Schema["ForecastDay"][] }) {
  const words = useWords();
  const { token } = theme.useToken();
  const at = (day: Schema["ForecastDay"], quantile: string) => day.quantiles[quantile] ?? 0;
  const most = Math.max(...days.map((day) => at(day, "0.9")), 1);
  const x = (place: number) => LEFT + (place / Math.max(days.length - 1, 1)) * (WIDTH - LEFT - 12);
  const y = (units: number) => TOP + (1 - units / most) * (HEIGHT - TOP - BOTTOM);
  const line = (quantile: string) => days.map((day, place) => `${x(place)},${y(at(day, quantile))}`);
  const ink = { fill: token.colorTextSecondary, fontSize: 12 };
  const sum = count(Math.round(days.reduce((total, day) => total + day.expected, 0)));
  return (
    <figure style={{ margin: 0 }}>
      <svg role="img" aria-label={words.bandOf(sum)} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} style={{ width: "100%" }}>
        {[0, most].map((units) => (
          <g key={units}>
            <line x1={LEFT} x2={WIDTH - 12} y1={y(units)} y2={y(units)} stroke={token.colorBorderSecondary} />
            <text x={LEFT - 6} y={y(units) + 4} textAnchor="end" {...ink}>
              {count(Math.round(units))}
            </text>
          </g>
        ))}
        <polygon points={[...line("0.9"), ...line("0.1").reverse()].join(" ")} fill={token.colorPrimaryBg} />
        <polyline points={line("0.5").join(" ")} fill="none" stroke={token.colorPrimary} strokeWidth={2} />
        {days.map((day, place) => (
          <g key={day.date}>
            {place % 3 === 0 && (
              <text x={x(place)} y={HEIGHT - 6} textAnchor={place === 0 ? "start" : "middle"} {...ink}>
                {day.date.slice(5)}
              </text>
            )}
          </g>
        ))}
      </svg>
      <figcaption>
        <Quiet small>{words.bandOf(sum)}</Quiet>
      </figcaption>
    </figure>
  );
}
