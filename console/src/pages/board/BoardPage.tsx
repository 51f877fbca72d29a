import { getRouteApi } from "@tanstack/react-router";
import { Button, Card, Drawer, Flex, Segmented, Skeleton, Table } from "antd";
import { api } from "@/api/client";
import { useJourneyTime } from "@/parts/clock";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { useLanguage } from "@/parts/words";
import { Bars } from "./Bars";
import { change, csv, filled, type Metric, type Period, SCREENS, SHOWN, startOf, type Told, worded } from "./figures";
import { useWords } from "./words";

const route = getRouteApi("/inside/board");
const PERIODS = ["day", "week", "month"] as const;

export function BoardPage() {
  const words = useWords();
  const { by = "week", metric } = route.useSearch();
  const navigate = route.useNavigate();
  const now = useJourneyTime();
  const { data, error, refetch } = api.useQuery("get", "/v1/metrics", {}, { staleTime: Infinity });
  const known = new Map(data?.map((each) => [each.name, each]));
  const chosen = metric === undefined ? undefined : known.get(metric);
  const today = now === null ? undefined : new Date(now).toLocaleDateString("sv-SE");
  const look = (search: { by?: Period; metric?: string | undefined }) => {
    const { by: period = by, metric: name } = search;
    void navigate({
      search: { ...(period !== "week" && { by: period }), ...(name !== undefined && { metric: name }) },
      replace: true,
    });
  };
  return (
    <Page title={words.title} about={words.about}>
      <Segmented<Period>
        aria-label={words.by}
        style={{ alignSelf: "start" }}
        value={by}
        options={PERIODS.map((value) => ({ value, label: words.periods[value] ?? value }))}
        onChange={(value) => {
          look({ by: value });
        }}
      />
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && (!data || !today) && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data &&
        today &&
        Object.entries(SCREENS).map(([screen, names]) => (
          <section key={screen} aria-label={words.screens[screen]}>
            <h2 style={{ fontSize: 14, margin: "0 0 8px" }}>{words.screens[screen]}</h2>
            <div style={{ display: "grid", gap: 12, gridTemplateColumns: "repeat(auto-fill, minmax(210px, 1fr))" }}>
              {names.map((name) => {
                const each = known.get(name);
                return (
                  each && (
                    <Tile
                      key={name}
                      metric={each}
                      by={by}
                      today={today}
                      onOpen={() => {
                        look({ metric: name });
                      }}
                    />
                  )
                );
              })}
            </div>
          </section>
        ))}
      {chosen && today && (
        <Points
          metric={chosen}
          by={by}
          today={today}
          onClose={() => {
            look({});
          }}
        />
      )}
    </Page>
  );
}

/** A metric's periods, up to the one of today. */
function useTold(metric: Metric, by: Period, today: string) {
  const query = { by, from: startOf(today, by, SHOWN[by] - 1) };
  const { data, error } = api.useQuery("get", "/v1/metrics/{name}", { params: { path: { name: metric.name }, query } });
  return { error, told: data && filled(data.points, metric, today, by) };
}

function useName(metric: Metric) {
  return useLanguage() === "zh" ? metric.zh : metric.en;
}

function Tile({ metric, by, today, onOpen }: { metric: Metric; by: Period; today: string; onOpen: () => void }) {
  const words = useWords();
  const name = useName(metric);
  const { error, told } = useTold(metric, by, today);
  const value = told?.at(-2)?.value ?? null;
  return (
    <Card size="small">
      <Flex vertical gap={4}>
        <Button
          type="link"
          style={{ padding: 0, height: "auto", alignSelf: "start", color: "inherit" }}
          aria-haspopup="dialog"
          onClick={onOpen}
        >
          {name}
        </Button>
        {error !== null && <Failure error={error} />}
        {error === null && !told && <Skeleton active paragraph={{ rows: 1 }} />}
        {told && (
          <>
            <span style={{ fontSize: 22, fontWeight: 600, fontVariantNumeric: "tabular-nums" }}>
              {worded(value, metric.unit)}
            </span>
            <Quiet small>{value === null ? words.none : comparison(told, words)}</Quiet>
            <Bars told={told} label={chartLabel(name, told, metric, words)} />
          </>
        )}
      </Flex>
    </Card>
  );
}

type Words = ReturnType<typeof useWords>;

function comparison(told: Told[], words: Words): string {
  const part = change(told);
  if (part === null) return words.unknown;
  if (Math.abs(part) < 0.0005) return words.same;
  const size = `${(Math.abs(part) * 100).toFixed(1)}%`;
  return part > 0 ? words.more(size) : words.less(size);
}

function chartLabel(name: string, told: Told[], metric: Metric, words: Words): string {
  const values = told.flatMap((each) => each.value ?? []);
  if (values.length === 0) return words.none;
  return words.chart(name, worded(Math.min(...values), metric.unit), worded(Math.max(...values), metric.unit));
}

function Points({ metric, by, today, onClose }: { metric: Metric; by: Period; today: string; onClose: () => void }) {
  const words = useWords();
  const name = useName(metric);
  const means = useLanguage() === "zh" ? metric.means_zh : metric.means_en;
  const { error, told } = useTold(metric, by, today);
  const heads = [words.from, words.value, words.numerator, words.denominator];
  const number = (value: number | null) => value?.toLocaleString("en-US", { maximumFractionDigits: 1 }) ?? "";
  return (
    <Drawer open title={name} size={520} onClose={onClose}>
      <Flex vertical gap={12}>
        <p style={{ margin: 0 }}>{means}</p>
        {error !== null && <Failure error={error} />}
        {told && (
          <>
            <Bars told={told} label={chartLabel(name, told, metric, words)} />
            <Button
              style={{ alignSelf: "start" }}
              href={`data:text/csv;charset=utf-8,${encodeURIComponent(csv(told, heads))}`}
              download={`${metric.name}-${by}.csv`}
            >
              {words.download}
            </Button>
            <Table<Told>
              rowKey="day"
              size="small"
              pagination={false}
              dataSource={told.toReversed()}
              columns={[
                {
                  title: words.from,
                  key: "day",
                  render: (_, row) => (row.day === told.at(-1)?.day ? `${row.day}（${words.open}）` : row.day),
                },
                {
                  title: words.value,
                  key: "value",
                  align: "right",
                  render: (_, row) => worded(row.value, metric.unit),
                },
                { title: words.numerator, key: "of", align: "right", render: (_, row) => number(row.numerator) },
                { title: words.denominator, key: "by", align: "right", render: (_, row) => number(row.denominator) },
              ]}
            />
          </>
        )}
      </Flex>
    </Drawer>
  );
}
