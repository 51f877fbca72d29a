import { HistoryOutlined, RedoOutlined, UndoOutlined } from "@ant-design/icons";
import { getRouteApi } from "@tanstack/react-router";
import { Alert, Button, Flex, Grid, message as messages, Popconfirm, Skeleton, Space } from "antd";
import { lazy, Suspense, useCallback, useState } from "react";
import { api, client, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { Versions } from "@/parts/Versions";
import { useLanguage } from "@/parts/words";
import { Clash } from "../Clash";
import { Saved } from "../Saved";
import { type Draft, useDraft } from "../useDraft";
import { type Grammar, useWriting } from "../useEditing";
import { Entries } from "./Entries";
import { Fields } from "./Fields";
import { useWords } from "./words";

const Yaml = lazy(() => import("../Yaml"));
const PublishDocument = lazy(() => import("./PublishDocument"));
const route = getRouteApi("/inside/documents/$name");

type Read = Schema["DocumentRead"];

const grammarOf = (name: string): Grammar<Read> => ({
  read: async (text, lang, signal) =>
    (
      await client.POST("/v1/documents/{name}/outline", {
        params: { path: { name }, query: { lang } },
        body: { text },
        signal,
      })
    ).data,
  edit: async (text, edits, lang) =>
    (
      await client.POST("/v1/documents/{name}/edit", {
        params: { path: { name }, query: { lang } },
        body: { text, edits },
      })
    ).data,
});
const GRAMMARS = Object.fromEntries(["_coupons", "_policy", "_calendar"].map((name) => [name, grammarOf(name)]));

/** A document that holds for every journey, being written: as a form and as a text, which are one thing. */
export function DocumentPage() {
  const { name } = route.useParams();
  const lang = useLanguage();
  const may = useMay();
  const params = { path: { name } };
  const document = api.useQuery("get", "/v1/documents/{name}", { params: { ...params, query: { lang } } });
  const draft = api.useQuery(
    "get",
    "/v1/documents/{name}/draft",
    { params },
    {
      enabled: may("journeys.publish"),
      staleTime: Infinity,
      gcTime: 0,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
    },
  );
  const { data } = document;
  const error = document.error ?? draft.error;
  if (!data || !draft.data)
    return (
      <Page title={data?.form.title ?? ""}>
        {error === null ? (
          <Skeleton active />
        ) : (
          <Failure error={error} retry={() => void (document.error ? document.refetch() : draft.refetch())} />
        )}
      </Page>
    );
  return <Writing key={name} document={data} first={draft.data} />;
}

function Writing({ document, first }: { document: Schema["DocumentText"]; first: Draft }) {
  const words = useWords();
  const wide = Grid.useBreakpoint().lg ?? true;
  const [message, holder] = messages.useMessage();
  const name = document.document;
  const { form } = document;
  const editing = useWriting<Read>(first.text, GRAMMARS[name] ?? grammarOf(name));
  const { text, outline, edit, replace, undo, redo, refusal, forget } = editing;
  const onTheirs = useCallback(
    (theirs: string) => {
      replace(theirs);
      void message.info(words.theirs);
    },
    [replace, message, words],
  );
  const keeping = useDraft(name, first, text, "", onTheirs);
  const [pane, setPane] = useState<"publish" | "versions">();
  const versions = api.useQuery(
    "get",
    "/v1/documents/{name}/versions",
    { params: { path: { name } } },
    { enabled: pane === "versions", staleTime: 0 },
  );
  const mistakes = outline?.diagnostics ?? [];
  const readable = outline !== undefined && !mistakes.some((each) => each.at === null && each.severity === "error");
  const close = () => {
    setPane(undefined);
  };
  const filled = outline && {
    mistakes,
    readOnly: !readable && Object.keys(outline.value).length === 0 && text.trim() !== "",
  };
  return (
    <Page
      title={form.title}
      about={`${keeping.draft.live === null ? words.never : words.live(keeping.draft.live)}。${words.about}`}
      actions={
        <>
          <Saved keeping={keeping} />
          <Space.Compact>
            <Button icon={<UndoOutlined />} aria-label={words.undo} title={words.undo} disabled={!undo} onClick={undo} />
            <Button icon={<RedoOutlined />} aria-label={words.redo} title={words.redo} disabled={!redo} onClick={redo} />
          </Space.Compact>
          <Button icon={<HistoryOutlined />} onClick={() => { setPane("versions"); }}>
            {words.versions}
          </Button>
          {keeping.draft.revision > 0 && (
            <Popconfirm
              title={words.discardAsk}
              okText={words.discard}
              cancelText={words.cancel}
              onConfirm={async () => {
                if (await keeping.discard()) await keeping.theirs();
              }}
            >
              <Button danger>{words.discard}</Button>
            </Popconfirm>
          )}
          <Button
            type="primary"
            disabled={keeping.state !== "saved" || keeping.draft.revision === 0}
            onClick={() => { setPane("publish"); }}
          >
            {keeping.draft.asked ? words.agree : words.publish}
          </Button>
        </>
      }
    >
      {holder}
      <Clash keeping={keeping} onMerged={replace} />
      {refusal && <Alert type="warning" showIcon title={words.refused(refusal)} closable={{ onClose: forget }} />}
      {filled?.readOnly && <Alert type="warning" showIcon title={words.readOnly} />}
      <Flex gap={24} vertical={!wide} align={wide ? "start" : "stretch"}>
        <section aria-label={words.form} style={{ flex: 1, minWidth: 0 }}>
          {!filled && <Skeleton active />}
          {filled && form.entries && (
            <Entries
              {...filled}
              entry={form.entries}
              value={outline.value}
              begin={name === "_coupons" ? { name: form.title, amount_off: "5元", valid: "7d" } : "01-01"}
              asked={name === "_coupons" ? words.addCoupons : words.addDays}
              onEdit={edit}
            />
          )}
          {filled && !form.entries && <Fields {...filled} fields={form.fields} value={outline.value} at="" onEdit={edit} />}
        </section>
        <section aria-label={words.yaml} style={{ width: wide ? 520 : "auto", flex: "none", minWidth: 0 }}>
          {mistakes.slice(0, 6).map((each, place) => (
            <Alert key={place} type={each.severity} showIcon title={`${words.line(each.line)} ${each.detail.replaceAll("`", "")}`} style={{ marginBottom: 8 }} />
          ))}
          <Suspense fallback={<Skeleton active />}>
            <Yaml editing={editing} mistakes={outline?.diagnostics} label={words.text(name)} />
          </Suspense>
        </section>
      </Flex>
      <Versions
        open={pane === "versions"}
        versions={versions.data}
        read={async (version) =>
          (await client.GET("/v1/documents/{name}/versions/{version}", { params: { path: { name, version } } })).data
        }
        onTake={(taken) => {
          replace(taken);
          void message.info(words.takenBack);
        }}
        onClose={close}
      />
      {pane === "publish" && (
        <Suspense>
          <PublishDocument
            title={form.title}
            draft={keeping.draft}
            onClose={close}
            onDone={({ version, draft }) => {
              close();
              keeping.take(draft);
              void message.success(version === null ? words.waiting : words.published(version));
            }}
          />
        </Suspense>
      )}
    </Page>
  ); // prettier-ignore
}
