import { Button, Flex, Table, type TableColumnsType, Typography } from "antd";
import { api, type Schema } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useWords } from "./words";

/** What the stock book was told and didn't fit; nothing where all did. */
export function Unfit() {
  const words = useWords();
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/stock/discrepancies",
    { params: { query: { limit: 10 } } },
    { pageParamName: "after", initialPageParam: "", getNextPageParam: (page) => page.next ?? undefined },
  );
  const rows = data?.pages.flatMap((page) => page.discrepancies) ?? [];
  if (rows.length === 0) return null;
  const columns: TableColumnsType<Schema["Discrepancy"]> = [
    { title: words.at, key: "at", width: 150, responsive: ["md"], render: (_, row) => instant(row.at) },
    { title: words.reason, key: "reason", render: (_, row) => words.unfit[row.reason] ?? row.reason },
    {
      title: words.product,
      key: "product",
      render: (_, row) => (
        <>
          <bdi>{row.sku ?? row.lot_id}</bdi> {row.sku && row.lot_id && <Quiet small>{row.lot_id}</Quiet>}
        </>
      ),
    },
    {
      title: words.quantity,
      key: "quantity",
      align: "right",
      width: 90,
      render: (_, row) => row.quantity !== null && row.quantity !== undefined && count(row.quantity),
    },
    { title: words.order, key: "order", responsive: ["md"], render: (_, row) => <bdi>{row.order_id}</bdi> },
  ];
  return (
    <Flex vertical gap={8}>
      <Typography.Title level={5} style={{ margin: 0 }}>
        {words.unfitTitle}
      </Typography.Title>
      <Quiet>{words.unfitAbout}</Quiet>
      <Table rowKey="id" size="small" columns={columns} dataSource={rows} pagination={false} />
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </Flex>
  );
}
