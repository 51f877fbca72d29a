import { getRouteApi, Link } from "@tanstack/react-router";
import { Flex, Skeleton, theme } from "antd";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { useWords } from "./words";

const route = getRouteApi("/inside/desk/customers/$id");

/** A customer of the guide's own, on one screen. */
export function CardPage() {
  const words = useWords();
  const lang = useLanguage();
  const { token } = theme.useToken();
  const id = Number(route.useParams().id);
  const { data, error, refetch } = api.useQuery("get", "/v1/desk/customers/{id}", {
    params: { path: { id }, query: { lang } },
  });
  const facts = data && [
    [words.phone, data.phone],
    [words.city, data.city],
    [words.birthday, data.birthday],
    [words.orders, count(data.orders)],
    [words.spent, words.yuan((data.spent / 100).toLocaleString("en-US", { maximumFractionDigits: 2 }))],
    [words.lastOrder, data.last_order_at && instant(data.last_order_at)],
  ];
  const heading = { fontSize: 15, fontWeight: 600, margin: "0 0 6px" };
  const line = { padding: "7px 0", borderBottom: `1px solid ${token.colorBorderSecondary}` };
  return (
    <Page title={data?.name ?? words.customer(id)}>
      <Link to="/desk">{words.back}</Link>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && facts && (
        <Flex vertical gap={24} style={{ maxWidth: 640 }}>
          <dl style={{ margin: 0, display: "grid", gridTemplateColumns: "1fr 1fr", gap: "10px 16px" }}>
            {facts.map(
              ([label, value]) =>
                value && (
                  <div key={label}>
                    <dt>
                      <Quiet small>{label}</Quiet>
                    </dt>
                    <dd style={{ margin: 0 }}>
                      <bdi>{value}</bdi>
                    </dd>
                  </div>
                ),
            )}
          </dl>
          <section>
            <h2 style={heading}>{words.coupons}</h2>
            {data.coupons.length === 0 && <Quiet>{words.noCoupons}</Quiet>}
            {data.coupons.map((each) => (
              <Flex key={each.code} justify="space-between" gap={8} style={line}>
                <span>
                  <bdi>{each.name}</bdi> <Quiet small>{each.code}</Quiet>
                </span>
                <Quiet small>{words.until(instant(each.expires_at))}</Quiet>
              </Flex>
            ))}
          </section>
          {data.offers.length > 0 && (
            <section>
              <h2 style={heading}>{words.offers}</h2>
              {data.offers.map((each) => (
                <Flex key={each.sku} justify="space-between" gap={8} style={line}>
                  <span>{each.name}</span>
                  <Quiet small>{each.sku}</Quiet>
                </Flex>
              ))}
            </section>
          )}
          <section>
            <h2 style={heading}>{words.recent}</h2>
            {data.recent.length === 0 && <Quiet>{words.nothing}</Quiet>}
            {data.recent.map((each, number) => (
              <div key={number} style={line}>
                <div style={{ overflowWrap: "anywhere" }}>{each.words}</div>
                <Quiet small>
                  {instant(each.at)} · {each.title}
                </Quiet>
              </div>
            ))}
          </section>
        </Flex>
      )}
    </Page>
  );
}
