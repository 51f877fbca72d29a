import { Button, Drawer, Flex, Grid, Skeleton, Table, type TableColumnsType } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useWords } from "./words";

/** A lot's moves, whose sum is what is on hand. */
export function LotDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const words = useWords();
  const wide = Grid.useBreakpoint().md ?? true;
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/lots/{id}/moves",
    { params: { path: { id }, query: { limit: 50 } } },
    { pageParamName: "after", initialPageParam: "", getNextPageParam: (page) => page.next ?? undefined },
  );
  const columns: TableColumnsType<Schema["Move"]> = [
    { title: words.at, key: "at", width: 150, render: (_, row) => instant(row.at) },
    {
      title: words.reason,
      key: "reason",
      render: (_, row) => (
        <>
          {words.reasons[row.reason] ?? row.reason} {row.seen && <Quiet small>{words.seen}</Quiet>}
        </>
      ),
    },
    {
      title: words.quantity,
      key: "quantity",
      align: "right",
      width: 90,
      render: (_, row) => `${row.quantity > 0 ? "+" : ""}${count(row.quantity)}`,
    },
    { title: words.order, key: "order", responsive: ["md"], render: (_, row) => <bdi>{row.order_id}</bdi> },
  ];
  return (
    <Drawer
      open
      size={wide ? 560 : "100%"}
      title={
        <>
          <bdi>{id}</bdi> · {words.moves}
        </>
      }
      onClose={onClose}
    >
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && (
        <Flex vertical gap={12}>
          <Table
            rowKey="id"
            size="small"
            columns={columns}
            dataSource={data.pages.flatMap((page) => page.moves)}
            pagination={false}
          />
          {hasNextPage && (
            <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {words.more}
            </Button>
          )}
        </Flex>
      )}
    </Drawer>
  );
}
