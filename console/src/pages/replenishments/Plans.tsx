import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Empty, Flex, Segmented, Skeleton, Table, type TableColumnsType, Tag } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { exceptionsOf, unitsOf, UNDECIDED } from "./figures";
import { PlanDrawer } from "./PlanDrawer";
import { useSupplyWords } from "./supplyWords";
import { STAGES, type Stage } from "./tabs";

type Plan = Schema["Plan"];
const route = getRouteApi("/inside/replenishments");
const OF: Record<Stage, (plan: Plan) => boolean> = {
  undecided: (plan) => UNDECIDED.has(plan.status),
  asked: (plan) => plan.status === "asked",
  coming: (plan) => ["agreed", "ordered", "shipped", "overdue"].includes(plan.status),
  all: () => true,
};
const BAD = new Set(["overdue", "failed", "lapsed"]);

/** The deliveries that are planned with suppliers, from the proposal to the receipt. */
export function Plans() {
  const words = useSupplyWords();
  const navigate = useNavigate();
  const { stage = "undecided", plan: opened } = route.useSearch();
  const suppliers = api.useQuery("get", "/v1/suppliers", {});
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/supply/plans",
    { params: { query: { limit: 200 } } },
    { refetchInterval: 10_000 },
  );
  const names = Object.fromEntries((suppliers.data ?? []).map((each) => [each.supplier, each.name ?? each.supplier]));
  const show = (search: { stage?: Stage; plan?: number | undefined }) =>
    void navigate({ to: "/replenishments", search: { tab: "plans", stage, ...search } });
  const rows = (data ?? []).filter(OF[stage]);
  const columns: TableColumnsType<Plan> = [
    {
      title: words.supplier,
      key: "supplier",
      render: (_, row) => (
        <Link to="/replenishments" search={{ tab: "plans", stage, plan: row.id }}>
          <bdi>{words.planOf(names[row.supplier] ?? row.supplier, row.promised_on ?? row.on)}</bdi>
        </Link>
      ),
    },
    {
      title: words.status,
      key: "status",
      width: 170,
      render: (_, row) => (
        <Tag
          variant="filled"
          style={{ margin: 0 }}
          color={BAD.has(row.status) ? "error" : UNDECIDED.has(row.status) ? "warning" : "default"}
        >
          {words.statuses[row.status] ?? row.status}
        </Tag>
      ),
    },
    {
      title: words.units,
      key: "units",
      width: 90,
      align: "right",
      responsive: ["md"],
      render: (_, row) => count(unitsOf(row)),
    },
    {
      title: words.differs,
      key: "differs",
      responsive: ["lg"],
      render: (_, row) => <Quiet small>{exceptionsOf(row, words).join("、")}</Quiet>,
    },
    {
      title: words.due,
      key: "due",
      width: 150,
      responsive: ["md"],
      render: (_, row) => row.due_at && instant(row.due_at),
    },
  ];
  return (
    <Flex vertical gap={16}>
      <Quiet>{words.about}</Quiet>
      <Segmented
        aria-label={words.stage}
        style={{ alignSelf: "start" }}
        value={stage}
        options={STAGES.map((value) => ({ value, label: words.stages[value] }))}
        onChange={(value) => {
          show({ stage: value });
        }}
      />
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && rows.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none} />}
      {rows.length > 0 && (
        <Table rowKey="id" columns={columns} dataSource={rows} pagination={{ pageSize: 20, hideOnSinglePage: true }} />
      )}
      {opened !== undefined && (
        <PlanDrawer
          id={opened}
          names={names}
          onClose={() => {
            show({});
          }}
        />
      )}
    </Flex>
  );
}
