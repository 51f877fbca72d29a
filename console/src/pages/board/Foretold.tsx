import { Card, Flex, theme } from "antd";
import { api } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useWords } from "./words";

const MOST = 7;

/** How many orders were foretold of the last 90 days, beside those that came, by how often customers had ordered. */
export function Foretold() {
  const words = useWords();
  const { token } = theme.useToken();
  const { data } = api.useQuery("get", "/v1/forecasts/customers");
  if (data === undefined) return null;
  if (!data?.foretold.length)
    return (
      <Card size="small" role="region" aria-label={words.foretold}>
        <h2 style={{ fontSize: 14, margin: "0 0 10px" }}>{words.foretold}</h2>
        <Quiet small>{data ? words.noLookBack : words.noFit}</Quiet>
      </Card>
    );
  const most = Math.max(...data.foretold.flatMap((each) => [each.expected, each.came]), 1);
  const bar = (value: number, filled: boolean) => (
    <div
      style={{
        width: `${(value / most) * 100}%`,
        minWidth: 1,
        height: 9,
        boxSizing: "border-box",
        border: `1px solid ${token.colorTextTertiary}`,
        background: filled ? token.colorTextTertiary : "none",
      }}
    />
  );
  return (
    <Card size="small" role="region" aria-label={words.foretold}>
      <Flex vertical gap={10}>
        <h2 style={{ fontSize: 14, margin: 0 }}>{words.foretold}</h2>
        <Quiet small>{words.foretoldAbout(count(data.customers), instant(data.at))}</Quiet>
        {data.foretold.map((each) => (
          <Flex key={each.repeats} gap={12} align="center" wrap>
            <span style={{ width: 150 }}>
              {words.repeats(each.repeats, each.repeats === MOST)}{" "}
              <Quiet small>{words.people(count(each.customers))}</Quiet>
            </span>
            <Flex vertical gap={2} style={{ flex: "1 1 160px" }}>
              {bar(each.expected, false)}
              {bar(each.came, true)}
            </Flex>
            <span style={{ width: 170, fontVariantNumeric: "tabular-nums" }}>
              {words.expectedAndCame(count(Math.round(each.expected)), count(each.came))}
            </span>
          </Flex>
        ))}
      </Flex>
    </Card>
  );
}
