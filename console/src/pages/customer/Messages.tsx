import { Link } from "@tanstack/react-router";
import { Flex, Tag, theme } from "antd";
import { api } from "@/api/client";
import { useChannels } from "@/parts/channels";
import { useMessageStatuses } from "@/parts/messageStatus";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { List } from "./List";
import { useWords } from "./words";

const BAD = new Set(["failed", "unknown"]);

/** What was written to a customer, as it was sent. */
export default function Messages({ id }: { id: string }) {
  const words = useWords();
  const lang = useLanguage();
  const channels = useChannels();
  const statuses = useMessageStatuses();
  const { token } = theme.useToken();
  const query = api.useInfiniteQuery(
    "get",
    "/v1/customers/{id}/messages",
    { params: { path: { id }, query: { lang } } },
    {
      pageParamName: "after",
      initialPageParam: Number.MAX_SAFE_INTEGER,
      getNextPageParam: (page) => page.next ?? undefined,
    },
  );
  const rows = query.data?.pages.flatMap((page) => page.messages) ?? [];
  return (
    <List query={query} count={rows.length} none={words.noMessages}>
      {rows.map((row) => (
        <article key={row.id} style={{ maxWidth: 560 }}>
          <Flex gap={8} align="center" wrap>
            <Quiet small>
              {channels[row.channel] ?? row.channel} · {instant(row.at)}
            </Quiet>
            <Tag variant="filled" color={BAD.has(row.status) ? "error" : "default"} style={{ margin: 0 }}>
              {statuses[row.status]}
            </Tag>
            {row.reason && <Quiet small>{row.reason}</Quiet>}
          </Flex>
          <div
            style={{
              margin: "4px 0",
              padding: "8px 12px",
              background: token.colorFillTertiary,
              borderRadius: token.borderRadius,
              whiteSpace: "pre-wrap",
              overflowWrap: "anywhere",
            }}
          >
            <bdi>{row.text === "" ? words.forgotten : row.text}</bdi>
          </div>
          <Quiet small>
            <Link to="/journeys/$name" params={{ name: row.journey }}>
              <bdi>{row.title}</bdi>
            </Link>
            {row.coupon && (
              <>
                {" · "}
                <Link to="/coupons" search={{ code: row.coupon }}>
                  {row.coupon}
                </Link>
              </>
            )}
          </Quiet>
        </article>
      ))}
    </List>
  );
}
