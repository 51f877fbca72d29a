import { Flex, Table, type TableColumnsType, Tag } from "antd";
import type { Schema } from "@/api/client";
import { OnPhone } from "@/parts/OnPhone";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useWords } from "./words";

export type Topic = Schema["TopicState"];
type Share = Schema["ShareState"];
const COLORS: Record<string, string> = { negative: "error", positive: "success" };
const PAGE = 30;
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;

/** Topics: what is said of which product, by how many, whether that is usual, and in which words. */
export function TopicTable({ rows, act }: { rows: Topic[]; act?: TableColumnsType<Topic>[number] | undefined }) {
  const words = useWords();
  const usual = (share: Share | null) => share && <Quiet>{percent(share.share)}</Quiet>;
  const columns: TableColumnsType<Topic> = [
    {
      title: words.topic,
      key: "topic",
      render: (_, row) => (
        <Flex gap={6} wrap align="center">
          <strong>
            <bdi>{row.title}</bdi>
          </strong>
          <Tag color={COLORS[row.sentiment] ?? "default"}>
            {words.aspects[row.aspect]} {words.sentiments[row.sentiment]}
          </Tag>
          {row.rises && <Tag color="red">{words.rises}</Tag>}
          <OnPhone>
            <Quiet small>
              <bdi>{row.product ?? row.sku ?? words.nothing}</bdi>
            </Quiet>
          </OnPhone>
        </Flex>
      ),
    },
    {
      title: words.product,
      key: "product",
      width: 160,
      responsive: ["md"],
      render: (_, row) => <bdi>{row.product ?? row.sku ?? words.nothing}</bdi>,
    },
    {
      title: words.said,
      key: "said",
      width: 110,
      align: "right",
      render: (_, row) => (
        <>
          <strong>{percent(row.share)}</strong>
          <br />
          <Quiet small>{words.of(count(row.count), count(row.speakers))}</Quiet>
        </>
      ),
    },
    {
      title: words.usual,
      key: "usual",
      width: 80,
      align: "right",
      responsive: ["md"],
      render: (_, row) => usual(row.usual),
    },
    {
      title: words.category,
      key: "category",
      width: 80,
      align: "right",
      responsive: ["lg"],
      render: (_, row) => usual(row.category),
    },
    {
      title: words.buyers,
      key: "buyers",
      width: 90,
      align: "right",
      responsive: ["lg"],
      render: (_, row) => count(row.buyers),
    },
    {
      title: words.quotes,
      key: "quotes",
      responsive: ["md"],
      render: (_, row) => <Quiet small>{row.quotes.slice(0, 3).join(" · ")}</Quiet>,
    },
    ...(act ? [act] : []),
  ];
  return (
    <Table
      rowKey={(row) => `${row.sku ?? ""} ${row.aspect} ${row.sentiment} ${row.topic}`}
      columns={columns}
      dataSource={rows}
      pagination={rows.length > PAGE ? { pageSize: PAGE, showSizeChanger: false } : false}
    />
  );
}
