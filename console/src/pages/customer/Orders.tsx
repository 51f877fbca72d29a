import { Link } from "@tanstack/react-router";
import { Flex, Tag } from "antd";
import { api } from "@/api/client";
import { useMay } from "@/parts/me";
import { yuan } from "@/parts/money";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { Line } from "./Line";
import { List } from "./List";
import { useWords } from "./words";

/** What a customer bought, and what of it was given back. */
export default function Orders({ id }: { id: string }) {
  const words = useWords();
  const may = useMay();
  const query = api.useInfiniteQuery(
    "get",
    "/v1/customers/{id}/orders",
    { params: { path: { id } } },
    { pageParamName: "after", initialPageParam: "", getNextPageParam: (page) => page.next ?? undefined },
  );
  const rows = query.data?.pages.flatMap((page) => page.orders) ?? [];
  return (
    <List query={query} count={rows.length} none={words.noOrders}>
      {rows.map((row) => (
        <Line key={row.order_id}>
          <Flex justify="space-between" gap={12} align="baseline">
            <bdi>{row.order_id}</bdi>
            <strong>{words.yuan(yuan(row.total))}</strong>
          </Flex>
          {row.items.map((each, place) => (
            <Flex key={place} justify="space-between" gap={12}>
              <bdi>
                {each.name ?? each.sku} × {count(each.quantity)}
              </bdi>
              {each.price !== null && <Quiet small>{words.yuan(yuan(each.price))}</Quiet>}
            </Flex>
          ))}
          <Flex gap={8} align="center">
            <Quiet small>{instant(row.paid_at)}</Quiet>
            {row.stream_id && may("streams.read") && (
              <Link to="/shows/$id" params={{ id: row.stream_id }}>
                {words.fromShow}
              </Link>
            )}
            {row.refunded > 0 && (
              <Tag variant="filled" color="warning" style={{ margin: 0 }}>
                {words.refunded(yuan(row.refunded))}
              </Tag>
            )}
          </Flex>
        </Line>
      ))}
    </List>
  );
}
