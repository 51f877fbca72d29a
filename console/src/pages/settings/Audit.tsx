import { SearchOutlined } from "@ant-design/icons";
import { keepPreviousData } from "@tanstack/react-query";
import { Button, Empty, Flex, Input, Skeleton, Table, type TableColumnsType } from "antd";
import { useDeferredValue, useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useWords } from "./words";

type Entry = Schema["Entry"];

const written = (values: Record<string, unknown> | null): string =>
  Object.entries(values ?? {})
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("，");

export default function Audit() {
  const words = useWords();
  const [text, setText] = useState("");
  const action = useDeferredValue(text.trim());
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/audit",
    { params: { query: { limit: 50, ...(action !== "" && { action }) } } },
    {
      pageParamName: "after",
      initialPageParam: Number.MAX_SAFE_INTEGER,
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    },
  );
  const rows = data?.pages.flatMap((page) => page.entries) ?? [];
  const columns: TableColumnsType<Entry> = [
    { title: words.when, key: "at", width: 150, render: (_, row) => instant(row.at) },
    {
      title: words.who,
      key: "who",
      render: (_, row) => (
        <>
          <bdi>{row.name}</bdi> <Quiet small>{row.actor}</Quiet>
        </>
      ),
    },
    {
      title: words.what,
      key: "action",
      render: (_, row) => (
        <>
          {words.actions[row.action] ?? row.action}{" "}
          <Quiet small style={{ display: "inline-block", overflowWrap: "anywhere" }}>
            <bdi>
              {row.action} · {row.target}
            </bdi>
          </Quiet>
        </>
      ),
    },
    {
      title: words.change,
      key: "change",
      responsive: ["lg"],
      render: (_, row) => (
        <Quiet small style={{ overflowWrap: "anywhere" }}>
          <bdi>{[written(row.before), written(row.after)].filter(Boolean).join(" → ")}</bdi>
        </Quiet>
      ),
    },
    {
      title: words.from,
      key: "from",
      width: 130,
      responsive: ["lg"],
      render: (_, row) => <Quiet small>{row.address ?? words.terminal}</Quiet>,
    },
  ];
  return (
    <Flex vertical gap={12}>
      <Input
        allowClear
        prefix={<SearchOutlined />}
        aria-label={words.filter}
        placeholder={words.filter}
        value={text}
        maxLength={200}
        style={{ maxWidth: 340 }}
        onChange={(event) => {
          setText(event.target.value);
        }}
      />
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && rows.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.noEntries} />}
      {rows.length > 0 && <Table rowKey="id" size="small" columns={columns} dataSource={rows} pagination={false} />}
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </Flex>
  );
}
