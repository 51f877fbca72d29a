import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Flex, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { CouponStatus, useCouponStatuses } from "@/parts/CouponStatus";
import { Failure } from "@/parts/Failure";
import { Figures } from "@/parts/Figures";
import { yuan } from "@/parts/money";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { CouponDrawer } from "./CouponDrawer";
import { Left } from "./CouponsPage";
import { useWords } from "./words";

const route = getRouteApi("/inside/coupons/$name");
const STATUSES = ["all", "issued", "locked", "redeemed", "expired", "revoked"] as const;
type Choice = (typeof STATUSES)[number];

export function CampaignPage() {
  const words = useWords();
  const { name } = route.useParams();
  const { data, error, refetch } = api.useQuery("get", "/v1/campaigns/{name}", { params: { path: { name } } });
  const terms = data?.terms;
  const about = terms && [
    words.off(terms),
    words.valid(terms.valid),
    terms.per_customer && words.per(terms.per_customer),
    words.goods(terms),
    terms.combines && words.combines,
  ];
  return (
    <Page title={terms?.name ?? name} {...(about && { about: about.filter(Boolean).join(" · ") })}>
      <Link to="/coupons">{words.back}</Link>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && (
        <Flex vertical gap={28}>
          <Figures
            items={[
              [words.issued, count(data.issued)],
              [words.live, count(data.live), data.locked > 0 ? words.locked(count(data.locked)) : undefined],
              [words.redeemed, count(data.redeemed)],
              [words.expired, count(data.expired)],
              [words.revoked, count(data.revoked)],
              [words.liability, yuan(data.liability)],
              [words.discounts, yuan(data.discounts)],
            ]}
          />
          {terms && (
            <div style={{ maxWidth: 320 }}>
              <Quiet small>{words.left}</Quiet>
              <Left campaign={data} />
            </div>
          )}
          <Days days={data.days} />
          <Coupons name={name} />
        </Flex>
      )}
    </Page>
  );
}

const heading = { fontSize: 15, fontWeight: 600, margin: "0 0 8px" };

function Days({ days }: { days: Schema["CampaignDay"][] }) {
  const words = useWords();
  const told = days.filter((each) => each.issued > 0).reverse();
  const number = (title: string, key: "issued" | "live" | "redeemed" | "expired") => ({
    title,
    key,
    align: "right" as const,
    render: (_: unknown, row: Schema["CampaignDay"]) => count(row[key]),
  });
  const columns: TableColumnsType<Schema["CampaignDay"]> = [
    { title: words.day, dataIndex: "day" },
    number(words.issued, "issued"),
    number(words.redeemed, "redeemed"),
    {
      title: words.rate,
      key: "rate",
      align: "right",
      render: (_, row) => `${Math.round((100 * row.redeemed) / row.issued)}%`,
    },
    number(words.live, "live"),
    number(words.expired, "expired"),
  ];
  return (
    <section>
      <h2 style={heading}>
        {words.days} <Quiet small>{words.daysAbout}</Quiet>
      </h2>
      {told.length === 0 ? (
        <Quiet>{words.noDays}</Quiet>
      ) : (
        <Table rowKey="day" size="small" columns={columns} dataSource={told} pagination={false} />
      )}
    </section>
  );
}

function Coupons({ name }: { name: string }) {
  const words = useWords();
  const statuses = useCouponStatuses();
  const { code } = route.useSearch();
  const navigate = route.useNavigate();
  const [status, setStatus] = useState<Choice>("all");
  const query = { limit: 50, ...(status !== "all" && { status }) };
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/campaigns/{name}/coupons",
    { params: { path: { name }, query } },
    { pageParamName: "after", initialPageParam: "", getNextPageParam: (page) => page.next ?? undefined },
  );
  const rows = data?.pages.flatMap((page) => page.coupons) ?? [];
  const columns: TableColumnsType<Schema["CouponState"]> = [
    {
      title: words.code,
      key: "code",
      render: (_, row) => (
        <Link to="." search={{ code: row.code }} style={{ fontVariantNumeric: "tabular-nums" }}>
          {row.code}
        </Link>
      ),
    },
    { title: words.status, key: "status", render: (_, row) => <CouponStatus status={row.status} /> },
    {
      title: words.customer,
      key: "customer",
      render: (_, row) => (
        <Link to="/customers/$id" params={{ id: String(row.customer) }}>
          #{row.customer}
        </Link>
      ),
    },
    { title: words.issuedAt, key: "issued", responsive: ["md"], render: (_, row) => instant(row.issued_at) },
    { title: words.expiresAt, key: "expires", responsive: ["lg"], render: (_, row) => instant(row.expires_at) },
    { title: words.order, key: "order", responsive: ["md"], render: (_, row) => <bdi>{row.order_id}</bdi> },
  ];
  return (
    <section>
      <h2 style={heading}>{words.coupons}</h2>
      <Flex vertical gap={12}>
        <Segmented<Choice>
          aria-label={words.status}
          style={{ alignSelf: "start", maxWidth: "100%", overflowX: "auto" }}
          value={status}
          options={STATUSES.map((value) => ({
            value,
            label: value === "all" ? words.all : (statuses[value] ?? value),
          }))}
          onChange={setStatus}
        />
        {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
        {data && rows.length === 0 && <Quiet>{words.noCoupons}</Quiet>}
        {rows.length > 0 && <Table rowKey="code" size="small" columns={columns} dataSource={rows} pagination={false} />}
        {hasNextPage && (
          <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {words.more}
          </Button>
        )}
      </Flex>
      {code !== undefined && (
        <CouponDrawer
          code={code}
          onClose={() => {
            void navigate({ search: {} });
          }}
        />
      )}
    </section>
  );
}
