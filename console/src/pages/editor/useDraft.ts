import { useCallback, useEffect, useRef, useState } from "react";
import { client, type Schema } from "@/api/client";
import { ApiProblem, isStatus } from "@/api/problem";

export type Draft = Schema["DraftText"];
export type SaveState = "saved" | "saving" | "unsaved" | "conflict" | "failed";

const PAUSE = 1_000;
const PRESENCE = 15_000;

const isDocument = (name: string) => name.startsWith("_");
/** The draft of a shared document answers like a journey's. */
const draftOf = (name: string) =>
  (isDocument(name) ? "/v1/documents/{name}/draft" : "/v1/journeys/{name}/draft") as "/v1/journeys/{name}/draft";
const presenceOf = (name: string) => `${draftOf(name)}/presence` as const;
const mergeOf = (name: string) => `${draftOf(name)}/merge` as const;

/** Somebody saved from the revision that this text goes out from. */
export interface Conflict {
  by: string;
  revision: number;
  etag: string;
}

/** Keeps a text as the draft of a journey, or of a shared document, while it is written, and tells who else is at it. */
export function useDraft(name: string, first: Draft, text: string, place: string, onTheirs: (text: string) => void) {
  const [draft, setDraft] = useState(first);
  const [state, setState] = useState<SaveState>("saved");
  const [conflict, setConflict] = useState<Conflict>();
  const [others, setOthers] = useState<Schema["Other"][]>([]);
  const kept = useRef({ text: first.text, draft: first, wanted: text, place, saving: false });
  useEffect(() => {
    kept.current.wanted = text;
    kept.current.place = place;
  }, [text, place]);
  const params = { path: { name } };

  const take = useCallback((next: Draft) => {
    kept.current.text = next.text;
    kept.current.draft = next;
    setDraft(next);
    setConflict(undefined);
    setState(kept.current.wanted === next.text ? "saved" : "unsaved");
  }, []);

  const save = useCallback(
    async (etag?: string, merged?: string): Promise<Draft | undefined> => {
      if (kept.current.saving) return undefined;
      kept.current.saving = true;
      if (merged !== undefined) kept.current.wanted = merged;
      setState("saving");
      try {
        const { data } = await client.PUT(draftOf(name), {
          params: { path: { name }, header: { "if-match": etag ?? kept.current.draft.etag } },
          body: { text: kept.current.wanted },
        });
        if (data) take(data);
        return data;
      } catch (problem) {
        if (problem instanceof ApiProblem && problem.status === 412) {
          const { data: theirs } = await client.GET(draftOf(name), { params: { path: { name } } });
          if (theirs?.text === kept.current.wanted) {
            take(theirs);
            return theirs;
          }
          const { by, revision, etag: newest } = problem.members as { by?: string; revision?: number; etag?: string };
          setConflict({ by: by ?? "", revision: revision ?? 0, etag: newest ?? "" });
          setState("conflict");
        } else setState("failed");
        return undefined;
      } finally {
        kept.current.saving = false;
      }
    },
    [name, take],
  );

  const changed = text !== draft.text;
  useEffect(() => {
    if (!changed || conflict) return;
    const timer = setTimeout(() => void save(), PAUSE);
    return () => {
      clearTimeout(timer);
    };
  }, [text, changed, conflict, save]);

  useEffect(() => {
    const meet = async () => {
      const { data } = await client.POST(presenceOf(name), {
        params: { path: { name } },
        body: { place: kept.current.place },
      });
      if (!data) return;
      setOthers(data.others);
      const { draft: mine, wanted, text: saved } = kept.current;
      if (data.revision > mine.revision && wanted === saved && !kept.current.saving) {
        const answer = await client.GET(draftOf(name), { params: { path: { name } } });
        if (!answer.data || kept.current.wanted !== saved) return;
        kept.current.wanted = answer.data.text;
        take(answer.data);
        onTheirs(answer.data.text);
      }
    };
    const say = () => void meet().catch(() => undefined);
    say();
    const timer = setInterval(say, PRESENCE);
    return () => {
      clearInterval(timer);
      void client.DELETE(presenceOf(name), { params: { path: { name } } }).catch(() => undefined);
    };
  }, [name, take, onTheirs]);

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (kept.current.wanted !== kept.current.text) event.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    return () => {
      window.removeEventListener("beforeunload", warn);
    };
  }, []);

  return {
    draft,
    state: changed && state === "saved" ? ("unsaved" as const) : state,
    others,
    conflict,
    take,
    save,
    /** Merges with what the other saved; the text with both, and where they clash. */
    merge: async () => {
      const body = { text: kept.current.wanted, since: kept.current.draft.revision };
      const { data } = await client.POST(mergeOf(name), { params, body });
      return data;
    },
    /** Takes the other's text in place of one's own. */
    theirs: async () => {
      const { data } = await client.GET(draftOf(name), { params });
      if (!data) return;
      kept.current.wanted = data.text;
      take(data);
      onTheirs(data.text);
    },
    discard: async () => {
      try {
        const header = { "if-match": kept.current.draft.etag };
        await client.DELETE(draftOf(name), { params: { ...params, header } });
        return true;
      } catch (problem) {
        if (!isStatus(problem, 412)) throw problem;
        return false;
      }
    },
  };
}

export type Keeping = ReturnType<typeof useDraft>;
