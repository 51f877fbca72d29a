import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** For the dark theme: the ground is the page's, and the words are light. */
export const codeTheme = [
  EditorView.theme(
    {
      "&": { color: "#e8ebe9", backgroundColor: "transparent" },
      ".cm-gutters": { backgroundColor: "transparent", color: "#9aa5a0", border: "none" },
      ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "#1e2321" },
      ".cm-cursor": { borderLeftColor: "#e8ebe9" },
    },
    { dark: true },
  ),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "#8ec7ff" },
      { tag: [tags.string, tags.content], color: "#b9e2a0" },
      { tag: tags.comment, color: "#9aa5a0" },
    ]),
  ),
];
