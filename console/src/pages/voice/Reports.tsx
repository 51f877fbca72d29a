import { Button, Empty, Flex, Segmented, Select, Skeleton } from "antd";
import { useState } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Figures } from "@/parts/Figures";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { TopicTable } from "./TopicTable";
import { useWords } from "./words";

const PATH = "/v1/voice/report";
const OF = ["week", "show", "product"] as const;
const MOST = 15;
type Of = (typeof OF)[number];
type Query = { manager?: string } | { show: string } | { product: string };
const percent = (share: number): string => `${(share * 100).toFixed(0)}%`;

/** What customers said: in the last week, for everybody or one product manager; in a show; of a product. */
export function Reports() {
  const words = useWords();
  const [of, setOf] = useState<Of>("week");
  const [manager, setManager] = useState<string>();
  const [show, setShow] = useState<string>();
  const [product, setProduct] = useState<string>();
  const week = api.useQuery("get", PATH, {});
  const shows = api.useQuery("get", "/v1/streams", { params: { query: { limit: 50 } } });
  const spoken = api.useQuery("get", "/v1/topics", { params: { query: { days: 366, limit: 500 } } });
  const products = new Map(spoken.data?.topics.flatMap((each) => (each.sku ? [[each.sku, each.product]] : [])));
  const query: Query | undefined = {
    week: manager === undefined ? {} : { manager },
    show: show === undefined ? undefined : { show },
    product: product === undefined ? undefined : { product },
  }[of];
  return (
    <Flex vertical gap={16}>
      <Flex gap={12} wrap>
        <Segmented
          aria-label={words.reports}
          value={of}
          options={OF.map((value) => ({ value, label: words.reportOf[value] }))}
          onChange={setOf}
        />
        {of === "week" && (
          <Select
            aria-label={words.manager}
            allowClear
            placeholder={words.anyManager}
            style={{ minWidth: 220 }}
            value={manager}
            options={(week.data?.managers ?? []).map((value) => ({ value, label: value }))}
            onChange={setManager}
          />
        )}
        {of === "show" && (
          <Select
            aria-label={words.show}
            showSearch={{ optionFilterProp: "label" }}
            placeholder={words.show}
            style={{ minWidth: 220 }}
            value={show}
            options={(shows.data?.shows ?? []).map((each) => ({
              value: each.stream_id,
              label: `${each.title ?? each.stream_id} · ${each.stream_id}`,
            }))}
            onChange={setShow}
          />
        )}
        {of === "product" && (
          <Select
            aria-label={words.product}
            showSearch={{ optionFilterProp: "label" }}
            placeholder={words.product}
            style={{ minWidth: 220 }}
            value={product}
            options={[...products].map(([value, name]) => ({ value, label: name ?? value }))}
            onChange={setProduct}
          />
        )}
      </Flex>
      {query ? <Report query={query} /> : <Quiet>{words.choose}</Quiet>}
    </Flex>
  );
}

function Report({ query }: { query: Query }) {
  const words = useWords();
  const { data, error, refetch } = api.useQuery("get", PATH, { params: { query } });
  const file = (format: string) => `${PATH}?${new URLSearchParams({ ...query, format }).toString()}`;
  if (error !== null && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton active paragraph={{ rows: 8 }} title={false} />;
  const span = [data.since, data.until].flatMap((at) => (at === null ? [] : [instant(at)]));
  const said = (sentiment: string) => count(data.sentiments[sentiment] ?? 0);
  return (
    <Flex vertical gap={24}>
      <Flex justify="space-between" gap={12} wrap align="center">
        <Quiet>{span.join(" – ")}</Quiet>
        <Flex gap={8}>
          <Button href={file("docx")}>{words.saveDocx}</Button>
          <Button href={file("markdown")} download="report.md">
            {words.saveMarkdown}
          </Button>
        </Flex>
      </Flex>
      <Figures
        items={[
          [words.speakers, count(data.speakers)],
          [words.comments, count(data.comments)],
          [words.sentiments.positive ?? "", said("positive")],
          [words.sentiments.negative ?? "", said("negative")],
          [words.sentiments.wish ?? "", said("wish")],
          [words.kinds.question ?? "", count(data.kinds.question ?? 0)],
        ]}
      />
      {data.comments === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none} />}
      {data.alerts.length > 0 && (
        <Section title={words.alerts}>
          <ul style={{ margin: 0, paddingInlineStart: 20 }}>
            {data.alerts.map((each) => (
              <li key={each.id}>
                {instant(each.at)} <bdi>{each.product ?? each.sku}</bdi> <bdi>{each.topic}</bdi>{" "}
                {words.of(count(each.count), count(each.speakers))}
                {each.usual !== null && (
                  <Quiet>
                    {" "}
                    {words.usual} {percent(each.usual)}
                  </Quiet>
                )}
              </li>
            ))}
          </ul>
        </Section>
      )}
      {(["negative", "wish", "positive"] as const).map((sentiment) => {
        const rows = data.topics.filter((each) => each.sentiment === sentiment).slice(0, MOST);
        return (
          rows.length > 0 && (
            <Section key={sentiment} title={words.sentiments[sentiment] ?? sentiment}>
              <TopicTable rows={rows} />
            </Section>
          )
        );
      })}
      {data.questions.length > 0 && (
        <Section title={words.asked}>
          <ul style={{ margin: 0, paddingInlineStart: 20 }}>
            {data.questions.map((each) => (
              <li key={each}>
                <bdi>{each}</bdi>
              </li>
            ))}
          </ul>
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
