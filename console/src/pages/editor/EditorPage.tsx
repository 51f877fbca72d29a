import { RedoOutlined, UndoOutlined } from "@ant-design/icons";
import { getRouteApi, Link } from "@tanstack/react-router";
import {
  Alert,
  Avatar,
  Button,
  Flex,
  Grid,
  message as messages,
  Popconfirm,
  Segmented,
  Skeleton,
  Space,
  theme,
  Tooltip,
} from "antd";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { useLanguage } from "@/parts/words";
import { EditorCanvas } from "./canvas/EditorCanvas";
import { STEP_TYPE } from "./canvas/InsertEdge";
import { START } from "./canvas/layout";
import { Clash } from "./Clash";
import { HeadForm } from "./forms/HeadForm";
import { StepForm } from "./forms/StepForm";
import { above, beside, isInside, number, without, withFreshIds } from "./places";
import type { Value } from "@/parts/conditions/values";
import { newJourney, newStep } from "./steps";
import { type Draft, useDraft } from "./useDraft";
import { useEditing } from "./useEditing";
import { useWords } from "./words";
import { VERB_ICONS } from "@/parts/verbs";

const Yaml = lazy(() => import("./Yaml"));
const Try = lazy(() => import("./Try"));
const Publish = lazy(() => import("./Publish"));
const route = getRouteApi("/inside/journeys/$name/edit");
const COPIED = "aftershow.step";

/** A journey being written: as a graph and as a text, which are one thing. */
export function EditorPage() {
  const words = useWords();
  const { name } = route.useParams();
  const { title } = route.useSearch();
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/journeys/{name}/draft",
    { params: { path: { name } } },
    { staleTime: Infinity, gcTime: 0, refetchOnWindowFocus: false, refetchOnReconnect: false },
  );
  if (!data)
    return (
      <Page title={words.editing(title ?? name)}>
        {error === null ? <Skeleton active /> : <Failure error={error} retry={() => void refetch()} />}
      </Page>
    );
  return <Editor key={name} name={name} first={data} title={title ?? ""} />;
}

type Pane = "form" | "yaml" | "try";

