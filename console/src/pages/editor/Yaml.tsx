import { autocompletion, type CompletionContext } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { defaultHighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { codeTheme } from "@/parts/codeTheme";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { Schema } from "@/api/client";
import { useIsDark } from "@/parts/preferences";
import { offersAt } from "./completing/offers";
import type { Vocabulary } from "./steps";
import type { Editing } from "./useEditing";
import { useWords } from "./words";

interface Props {
  editing: Pick<Editing, "text" | "type" | "undo" | "redo">;
  mistakes: Schema["Mistake"][] | undefined;
  /** The line that is looked at, from 1. */
  line?: number | undefined;
  shop?: Vocabulary | undefined;
  /** What the text is called to those who can't see it. */
  label?: string;
}

/** The text itself, with what is wrong in its lines. */
export default function Yaml({ editing, mistakes, line, shop, label }: Props) {
  const words = useWords();
  const dark = useIsDark();
  const called = label ?? words.yaml;
  const { text, type, undo, redo } = editing;
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const known = useRef({ text, type, undo, redo, shop });
  useEffect(() => {
    known.current = { text, type, undo, redo, shop };
  }, [text, type, undo, redo, shop]);

  useEffect(() => {
    if (!holder.current) return;
    const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
    const made = new EditorView({
      parent: holder.current,
      state: EditorState.create({
        doc: known.current.text,
        extensions: [
          ...(nonce ? [EditorView.cspNonce.of(nonce)] : []),
          lineNumbers(),
          highlightActiveLine(),
          yaml(),
          syntaxHighlighting(defaultHighlightStyle),
          ...(dark ? [codeTheme] : []),
          lintGutter(),
          autocompletion({ override: [(context) => complete(context, known.current.shop)] }),
          EditorState.tabSize.of(2),
          EditorView.contentAttributes.of({ "aria-label": called }),
          EditorView.lineWrapping,
          keymap.of([
            { key: "Mod-z", run: () => (known.current.undo?.(), true) },
            { key: "Mod-y", run: () => (known.current.redo?.(), true) },
            { key: "Mod-Shift-z", run: () => (known.current.redo?.(), true) },
            ...defaultKeymap,
            indentWithTab,
          ]),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            const next = update.state.doc.toString();
            if (next !== known.current.text.replaceAll("\r\n", "\n"))
              known.current.type(known.current.text.includes("\r\n") ? next.replaceAll("\n", "\r\n") : next);
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
    };
  }, [dark, called]);

  useEffect(() => {
    const now = view.current;
    const next = text.replaceAll("\r\n", "\n");
    if (!now || now.state.doc.toString() === next) return;
    // Only what differs, so that the cursor and the view stay where they are.
    const old = now.state.doc.toString();
    let begin = 0;
    while (begin < old.length && begin < next.length && old[begin] === next[begin]) begin += 1;
    let end = 0;
    while (end < old.length - begin && end < next.length - begin && old.at(-1 - end) === next.at(-1 - end)) end += 1;
    now.dispatch({ changes: { from: begin, to: old.length - end, insert: next.slice(begin, next.length - end) } });
  }, [text]);

  useEffect(() => {
    const now = view.current;
    if (!now || !mistakes) return;
    const { doc } = now.state;
    const told = mistakes
      .filter((each) => each.line <= doc.lines)
      .map<Diagnostic>((each) => {
        const line = doc.line(each.line);
        const from = Math.min(line.to, line.from + each.column - 1);
        return {
          from,
          to: Math.min(line.to, from + each.width),
          severity: each.severity,
          message: `${each.detail} ${each.code}`,
        };
      });
    now.dispatch(setDiagnostics(now.state, told));
  }, [mistakes]);

  useEffect(() => {
    const now = view.current;
    if (!now || line === undefined || now.hasFocus || line > now.state.doc.lines) return;
    const { from } = now.state.doc.line(line);
    now.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
  }, [line]);

  return <div ref={holder} className="yaml" />;
}

/** What may stand where somebody writes. */
function complete(context: CompletionContext, shop: Vocabulary | undefined) {
  const text = context.state.doc.toString();
  const found = shop && offersAt(text, context.pos, shop);
  if (!found || (found.from === context.pos && !context.explicit)) return null;
  const options = found.offers.map(({ label, detail, isKey }) => ({
    label,
    ...(detail !== undefined && { detail }),
    ...(isKey ? { type: "property", apply: `${label}: ` } : { type: "constant" }),
  }));
  return { from: found.from, options };
}
