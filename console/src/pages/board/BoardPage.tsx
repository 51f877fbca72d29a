import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Card, Drawer, Flex, Segmented, Skeleton, Table } from "antd";
import type { ReactNode } from "react";
import { api, type Schema } from "@/api/client";
import { useToday } from "@/parts/clock";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { type Drawing, save, tableOf } from "@/parts/picture";
import { Quiet } from "@/parts/Quiet";
import { useLanguage } from "@/parts/words";
import { Bars } from "./Bars";
import { Cohorts } from "./Cohorts";
import { Foretold } from "./Foretold";
import {
  change,
  endOf,
  filled,
  type Metric,
  type Period,
  type Reader,
  rowsOf,
  SCREENS,
  SHOWN,
  startOf,
  type Told,
  worded,
} from "./figures";
import { useWords } from "./words";

const route = getRouteApi("/inside/board");
const PERIODS = ["day", "week", "month"] as const;
const READERS = Object.keys(SCREENS) as Reader[];

export function BoardPage() {
  const words = useWords();
  const { by = "week", reader = "owner", metric } = route.useSearch();
  const navigate = route.useNavigate();
  const today = useToday() ?? undefined;
  const { data, error, refetch } = api.useQuery("get", "/v1/metrics", {}, { staleTime: Infinity });
  const known = new Map(data?.map((each) => [each.name, each]));
  const chosen = metric === undefined ? undefined : known.get(metric);
  const look = (search: { by?: Period; reader?: Reader; metric?: string | undefined }) => {
    const { by: period = by, reader: who = reader, metric: name } = search;
    void navigate({
      search: {
        ...(period !== "week" && { by: period }),
        ...(who !== "owner" && { reader: who }),
        ...(name !== undefined && { metric: name }),
      },
      replace: true,
    });
  };
  return (
    <Page title={words.title} about={words.about}>
      <Flex gap={12} wrap>
        <Segmented<Reader>
          aria-label={words.reader}
          value={reader}
          options={READERS.map((value) => ({ value, label: words.screens[value] ?? value }))}
          onChange={(value) => {
            look({ reader: value });
          }}
        />
        <Segmented<Period>
          aria-label={words.by}
          value={by}
          options={PERIODS.map((value) => ({ value, label: words.periods[value] ?? value }))}
          onChange={(value) => {
            look({ by: value });
          }}
        />
      </Flex>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && (!data || !today) && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && today && (
        <section
          aria-label={words.screens[reader]}
          style={{ display: "grid", gap: 12, gridTemplateColumns: "repeat(auto-fill, minmax(168px, 1fr))" }}
        >
          {SCREENS[reader].map((name) => {
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
        </section>
      )}
      {reader === "owner" && <Cohorts />}
      {reader === "owner" && <Foretold />}
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
            <Flex gap={8} wrap>
              <Button href={tableOf(rowsOf(told, heads))} download={`${metric.name}-${by}.csv`}>
                {words.download}
              </Button>
              <Button
                onClick={() => {
                  save(drawing(name, means, told, metric), `${metric.name}-${by}.png`);
                }}
              >
                {words.picture}
              </Button>
            </Flex>
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
            <Behind metric={metric} by={by} told={told} />
          </>
        )}
      </Flex>
    </Drawer>
  );
}

function drawing(name: string, means: string, told: Told[], metric: Metric): Drawing {
  const last = told.at(-2)?.value ?? null;
  const marks = told.map((each) => ({ label: each.day.slice(5), value: each.value }));
  const title = `${name} ${worded(last, metric.unit)}`;
  return { title, about: means, marks, worded: (value) => worded(value, metric.unit), form: "bars" };
}

/** The shows, and the customers or products, whom the last period that is over is made of; the present one where that is empty. */
function Behind({ metric, by, told }: { metric: Metric; by: Period; told: Told[] }) {
  const may = useMay();
  const over = told.at(-2);
  const period = over?.numerator ? over : told.at(-1);
  if (!period) return null;
  const span = { from: period.day, to: endOf(period.day, by) };
  return (
    <>
      {metric.parts.includes("show") && <Shows metric={metric} span={span} />}
      {metric.of === "customers" && may("customers.read") && <Customers metric={metric} span={span} />}
      {metric.of === "products" && <Products metric={metric} span={span} />}
    </>
  );
}

interface Span {
  from: string;
  to: string;
}

function Shows({ metric, span }: { metric: Metric; span: Span }) {
  const words = useWords();
  const { data, error } = api.useQuery("get", "/v1/metrics/{name}", {
    params: { path: { name: metric.name }, query: { by: "show", ...span } },
  });
  const shows = data?.points.flatMap((each) => (each.show ? [{ id: each.show, value: each.value }] : []));
  return (
    <section>
      <h3 style={{ fontSize: 14, margin: "8px 0 2px" }}>{words.behindShows}</h3>
      {error !== null && <Failure error={error} />}
      {shows?.length === 0 && <Quiet>{words.nobody}</Quiet>}
      {shows?.map((each) => (
        <Line key={each.id} figure={worded(each.value, metric.unit)}>
          <Link to="/shows/$id" params={{ id: each.id }}>
            {each.id}
          </Link>
        </Line>
      ))}
    </section>
  );
}

function Customers({ metric, span }: { metric: Metric; span: Span }) {
  const words = useWords();
  const { data, error } = api.useQuery("get", "/v1/metrics/{name}/customers", {
    params: { path: { name: metric.name }, query: span },
  });
  const unit = metric.unit === "fen" ? "fen" : "count";
  return (
    <section>
      <h3 style={{ fontSize: 14, margin: "8px 0 2px" }}>{words.behind}</h3>
      <Quiet small>{words.behindAbout(span.from)}</Quiet>
      {error !== null && <Failure error={error} />}
      {data?.length === 0 && (
        <div>
          <Quiet>{words.nobody}</Quiet>
        </div>
      )}
      {data?.map((each) => (
        <Line key={each.customer} figure={worded(each.number, unit)}>
          <Link to="/customers/$id" params={{ id: String(each.customer) }}>
            {each.name ?? words.unnamed(each.customer)}
          </Link>
        </Line>
      ))}
    </section>
  );
}

function Products({ metric, span }: { metric: Metric; span: Span }) {
  const words = useWords();
  const { data, error } = api.useQuery("get", "/v1/metrics/{name}/products", {
    params: { path: { name: metric.name }, query: span },
  });
  const figure = ({ numerator, denominator }: Schema["ProductBehind"]) =>
    denominator === null
      ? worded(numerator, metric.unit)
      : worded(denominator === 0 ? null : numerator / denominator, metric.unit);
  return (
    <section>
      <h3 style={{ fontSize: 14, margin: "8px 0 2px" }}>{words.behindProducts}</h3>
      <Quiet small>{words.behindAbout(span.from)}</Quiet>
      {error !== null && <Failure error={error} />}
      {data?.length === 0 && (
        <div>
          <Quiet>{words.nobody}</Quiet>
        </div>
      )}
      {data?.map((each) => (
        <Line key={each.sku} figure={figure(each)}>
          <Link to="/stock" search={{ q: each.sku }}>
            {each.name ?? each.sku}
          </Link>
        </Line>
      ))}
    </section>
  );
}

function Line({ figure, children }: { figure: string; children: ReactNode }) {
  return (
    <Flex justify="space-between" gap={8} style={{ padding: "5px 0" }}>
      <span>{children}</span>
      <span style={{ fontVariantNumeric: "tabular-nums" }}>{figure}</span>
    </Flex>
  );
}
