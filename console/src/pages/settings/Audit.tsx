import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Empty, Flex, Select, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { OnPhone } from "@/parts/OnPhone";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { parted, told } from "./audited";
import { useAudited } from "./auditWords";
import { useWords } from "./words";

type Entry = Schema["Entry"];

export default function Audit() {
  const words = useWords();
  const audited = useAudited();
  const [action, setAction] = useState<string>();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/audit",
    { params: { query: { limit: 50, ...(action !== undefined && { action }) } } },
    {
      pageParamName: "after",
      initialPageParam: Number.MAX_SAFE_INTEGER,
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    },
  );
  const rows = data?.pages.flatMap((page) => page.entries) ?? [];
  const columns: TableColumnsType<Entry> = [
    { title: words.when, key: "at", width: 140, render: (_, row) => instant(row.at) },
    {
      title: words.who,
      key: "who",
      render: (_, row) => (
        <>
          <bdi>{row.name}</bdi> <Quiet small>{reference(row.actor, audited.actors, row.name)}</Quiet>
        </>
      ),
    },
    {
      title: words.what,
      key: "action",
      render: (_, row) => (
        <>
          {words.actions[row.action] ?? row.action}{" "}
          <span style={{ display: "inline-block", overflowWrap: "anywhere" }}>
            <Target target={row.target} />
          </span>
          <OnPhone>
            <Change row={row} />
          </OnPhone>
        </>
      ),
    },
    {
      title: words.change,
      key: "change",
      responsive: ["md"],
      render: (_, row) => <Change row={row} />,
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
      <Select
        allowClear
        showSearch={{ optionFilterProp: "label" }}
        aria-label={words.filter}
        placeholder={words.filter}
        value={action}
        style={{ maxWidth: 340 }}
        options={Object.entries(words.actions).map(([value, label]) => ({ value, label }))}
        onChange={setAction}
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

/** A reference in words; what is only its name again isn't said twice. */
function reference(code: string, kinds: Record<string, string>, besides = ""): string {
  const [kind, name] = parted(code);
  const shown = /^\d+$/.test(name) ? `#${name}` : name;
  return [kinds[kind] ?? kind, shown === besides ? "" : shown].filter(Boolean).join(" ");
}

function Change({ row }: { row: Entry }) {
  const audited = useAudited();
  return (
    <Quiet small style={{ overflowWrap: "anywhere" }}>
      <bdi>{[told(row.before, audited), told(row.after, audited)].filter(Boolean).join(" → ")}</bdi>
    </Quiet>
  );
}

/** What was changed, leading to its page where it has one. */
function Target({ target }: { target: string }) {
  const { targets } = useAudited();
  const [kind, name] = parted(target);
  const shown = <bdi>{reference(target, targets)}</bdi>;
  if (kind === "journey")
    return (
      <Link to="/journeys/$name" params={{ name }}>
        {shown}
      </Link>
    );
  if (kind === "customer")
    return (
      <Link to="/customers/$id" params={{ id: name }}>
        {shown}
      </Link>
    );
  if (kind === "stream")
    return (
      <Link to="/shows/$id" params={{ id: name }}>
        {shown}
      </Link>
    );
  return <Quiet small>{shown}</Quiet>;
}
