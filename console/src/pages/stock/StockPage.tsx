import { SearchOutlined, UploadOutlined } from "@ant-design/icons";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Empty, Flex, Input, Segmented, Skeleton, Table, type TableColumnsType, theme, Tooltip } from "antd";
import { lazy, Suspense, useDeferredValue, useState } from "react";
import { keepPreviousData } from "@tanstack/react-query";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { OnPhone } from "@/parts/OnPhone";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { ForecastDrawer } from "@/parts/ForecastDrawer";
import { LotDrawer } from "./LotDrawer";
import { Unfit } from "./Unfit";
import { SHELVES, type Shelf, type View } from "./view";
import { useWords } from "./words";

const ImportSheet = lazy(() => import("./ImportSheet"));
const route = getRouteApi("/inside/stock");

export function StockPage() {
  const words = useWords();
  const may = useMay();
  const view = route.useSearch();
  const navigate = route.useNavigate();
  const [importing, setImporting] = useState(false);
  const show = (change: View) => {
    void navigate({ search: { ...view, ...change }, replace: true });
  };
  const { data: places, error, refetch } = api.useQuery("get", "/v1/stock");
  return (
    <Page
      title={words.title}
      about={words.about}
      actions={
        may("stock.import") && (
          <Button
            type="primary"
            icon={<UploadOutlined />}
            onClick={() => {
              setImporting(true);
            }}
          >
            {words.importSheet}
          </Button>
        )
      }
    >
      {error !== null && !places && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !places && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {places?.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none}>
          <Quiet>{words.noneAbout}</Quiet>
        </Empty>
      )}
      {places && places.length > 0 && (
        <Flex vertical gap={24}>
          <Places places={places} view={view} show={show} />
          <Lots view={view} show={show} />
          <Unfit />
        </Flex>
      )}
      {view.lot !== undefined && (
        <LotDrawer
          id={view.lot}
          onClose={() => {
            show({ lot: undefined });
          }}
        />
      )}
      {view.sku !== undefined && (
        <ForecastDrawer
          sku={view.sku}
          onClose={() => {
            show({ sku: undefined });
          }}
        />
      )}
      {importing && (
        <Suspense>
          <ImportSheet
            onClose={() => {
              setImporting(false);
            }}
          />
        </Suspense>
      )}
    </Page>
  );
}

interface Shown {
  view: View;
  show: (change: View) => void;
}

function Places({ places, view, show }: Shown & { places: Schema["PlaceStock"][] }) {
  const words = useWords();
  const number = (title: string, key: "lots" | "products" | "on_hand" | "near" | "expired", small: boolean) => ({
    title,
    key,
    align: "right" as const,
    ...(!small && { responsive: ["md" as const] }),
    render: (_: unknown, row: Schema["PlaceStock"]) =>
      (key === "near" || key === "expired") && row[key] !== 0 ? (
        <Button
          type="link"
          size="small"
          danger={key === "expired"}
          style={{ padding: 0, height: "auto" }}
          onClick={() => {
            show({ place: row.place, shelf: key });
          }}
        >
          {count(row[key])}
        </Button>
      ) : (
        count(row[key])
      ),
  });
  const columns: TableColumnsType<Schema["PlaceStock"]> = [
    {
      title: words.place,
      key: "place",
      render: (_, row) => (
        <Button
          type="link"
          size="small"
          style={{ padding: 0, height: "auto", fontWeight: view.place === row.place ? 600 : 400 }}
          onClick={() => {
            show({ place: view.place === row.place ? undefined : row.place });
          }}
        >
          <bdi>{row.place || words.nowhere}</bdi>
        </Button>
      ),
    },
    number(words.products, "products", false),
    number(words.lots, "lots", false),
    number(words.onHand, "on_hand", true),
    number(words.near, "near", true),
    number(words.expired, "expired", true),
  ];
  return <Table rowKey="place" size="small" columns={columns} dataSource={places} pagination={false} />;
}

