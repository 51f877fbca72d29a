import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { App, Button, Flex, Grid, Input, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { isProblem } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { Figures } from "@/parts/Figures";
import { useMay } from "@/parts/me";
import { yuan as number } from "@/parts/money";
import { Notices } from "@/parts/Notices";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { TaskTable } from "@/parts/TaskTable";
import { count, instant } from "@/parts/time";
import { Curve } from "./Curve";
import { useReviewWords } from "./reviewWords";

type Review = Schema["ReviewState"];
const route = getRouteApi("/inside/shows/$id/review");
const PATH = "/v1/streams/{id}/review";
const yuan = (fen: number): string => `¥${number(fen)}`;
const percent = (share: number | null): string => (share === null ? "–" : `${(share * 100).toFixed(1)}%`);

/** The review of a show that is over: what came of it, and what is to be done until the next one. */
export function ReviewPage() {
  const words = useReviewWords();
  const { id } = route.useParams();
  const { data, error, refetch } = api.useQuery("get", PATH, { params: { path: { id } } }, { retry: false });
  const file = `/v1/streams/${encodeURIComponent(id)}/review?format=docx`;
  return (
    <Page
      title={words.title(data?.title ?? id)}
      {...(data && { about: words.stages[data.stage] })}
      actions={data && <Button href={file}>{words.docx}</Button>}
    >
      <Link to="/shows/$id" params={{ id }}>
        {words.back}
      </Link>
      {isProblem(error, "conflict") ? (
        <Quiet>{words.early}</Quiet>
      ) : (
        error !== null && !data && <Failure error={error} retry={() => void refetch()} />
      )}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && (
        <Notices>
          <Parts review={data} id={id} />
        </Notices>
      )}
    </Page>
  );
}

function Parts({ review, id }: { review: Review; id: string }) {
  const words = useReviewWords();
  const { key, compared, coupons } = review;
  const usual = (name: keyof Review["key"], say: (value: number) => string) => {
    const value = compared.mean[name];
    return value === undefined ? undefined : words.usual(say(value));
  };
  const whole = (value: number) => count(Math.round(value));
  return (
    <Flex vertical gap={28}>
      <Quiet small>
        {words.asOf(instant(review.as_of))}
        {review.next_at && words.nextAt(instant(review.next_at))}
      </Quiet>
      <Figures
        items={[
          [words.viewers, count(key.viewers), usual("viewers", whole)],
          [words.carts, count(key.carts), usual("carts", whole)],
          [words.buyers, count(key.buyers), usual("buyers", whole)],
          [words.conversion, percent(key.conversion), usual("conversion", percent)],
          [words.revenue, yuan(key.revenue), usual("revenue", yuan)],
          [words.newcomers, count(key.new_customers), usual("new_customers", whole)],
          [
            words.repurchase,
            percent(key.repurchase),
            key.repurchase_is_final ? usual("repurchase", percent) : words.notYet,
          ],
          [words.coupons, words.used(count(coupons.redeemed)), words.cost(yuan(coupons.cost))],
        ]}
      />
      <Section title={words.curve}>
        {review.curve.length > 1 ? <Curve points={review.curve} /> : <Quiet>{words.none}</Quiet>}
      </Section>
      <Section title={words.products}>
        <Products rows={review.products} />
      </Section>
      <Section title={words.topics}>
        <Topics rows={review.comments.topics} />
      </Section>
      <Section title={words.alarms}>
        <Alarms review={review} />
      </Section>
      <Section title={words.journeys}>
        <Journeys rows={review.journeys} />
      </Section>
      <Section title={words.decisions}>
        <Decisions id={id} rows={review.decisions} />
      </Section>
      <Section title={words.todos}>
        <TaskTable rows={review.todos} />
      </Section>
      {review.last_todos.length > 0 && (
        <Section title={words.lastTodos}>
          <TaskTable rows={review.last_todos} />
        </Section>
      )}
    </Flex>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section aria-label={title}>
      <h2 style={{ fontSize: 16, margin: "0 0 10px" }}>{title}</h2>
      {children}
    </section>
  );
}

function Products({ rows }: { rows: Review["products"] }) {
  const words = useReviewWords();
  const wide = Grid.useBreakpoint().md ?? true;
  const columns: TableColumnsType<Review["products"][number]> = [
    {
      title: words.product,
      key: "name",
      render: (_, row) => (
        <>
          <bdi>{row.name ?? row.sku}</bdi>
          {!wide && row.sold_out_at && (
            <div>
              <Quiet small>{words.lost(instant(row.sold_out_at), count(Math.round(row.lost)))}</Quiet>
            </div>
          )}
        </>
      ),
    },
    { title: words.sold, key: "sold", align: "right", width: 80, render: (_, row) => count(row.sold) },
    {
      title: words.expected,
      key: "expected",
      align: "right",
      width: 80,
      render: (_, row) => (row.expected === null ? "–" : count(Math.round(row.expected))),
    },
    {
      title: words.soldOut,
      key: "out",
      width: 260,
      responsive: ["md"],
      render: (_, row) => row.sold_out_at && words.lost(instant(row.sold_out_at), count(Math.round(row.lost))),
    },
  ];
  return (
    <Table
      rowKey="sku"
      size="small"
      columns={columns}
      dataSource={rows}
      pagination={rows.length > 12 ? { pageSize: 12, showSizeChanger: false } : false}
      locale={{ emptyText: words.none }}
    />
  );
}

