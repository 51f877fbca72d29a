import { Drawer, Flex, Skeleton, Table } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import type { Graph } from "./figures";
import { useWords } from "./words";

type Group = Schema["ComparedGroup"];

/** What a journey brought, and which variant of each of its splits brings more: the sentences first, then the groups. */
export default function Results({ graph, onClose }: { graph: Graph; onClose: () => void }) {
  const words = useWords();
  const lang = useLanguage();
  const path = { name: graph.journey };
  const { data, error, refetch } = api.useQuery("get", "/v1/journeys/{name}/results", {
    params: { path, query: { lang } },
  });
  const splits = graph.nodes.filter((each) => each.verb === "split");
  return (
    <Drawer open title={words.results} size={640} onClose={onClose}>
      <Flex vertical gap={20} tabIndex={0} role="region" aria-label={words.results}>
        <Quiet>{words.resultsAbout}</Quiet>
        {error !== null && <Failure error={error} retry={() => void refetch()} />}
        {error === null && !data && <Skeleton active />}
        {data && <Outcome sentences={data.words} groups={data.groups} />}
        {splits.map((split) => (
          <section key={split.path}>
            <h2 style={{ fontSize: 14, margin: "0 0 8px" }}>{words.experiment(split.path)}</h2>
            <Variants journey={graph.journey} step={split.path} />
          </section>
        ))}
      </Flex>
    </Drawer>
  );
}

function Variants({ journey, step }: { journey: string; step: string }) {
  const lang = useLanguage();
  const { data, error, refetch } = api.useQuery("get", "/v1/journeys/{name}/experiments/{step}", {
    params: { path: { name: journey, step }, query: { lang } },
  });
  if (error !== null) return <Failure error={error} retry={() => void refetch()} />;
  return data ? <Outcome sentences={data.words} groups={data.groups} /> : <Skeleton active />;
}

function Outcome({ sentences, groups }: { sentences: string[]; groups: Group[] }) {
  const words = useWords();
  return (
    <Flex vertical gap={8}>
      <ul style={{ margin: 0, paddingInlineStart: 18, lineHeight: "24px" }}>
        {sentences.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
      <Table<Group>
        rowKey="name"
        size="small"
        pagination={false}
        dataSource={groups}
        columns={[
          { title: words.group, key: "name", render: (_, row) => words.groups[row.name] ?? row.name },
          { title: words.counted, key: "n", align: "right", render: (_, row) => count(row.customers) },
          { title: words.stillOpen, key: "open", align: "right", render: (_, row) => count(row.still_open) },
          { title: words.reached, key: "reached", align: "right", render: (_, row) => count(row.reached) },
          {
            title: words.revenue,
            key: "revenue",
            align: "right",
            render: (_, row) => `¥${(row.revenue / 100).toFixed(2)}`,
          },
        ]}
      />
    </Flex>
  );
}
