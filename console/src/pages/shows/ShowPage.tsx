import { ExclamationCircleOutlined } from "@ant-design/icons";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Flex, Skeleton, Table, type TableColumnsType, theme, Tooltip } from "antd";
import { lazy, Suspense, useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Figures } from "@/parts/Figures";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useEvents } from "@/parts/useEvents";
import { ShowForecast } from "./ShowForecast";
import { ShowState } from "./ShowState";
import { useWords } from "./words";

const ChangeShow = lazy(() => import("./ChangeShow"));
const route = getRouteApi("/inside/shows/$id");
type Product = Schema["ProductStock"];

/** A show: what it sells, as it happens; one that is planned can be moved and called off. */
export function ShowPage() {
  const words = useWords();
  const may = useMay();
  const { id } = route.useParams();
  const [act, setAct] = useState<"move" | "callOff">();
  const {
    data: show,
    error,
    refetch,
  } = api.useQuery(
    "get",
    "/v1/streams/{id}",
    { params: { path: { id } } },
    { refetchInterval: 10_000 }, // it begins and ends while one looks
  );
  const changeable = show && may("streams.plan") && (show.state === "planned" || show.state === "cancelled");
  return (
    <Page
      title={show?.title ?? id}
      actions={
        changeable && (
          <>
            <Button
              onClick={() => {
                setAct("move");
              }}
            >
              {show.state === "planned" ? words.move : words.again}
            </Button>
            {show.state === "planned" && (
              <Button
                danger
                onClick={() => {
                  setAct("callOff");
                }}
              >
                {words.callOff}
              </Button>
            )}
          </>
        )
      }
    >
      <Link to="/shows">{words.back}</Link>
      {error !== null && !show && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !show && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {show && (
        <Flex vertical gap={20}>
          <Flex gap={12} align="center" wrap>
            <ShowState state={show.state} />
            <span>
              {words.startsAt} {instant(show.starts_at)}
            </span>
            {show.ended_at && (
              <span>
                {words.endedAt} {instant(show.ended_at)}
              </span>
            )}
            {show.state === "ended" && may("voice.read") && (
              <Link to="/shows/$id/review" params={{ id }}>
                {words.review}
              </Link>
            )}
            <Quiet>
              <bdi>{show.city ?? words.everywhere}</bdi>
            </Quiet>
          </Flex>
          {(show.state === "running" || show.state === "ended") && <Board id={id} />}
          {(show.state === "planned" || show.state === "running") && <ShowForecast id={id} />}
        </Flex>
      )}
      {act && show && (
        <Suspense>
          <ChangeShow
            show={show}
            act={act}
            onClose={() => {
              setAct(undefined);
            }}
          />
        </Suspense>
      )}
    </Page>
  );
}

function Board({ id }: { id: string }) {
  const words = useWords();
  const { token } = theme.useToken();
  const events = useEvents(`/v1/streams/${encodeURIComponent(id)}/stock/events`, "stock");
  const stock = events as Schema["StreamStock"] | undefined;
  if (!stock) return <Skeleton active paragraph={{ rows: 6 }} title={false} />;
  const { products } = stock;
  const columns: TableColumnsType<Product> = [
    {
      title: words.product,
      key: "product",
      render: (_, row) => (
        <>
          <bdi>{row.name ?? row.sku}</bdi> {row.name && <Quiet small>{row.sku}</Quiet>}
        </>
      ),
    },
    { title: words.sold, key: "sold", align: "right", width: 80, render: (_, row) => count(row.sold) },
    {
      title: (
        <Tooltip title={words.expectedAbout}>
          <span tabIndex={0}>{words.expected}</span>
        </Tooltip>
      ),
      key: "expected",
      align: "right",
      width: 90,
      responsive: ["md"],
      render: (_, row) => row.expected !== null && <Quiet>{count(Math.round(row.expected))}</Quiet>,
    },
    {
      title: words.left,
      key: "left",
      align: "right",
      width: 80,
      render: (_, row) => (row.left === null ? <Quiet>{words.unknownLeft}</Quiet> : count(row.left)),
    },
    ...(stock.ended_at === null
      ? [
          {
            title: words.perMinute,
            key: "pace",
            align: "right" as const,
            width: 90,
            responsive: ["md" as const],
            render: (_: unknown, row: Product) => row.per_minute,
          },
          {
            title: words.sellsOut,
            key: "out",
            width: 150,
            responsive: ["lg" as const],
            render: (_: unknown, row: Product) => row.sells_out_at && instant(row.sells_out_at),
          },
        ]
      : []),
    {
      title: words.alarm,
      key: "alarm",
      width: 200,
      responsive: ["md"],
      render: (_, row) =>
        row.alarm && (
          <span style={{ color: token.colorError }}>
            <ExclamationCircleOutlined /> {words.kinds[row.alarm.kind] ?? row.alarm.kind}{" "}
            <Quiet small>{instant(row.alarm.at)}</Quiet>
          </span>
        ),
    },
  ];
  return (
    <Flex vertical gap={20}>
      <Figures
        items={[
          [words.units, count(products.reduce((sum, each) => sum + each.sold, 0))],
          [words.products, count(products.length)],
          [words.alarms, count(products.filter((each) => each.alarm).length)],
        ]}
      />
      {products.length === 0 ? (
        <Quiet>{words.quiet}</Quiet>
      ) : (
        <Table rowKey="sku" columns={columns} dataSource={products} pagination={false} />
      )}
    </Flex>
  );
}
