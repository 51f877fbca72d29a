import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Empty, Flex, Skeleton, Table, type TableColumnsType } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useWords } from "./words";

interface Whose {
  customer: number;
  name: string | null;
  journey: string;
  title: string;
  step: string | null;
}

function useWhose<Row extends Whose>(): TableColumnsType<Row> {
  const words = useWords();
  return [
    {
      title: words.customer,
      key: "customer",
      render: (_, row) => (
        <Link to="/customers/$id" params={{ id: String(row.customer) }}>
          <bdi>{row.name ?? `#${row.customer}`}</bdi>
        </Link>
      ),
    },
    {
      title: words.journey,
      key: "journey",
      render: (_, row) => (
        <>
          <Link
            to="/journeys/$name"
            params={{ name: row.journey }}
            search={row.step === null ? {} : { step: row.step }}
          >
            <bdi>{row.title}</bdi>
          </Link>{" "}
          <Quiet small>{row.step}</Quiet>
        </>
      ),
    },
  ];
}

/** Messages that wait until they may be sent: quiet hours or a pause hold them. */
export function Held() {
  const words = useWords();
  const whose = useWhose<Schema["HeldMessage"]>();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/held",
    { params: { query: { limit: 50 } } },
    { pageParamName: "after", initialPageParam: 0, getNextPageParam: (page) => page.next ?? undefined },
  );
  const rows = data?.pages.flatMap((page) => page.messages) ?? [];
  const columns: TableColumnsType<Schema["HeldMessage"]> = [
    ...whose,
    {
      title: words.until,
      key: "until",
      width: 190,
      render: (_, row) => (row.until ? instant(row.until) : <Quiet>{words.paused}</Quiet>),
    },
  ];
  return (
    <>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && rows.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none.held} />}
      {rows.length > 0 && <Table rowKey="enrollment" columns={columns} dataSource={rows} pagination={false} />}
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </>
  );
}

/** Those whom a defect has put off; it is tried again by itself, or at once. */
export function Stuck() {
  const words = useWords();
  const may = useMay();
  const queries = useQueryClient();
  const whose = useWhose<Schema["StuckEnrollment"]>();
  const { data, error, refetch } = api.useQuery("get", "/v1/stuck", {}, { refetchInterval: 15_000 });
  const retry = api.useMutation("post", "/v1/stuck/retry");
  const rows = data?.enrollments ?? [];
  const columns: TableColumnsType<Schema["StuckEnrollment"]> = [
    ...whose,
    { title: words.defect, dataIndex: "defect", responsive: ["md"], ellipsis: true },
    { title: words.since, key: "since", width: 150, responsive: ["md"], render: (_, row) => instant(row.since) },
    { title: words.again, key: "again", width: 150, render: (_, row) => row.again_at && instant(row.again_at) },
  ];
  return (
    <>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {retry.error !== null && <Failure error={retry.error} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && rows.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none.stuck} />}
      {rows.length > 0 && (
        <Flex vertical gap={12}>
          {may("journeys.run") && (
            <Button
              style={{ alignSelf: "start" }}
              loading={retry.isPending}
              onClick={() => {
                retry.mutate({}, { onSuccess: () => void queries.invalidateQueries() });
              }}
            >
              {words.retryAll(rows.length)}
            </Button>
          )}
          <Table rowKey="enrollment" columns={columns} dataSource={rows} pagination={false} />
        </Flex>
      )}
    </>
  );
}
