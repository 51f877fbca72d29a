import { Link } from "@tanstack/react-router";
import { Button, Empty, Flex, Segmented, Skeleton, Table, type TableColumnsType, Tag } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { type Act, Decide } from "./Decide";
import { useWords } from "./words";

type Replenishment = Schema["ReplenishmentState"];
const AWAITING = new Set(["proposed", "escalated"]);
const BAD = new Set(["overdue", "failed", "lapsed"]);

const figure = (value: unknown): string => (typeof value === "number" ? count(Math.round(value * 10) / 10) : "0");

/** What alarms of shows propose to order, for a buyer to decide. */
export function Alarms() {
  const words = useWords();
  const may = useMay();
  const [all, setAll] = useState(false);
  const [asked, setAsked] = useState<{ row: Replenishment; act: Act }>();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/replenishments",
    { params: { query: { limit: 100 } } },
    {
      pageParamName: "after",
      initialPageParam: Number.MAX_SAFE_INTEGER,
      getNextPageParam: (page) => page.next ?? undefined,
      refetchInterval: 10_000,
    },
  );
  const known = data?.pages.flatMap((page) => page.replenishments) ?? [];
  const rows = all ? known : known.filter((each) => AWAITING.has(each.status));
  const columns: TableColumnsType<Replenishment> = [
    {
      title: words.product,
      key: "sku",
      render: (_, row) => (
        <>
          <bdi style={{ fontWeight: 500 }}>{row.name ?? row.sku}</bdi> {row.name && <Quiet small>{row.sku}</Quiet>}
          <div>
            <Quiet small>
              {row.city ?? words.everywhere}
              {row.stream_id && (
                <>
                  {" · "}
                  <Link to="/shows/$id" params={{ id: row.stream_id }}>
                    <bdi>{row.show ?? row.stream_id}</bdi>
                  </Link>
                </>
              )}
            </Quiet>
          </div>
        </>
      ),
    },
    {
      title: words.status,
      key: "status",
      width: 150,
      render: (_, row) => (
        <Tag
          variant="filled"
          style={{ margin: 0 }}
          color={BAD.has(row.status) ? "error" : AWAITING.has(row.status) ? "warning" : "default"}
        >
          {words.statuses[row.status] ?? row.status}
        </Tag>
      ),
    },
    { title: words.proposed, key: "proposed", width: 100, align: "right", render: (_, row) => count(row.proposed) },
    {
      title: words.why,
      key: "why",
      responsive: ["lg"],
      render: (_, row) => (
        <Quiet small>
          {[
            words.basis(figure(row.basis.left), figure(row.basis.per_day), figure(row.basis.rush)),
            Number(row.basis.wholesale) > 0 && words.wholesale(figure(row.basis.wholesale)),
            Number(row.basis.beside) > 0 && words.beside(figure(row.basis.beside)),
            row.pack > 1 && words.pack(count(row.pack)),
            row.ceiling !== null && words.ceiling(count(row.ceiling)),
          ]
            .filter(Boolean)
            .join(" · ")}
        </Quiet>
      ),
    },
    {
      title: words.quantity,
      key: "quantity",
      width: 130,
      align: "right",
      responsive: ["md"],
      render: (_, row) => (
        <>
          {row.quantity !== null && count(row.quantity)}
          {row.decided_by && (
            <div>
              <Quiet small>
                <bdi>{row.decided_by.replace(/^user /, "").replace(/^key /, words.key)}</bdi>
              </Quiet>
            </div>
          )}
        </>
      ),
    },
    {
      title: words.due,
      key: "due",
      width: 150,
      responsive: ["md"],
      render: (_, row) => row.due_at && instant(row.due_at),
    },
    ...(may("replenishments.decide")
      ? [
          {
            key: "act",
            width: 210,
            render: (_: unknown, row: Replenishment) =>
              AWAITING.has(row.status) && (
                <Flex gap={8} justify="end" wrap>
                  {(["approve", "change", "refuse"] as const).map((act) => (
                    <Button
                      key={act}
                      size="small"
                      type={act === "approve" ? "primary" : "default"}
                      onClick={() => {
                        setAsked({ row, act });
                      }}
                    >
                      {words[act]}
                    </Button>
                  ))}
                </Flex>
              ),
          },
        ]
      : []),
  ];
  return (
    <Flex vertical gap={16}>
      <Quiet>{words.about}</Quiet>
      <Segmented
        aria-label={words.status}
        style={{ alignSelf: "start" }}
        value={all}
        options={[
          { value: false, label: words.open },
          { value: true, label: words.all },
        ]}
        onChange={setAll}
      />
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && rows.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={all ? words.noneAll : words.none} />
      )}
      {rows.length > 0 && <Table rowKey="id" columns={columns} dataSource={rows} pagination={false} />}
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
      {asked && (
        <Decide
          {...asked}
          onClose={() => {
            setAsked(undefined);
          }}
        />
      )}
    </Flex>
  );
}
