import { HistoryOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Alert, Button, Flex, Grid, Input, message as messages, Popconfirm, Skeleton } from "antd";
import { lazy, Suspense, useEffect, useState } from "react";
import { api, client, type Schema } from "@/api/client";
import { ApiProblem, isStatus } from "@/api/problem";
import { useChannels } from "@/parts/channels";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { Versions } from "@/parts/Versions";
import { useLanguage } from "@/parts/words";
import { Bubble } from "./Bubble";
import "./editor.css";
import { TestSend } from "./TestSend";
import { useWords } from "./words";

const Editor = lazy(() => import("./Editor"));

type Channel = Schema["TextWritten"]["channel"];
const route = getRouteApi("/inside/texts/$template/$channel");
const PAUSE = 300;

/** One text: as it is written, as it arrives, and where it is sent. */
export function TextPage() {
  const words = useWords();
  const channels = useChannels();
  const may = useMay();
  const { template, channel } = route.useParams();
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/texts/{template}/{channel}",
    { params: { path: { template, channel: channel as Channel } } },
    { refetchOnWindowFocus: false, gcTime: 0, retry: false },
  );
  const isNew = isStatus(error, 404) && !data && may("journeys.publish");
  const blank = { template, channel: channel as Channel, body: "", used_by: [], etag: "*" };
  const [message, holder] = messages.useMessage();
  return (
    <Page title={`${template} · ${channels[channel] ?? channel}`} about={words.hint}>
      {isNew && <Alert type="info" showIcon title={words.newOne} />}
      {error !== null && !data && !isNew && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {holder}
      {(data ?? (isNew && blank)) && <Writing key={data?.etag ?? "*"} written={data ?? blank} message={message} />}
    </Page>
  );
}

type Messages = ReturnType<typeof messages.useMessage>[0];

/** `message` outlives what is published, which is written anew with its next tag. */
function Writing({ written, message }: { written: Schema["TextWritten"]; message: Messages }) {
  const words = useWords();
  const may = useMay();
  const queries = useQueryClient();
  const wide = Grid.useBreakpoint().lg ?? true;
  const lang = useLanguage();
  const [body, setBody] = useState(written.body);
  const put = api.useMutation("put", "/v1/texts/{template}/{channel}");
  const refused: unknown = put.error;
  const path = { template: written.template, channel: written.channel };
  const names = api.useQuery(
    "get",
    "/v1/texts/{template}/{channel}/names",
    { params: { path, query: { lang } } },
    { staleTime: 60_000 },
  );
  const [looking, setLooking] = useState(false);
  const [mistakes, setMistakes] = useState<Schema["TextMistake"][]>([]);
  const [customer, setCustomer] = useState<string>();
  const versions = api.useQuery(
    "get",
    "/v1/texts/{template}/{channel}/versions",
    { params: { path } },
    { enabled: looking, staleTime: 0 },
  );
  const heading = { fontSize: 15, fontWeight: 600, margin: "0 0 8px" };
  const publish = () => {
    put.mutate(
      { params: { path, header: { "if-match": written.etag } }, body: { body } },
      {
        onSuccess: () => {
          void message.success(words.published);
          void queries.invalidateQueries();
        },
      },
    );
  };
  return (
    <Flex gap={32} vertical={!wide}>
      <Flex vertical gap={12} style={{ flex: 1 }}>
        <Suspense fallback={<Skeleton active paragraph={{ rows: 8 }} title={false} />}>
          <Editor
            text={body}
            readOnly={!may("journeys.publish")}
            names={names.data}
            mistakes={mistakes}
            onChange={setBody}
          />
        </Suspense>
        {isStatus(refused, 412) && <Alert type="warning" showIcon title={words.changed} />}
        {refused instanceof ApiProblem && refused.status !== 412 && (
          <Alert type="error" showIcon title={refused.errors[0]?.detail ?? (refused.detail || refused.message)} />
        )}
        {may("journeys.publish") && (
          <Popconfirm
            title={words.publishAsk(written.used_by.length)}
            okText={words.publish}
            cancelText={words.cancel}
            onConfirm={publish}
          >
            <Button
              type="primary"
              style={{ alignSelf: "start" }}
              loading={put.isPending}
              disabled={body === written.body || body.trim() === ""}
            >
              {words.publish}
            </Button>
          </Popconfirm>
        )}
        <Button
          icon={<HistoryOutlined />}
          style={{ alignSelf: "start" }}
          onClick={() => {
            setLooking(true);
          }}
        >
          {words.versions}
        </Button>
        <Versions
          open={looking}
          versions={versions.data}
          read={async (version) =>
            (
              await client.GET("/v1/texts/{template}/{channel}/versions/{version}", {
                params: { path: { ...path, version } },
              })
            ).data
          }
          onTake={
            may("journeys.publish")
              ? (taken) => {
                  setBody(taken);
                  void message.info(words.takenBack);
                }
              : undefined
          }
          onClose={() => {
            setLooking(false);
          }}
        />
        <section>
          <h2 style={heading}>{words.usedBy}</h2>
          {written.used_by.length === 0 && <Quiet>{words.unused}</Quiet>}
          {written.used_by.map((each) => (
            <div key={each.journey + each.step}>
              <Link to="/journeys/$name" params={{ name: each.journey }} search={{ step: each.step }}>
                <bdi>{words.step(each.title, each.step)}</bdi>
              </Link>
            </div>
          ))}
        </section>
      </Flex>
      {may("journeys.publish") && (
        <section aria-label={words.preview} style={{ width: wide ? 400 : "auto" }}>
          <h2 style={heading}>{words.preview}</h2>
          <Arrives body={body} channel={written.channel} onMistakes={setMistakes} onCustomer={setCustomer} />
          <TestSend
            template={written.template}
            channel={written.channel}
            body={body}
            customer={customer}
            disabled={mistakes.length > 0}
          />
        </section>
      )}
    </Flex>
  );
}

