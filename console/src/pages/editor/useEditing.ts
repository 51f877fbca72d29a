import { useCallback, useEffect, useRef, useState } from "react";
import { client, type Schema } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import type { paths } from "@/api/schema";
import { useLanguage } from "@/parts/words";

export type Outline = Schema["SpecOutline"];
export type Step = Schema["OutlineNode"];
export type Edit = paths["/v1/specs/edit"]["post"]["requestBody"]["content"]["application/json"]["edits"][number];

/** Reads a text, and makes edits of it. */
export interface Grammar<O> {
  read: (text: string, lang: Lang, signal: AbortSignal) => Promise<O | undefined>;
  edit: (text: string, edits: Edit[], lang: Lang) => Promise<{ text: string; outline: O } | undefined>;
}
type Lang = ReturnType<typeof useLanguage>;

const JOURNEYS: Grammar<Outline> = {
  read: async (text, lang, signal) =>
    (await client.POST("/v1/specs/outline", { body: { text }, params: { query: { lang } }, signal })).data,
  edit: async (text, edits, lang) =>
    (await client.POST("/v1/specs/edit", { body: { text, edits }, params: { query: { lang } } })).data,
};

const PAUSE = 150;
/** What is typed within so many milliseconds is one step of undoing. */
const TOGETHER = 1_000;

interface Past {
  text: string;
  at: string | undefined;
}

/** A journey's text, edited as it is and as a graph. */
export const useEditing = (initial: string) => useWriting(initial, JOURNEYS);

/**
 * A text that is edited in two ways, as it is and by what it says, with undo for both. The API makes the edits and reads
 * the text; here is only which text it is now.
 */
export function useWriting<O>(initial: string, grammar: Grammar<O>) {
  const lang = useLanguage();
  const [text, setText] = useState(initial);
  const [outline, setOutline] = useState<O>();
  const [chosen, choose] = useState<string>();
  const [refusal, setRefusal] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [turns, setTurns] = useState({ back: 0, forth: 0 });
  const now = useRef({ text: initial, chosen: undefined as string | undefined, typed: 0 });
  const history = useRef({ past: [] as Past[], future: [] as Past[] });
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  useEffect(() => {
    now.current.chosen = chosen;
  }, [chosen]);

  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(
      () => {
        void grammar
          .read(text, lang, abort.signal)
          .then((read) => {
            if (read && !abort.signal.aborted) setOutline(read);
          })
          .catch(() => undefined); // a lost connection is told by the frame, and what was read stays
      },
      outline === undefined ? 0 : PAUSE,
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
    // Only when the text or the language changes.
  }, [text, lang]); // eslint-disable-line react-hooks/exhaustive-deps

  const count = useCallback(() => {
    setTurns({ back: history.current.past.length, forth: history.current.future.length });
  }, []);

  const become = useCallback(
    (next: string, together = false) => {
      const { text: before, chosen: at, typed } = now.current;
      if (before === next) return;
      const time = Date.now();
      if (!together || time - typed > TOGETHER) history.current.past.push({ text: before, at });
      history.current.future = [];
      now.current.typed = together ? time : 0;
      now.current.text = next;
      setText(next);
      count();
    },
    [count],
  );

  /** Makes edits, all or none, one call after the other; tells where the reader is then. */
  const edit = useCallback(
    (edits: Edit[], then?: string | null) => {
      const run = async () => {
        setBusy(true);
        try {
          const edited = await grammar.edit(now.current.text, edits, lang);
          if (!edited) return;
          become(edited.text);
          setOutline(edited.outline);
          setRefusal(undefined);
          if (then !== undefined) choose(then ?? undefined);
        } catch (problem) {
          if (problem instanceof ApiProblem && problem.status === 422)
            setRefusal(problem.errors[0]?.detail ?? problem.message);
        } finally {
          setBusy(false);
        }
      };
      queue.current = queue.current.then(run);
    },
    [become, grammar, lang],
  );

  const turn = useCallback(
    (back: boolean) => {
      const { past, future } = history.current;
      const last = (back ? past : future).pop();
      if (!last) return;
      (back ? future : past).push({ text: now.current.text, at: now.current.chosen });
      now.current.text = last.text;
      now.current.typed = 0;
      setText(last.text);
      choose(last.at);
      count();
    },
    [count],
  );

  const undo = useCallback(() => {
    turn(true);
  }, [turn]);
  const redo = useCallback(() => {
    turn(false);
  }, [turn]);
  return {
    text,
    outline,
    chosen,
    choose,
    busy,
    refusal,
    forget: useCallback(() => {
      setRefusal(undefined);
    }, []),
    type: useCallback(
      (next: string) => {
        become(next, true);
      },
      [become],
    ),
    replace: become,
    edit,
    undo: turns.back > 0 ? undo : undefined,
    redo: turns.forth > 0 ? redo : undefined,
  };
}

export type Editing = ReturnType<typeof useEditing>;