function Editor({ name, first, title }: { name: string; first: Draft; title: string }) {
  const words = useWords();
  const lang = useLanguage();
  const navigate = route.useNavigate();
  const [message, holder] = messages.useMessage();
  const { token } = theme.useToken();
  const wide = Grid.useBreakpoint().lg ?? true;
  const editing = useEditing(first.text || newJourney(name, title));
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
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const steps = useMemo(() => outline?.nodes ?? [], [outline]);
  const ids = useMemo(() => steps.flatMap((each) => (each.id === null ? [] : [each.id])), [steps]);
  const step = steps.find((each) => each.at === chosen);
  const trigger = outline?.head.trigger as Value | undefined;
  const event = trigger?.event as string | undefined;
  const schedule = trigger?.schedule as string | undefined;
  const begins = shop?.events.find((each) => each.event === event)?.called ?? event ?? schedule ?? "";
  const sound = outline !== undefined && !outline.diagnostics.some((each) => each.severity === "error");
  const verbs = useMemo(() => shop?.verbs ?? [], [shop]);

  const insert = useCallback(
    (at: string, verb: string) => {
      edit([{ op: "insert", at, value: newStep(verb, shop, ids, event) }], at);
      setPane("form");
    },
    [edit, shop, ids, event],
  );
  const move = useCallback(
    (from: string, to: string) => {
      const called = without(from, to);
      if (called === null || called === from) return;
      edit([{ op: "move", from, to: called }], called);
    },
    [edit],
  );
  const remove = useCallback(
    (at: string) => {
      const alone = above(at) === "/steps" && steps.filter((each) => above(each.at) === "/steps").length === 1;
      edit([{ op: "remove", at }], alone || number(at) === 0 ? null : beside(at, -1));
    },
    [edit, steps],
  );
  const copy = useCallback(
    (at: string) => {
      const value = steps.find((each) => each.at === at)?.value;
      if (value === undefined) return;
      localStorage.setItem(COPIED, JSON.stringify(value));
      void message.success(words.copied);
    },
    [steps, message, words],
  );
  const paste = useCallback(
    (at: string) => {
      const kept = localStorage.getItem(COPIED);
      if (kept) edit([{ op: "insert", at, value: withFreshIds(JSON.parse(kept), ids) }], at);
    },
    [edit, ids],
  );
  const fold = useCallback((at: string) => {
    setFolded((all) => {
      const next = new Set(all);
      if (!next.delete(at)) next.add(at);
      return next;
    });
  }, []);

  const press = (event_: KeyboardEvent) => {
    const target = event_.target as HTMLElement;
    if (publishing || target.closest("input, textarea, [contenteditable=true], .ant-select, [role=dialog], .yaml")) return;
    const command = event_.ctrlKey || event_.metaKey;
    const key = event_.key.toLowerCase();
    const all = steps.map((each) => each.at);
    const place = chosen === undefined ? -1 : all.indexOf(chosen);
    const done = () => {
      event_.preventDefault();
      event_.stopPropagation();
    };
    if (command && key === "z" && !event_.shiftKey) { done(); undo?.(); }
    else if (command && (key === "y" || key === "z")) { done(); redo?.(); }
    else if (command && key === "c" && step) { done(); copy(step.at); }
    else if (command && key === "x" && step) { done(); copy(step.at); remove(step.at); }
    else if (command && key === "v") { done(); paste(step ? beside(step.at) : "/steps/0"); }
    else if (command && key === "d" && step) { done(); edit([{ op: "insert", at: beside(step.at), value: withFreshIds(step.value, ids) }], beside(step.at)); }
    else if ((key === "delete" || key === "backspace") && step) { done(); remove(step.at); }
    else if (event_.altKey && key === "arrowup" && step && number(step.at) > 0) { done(); move(step.at, beside(step.at, -1)); }
    else if (event_.altKey && key === "arrowdown" && step && all.includes(beside(step.at))) { done(); move(step.at, beside(step.at, 2)); }
    else if (key === "arrowdown") { done(); choose(all[Math.min(all.length - 1, place + 1)] ?? START); }
    else if (key === "arrowup") { done(); choose(place <= 0 ? START : all[place - 1]); }
    else if (key === " " && step && step.branches.length > 0) { done(); fold(step.at); }
    else if (key === "escape") choose(undefined);
  }; // prettier-ignore

  useKeys(press);

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
        <nav aria-label={words.palette} style={{ width: wide ? 132 : "auto", flex: "none" }}>
          <Quiet small>{words.palette}</Quiet>
          <div className="palette" style={{ marginTop: 8, ...(!wide && { flexDirection: "row", flexWrap: "wrap" }) }}>
            {verbs.map(({ verb, noun }) => (
              <button
                key={verb}
                type="button"
                draggable
                style={{ borderColor: token.colorBorder, borderRadius: token.borderRadius }}
                title={words.paletteHint}
                onDragStart={(drag) => {
                  drag.dataTransfer.setData(STEP_TYPE, verb);
                  drag.dataTransfer.effectAllowed = "copy";
                }}
                onClick={() => {
                  const last = steps.filter((each) => above(each.at) === "/steps").length;
                  insert(step ? beside(step.at) : `/steps/${last}`, verb);
                }}
              >
                <span style={{ color: token.colorPrimary }}>{VERB_ICONS[verb]}</span>
                {noun}
              </button>
            ))}
          </div>
        </nav>
        <div style={{ flex: wide ? 1 : "none", height: wide ? height : 480, minWidth: 0 }}>
          {outline ? (
            <EditorCanvas
              outline={outline}
              chosen={chosen}
              verbs={verbs}
              folded={folded}
              begins={begins}
              onChoose={(at) => {
                choose(at);
                if (at !== undefined && pane === "try") setPane("form");
              }}
              onFold={fold}
              onInsert={insert}
              onMove={move}
              onPaste={localStorage.getItem(COPIED) ? paste : undefined}
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
              { value: "form", label: words.form },
              { value: "yaml", label: "YAML" },
              { value: "try", label: words.try },
            ]}
            onChange={setPane}
          />
          <div style={{ marginTop: 14, maxHeight: wide ? `calc(${height} - 46px)` : "none", overflowY: "auto" }}>
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
                      copy(step.at);
                    }}
                    onRemove={() => {
                      remove(step.at);
                    }}
                  />
                ) : (
                  <HeadForm head={outline.head} shop={shop} onEdit={edit} />
                )}
              </>
            )}
            {pane === "yaml" && (
              <Suspense fallback={<Skeleton active />}>
                <Yaml editing={editing} shop={shop} />
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

/** Hears keys wherever one is on the page: what had the focus may be gone with the edit before. */
function useKeys(press: (event: KeyboardEvent) => void) {
  const now = useRef(press);
  useEffect(() => {
    now.current = press;
  }, [press]);
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      now.current(event);
    };
    window.addEventListener("keydown", hear);
    return () => {
      window.removeEventListener("keydown", hear);
    };
  }, []);
}

/** Whether what is written is kept, and who else is at it. */
function Saved({ keeping }: { keeping: ReturnType<typeof useDraft> }) {
  const words = useWords();
  return (
    <Flex align="center" gap={10}>
      {keeping.others.map((each) => (
        <Tooltip key={each.name} title={words.alsoHere(each.name)}>
          <Avatar size="small" style={{ background: "#00824b" }} aria-label={words.alsoHere(each.name)}>
            {each.name.slice(0, 1)}
          </Avatar>
        </Tooltip>
      ))}
      <span aria-live="polite">
        <Quiet small>
          {keeping.draft.revision === 0 && keeping.state === "saved" ? "" : words.states[keeping.state]}
        </Quiet>
      </span>
    </Flex>
  );
}

function Mistakes({
  outline,
  chosen,
  onChoose,
}: {
  outline: NonNullable<ReturnType<typeof useEditing>["outline"]>;
  chosen: string | undefined;
  onChoose: (at: string | undefined) => void;
}) {
  // prettier-ignore
  const words = useWords();
  const here = outline.diagnostics
    .filter((each) => (chosen && chosen !== START ? each.at === chosen : true))
    .slice(0, 6);
  if (here.length === 0) return null;
  return (
    <Flex vertical gap={6} style={{ marginBottom: 14 }}>
      {here.map((each, place) => (
        <Alert
          key={place}
          type={each.severity}
          showIcon
          title={`${words.line(each.line)} ${each.detail}`}
          action={
            each.at !== null &&
            each.at !== chosen && (
              <Button size="small" onClick={() => { onChoose(each.at ?? undefined); }}>
                {words.show}
              </Button>
            )
          }
        />
      ))}
    </Flex>
  ); // prettier-ignore
}
