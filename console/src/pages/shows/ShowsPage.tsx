import { PlusOutlined } from "@ant-design/icons";
import { keepPreviousData } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Empty, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { lazy, Suspense, useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { OnPhone } from "@/parts/OnPhone";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { ShowState } from "./ShowState";
import { type Choice, STATES } from "./state";
import { useWords } from "./words";

const PlanShow = lazy(() => import("./PlanShow"));
const route = getRouteApi("/inside/shows");

export function ShowsPage() {
  const words = useWords();
  const may = useMay();
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const [planning, setPlanning] = useState(false);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/streams",
    { params: { query: { limit: 50, ...(state && { state }) } } },
    {
      pageParamName: "after",
      initialPageParam: "",
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
      refetchInterval: 15_000,
    },
  );
  const rows = data?.pages.flatMap((page) => page.shows) ?? [];
  const columns: TableColumnsType<Schema["ShowSummary"]> = [
    {
      title: words.show,
      key: "show",
      render: (_, row) => (
        <>
          <Link
            to="/shows/$id"
            params={{ id: row.stream_id }}
            style={{ display: "inline-block", fontWeight: 500, marginInlineEnd: 8 }}
          >
            <bdi>{row.title ?? row.stream_id}</bdi>
          </Link>
          {row.title && (
            <Quiet small style={{ display: "inline-block" }}>
              <bdi>{row.stream_id}</bdi>
            </Quiet>
          )}
          <OnPhone>
            <ShowState state={row.state} />
          </OnPhone>
        </>
      ),
    },
    {
      title: words.state,
      key: "state",
      width: 110,
      responsive: ["md"],
      render: (_, row) => <ShowState state={row.state} />,
    },
    { title: words.startsAt, key: "starts", width: 150, render: (_, row) => instant(row.starts_at) },
    {
      title: words.city,
      key: "city",
      width: 110,
      responsive: ["lg"],
      render: (_, row) => <bdi>{row.city ?? <Quiet>{words.everywhere}</Quiet>}</bdi>,
    },
    {
      title: words.units,
      key: "units",
      align: "right",
      width: 110,
      responsive: ["md"],
      render: (_, row) => (row.state === "planned" || row.state === "cancelled" ? null : count(row.units)),
    },
    {
      title: words.products,
      key: "products",
      align: "right",
      width: 80,
      responsive: ["lg"],
      render: (_, row) => (row.products > 0 ? count(row.products) : null),
    },
    {
      title: words.alarms,
      key: "alarms",
      align: "right",
      width: 80,
      responsive: ["md"],
      render: (_, row) => (row.alarms > 0 ? count(row.alarms) : null),
    },
  ];
  return (
    <Page
      title={words.title}
      about={words.about}
      actions={
        may("streams.plan") && (
          <Button
            type="primary"
            icon={<PlusOutlined />}
            onClick={() => {
              setPlanning(true);
            }}
          >
            {words.plan}
          </Button>
        )
      }
    >
      <Segmented<Choice>
        aria-label={words.state}
        style={{ alignSelf: "start", maxWidth: "100%", overflowX: "auto" }}
        value={state ?? "all"}
        options={STATES.map((value) => ({ value, label: value === "all" ? words.all : words.states[value] }))}
        onChange={(value) => {
          void navigate({ search: value === "all" ? {} : { state: value }, replace: true });
        }}
      />
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && rows.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={state ? words.noneOf : words.none}>
          {!state && <Quiet>{words.noneAbout}</Quiet>}
        </Empty>
      )}
      {rows.length > 0 && <Table rowKey="stream_id" columns={columns} dataSource={rows} pagination={false} />}
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
      {planning && (
        <Suspense>
          <PlanShow
            onClose={() => {
              setPlanning(false);
            }}
          />
        </Suspense>
      )}
    </Page>
  );
}
