import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Flex, Modal, Segmented, Select, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { OnPhone } from "@/parts/OnPhone";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useWords } from "./words";

type Opinion = Schema["OpinionState"];
type Kind = Opinion["kind"];
interface Correction {
  kind: Kind;
  aspect: NonNullable<Opinion["aspect"]>;
  sentiment: NonNullable<Opinion["sentiment"]>;
}
const KINDS: Kind[] = ["opinion", "wish", "question", "chatter", "spam"];
const PATH = "/v1/opinions";

/** What comments were read to say, the newest first; whoever may puts it right. */
export function Comments() {
  const words = useWords();
  const may = useMay();
  const [kind, setKind] = useState<Kind | "all">("opinion");
  const [asked, setAsked] = useState<Opinion>();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    PATH,
    { params: { query: { limit: 50, ...(kind === "all" ? {} : { kind }) } } },
    { pageParamName: "after", initialPageParam: "", getNextPageParam: (page) => page.next ?? undefined },
  );
  const rows = data?.pages.flatMap((page) => page.opinions) ?? [];
  const columns: TableColumnsType<Opinion> = [
    { title: words.at, key: "at", width: 150, responsive: ["md"], render: (_, row) => instant(row.at) },
    {
      title: words.phrase,
      key: "phrase",
      render: (_, row) => (
        <>
          <bdi>{row.phrase || words.forgotten}</bdi>
          <OnPhone>
            <Quiet small>
              {[
                row.product ?? row.sku,
                words.kinds[row.kind],
                row.aspect && words.aspects[row.aspect],
                row.sentiment && words.sentiments[row.sentiment],
                instant(row.at),
              ]
                .filter(Boolean)
                .join(" · ")}
            </Quiet>
          </OnPhone>
        </>
      ),
    },
    {
      title: words.product,
      key: "product",
      width: 150,
      responsive: ["md"],
      render: (_, row) => <bdi>{row.product ?? row.sku}</bdi>,
    },
    { title: words.kind, key: "kind", width: 80, responsive: ["md"], render: (_, row) => words.kinds[row.kind] },
    {
      title: words.aspect,
      key: "aspect",
      width: 80,
      responsive: ["md"],
      render: (_, row) => row.aspect && words.aspects[row.aspect],
    },
    {
      title: words.sentiment,
      key: "sentiment",
      width: 80,
      responsive: ["md"],
      render: (_, row) => row.sentiment && words.sentiments[row.sentiment],
    },
    {
      title: words.topic,
      key: "topic",
      width: 120,
      responsive: ["md"],
      render: (_, row) => (
        <>
          {row.topic} {row.corrected_by && <Quiet small>{words.corrected}</Quiet>}
        </>
      ),
    },
    ...(may("voice.edit")
      ? [
          {
            key: "act",
            width: 100,
            render: (_: unknown, row: Opinion) => (
              <Button
                size="small"
                onClick={() => {
                  setAsked(row);
                }}
              >
                {words.correct}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Flex vertical gap={16}>
      <Segmented
        aria-label={words.kind}
        style={{ alignSelf: "start" }}
        value={kind}
        options={[
          { value: "all" as const, label: words.all },
          ...KINDS.map((value) => ({ value, label: words.kinds[value] })),
        ]}
        onChange={setKind}
      />
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && (
        <Table
          rowKey="id"
          size="small"
          columns={columns}
          dataSource={rows}
          pagination={false}
          locale={{ emptyText: words.none }}
        />
      )}
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
      {asked && (
        <Correct
          key={asked.id}
          opinion={asked}
          onClose={() => {
            setAsked(undefined);
          }}
        />
      )}
    </Flex>
  );
}

function Correct({ opinion, onClose }: { opinion: Opinion; onClose: () => void }) {
  const words = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [right, setRight] = useState<Correction>({
    kind: opinion.kind,
    aspect: opinion.aspect ?? "overall",
    sentiment: opinion.sentiment ?? "negative",
  });
  const speaks = right.kind === "opinion" || right.kind === "wish";
  const { mutate, isPending } = api.useMutation("post", "/v1/opinions/{id}", {
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["get", PATH] });
      onClose();
    },
    onError: () => message.error(words.failed),
  });
  const options = (named: Record<string, string>, left: string[] = []) =>
    Object.entries(named).flatMap(([value, label]) => (left.includes(value) ? [] : [{ value, label }]));
  return (
    <Modal
      open
      title={words.correct}
      okText={words.save}
      cancelText={words.cancel}
      confirmLoading={isPending}
      onCancel={onClose}
      onOk={() => {
        const { kind, aspect, sentiment } = right;
        const said = kind === "opinion" && sentiment === "wish" ? "negative" : sentiment;
        const body = !speaks ? { kind } : kind === "wish" ? { kind, aspect } : { kind, aspect, sentiment: said };
        mutate({ params: { path: { id: opinion.id } }, body });
      }}
    >
      <Flex vertical gap={12}>
        <bdi>{opinion.phrase}</bdi>
        <Select
          aria-label={words.kind}
          value={right.kind}
          options={options(words.kinds)}
          onChange={(kind) => {
            setRight({ ...right, kind });
          }}
        />
        {speaks && (
          <Select
            aria-label={words.aspect}
            value={right.aspect}
            options={options(words.aspects)}
            onChange={(aspect) => {
              setRight({ ...right, aspect });
            }}
          />
        )}
        {right.kind === "opinion" && (
          <Select
            aria-label={words.sentiment}
            value={right.sentiment === "wish" ? "negative" : right.sentiment}
            options={options(words.sentiments, ["wish"])}
            onChange={(sentiment) => {
              setRight({ ...right, sentiment });
            }}
          />
        )}
      </Flex>
    </Modal>
  );
}
