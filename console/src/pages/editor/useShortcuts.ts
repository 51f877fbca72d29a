import { useEffect, useRef } from "react";
import { START } from "./canvas/layout";
import { beside, number } from "./places";
import type { Step, useEditing } from "./useEditing";
import type { useSteps } from "./useSteps";

interface Given {
  steps: Step[];
  editing: ReturnType<typeof useEditing>;
  acts: ReturnType<typeof useSteps>;
  /** While something lies over the page, it hears nothing. */
  off: boolean;
}

/** The keyboard of the editor. Where one types, keys are what one types. */
export function useShortcuts({ steps, editing, acts, off }: Given) {
  const step = steps.find((each) => each.at === editing.chosen);
  const press = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (off || target.closest("input, textarea, [contenteditable=true], .ant-select, [role=dialog], .yaml")) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const all = steps.map((each) => each.at);
    const place = editing.chosen === undefined ? -1 : all.indexOf(editing.chosen);
    const done = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (command && key === "z" && !event.shiftKey) { done(); editing.undo?.(); }
    else if (command && (key === "y" || key === "z")) { done(); editing.redo?.(); }
    else if (command && key === "c" && step) { done(); acts.copy(step.at); }
    else if (command && key === "x" && step) { done(); acts.copy(step.at); acts.remove(step.at); }
    else if (command && key === "v") { done(); acts.paste(step ? beside(step.at) : "/steps/0"); }
    else if (command && key === "d" && step) { done(); acts.double(step.at); }
    else if ((key === "delete" || key === "backspace") && step) { done(); acts.remove(step.at); }
    else if (event.altKey && key === "arrowup" && step && number(step.at) > 0) { done(); acts.move(step.at, beside(step.at, -1)); }
    else if (event.altKey && key === "arrowdown" && step && all.includes(beside(step.at))) { done(); acts.move(step.at, beside(step.at, 2)); }
    else if (key === "arrowdown") { done(); editing.choose(all[Math.min(all.length - 1, place + 1)] ?? START); }
    else if (key === "arrowup") { done(); editing.choose(place <= 0 ? START : all[place - 1]); }
    else if (key === " " && step && step.branches.length > 0) { done(); acts.fold(step.at); }
    else if (key === "escape") editing.choose(undefined);
  }; // prettier-ignore
  useKeys(press);
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
