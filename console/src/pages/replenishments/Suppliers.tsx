import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Empty, Flex, Grid, Skeleton, Table, type TableColumnsType } from "antd";
import { api, type Schema } from "@/api/client";
import { isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Notices } from "@/parts/Notices";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useSupplyWords } from "./supplyWords";

type Row = Schema["SupplierState"];
const percent = (share: number | null): string => (share === null ? "–" : `${(share * 100).toFixed(1)}%`);

/** Who brings what, and how good they have been. */
export const Suppliers = () => (
  <Notices>
    <List />
  </Notices>
);

function List() {
  const words = useSupplyWords();
  const may = useMay();
  const wide = Grid.useBreakpoint().md ?? true;
  const { message } = App.useApp();
  const queries = useQueryClient();
  const { data, error, refetch } = api.useQuery("get", "/v1/suppliers", {});
  const plan = api.useMutation("post", "/v1/suppliers/{name}/plans", {
    onSuccess: () => {
      void message.success(words.planned);
      void queries.invalidateQueries();
    },
    onError: (failure: unknown) => message.error(isStatus(failure, 409) ? words.plannedAlready : words.failed),
  });
  const right = { align: "right" as const, responsive: ["md" as const] };
  const columns: TableColumnsType<Row> = [
    {
      title: words.supplier,
      key: "supplier",
      render: (_, row) => (
        <>
          <bdi style={{ fontWeight: 500 }}>{row.name ?? row.supplier}</bdi>
          <div>
            <Quiet small>
              {words.ways[row.way] ?? row.way} · {count(row.products)} {words.products}
            </Quiet>
          </div>
          {!wide && (
            <div>
              <Quiet small>
                {words.onTime} {percent(row.scorecard.on_time)} · {words.filled} {percent(row.scorecard.filled)}
              </Quiet>
            </div>
          )}
        </>
      ),
    },
    { title: words.deliveries, key: "deliveries", ...right, render: (_, row) => count(row.scorecard.deliveries) },
    { title: words.answered, key: "answered", ...right, render: (_, row) => percent(row.scorecard.answered) },
    { title: words.onTime, key: "time", ...right, render: (_, row) => percent(row.scorecard.on_time) },
    { title: words.filled, key: "filled", ...right, render: (_, row) => percent(row.scorecard.filled) },
    {
      title: words.quality,
      key: "quality",
      ...right,
      render: (_, row) => `${row.scorecard.short_life} / ${row.scorecard.wrong_lot}`,
    },
    ...(may("replenishments.decide")
      ? [
          {
            key: "act",
            align: "right" as const,
            render: (_: unknown, row: Row) => (
              <Button
                size="small"
                loading={plan.isPending && plan.variables.params.path.name === row.supplier}
                onClick={() => {
                  plan.mutate({ params: { path: { name: row.supplier } } });
                }}
              >
                {words.planNow}
              </Button>
            ),
          },
        ]
      : []),
  ];
  if (error !== null && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton active paragraph={{ rows: 4 }} title={false} />;
  if (data.length === 0)
    return (
      <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.noSuppliers}>
        <Quiet>{words.noSuppliersAbout}</Quiet>
      </Empty>
    );
  return (
    <Flex vertical gap={16}>
      <Table rowKey="supplier" columns={columns} dataSource={data} pagination={false} />
    </Flex>
  );
}
