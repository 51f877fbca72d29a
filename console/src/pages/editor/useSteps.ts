import { useCallback, useMemo, useState } from "react";
import { above, beside, number, without, withFreshIds } from "./places";
import { newStep, type Vocabulary } from "./steps";
import type { Step, useEditing } from "./useEditing";

const COPIED = "aftershow.step";

interface Given {
  steps: Step[];
  shop: Vocabulary | undefined;
  /** The type of event that begins the journey. */
  event: string | undefined;
  edit: ReturnType<typeof useEditing>["edit"];
  onCopied: () => void;
}

/** What can be done to steps as they stand on the canvas, each as an edit of the text. */
export function useSteps({ steps, shop, event, edit, onCopied }: Given) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const ids = useMemo(() => steps.flatMap((each) => (each.id === null ? [] : [each.id])), [steps]);
  const insert = useCallback(
    (at: string, verb: string) => {
      edit([{ op: "insert", at, value: newStep(verb, shop, ids, event) }], at);
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
      onCopied();
    },
    [steps, onCopied],
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
  const double = useCallback(
    (at: string) => {
      const value = steps.find((each) => each.at === at)?.value;
      edit([{ op: "insert", at: beside(at), value: withFreshIds(value, ids) }], beside(at));
    },
    [edit, steps, ids],
  );
  /** After the last step that stands in no branch. */
  const end = `/steps/${steps.filter((each) => above(each.at) === "/steps").length}`;
  return {
    insert,
    move,
    remove,
    copy,
    double,
    paste,
    fold,
    folded,
    end,
    hasCopy: localStorage.getItem(COPIED) !== null,
  };
}
