import { PlusOutlined } from "@ant-design/icons";
import { Button, Empty, Segmented, Skeleton, Table, type TableColumnsType, theme } from "antd";
import { lazy, Suspense, useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import type { Kind } from "./RuleForm";
import { Tags } from "./Tags";
import { useWords } from "./words";

const SegmentDrawer = lazy(() => import("./SegmentDrawer"));
const RuleForm = lazy(() => import("./RuleForm"));
type Segment = Schema["SegmentSize"];

/** Groups of customers, and their tags: how large they are and were, who is in them and why. */
export function SegmentsPage() {
  const words = useWords();
  const may = useMay();
  const [kind, setKind] = useState<Kind>("segment");
  const [shown, setShown] = useState<string>();
  const [edited, setEdited] = useState<string | null>();
  const { data, error, refetch } = api.useQuery("get", "/v1/segments", {}, { refetchInterval: 30_000 });
  const segments = data?.segments ?? [];
  const tagged = api.useQuery("get", "/v1/tags", {}, { enabled: kind === "tag", refetchInterval: 30_000 });
  const writes = may("journeys.publish");
  const columns: TableColumnsType<Segment> = [
    {
      title: words.name,
      key: "name",
      render: (_, row) => (
        <Button
          type="link"
          style={{ padding: 0 }}
          onClick={() => {
            setShown(row.name);
          }}
        >
          <bdi>{row.name}</bdi>
        </Button>
      ),
    },
    {
      title: words.size,
      key: "size",
      align: "right",
      width: 140,
      render: (_, row) => (
        <>
          {count(row.size)} {row.asked !== null && <Quiet small>{words.counting(row.asked)}</Quiet>}
        </>
      ),
    },
    {
      title: words.change,
      key: "change",
      align: "right",
      width: 120,
      responsive: ["sm"],
      render: (_, row) => {
        const by = row.size - (row.days[0]?.size ?? row.size);
        return `${by > 0 ? "+" : ""}${count(by)}`;
      },
    },
    { title: words.trend, key: "trend", width: 160, responsive: ["md"], render: (_, row) => <Trend segment={row} /> },
  ];
  return (
    <Page
      title={words.title}
      {...(segments.length > 0 && { about: words.about(segments.length) })}
      actions={
        writes && (
          <Button
            type="primary"
            icon={<PlusOutlined />}
            onClick={() => {
              setEdited(null);
            }}
          >
            {words.create[kind]}
          </Button>
        )
      }
    >
      <Segmented<Kind>
        value={kind}
        options={[
          { value: "segment", label: words.segments },
          { value: "tag", label: words.tags },
        ]}
        style={{ marginBottom: 16 }}
        onChange={setKind}
      />
      {kind === "tag" && <Tags found={tagged} onShow={setShown} />}
      {kind === "segment" && (
        <>
          {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
          {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
          {data && segments.length === 0 && (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none}>
              <Quiet>{words.noneAbout}</Quiet>
            </Empty>
          )}
          {segments.length > 0 && <Table rowKey="name" columns={columns} dataSource={segments} pagination={false} />}
        </>
      )}
      {shown !== undefined && (
        <Suspense>
          <SegmentDrawer
            kind={kind}
            name={shown}
            others={(kind === "segment" ? segments : []).map((each) => each.name).filter((each) => each !== shown)}
            onClose={() => {
              setShown(undefined);
            }}
            {...(writes && {
              onEdit: () => {
                setEdited(shown);
                setShown(undefined);
              },
            })}
          />
        </Suspense>
      )}
      {edited !== undefined && (
        <Suspense>
          <RuleForm
            kind={kind}
            name={edited}
            onClose={() => {
              setEdited(undefined);
            }}
          />
        </Suspense>
      )}
    </Page>
  );
}

const [WIDTH, HEIGHT] = [120, 24];

/** How large a segment was, day by day. */
function Trend({ segment }: { segment: Segment }) {
  const { token } = theme.useToken();
  const sizes = segment.days.map((each) => each.size);
  if (sizes.length < 2) return null;
  const top = Math.max(1, ...sizes);
  const points = sizes.map(
    (size, day) => `${(day / (sizes.length - 1)) * WIDTH},${HEIGHT - 2 - (size / top) * (HEIGHT - 4)}`,
  );
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden>
      <polyline points={points.join(" ")} fill="none" stroke={token.colorPrimary} strokeWidth={1.5} />
    </svg>
  );
}
