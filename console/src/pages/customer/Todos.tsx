import { Flex, Tag } from "antd";
import { api } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { Line } from "./Line";
import { List } from "./List";
import { useWords } from "./words";

/** What guides are asked to do about a customer. */
export default function Todos({ id }: { id: number }) {
  const words = useWords();
  const query = api.useInfiniteQuery(
    "get",
    "/v1/todos",
    { params: { query: { customer: id } } },
    {
      pageParamName: "after",
      initialPageParam: Number.MAX_SAFE_INTEGER,
      getNextPageParam: (page) => page.next ?? undefined,
    },
  );
  const rows = query.data?.pages.flatMap((page) => page.todos) ?? [];
  return (
    <List query={query} count={rows.length} none={words.noTodos}>
      {rows.map((row) => (
        <Line key={row.id}>
          <Flex justify="space-between" gap={12} align="center">
            <bdi>{row.text}</bdi>
            <Tag variant="filled" color={row.done_at ? "default" : "warning"} style={{ margin: 0 }}>
              {row.done_at ? words.done : words.open}
            </Tag>
          </Flex>
          <Quiet small>
            {row.assignee ?? words.nobody} ·{" "}
            {row.done_at ? words.doneAt(instant(row.done_at)) : words.due(instant(row.due_at))}
          </Quiet>
        </Line>
      ))}
    </List>
  );
}
