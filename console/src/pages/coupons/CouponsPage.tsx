import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Empty, Flex, Input, Progress, Skeleton, Table, type TableColumnsType, Tag, Tooltip } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { yuan } from "@/parts/money";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { CouponDrawer } from "./CouponDrawer";
import { useWords } from "./words";

type Campaign = Schema["Campaign"];
const route = getRouteApi("/inside/coupons");

export function CouponsPage() {
  const words = useWords();
  const may = useMay();
  const { code } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = api.useQuery("get", "/v1/campaigns", {}, { refetchInterval: 15_000 });
  const columns: TableColumnsType<Campaign> = [
    {
      title: words.campaign,
      key: "campaign",
      sorter: (a, b) => (a.terms?.name ?? a.campaign).localeCompare(b.terms?.name ?? b.campaign, "zh"),
      render: (_, row) => (
        <>
          <Link
            to="/coupons/$name"
            params={{ name: row.campaign }}
            style={{ display: "inline-block", fontWeight: 500, marginInlineEnd: 8 }}
          >
            <bdi>{row.terms?.name ?? row.campaign}</bdi>
          </Link>
          <Quiet small style={{ display: "inline-block" }}>
            {row.campaign}
          </Quiet>
          {!row.terms && (
            <Tag variant="filled" style={{ marginInlineStart: 8 }}>
              {words.over}
            </Tag>
          )}
        </>
      ),
    },
    {
      title: words.offer,
      key: "offer",
      responsive: ["lg"],
      render: (_, row) => row.terms && <Quiet>{words.off(row.terms)}</Quiet>,
    },
    {
      title: words.issued,
      key: "issued",
      align: "right",
      width: 90,
      sorter: (a, b) => a.issued - b.issued,
      render: (_, row) => count(row.issued),
    },
    {
      title: words.redeemed,
      key: "redeemed",
      align: "right",
      width: 130,
      sorter: (a, b) => a.redeemed - b.redeemed,
      render: (_, row) => (
        <>
          {count(row.redeemed)}{" "}
          {row.issued > 0 && (
            <Quiet small style={{ display: "inline-block", minWidth: 40 }}>
              {Math.round((100 * row.redeemed) / row.issued)}%
            </Quiet>
          )}
        </>
      ),
    },
    {
      title: words.live,
      key: "live",
      align: "right",
      width: 80,
      responsive: ["md"],
      render: (_, row) =>
        row.locked > 0 ? (
          <Tooltip title={words.locked(count(row.locked))}>
            <span tabIndex={0}>{count(row.live)}</span>
          </Tooltip>
        ) : (
          count(row.live)
        ),
    },
    {
      title: words.expired,
      key: "expired",
      align: "right",
      width: 80,
      responsive: ["md"],
      render: (_, row) => count(row.expired),
    },
    {
      title: words.liability,
      key: "liability",
      align: "right",
      width: 110,
      responsive: ["lg"],
      render: (_, row) => (
        <Tooltip title={words.liabilityAbout}>
          <span tabIndex={0}>{yuan(row.liability)}</span>
        </Tooltip>
      ),
    },
    {
      title: words.discounts,
      key: "discounts",
      align: "right",
      width: 120,
      responsive: ["lg"],
      render: (_, row) => yuan(row.discounts),
    },
    { title: words.left, key: "left", width: 190, responsive: ["md"], render: (_, row) => <Left campaign={row} /> },
  ];
  return (
    <Page
      title={words.title}
      about={words.about}
      actions={
        <>
          {may("journeys.publish") && (
            <Link to="/documents/$name" params={{ name: "_coupons" }}>
              <Button>{words.edit}</Button>
            </Link>
          )}
          <Input.Search
            allowClear
            aria-label={words.find}
            placeholder={words.findHint}
            enterButton={words.find}
            maxLength={50}
            style={{ width: 280 }}
            onSearch={(text) => {
              if (text.trim() !== "") void navigate({ search: { code: text.trim() } });
            }}
          />
        </>
      }
    >
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data?.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none}>
          <Quiet>{words.noneAbout}</Quiet>
        </Empty>
      )}
      {data && data.length > 0 && (
        <Table rowKey="campaign" columns={columns} dataSource={data} pagination={false} showSorterTooltip={false} />
      )}
      {code !== undefined && (
        <CouponDrawer
          code={code}
          onClose={() => {
            void navigate({ search: {} });
          }}
        />
      )}
    </Page>
  );
}

export function Left({ campaign }: { campaign: Campaign }) {
  const words = useWords();
  const { terms, left, left_money } = campaign;
  const shares: [string, number][] = [];
  if (terms?.budget_count && left !== null)
    shares.push([words.leftCount(count(left), count(terms.budget_count)), left / terms.budget_count]);
  if (terms?.budget_money && left_money !== null)
    shares.push([words.leftMoney(yuan(left_money), yuan(terms.budget_money)), left_money / terms.budget_money]);
  if (shares.length === 0) return <Quiet small>{words.noBudget}</Quiet>;
  return (
    <Flex vertical style={{ minWidth: 120 }}>
      {shares.map(([label, share]) => (
        <div key={label}>
          <Quiet small>{label}</Quiet>
          <Progress
            aria-label={`${words.left} ${label}`}
            percent={Math.round(100 * share)}
            showInfo={false}
            size="small"
            status={share < 0.1 ? "exception" : "success"}
            style={{ display: "block", lineHeight: 1 }}
          />
        </div>
      ))}
    </Flex>
  );
}
