import { BarChartOutlined, EditOutlined, HistoryOutlined } from "@ant-design/icons";
import { getRouteApi } from "@tanstack/react-router";
import { Alert, Button, Flex, Grid, Segmented, Select, Skeleton, theme } from "antd";
import { lazy, Suspense, useState } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { StateTag } from "@/parts/StateTag";
import { count } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { Actions } from "./Actions";
import { Canvas } from "./Canvas";
import { Detail } from "./Detail";
import { SPANS } from "./figures";
import { useCounts } from "./useCounts";
import { useWords } from "./words";

const route = getRouteApi("/inside/journeys/$name");
const History = lazy(() => import("./History"));
const Results = lazy(() => import("./Results"));

export function JourneyPage() {
  const words = useWords();
  const lang = useLanguage();
  const may = useMay();
  const { token } = theme.useToken();
  const wide = Grid.useBreakpoint().lg ?? true;
  const { name } = route.useParams();
  const { version, days, step } = route.useSearch();
  const navigate = route.useNavigate();
  const [history, setHistory] = useState(false);
  const [results, setResults] = useState(false);
  const query = { lang, ...(version !== undefined && { version }) };
  const {
    data: graph,
    error,
    refetch,
  } = api.useQuery("get", "/v1/journeys/{name}/graph", {
    params: { path: { name }, query },
  });
  const { data: journeys } = api.useQuery("get", "/v1/journeys", {}, { refetchInterval: 15_000 });
  const journey = journeys?.find((each) => each.journey === name);
  const counts = useCounts(name, version, days);
  const live = graph?.versions.find((each) => each.live)?.version;
  const look = (change: { version?: number | undefined; days?: number | undefined; step?: string | undefined }) => {
    void navigate({ search: { version, days, step, ...change }, replace: true });
  };
  const note =
    journey?.state === "stopped"
      ? words.stoppedNote
      : journey?.state === "paused"
        ? words.pausedNote
        : graph && live !== undefined && graph.version !== live
          ? words.oldNote(live)
          : undefined;
  return (
    <Page
      title={graph?.title ?? name}
      {...(counts && { about: words.about(count(counts.inside)) })}
      actions={
        <>
          {graph && (
            <Button
              icon={<BarChartOutlined />}
              onClick={() => {
                setResults(true);
              }}
            >
              {words.results}
            </Button>
          )}
          {graph && (
            <Button
              icon={<HistoryOutlined />}
              onClick={() => {
                setHistory(true);
              }}
            >
              {words.versions}
            </Button>
          )}
          {graph && may("journeys.publish") && (
            <Button
              icon={<EditOutlined />}
              onClick={() => void navigate({ to: "/journeys/$name/edit", params: { name } })}
            >
              {words.edit}
            </Button>
          )}
          {journey && may("journeys.run") && <Actions journey={journey} />}
        </>
      }
    >
      {error !== null && !graph && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !graph && <Skeleton active paragraph={{ rows: 10 }} title={false} />}
      {graph && (
        <>
          {note && <Alert type={journey?.state === "live" ? "info" : "warning"} showIcon title={note} />}
          <Flex gap={12} wrap align="center">
            {journey && <StateTag state={journey.state} />}
            <Select
              aria-label={words.versionOf}
              value={graph.version}
              style={{ minWidth: 120 }}
              options={graph.versions.map((each) => ({
                value: each.version,
                label: words.version(each.version, each.live),
              }))}
              onChange={(value) => {
                look({ version: value === live ? undefined : value, step: undefined });
              }}
            />
            <Segmented
              aria-label={words.span}
              value={days ?? 0}
              options={SPANS.map((each) => ({ value: each ?? 0, label: words.days(each) }))}
              onChange={(value) => {
                look({ days: value === 0 ? undefined : value });
              }}
            />
          </Flex>
          <Flex gap={20} vertical={!wide} align="stretch">
            <div style={{ flex: wide ? 1 : "none", height: wide ? "calc(100vh - 200px)" : 480, minWidth: 0 }}>
              <Canvas
                graph={graph}
                counts={counts}
                chosen={step}
                onChoose={(path) => {
                  look({ step: path });
                }}
              />
            </div>
            <div
              tabIndex={wide ? 0 : undefined}
              style={{
                width: wide ? 300 : "auto",
                maxHeight: wide ? "calc(100vh - 200px)" : "none",
                overflowY: "auto",
                paddingInlineStart: wide ? 20 : 0,
                borderInlineStart: wide ? `1px solid ${token.colorBorderSecondary}` : 0,
              }}
            >
              <Detail
                graph={graph}
                counts={counts}
                step={step}
                onClose={() => {
                  look({ step: undefined });
                }}
              />
            </div>
          </Flex>
          {results && (
            <Suspense>
              <Results
                graph={graph}
                onClose={() => {
                  setResults(false);
                }}
              />
            </Suspense>
          )}
          {history && (
            <Suspense>
              <History
                graph={graph}
                onClose={() => {
                  setHistory(false);
                }}
              />
            </Suspense>
          )}
        </>
      )}
    </Page>
  );
}
