import { Button, Card, Flex, Table, theme } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { tableOf } from "@/parts/picture";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { worded } from "./figures";
import { useWords } from "./words";

type Cohort = Schema["Cohort"];

/** Who came back in each month after the first order, as a table whose cells are filled by the share that they tell. */
export function Cohorts() {
  const words = useWords();
  const { token } = theme.useToken();
  const { data, error } = api.useQuery("get", "/v1/cohorts");
  if (error !== null) return <Failure error={error} />;
  if (!data) return null;
  const longest = Math.max(0, ...data.map((each) => each.active.length - 1));
  const months = Array.from({ length: longest }, (_, place) => place + 1);
  const share = (cohort: Cohort, month: number) => {
    const active = cohort.active[month];
    return active === undefined ? null : active / cohort.customers;
  };
  const each = (total: number | null | undefined, cohort: Cohort) =>
    worded(total === null || total === undefined ? null : total / cohort.customers, "fen");
  const rows = () => [
    [words.month, words.customers, words.paid, words.expected, ...months.map((month) => `+${month}`)],
    ...data.map((cohort) => [
      cohort.month,
      cohort.customers,
      cohort.realised.at(-1) ?? "",
      cohort.expected ?? "",
      ...months.map((month) => cohort.active[month] ?? ""),
    ]),
  ];
  return (
    <Card size="small">
      <Flex vertical gap={10}>
        <h2 style={{ fontSize: 14, margin: 0 }}>{words.cohorts}</h2>
        <Quiet small>{words.cohortsAbout}</Quiet>
        {data.length === 0 && <Quiet>{words.noCohorts}</Quiet>}
        {data.length > 0 && (
          <div tabIndex={0} role="region" aria-label={words.cohorts} style={{ overflowX: "auto" }}>
            <Table<Cohort>
              rowKey="month"
              size="small"
              pagination={false}
              style={{ minWidth: 320 + 58 * longest }}
              dataSource={data}
              columns={[
                { title: words.month, key: "month", render: (_, row) => row.month.slice(0, 7) },
                { title: words.customers, key: "n", align: "right", render: (_, row) => count(row.customers) },
                { title: words.paid, key: "paid", align: "right", render: (_, row) => each(row.realised.at(-1), row) },
                { title: words.expected, key: "expected", align: "right", render: (_, row) => each(row.expected, row) },
                ...months.map((month) => ({
                  title: `+${month}`,
                  key: month,
                  align: "right" as const,
                  render: (_: unknown, row: Cohort) => {
                    const part = share(row, month);
                    if (part === null) return null;
                    const filled = `${(part * 100).toFixed(1)}%`;
                    return (
                      <span
                        style={{
                          display: "block",
                          background: `linear-gradient(to top, ${token.colorFillSecondary} ${filled}, transparent ${filled})`,
                        }}
                      >
                        {`${(part * 100).toFixed(0)}%`}
                      </span>
                    );
                  },
                })),
              ]}
            />
          </div>
        )}
        {data.length > 0 && (
          <Button href={tableOf(rows())} download="cohorts.csv" style={{ alignSelf: "start" }}>
            {words.downloadCohorts}
          </Button>
        )}
      </Flex>
    </Card>
  );
}
