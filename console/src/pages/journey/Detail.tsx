import { CloseOutlined, ExportOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Button, Flex, Skeleton, theme } from "antd";
import type { ReactNode } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { type Counts, END, figuresOf, type Graph, happenedAt, START } from "./figures";
import { useWords, type Words } from "./words";

interface Props {
  graph: Graph;
  counts: Counts | undefined;
  step: string | undefined;
  onClose: () => void;
}

/** What is known of the chosen step, or of the journey as a whole. */
export function Detail({ graph, counts, step, onClose }: Props) {
  const words = useWords();
  const may = useMay();
  const node = graph.nodes.find((each) => each.path === step);
  if (!node || node.path === START || node.path === END)
    return (
      <Flex vertical gap={20}>
        <Section title={words.overview}>
          <Happenings graph={graph} counts={counts} path={START} words={words} />
        </Section>
        <Section title={words.rules}>
          {graph.head.map((line) => (
            <div key={line.label + line.words} style={{ lineHeight: "22px" }}>
              <Quiet small>{line.label}</Quiet>
              <div style={{ overflowWrap: "anywhere" }}>{line.words}</div>
            </div>
          ))}
        </Section>
        <Quiet small>{words.nodeHint}</Quiet>
      </Flex>
    );
  return (
    <Flex vertical gap={20}>
      <Flex justify="space-between" align="start" gap={8}>
        <div>
          <Quiet small>{node.noun}</Quiet>
          <div style={{ fontWeight: 600, overflowWrap: "anywhere" }}>{node.words}</div>
        </div>
        <Button type="text" icon={<CloseOutlined />} aria-label={words.close} onClick={onClose} />
      </Flex>
      <Section title={words.atStep}>
        <Happenings graph={graph} counts={counts} path={node.path} words={words} />
      </Section>
      <Section title={words.here(count(figuresOf(counts, node.path).standing))}>
        {may("customers.read") && <Customers graph={graph} step={node.path} />}
      </Section>
    </Flex>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Flex vertical gap={8} component="section">
      <h2 style={{ fontSize: 14, fontWeight: 600, margin: 0 }}>{title}</h2>
      {children}
    </Flex>
  );
}

function Happenings({
  graph,
  counts,
  path,
  words,
}: {
  graph: Graph;
  counts: Counts | undefined;
  path: string;
  words: Words;
}) {
  const { colorBorderSecondary } = theme.useToken().token;
  const happened = happenedAt(counts, path);
  if (!counts) return <Skeleton active title={false} paragraph={{ rows: 3 }} />;
  if (happened.length === 0) return <Quiet>{words.nothingYet}</Quiet>;
  return (
    <dl style={{ margin: 0 }}>
      {happened.map(({ what, detail, n }) => (
        <Flex
          key={`${what} ${detail}`}
          justify="space-between"
          gap={12}
          style={{ padding: "5px 0", borderBlockEnd: `1px solid ${colorBorderSecondary}` }}
        >
          <dt>
            {words.what[what] ?? what}
            {detail && <Quiet> · {words.endings[detail] ?? graph.reasons[detail] ?? detail}</Quiet>}
          </dt>
          <dd style={{ margin: 0, fontWeight: 600 }}>{count(n)}</dd>
        </Flex>
      ))}
    </dl>
  );
}

function Customers({ graph, step }: { graph: Graph; step: string }) {
  const words = useWords();
  const { colorBorderSecondary } = theme.useToken().token;
  const query = { version: graph.version, step, limit: 20 };
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/journeys/{name}/inside",
    { params: { path: { name: graph.journey }, query } },
    {
      pageParamName: "after",
      initialPageParam: 0,
      getNextPageParam: (page) => page.next ?? undefined,
      refetchInterval: 15_000,
    },
  );
  const rows = data?.pages.flatMap((page) => page.enrollments) ?? [];
  if (error !== null && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton active title={false} paragraph={{ rows: 4 }} />;
  if (rows.length === 0) return <Quiet>{words.nobody}</Quiet>;
  return (
    <>
      <ul style={{ margin: 0, padding: 0, listStyle: "none" }}>
        {rows.map((row) => (
          <li key={row.enrollment} style={{ padding: "5px 0", borderBlockEnd: `1px solid ${colorBorderSecondary}` }}>
            <Flex justify="space-between" gap={8} align="baseline">
              <Link to="/customers/$id" params={{ id: String(row.customer) }}>
                <bdi>{row.name ?? `#${row.customer}`}</bdi>
              </Link>
              {row.run && (
                <a href={row.run} target="_blank" rel="noreferrer" title={words.runAbout}>
                  {words.run} <ExportOutlined />
                </a>
              )}
            </Flex>
            <Quiet small>
              {row.due_at && `${words.due} ${instant(row.due_at)}`}
              {row.held && ` · ${words.held}`}
              {row.stuck && ` · ${words.stuck}`}
            </Quiet>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </>
  );
}