function Lots({ view, show }: Shown) {
  const words = useWords();
  const { token } = theme.useToken();
  const search = useDeferredValue(view.q);
  const query = {
    limit: 50,
    shelf: view.shelf ?? ("all" as const),
    ...(search !== undefined && { q: search }),
    ...(view.place !== undefined && { place: view.place }),
  };
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/lots",
    { params: { query } },
    {
      pageParamName: "after",
      initialPageParam: "",
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    },
  );
  const rows = data?.pages.flatMap((page) => page.lots) ?? [];
  const lotOf = (row: Schema["LotState"]) => (
    <Link to="/stock" search={{ ...view, lot: row.lot_id }}>
      <bdi>{row.lot_id}</bdi>
    </Link>
  );
  const columns: TableColumnsType<Schema["LotState"]> = [
    {
      title: words.lot,
      key: "lot",
      responsive: ["md"],
      render: (_, row) => lotOf(row),
    },
    {
      title: words.product,
      key: "product",
      render: (_, row) => (
        <>
          <Link to="/stock" search={{ ...view, sku: row.sku }} title={words.forecast}>
            <bdi>{row.name ?? row.sku}</bdi>
          </Link>{" "}
          {row.name && <Quiet small>{row.sku}</Quiet>}
          <OnPhone>{lotOf(row)}</OnPhone>
        </>
      ),
    },
    {
      title: words.place,
      key: "place",
      responsive: ["md"],
      render: (_, row) => <bdi>{row.store ?? row.city ?? <Quiet>{words.nowhere}</Quiet>}</bdi>,
    },
    {
      title: words.expires,
      key: "expires",
      render: (_, row) => (
        <>
          <span style={{ whiteSpace: "nowrap" }}>{row.expires_on}</span>{" "}
          <span
            style={{
              whiteSpace: "nowrap",
              fontSize: token.fontSizeSM,
              color:
                row.days_left < 0
                  ? token.colorError
                  : row.days_left <= 7
                    ? token.colorWarning
                    : token.colorTextSecondary,
            }}
          >
            {words.daysLeft(row.days_left)}
          </span>
        </>
      ),
    },
    { title: words.onHand, key: "on_hand", align: "right", width: 100, render: (_, row) => count(row.on_hand) },
    {
      title: words.available,
      key: "available",
      align: "right",
      width: 90,
      responsive: ["md"],
      render: (_, row) =>
        row.reserved + row.quarantined > 0 ? (
          <Tooltip title={words.held(count(row.reserved), count(row.quarantined))}>
            <span tabIndex={0}>{count(row.available)}</span>
          </Tooltip>
        ) : (
          count(row.available)
        ),
    },
    {
      title: (
        <Tooltip title={words.atRiskAbout}>
          <span tabIndex={0}>{words.atRisk}</span>
        </Tooltip>
      ),
      key: "risk",
      align: "right",
      width: 120,
      responsive: ["md"],
      render: (_, row) =>
        row.at_risk !== null && (
          <span style={row.at_risk > 0 ? { color: token.colorWarning, fontWeight: 600 } : {}}>
            {count(row.at_risk)}
          </span>
        ),
    },
  ];
  return (
    <Flex vertical gap={12}>
      <Flex gap={8} wrap>
        <Input
          allowClear
          prefix={<SearchOutlined />}
          aria-label={words.search}
          placeholder={words.search}
          value={view.q ?? ""}
          maxLength={200}
          style={{ flex: "0 1 280px", minWidth: 200 }}
          onChange={(event) => {
            show({ q: event.target.value || undefined });
          }}
        />
        <Segmented<Shelf>
          aria-label={words.shelf}
          value={view.shelf ?? "all"}
          options={SHELVES.map((value) => ({ value, label: words.shelves[value] }))}
          onChange={(shelf) => {
            show({ shelf: shelf === "all" ? undefined : shelf });
          }}
        />
        {view.place !== undefined && (
          <Button
            onClick={() => {
              show({ place: undefined });
            }}
          >
            <bdi>{view.place || words.nowhere}</bdi> ×
          </Button>
        )}
      </Flex>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && rows.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.noMatch}>
          <Button
            onClick={() => {
              show({ q: undefined, shelf: undefined, place: undefined });
            }}
          >
            {words.clear}
          </Button>
        </Empty>
      )}
      {rows.length > 0 && <Table rowKey="lot_id" columns={columns} dataSource={rows} pagination={false} />}
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </Flex>
  );
}