function Topics({ rows }: { rows: Review["comments"]["topics"] }) {
  const words = useReviewWords();
  const columns: TableColumnsType<Review["comments"]["topics"][number]> = [
    { title: words.topic, key: "title", width: 200, render: (_, row) => <bdi>{row.title}</bdi> },
    { title: words.product, key: "product", width: 160, render: (_, row) => <bdi>{row.product ?? row.sku}</bdi> },
    {
      title: words.said,
      key: "said",
      align: "right",
      width: 90,
      render: (_, row) => `${count(row.count)} / ${count(row.speakers)}`,
    },
    {
      title: words.quotes,
      key: "quotes",
      responsive: ["md"],
      render: (_, row) => <Quiet small>{row.quotes.join(" · ")}</Quiet>,
    },
  ];
  return (
    <Table
      rowKey={(row) => `${row.sku ?? ""} ${row.aspect} ${row.sentiment} ${row.title}`}
      size="small"
      columns={columns}
      dataSource={rows}
      pagination={false}
      locale={{ emptyText: words.none }}
    />
  );
}

function Alarms({ review }: { review: Review }) {
  const words = useReviewWords();
  if (review.alarms.length + review.complaints.length === 0) return <Quiet>{words.none}</Quiet>;
  return (
    <ul style={{ margin: 0, paddingInlineStart: 20 }}>
      {review.complaints.map((each) => (
        <li key={`${each.at} ${each.sku} ${each.topic}`}>
          {instant(each.at)} <bdi>{each.product ?? each.sku}</bdi>{" "}
          {words.complaint(each.topic, count(each.count), count(each.speakers))}{" "}
          <Quiet>{each.answer ?? (each.answered_at ? words.answered : words.open)}</Quiet>
        </li>
      ))}
      {review.alarms.map((each) => (
        <li key={`${each.at} ${each.sku ?? ""}`}>
          {instant(each.at)} <bdi>{each.sku}</bdi> {words.kinds[each.kind ?? ""] ?? each.kind}{" "}
          <Quiet>{each.answer ?? words.unanswered}</Quiet>
        </li>
      ))}
    </ul>
  );
}

function Journeys({ rows }: { rows: Review["journeys"] }) {
  const words = useReviewWords();
  const columns: TableColumnsType<Review["journeys"][number]> = [
    {
      title: words.journey,
      key: "journey",
      render: (_, row) => (
        <Link to="/journeys/$name" params={{ name: row.journey }}>
          <bdi>{row.title}</bdi>
        </Link>
      ),
    },
    { title: words.entered, key: "entered", align: "right", width: 70, render: (_, row) => count(row.entered) },
    { title: words.reached, key: "reached", align: "right", width: 70, render: (_, row) => count(row.reached) },
    { title: words.orders, key: "orders", align: "right", width: 70, render: (_, row) => count(row.orders) },
    { title: words.revenue, key: "revenue", align: "right", width: 110, render: (_, row) => yuan(row.revenue) },
  ];
  return (
    <Table
      rowKey="journey"
      size="small"
      columns={columns}
      dataSource={rows}
      pagination={false}
      locale={{ emptyText: words.none }}
    />
  );
}

function Decisions({ id, rows }: { id: string; rows: Review["decisions"] }) {
  const words = useReviewWords();
  const may = useMay();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const { mutate, isPending } = api.useMutation("post", "/v1/streams/{id}/review/decisions", {
    onSuccess: async () => {
      setText("");
      await queries.invalidateQueries({ queryKey: ["get", PATH] });
    },
    onError: () => message.error(words.failed),
  });
  return (
    <Flex vertical gap={8}>
      {rows.length === 0 && <Quiet>{words.none}</Quiet>}
      {rows.map((each) => (
        <div key={each.at}>
          <bdi>{each.text}</bdi>{" "}
          <Quiet small>
            {each.by} {instant(each.at)}
          </Quiet>
        </div>
      ))}
      {may("voice.edit") && (
        <Flex gap={8} style={{ maxWidth: 560 }}>
          <Input
            aria-label={words.decide}
            placeholder={words.decide}
            maxLength={1000}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
          <Button
            loading={isPending}
            disabled={text.trim() === ""}
            onClick={() => {
              mutate({ params: { path: { id } }, body: { text } });
            }}
          >
            {words.note}
          </Button>
        </Flex>
      )}
    </Flex>
  );
}
