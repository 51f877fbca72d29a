import { Link } from "@tanstack/react-router";
import { Flex, Timeline } from "antd";
import { api } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { List } from "./List";
import { useWords } from "./words";

/** What happened to a customer, and why, the oldest first. */
export function Happened({ id }: { id: string }) {
  const words = useWords();
  const lang = useLanguage();
  const query = api.useInfiniteQuery(
    "get",
    "/v1/customers/{id}/timeline",
    { params: { path: { id }, query: { lang } } },
    { pageParamName: "after", initialPageParam: "", getNextPageParam: (page) => page.next ?? undefined },
  );
  const entries = query.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <List query={query} count={entries.length} none={words.noTimeline}>
      <Timeline
        items={entries.map((entry) => ({
          color: entry.kind === "event" ? "gray" : "blue",
          content: (
            <Flex gap={12} wrap align="baseline">
              <Quiet small>{instant(entry.at)}</Quiet>
              <span>{entry.words}</span>
              {entry.journey !== "" && (
                <Link to="/journeys/$name" params={{ name: entry.journey }}>
                  <bdi>{entry.title}</bdi>
                </Link>
              )}
            </Flex>
          ),
        }))}
      />
    </List>
  );
}
