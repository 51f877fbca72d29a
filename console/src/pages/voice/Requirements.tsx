import { Button, Flex, Skeleton, Table, type TableColumnsType, Tag } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { Requirement } from "./Requirement";
import { useWords } from "./words";

type Summary = Schema["RequirementSummary"];

/** The requirements that came of what customers say, the newest first. */
export function Requirements() {
  const words = useWords();
  const [open, setOpen] = useState<number>();
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/requirements",
    { params: { query: { limit: 200 } } },
    { refetchInterval: 10_000 },
  );
  const columns: TableColumnsType<Summary> = [
    { title: "#", key: "id", width: 60, responsive: ["md"], render: (_, row) => row.id },
    {
      title: words.requirements,
      key: "title",
      render: (_, row) => (
        <Button
          type="link"
          style={{ padding: 0 }}
          onClick={() => {
            setOpen(row.id);
          }}
        >
          <bdi>{row.title}</bdi>
        </Button>
      ),
    },
    {
      title: words.status,
      key: "status",
      render: (_, row) => (
        <>
          <Tag>{words.statuses[row.status]}</Tag>
          {row.waits_for.length > 0 && (
            <Quiet small>
              {words.waitsFor(row.waits_for.map((each) => words.departments[each] ?? each).join("、"))}
            </Quiet>
          )}
        </>
      ),
    },
    { title: words.newSku, key: "sku", width: 140, responsive: ["md"], render: (_, row) => row.new_sku },
    {
      title: words.by,
      key: "by",
      width: 220,
      responsive: ["md"],
      render: (_, row) => `${row.created_by} ${instant(row.created_at)}`,
    },
  ];
  return (
    <Flex vertical gap={16}>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 4 }} title={false} />}
      {data && (
        <Table
          rowKey="id"
          size="small"
          columns={columns}
          dataSource={data.requirements}
          pagination={false}
          locale={{ emptyText: words.noRequirements }}
        />
      )}
      {open !== undefined && (
        <Requirement
          key={open}
          id={open}
          onClose={() => {
            setOpen(undefined);
          }}
        />
      )}
    </Flex>
  );
}
