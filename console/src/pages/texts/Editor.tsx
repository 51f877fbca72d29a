import { autocompletion, type Completion, type CompletionContext } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { theme } from "antd";
import { type CSSProperties, useEffect, useRef } from "react";
import type { Schema } from "@/api/client";
import { useIsDark } from "@/parts/preferences";
import { codeTheme } from "@/parts/codeTheme";
import { useWords } from "./words";

interface Props {
  text: string;
  readOnly: boolean;
  names: Schema["TextNames"] | undefined;
  mistakes: Schema["TextMistake"][];
  onChange: (text: string) => void;
}

/** The text itself, with what is wrong in its lines, and the names that it can have between braces. */
export default function Editor({ text, readOnly, names, mistakes, onChange }: Props) {
  const words = useWords();
  const dark = useIsDark();
  const { token } = theme.useToken();
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const known = useRef({ text, names, onChange, words });
  useEffect(() => {
    known.current = { text, names, onChange, words };
  }, [text, names, onChange, words]);

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
          history(),
          ...(dark ? [codeTheme] : []),
          lintGutter(),
          autocompletion({
            override: [(context) => complete(context, known.current.names, known.current.words.sometimes)],
          }),
          EditorView.contentAttributes.of({ "aria-label": words.write }),
          EditorView.lineWrapping,
          EditorState.readOnly.of(readOnly),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) known.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
    };
  }, [dark, readOnly, words]);

  useEffect(() => {
    const now = view.current;
    if (!now || now.state.doc.toString() === text.replaceAll("\r\n", "\n")) return;
    now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: text } });
  }, [text]);

  useEffect(() => {
    const now = view.current;
    if (!now) return;
    const { doc } = now.state;
    const told = mistakes
      .filter((each) => each.line <= doc.lines)
      .map<Diagnostic>((each) => ({
        from: doc.line(each.line).from,
        to: doc.line(each.line).to,
        severity: "error",
        message: each.detail,
      }));
    now.dispatch(setDiagnostics(now.state, told));
  }, [mistakes]);

  const colors = { "--line": token.colorBorder, "--accent": token.colorPrimary } as CSSProperties;
  return <div ref={holder} className="code" style={colors} />;
}

/** Inside of braces the names that the text's journeys give it, behind a bar what can be made of them. */
function complete(context: CompletionContext, names: Schema["TextNames"] | undefined, sometimes: string) {
  if (!names) return null;
  const before = context.state.doc.sliceString(Math.max(0, context.pos - 500), context.pos);
  const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  if (open < 0 || before.slice(open).includes("}}") || before.slice(open).includes("%}")) return null;
  const word = context.matchBefore(/[\p{L}\p{N}_.]*/u);
  if (!word) return null;
  const inside = before.slice(open + 2, before.length - (word.to - word.from));
  const options: Completion[] = /\|\s*$/.test(inside)
    ? names.filters.map((each) => ({ label: each.write, detail: each.called, type: "function" }))
    : [
        ...names.names.map((each) => ({
          label: each.name,
          detail: each.called + (each.sometimes ? ` · ${sometimes}` : ""),
          type: "variable",
        })),
        ...names.functions.map((each) => ({ label: each.write, detail: each.called, type: "function" })),
      ];
  return { from: word.from, options, validFor: /^[\p{L}\p{N}_.]*$/u };
}
