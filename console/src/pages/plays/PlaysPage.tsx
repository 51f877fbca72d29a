import { PlusOutlined } from "@ant-design/icons";
import { Button, Empty, Skeleton, Table, type TableColumnsType, Tag } from "antd";
import { lazy, Suspense, useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Notices } from "@/parts/Notices";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { PlayDrawer } from "./PlayDrawer";
import { useWords } from "./words";

const Composer = lazy(() => import("./Composer"));
export const COLORS: Record<string, string> = { open: "green", closed: "gold", over: "default", stopped: "red" };

/** The plays that are published and how each stands; one is opened, followed and composed here. */
export const PlaysPage = () => (
  <Notices>
    <Plays />
  </Notices>
);

function Plays() {
  const words = useWords();
  const may = useMay();
  const [chosen, setChosen] = useState<string>();
  const [composing, setComposing] = useState<string | null>();
  const { data, error, refetch } = api.useQuery("get", "/v1/plays", {}, { refetchInterval: 5_000 });
  const columns: TableColumnsType<Schema["PlaySummary"]> = [
    {
      title: words.play,
      key: "play",
      render: (_, row) => (
        <>
          <Button
            type="link"
            style={{ padding: 0, height: "auto", fontWeight: 500 }}
            onClick={() => {
              setChosen(row.play);
            }}
          >
            <bdi>{row.name}</bdi>
          </Button>{" "}
          <Quiet small>
            <bdi>{row.play}</bdi>
          </Quiet>
        </>
      ),
    },
    {
      title: words.state,
      key: "state",
      width: 120,
      render: (_, row) => <Tag color={COLORS[row.state] ?? "default"}>{words.states[row.state]}</Tag>,
    },
    { title: words.entries, key: "entries", align: "right", width: 100, render: (_, row) => count(row.entries) },
    {
      title: words.opened,
      key: "opened",
      width: 170,
      responsive: ["md"],
      render: (_, row) => row.opened_at && instant(row.opened_at),
    },
    {
      title: words.version,
      key: "version",
      align: "right",
      width: 90,
      responsive: ["lg"],
      render: (_, row) => row.version,
    },
  ];
  return (
    <Page
      title={words.title}
      about={words.about}
      actions={
        may("journeys.publish") && (
          <Button
            icon={<PlusOutlined />}
            onClick={() => {
              setComposing(null);
            }}
          >
            {words.compose}
          </Button>
        )
      }
    >
      {error !== null && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active />}
      {data && (
        <Table
          rowKey="play"
          columns={columns}
          dataSource={data.plays}
          pagination={false}
          locale={{ emptyText: <Empty description={words.none} /> }}
        />
      )}
      {chosen !== undefined && (
        <PlayDrawer
          play={chosen}
          onClose={() => {
            setChosen(undefined);
          }}
          onEdit={() => {
            setComposing(chosen);
            setChosen(undefined);
          }}
        />
      )}
      {composing !== undefined && (
        <Suspense>
          <Composer
            play={composing}
            known={data?.plays.map((each) => each.play) ?? []}
            onClose={() => {
              setComposing(undefined);
              void refetch();
            }}
          />
        </Suspense>
      )}
    </Page>
  );
}
