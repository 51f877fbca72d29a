import { Link } from "@tanstack/react-router";
import { Flex } from "antd";
import { api } from "@/api/client";
import { CouponStatus } from "@/parts/CouponStatus";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { Line } from "./Line";
import { List } from "./List";
import { useWords } from "./words";

/** A customer's coupons, the newest first. */
export default function Coupons({ id }: { id: string }) {
  const words = useWords();
  const query = api.useQuery("get", "/v1/customers/{id}/coupons", { params: { path: { id } } });
  return (
    <List query={query} count={query.data?.length ?? 0} none={words.noCoupons}>
      {query.data?.map((row) => (
        <Line key={row.code}>
          <Flex justify="space-between" gap={12} align="center">
            <span>
              <Link to="/coupons" search={{ code: row.code }}>
                {row.code}
              </Link>{" "}
              <bdi>{row.name}</bdi>
            </span>
            <CouponStatus status={row.status} />
          </Flex>
          <Quiet small>
            {words.issued(instant(row.issued_at))} · {words.expires(instant(row.expires_at))}
            {row.order_id && ` · ${words.onOrder(row.order_id)}`}
          </Quiet>
        </Line>
      ))}
    </List>
  );
}
