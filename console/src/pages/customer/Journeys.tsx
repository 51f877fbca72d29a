import { ExportOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Flex, Tag } from "antd";
import { api } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { Line } from "./Line";
import { List } from "./List";
import { useWords } from "./words";

/** The journeys that a customer is or was in. */
export default function Journeys({ id }: { id: string }) {
  const words = useWords();
  const lang = useLanguage();
  const query = api.useInfiniteQuery(
    "get",
    "/v1/customers/{id}/enrollments",
    { params: { path: { id }, query: { lang } } },
    {
      pageParamName: "after",
      initialPageParam: Number.MAX_SAFE_INTEGER,
      getNextPageParam: (page) => page.next ?? undefined,
    },
  );
  const rows = query.data?.pages.flatMap((page) => page.enrollments) ?? [];
  return (
    <List query={query} count={rows.length} none={words.noJourneys}>
      {rows.map((row) => (
        <Line key={row.enrollment}>
          <Flex justify="space-between" gap={12} align="baseline" wrap>
            <span>
              <Link to="/journeys/$name" params={{ name: row.journey }} search={{ version: row.version }}>
                <bdi>{row.title}</bdi>
              </Link>{" "}
              <Quiet small>v{row.version}</Quiet>
            </span>
            {row.run && (
              <a href={row.run} target="_blank" rel="noreferrer">
                {words.run} <ExportOutlined />
              </a>
            )}
          </Flex>
          <div>
            <Tag variant="filled" color={row.ending ? "default" : row.stuck ? "error" : "success"}>
              {row.ending ?? (row.stuck ? words.stuck : row.held ? words.held : words.inside)}
            </Tag>
            {row.reason && <Quiet small>{row.reason} </Quiet>}
            {row.step && row.step}
            {row.due_at && <Quiet small> · {words.next(instant(row.due_at))}</Quiet>}
          </div>
          <Quiet small>
            {words.entered(instant(row.entered_at))}
            {row.ended_at && ` · ${words.ended(instant(row.ended_at))}`}
            {row.converted_at && ` · ${words.converted(instant(row.converted_at))}`}
          </Quiet>
        </Line>
      ))}
    </List>
  );
}