interface Asked {
  body: string;
  channel: Channel;
  customer?: string;
}

interface Seen {
  of: string;
  preview?: Schema["TextPreview"];
  problem?: unknown;
}

/** A text as it would be sent while it is written; what was asked before is cancelled. */
function Arrives({
  body,
  channel,
  onMistakes,
  onCustomer,
}: {
  body: string;
  channel: Channel;
  onMistakes: (mistakes: Schema["TextMistake"][]) => void;
  onCustomer: (customer: string | undefined) => void;
}) {
  const words = useWords();
  const may = useMay();
  const [customer, setCustomer] = useState("");
  const [seen, setSeen] = useState<Seen>();
  const named = /^1\d{10}$/.test(customer) ? `phone:${customer}` : customer;
  const asked = JSON.stringify({ body, channel, ...(named !== "" && { customer: named }) });
  const empty = body === "";
  useEffect(() => {
    onCustomer(named === "" ? undefined : named);
  }, [named, onCustomer]);
  useEffect(() => {
    if (empty) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      client
        .POST("/v1/texts/preview", { body: JSON.parse(asked) as Asked, signal: abort.signal })
        .then(({ data }) => {
          if (!data) return;
          setSeen({ of: asked, preview: data });
          onMistakes(data.problems);
        })
        .catch((problem: unknown) => {
          if (!abort.signal.aborted) setSeen({ of: asked, problem });
        });
    }, PAUSE);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [asked, empty, onMistakes]);
  return (
    <Flex vertical gap={12}>
      {may("customers.read") && (
        <Input.Search
          allowClear
          aria-label={words.customer}
          placeholder={words.customer}
          enterButton={words.tryFor}
          maxLength={300}
          onSearch={(text) => {
            setCustomer(text.trim());
          }}
        />
      )}
      {seen?.problem !== undefined && <Failure error={seen.problem} />}
      {seen?.preview ? <Bubble preview={seen.preview} channel={channel} /> : !seen && <Quiet>{words.looking}</Quiet>}
    </Flex>
  );
}
