import { Button, Empty, Flex, Segmented, Select, Skeleton, Table, type TableColumnsType, Tag } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { Propose } from "./Propose";
import { useWords } from "./words";

type Topic = Schema["TopicState"];
type Share = Schema["ShareState"];
const COLORS: Record<string, string> = { negative: "error", positive: "success" };
const REFRESH = 5_000;
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;

/** The topics of a show, or of the last days. */
export function Topics() {
  const words = useWords();
  const may = useMay();
  const [asked, setAsked] = useState<Topic>();
  const [days, setDays] = useState(7);
  const [stream, setStream] = useState<string>();
  const [sku, setSku] = useState<string>();
  const shows = api.useQuery("get", "/v1/streams", { params: { query: { limit: 50 } } });
  const query = stream === undefined ? { days } : { stream };
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/topics",
    { params: { query: { ...query, limit: 200 } } },
    { refetchInterval: REFRESH },
  );
  const products = new Map(data?.topics.flatMap((each) => (each.sku ? [[each.sku, each.product ?? each.sku]] : [])));
  const rows = (data?.topics ?? []).filter((each) => sku === undefined || each.sku === sku);
  const usual = (share: Share | null) => share && <Quiet>{percent(share.share)}</Quiet>;
  const columns: TableColumnsType<Topic> = [
    {
      title: words.topic,
      key: "topic",
      width: 220,
      render: (_, row) => (
        <Flex gap={6} wrap align="center">
          <strong>
            <bdi>{row.title}</bdi>
          </strong>
          <Tag color={COLORS[row.sentiment] ?? "default"}>
            {words.aspects[row.aspect]} {words.sentiments[row.sentiment]}
          </Tag>
          {row.rises && <Tag color="red">{words.rises}</Tag>}
        </Flex>
      ),
    },
    {
      title: words.product,
      key: "product",
      width: 160,
      render: (_, row) => <bdi>{row.product ?? row.sku ?? words.nothing}</bdi>,
    },
    {
      title: words.said,
      key: "said",
      width: 140,
      align: "right",
      render: (_, row) => (
        <>
          <strong>{percent(row.share)}</strong>
          <br />
          <Quiet small>{words.of(count(row.count), count(row.speakers))}</Quiet>
        </>
      ),
    },
    { title: words.usual, key: "usual", width: 80, align: "right", render: (_, row) => usual(row.usual) },
    {
      title: words.category,
      key: "category",
      width: 80,
      align: "right",
      responsive: ["lg"],
      render: (_, row) => usual(row.category),
    },
    {
      title: words.buyers,
      key: "buyers",
      width: 90,
      align: "right",
      responsive: ["lg"],
      render: (_, row) => count(row.buyers),
    },
    {
      title: words.quotes,
      key: "quotes",
      responsive: ["md"],
      render: (_, row) => <Quiet small>{row.quotes.slice(0, 3).join(" · ")}</Quiet>,
    },
    ...(may("voice.edit")
      ? [
          {
            key: "act",
            width: 110,
            render: (_: unknown, row: Topic) =>
              row.sku !== null &&
              row.sentiment !== "positive" && (
                <Button
                  size="small"
                  onClick={() => {
                    setAsked(row);
                  }}
                >
                  {words.propose}
                </Button>
              ),
          },
        ]
      : []),
  ];
  return (
    <Flex vertical gap={16}>
      <Flex gap={12} wrap>
        <Segmented
          aria-label={words.span}
          value={days}
          disabled={stream !== undefined}
          options={[
            { value: 7, label: words.week },
            { value: 30, label: words.month },
          ]}
          onChange={setDays}
        />
        <Select
          aria-label={words.show}
          allowClear
          showSearch={{ optionFilterProp: "label" }}
          placeholder={words.anyShow}
          style={{ minWidth: 220 }}
          value={stream}
          options={(shows.data?.shows ?? []).map((each) => ({
            value: each.stream_id,
            label: `${each.title ?? each.stream_id} · ${each.stream_id}`,
          }))}
          onChange={setStream}
        />
        <Select
          aria-label={words.product}
          allowClear
          placeholder={words.anyProduct}
          style={{ minWidth: 160 }}
          value={sku}
          options={[...products].map(([value, label]) => ({ value, label }))}
          onChange={setSku}
        />
      </Flex>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && rows.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none}>
          <Quiet>{words.noneAbout}</Quiet>
        </Empty>
      )}
      {rows.length > 0 && (
        <Table
          rowKey={(row) => `${row.sku ?? ""} ${row.aspect} ${row.sentiment} ${row.topic}`}
          columns={columns}
          dataSource={rows}
          pagination={rows.length > 30 ? { pageSize: 30, showSizeChanger: false } : false}
        />
      )}
      {asked && (
        <Propose
          topic={asked}
          onClose={() => {
            setAsked(undefined);
          }}
        />
      )}
    </Flex>
  );
}
