import { RedoOutlined, UndoOutlined } from "@ant-design/icons";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Alert, Button, Flex, Grid, message as messages, Popconfirm, Segmented, Skeleton, Space } from "antd";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { api } from "@/api/client";
import type { Value } from "@/parts/conditions/values";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { useLanguage } from "@/parts/words";
import { EditorCanvas } from "./canvas/EditorCanvas";
import { Clash } from "./Clash";
import { HeadForm } from "./forms/HeadForm";
import { StepForm } from "./forms/StepForm";
import { Mistakes } from "./Mistakes";
import { Palette } from "./Palette";
import { beside, isInside } from "./places";
import { Saved } from "./Saved";
import { newJourney } from "./steps";
import { type Draft, useDraft } from "./useDraft";
import { useEditing } from "./useEditing";
import { useShortcuts } from "./useShortcuts";
import { useSteps } from "./useSteps";
import { useWords } from "./words";

const Yaml = lazy(() => import("./Yaml"));
const Try = lazy(() => import("./trial/Try"));
const Publish = lazy(() => import("./trial/Publish"));
const route = getRouteApi("/inside/journeys/$name/edit");

/** A journey being written: as a graph and as a text, which are one thing. */
export function EditorPage() {
  const words = useWords();
  const { name } = route.useParams();
  const { title, recipe } = route.useSearch();
  const lang = useLanguage();
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/journeys/{name}/draft",
    { params: { path: { name } } },
    { staleTime: Infinity, gcTime: 0, refetchOnWindowFocus: false, refetchOnReconnect: false },
  );
  const isNew = data?.text === "" && recipe !== undefined;
  const begun = api.useQuery(
    "get",
    "/v1/recipes",
    { params: { query: { journey: name, lang } } },
    { enabled: isNew, staleTime: Infinity },
  );
  if (!data || (isNew && !begun.data))
    return (
      <Page title={words.editing(title ?? name)}>
        {error === null && begun.error === null ? (
          <Skeleton active />
        ) : (
          <Failure error={error ?? begun.error} retry={() => void (error === null ? begun.refetch() : refetch())} />
        )}
      </Page>
    );
  const blank = begun.data?.find((each) => each.recipe === recipe)?.text ?? newJourney(name, title ?? "");
  return <Editor key={name} name={name} first={data} title={title ?? ""} blank={blank} />;
}

type Pane = "form" | "yaml" | "try";

