import { Button, Empty, Skeleton, Table } from "antd";
import type { Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useWords } from "./words";

interface Props {
  found: { data: Schema["Tags"] | undefined; error: unknown; refetch: () => unknown };
  onShow: (name: string) => void;
}

/** The tags that rules keep or somebody set, and how many have each. */
export function Tags({ found, onShow }: Props) {
  const words = useWords();
  const { data, error, refetch } = found;
  if (!data)
    return error === null ? (
      <Skeleton active paragraph={{ rows: 6 }} title={false} />
    ) : (
      <Failure error={error} retry={() => void refetch()} />
    );
  return (
    <>
      <Quiet>{words.tagsAbout}</Quiet>
      <Table<Schema["Tag"]>
        rowKey="name"
        dataSource={data.tags}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.noTags} /> }}
        pagination={{ hideOnSinglePage: true, defaultPageSize: 50 }}
        columns={[
          {
            title: words.name,
            key: "name",
            render: (_, row) => (
              <Button
                type="link"
                style={{ padding: 0 }}
                onClick={() => {
                  onShow(row.name);
                }}
              >
                <bdi>{row.name}</bdi>
              </Button>
            ),
          },
          {
            title: words.size,
            key: "size",
            align: "right",
            width: 140,
            render: (_, row) => (
              <>
                {count(row.size)} {row.asked !== null && <Quiet small>{words.counting(row.asked)}</Quiet>}
              </>
            ),
          },
          {
            title: words.byRule,
            key: "ruled",
            width: 160,
            render: (_, row) => (row.ruled ? words.ruled : <Quiet>{words.unruled}</Quiet>),
          },
        ]}
      />
    </>
  );
}
