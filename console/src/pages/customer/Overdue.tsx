import { Link } from "@tanstack/react-router";
import { Flex } from "antd";
import { api } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { Line } from "./Line";
import { List } from "./List";
import { useWords } from "./words";

/** What guides should have done by now, each leading to the customer; nothing where all is done. */
export function Overdue() {
  const words = useWords();
  const query = api.useInfiniteQuery(
    "get",
    "/v1/todos",
    { params: { query: { overdue: true } } },
    {
      pageParamName: "after",
      initialPageParam: Number.MAX_SAFE_INTEGER,
      getNextPageParam: (page) => page.next ?? undefined,
    },
  );
  const rows = query.data?.pages.flatMap((page) => page.todos) ?? [];
  if (rows.length === 0) return null;
  return (
    <section>
      <h2 style={{ fontSize: 15, fontWeight: 600, margin: "0 0 8px" }}>{words.overdue}</h2>
      <List query={query} count={rows.length} none={words.noTodos}>
        {rows.map((row) => (
          <Line key={row.id}>
            <Flex justify="space-between" gap="0 12px" wrap>
              <Link to="/customers/$id" params={{ id: String(row.customer) }} search={{ tab: "todos" }}>
                <bdi>{row.text}</bdi>
              </Link>
              <Quiet small style={{ flex: "none" }}>
                <bdi>{row.assignee ?? words.nobody}</bdi> · {words.due(instant(row.due_at))}
              </Quiet>
            </Flex>
          </Line>
        ))}
      </List>
    </section>
  );
}
