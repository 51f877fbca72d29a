import { Button, Empty, Flex, Segmented, Select, Skeleton } from "antd";
import { useState } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { Propose } from "./Propose";
import { type Topic, TopicTable } from "./TopicTable";
import { useWords } from "./words";

const REFRESH = 5_000;

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
  const act = {
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
  };
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
      {rows.length > 0 && <TopicTable rows={rows} act={may("voice.edit") ? act : undefined} />}
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