function Editor({ name, first, title, blank }: { name: string; first: Draft; title: string; blank: string }) {
  const words = useWords();
  const lang = useLanguage();
  const navigate = route.useNavigate();
  const [message, holder] = messages.useMessage();
  const wide = Grid.useBreakpoint().lg ?? true;
  const editing = useEditing(first.text || blank);
  const { text, outline, chosen, choose, edit, replace, undo, redo, refusal, forget } = editing;
  const onTheirs = useCallback(
    (theirs: string) => {
      replace(theirs);
      void message.info(words.theirsLoaded);
    },
    [replace, message, words],
  );
  const keeping = useDraft(name, first, text, chosen ?? "", onTheirs);
  const { data: shop } = api.useQuery(
    "get",
    "/v1/specs/vocabulary",
    { params: { query: { lang } } },
    { staleTime: 60_000 },
  );
  const [pane, setPane] = useState<Pane>("form");
  const [publishing, setPublishing] = useState(false);
  const steps = useMemo(() => outline?.nodes ?? [], [outline]);
  const step = steps.find((each) => each.at === chosen);
  const trigger = outline?.head.trigger as Value | undefined;
  const event = trigger?.event as string | undefined;
  const begins = outline?.begins ?? event ?? "";
  const sound = outline !== undefined && !outline.diagnostics.some((each) => each.severity === "error");
  const verbs = useMemo(() => shop?.verbs ?? [], [shop]);

  const copied = useCallback(() => void message.success(words.copied), [message, words]);
  const acts = useSteps({ steps, shop, event, edit, onCopied: copied });
  const { insert: putIn } = acts;
  const insert = useCallback(
    (at: string, verb: string) => {
      putIn(at, verb);
      setPane("form");
    },
    [putIn],
  );
  useShortcuts({ steps, editing, acts, off: publishing });

  const height = "calc(100vh - 190px)";
  return (
    <Page
      title={words.editing([outline?.title, title].find(Boolean) ?? name)}
      about={keeping.draft.base === null ? words.neverPublished : words.basedOn(keeping.draft.base)}
      actions={
        <>
          <Saved keeping={keeping} />
          <Space.Compact>
            <Button
              icon={<UndoOutlined />}
              aria-label={words.undo}
              title={words.undo}
              disabled={!undo}
              onClick={undo}
            />
            <Button
              icon={<RedoOutlined />}
              aria-label={words.redo}
              title={words.redo}
              disabled={!redo}
              onClick={redo}
            />
          </Space.Compact>
          {keeping.draft.revision > 0 && (
            <Popconfirm
              title={words.discardAsk}
              okText={words.discard}
              cancelText={words.cancel}
              onConfirm={async () => {
                if (!(await keeping.discard())) return;
                await navigate(
                  keeping.draft.live === null ? { to: "/journeys" } : { to: "/journeys/$name", params: { name } },
                );
              }}
            >
              <Button danger>{words.discard}</Button>
            </Popconfirm>
          )}
          <Button
            type="primary"
            disabled={keeping.state !== "saved" || keeping.draft.revision === 0}
            onClick={() => {
              setPublishing(true);
            }}
          >
            {keeping.draft.asked ? words.agree : words.publish}
          </Button>
        </>
      }
    >
      {holder}
      <Clash keeping={keeping} onMerged={replace} />
      {refusal && <Alert type="warning" showIcon title={words.refused(refusal)} closable={{ onClose: forget }} />}
      <Flex gap={16} vertical={!wide}>
        <Palette
          verbs={verbs}
          wide={wide}
          onPick={(verb) => {
            insert(step ? beside(step.at) : acts.end, verb);
          }}
        />
        <div style={{ flex: wide ? 1 : "none", height: wide ? height : 480, minWidth: 0 }}>
          {outline ? (
            <EditorCanvas
              outline={outline}
              chosen={chosen}
              verbs={verbs}
              folded={acts.folded}
              begins={begins}
              onChoose={(at) => {
                choose(at);
                if (at !== undefined && pane === "try") setPane("form");
              }}
              onFold={acts.fold}
              onInsert={insert}
              onMove={acts.move}
              onPaste={acts.hasCopy ? acts.paste : undefined}
            />
          ) : (
            <Skeleton active />
          )}
        </div>
        <div style={{ width: wide ? (pane === "yaml" ? 460 : 340) : "auto", flex: "none" }}>
          <Segmented<Pane>
            block
            value={pane}
            options={[
              { value: "form", label: words.panes.form },
              { value: "yaml", label: words.panes.yaml },
              { value: "try", label: words.panes.try },
            ]}
            onChange={setPane}
          />
          <div
            role="region"
            aria-label={words.panes[pane]}
            style={{ marginTop: 14, maxHeight: wide ? `calc(${height} - 46px)` : "none", overflowY: "auto" }}
          >
            {outline && pane === "form" && shop && (
              <>
                <Mistakes outline={outline} chosen={chosen} onChoose={choose} />
                {step ? (
                  <StepForm
                    key={step.at}
                    step={step}
                    shop={shop}
                    event={event}
                    steps={steps.filter((each) => !isInside(each.at, step.at))}
                    onEdit={edit}
                    onCopy={() => {
                      acts.copy(step.at);
                    }}
                    onRemove={() => {
                      acts.remove(step.at);
                    }}
                  />
                ) : (
                  <HeadForm head={outline.head} shop={shop} onEdit={edit} />
                )}
              </>
            )}
            {pane === "yaml" && (
              <Suspense fallback={<Skeleton active />}>
                <Yaml editing={editing} mistakes={outline?.diagnostics} line={step?.first_line} shop={shop} />
              </Suspense>
            )}
            {pane === "try" && (
              <Suspense fallback={<Skeleton active />}>
                <Try name={name} text={text} sound={sound} />
              </Suspense>
            )}
          </div>
        </div>
      </Flex>
      {keeping.draft.live !== null && (
        <Link to="/journeys/$name" params={{ name }}>
          {words.toJourney}
        </Link>
      )}
      {publishing && (
        <Suspense>
          <Publish
            draft={keeping.draft}
            onClose={() => {
              setPublishing(false);
            }}
            onDone={({ published, draft }) => {
              setPublishing(false);
              keeping.take(draft);
              if (published) {
                void message.success(words.published(published.version));
                void navigate({ to: "/journeys/$name", params: { name } });
              } else void message.info(words.waiting);
            }}
          />
        </Suspense>
      )}
    </Page>
  );
}
