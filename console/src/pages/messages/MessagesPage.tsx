import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button, Empty, Flex, Modal, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { useChannels } from "@/parts/channels";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { useMessageStatuses } from "@/parts/messageStatus";
import { Page } from "@/parts/Page";
import { instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { Held, Stuck } from "./Waiting";
import { STATUSES, type Status } from "./status";
import { useWords } from "./words";

type Entry = Schema["LedgerEntry"];
type Settled = "sent" | "failed";
const route = getRouteApi("/inside/messages");

export function MessagesPage() {
  const words = useWords();
  const statuses = useMessageStatuses();
  const status: Status = route.useSearch().status ?? "unknown";
  const navigate = route.useNavigate();
  return (
    <Page title={words.title} about={words.about}>
      <Segmented<Status>
        aria-label={words.status}
        style={{ alignSelf: "start", maxWidth: "100%", overflowX: "auto" }}
        value={status}
        options={STATUSES.map((value) => ({ value, label: words.statuses[value] ?? statuses[value] }))}
        onChange={(value) => {
          void navigate({ search: value === "unknown" ? {} : { status: value }, replace: true });
        }}
      />
      {status === "held" ? <Held /> : status === "stuck" ? <Stuck /> : <Ledger status={status} />}
    </Page>
  );
}

function Ledger({ status }: { status: Exclude<Status, "held" | "stuck"> }) {
  const words = useWords();
  const lang = useLanguage();
  const channels = useChannels();
  const may = useMay();
  const [asked, setAsked] = useState<{ entry: Entry; as: Settled }>();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/messages",
    { params: { query: { status, limit: 50, lang } } },
    { pageParamName: "after", initialPageParam: 0, getNextPageParam: (page) => page.next ?? undefined },
  );
  const rows = data?.pages.flatMap((page) => page.messages) ?? [];
  const canSettle = may("messages.settle") && (status === "unknown" || status === "pending_staff");
  const columns: TableColumnsType<Entry> = [
    { title: words.number, dataIndex: "id", width: 80, responsive: ["md"] },
    {
      title: words.customer,
      key: "customer",
      width: 100,
      render: (_, row) => (
        <Link to="/customers/$id" params={{ id: String(row.customer) }}>
          <bdi>{row.name ?? `#${row.customer}`}</bdi>
        </Link>
      ),
    },
    {
      title: words.journey,
      key: "journey",
      render: (_, row) => (
        <Link to="/journeys/$name" params={{ name: row.journey }}>
          <bdi>{row.title}</bdi>
        </Link>
      ),
    },
    { title: words.template, dataIndex: "template", responsive: ["md"] },
    {
      title: words.channel,
      key: "channel",
      width: 100,
      responsive: ["md"],
      render: (_, row) => channels[row.channel] ?? row.channel,
    },
    {
      title: words.called,
      key: "called",
      width: 150,
      responsive: ["md"],
      render: (_, row) => row.called_at && instant(row.called_at),
    },
    { title: words.reason, dataIndex: "why", responsive: ["lg"], ellipsis: true },
    ...(canSettle
      ? [
          {
            key: "act",
            render: (_: unknown, entry: Entry) => (
              <Flex gap={8} justify="end" wrap>
                {(["sent", "failed"] as const).map((as) => (
                  <Button
                    key={as}
                    size="small"
                    onClick={() => {
                      setAsked({ entry, as });
                    }}
                  >
                    {words[as]}
                  </Button>
                ))}
              </Flex>
            ),
          },
        ]
      : []),
  ];
  return (
    <>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && rows.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none[status]} />}
      {rows.length > 0 && <Table rowKey="id" columns={columns} dataSource={rows} pagination={false} />}
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
      {asked && (
        <Settle
          {...asked}
          onClose={() => {
            setAsked(undefined);
          }}
        />
      )}
    </>
  );
}

function Settle({ entry, as, onClose }: { entry: Entry; as: Settled; onClose: () => void }) {
  const words = useWords();
  const queries = useQueryClient();
  const { mutate, isPending, error } = api.useMutation("post", "/v1/messages/{id}/settle");
  return (
    <Modal
      open
      width={460}
      title={as === "sent" ? words.sentAsk : words.failedAsk}
      okText={words[as]}
      cancelText={words.cancel}
      confirmLoading={isPending}
      onCancel={onClose}
      onOk={() => {
        mutate(
          { params: { path: { id: entry.id } }, body: { status: as } },
          {
            onSuccess: () => {
              void queries.invalidateQueries();
              onClose();
            },
          },
        );
      }}
    >
      <p>{as === "sent" ? words.sentAbout : words.failedAbout}</p>
      {error !== null && <Failure error={error} />}
    </Modal>
  );
}
