/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CodeMirror for one text file. It lives in a shadow root, because there its styles are adopted sheets, which the
 * content policy allows; the page's tokens reach into it.
 */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { extOf } from "../files/kinds";

export interface Editor {
  text(): string;
  put(text: string): void;
  focus(): void;
  gone(): void;
}

async function languageOf(name: string): Promise<Extension> {
  switch (extOf(name)) {
    case "py":
      return (await import("@codemirror/lang-python")).python();
    case "md":
      return (await import("@codemirror/lang-markdown")).markdown();
    case "json":
    case "ipynb":
      return (await import("@codemirror/lang-json")).json();
    case "yaml":
    case "yml":
      return (await import("@codemirror/lang-yaml")).yaml();
    case "js":
    case "ts":
      return (await import("@codemirror/lang-javascript")).javascript();
    case "sql":
      return (await import("@codemirror/lang-sql")).sql();
    default:
      return [];
  }
}

const v = (name: string) => `var(--${name})`;

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: v("syn-keyword") },
  { tag: [tags.string, tags.special(tags.string)], color: v("syn-string") },
  { tag: [tags.number, tags.bool, tags.null], color: v("syn-number") },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: v("syn-function") },
  { tag: tags.comment, color: v("syn-comment"), fontStyle: "italic" },
  { tag: [tags.typeName, tags.className, tags.propertyName], color: v("syn-type") },
  { tag: tags.heading, fontWeight: "600" },
  { tag: tags.link, color: v("accent-text") },
]);

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: v("text"), backgroundColor: v("surface") },
  "&.cm-focused": { outline: `2px solid ${v("focus")}`, outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: v("font-mono"), lineHeight: "20px" },
  ".cm-gutters": { backgroundColor: v("sunken"), color: v("text-3"), borderRight: `1px solid ${v("line")}` },
  ".cm-activeLine": { backgroundColor: "color-mix(in oklab, currentColor 4%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: v("text") },
  ".cm-cursor": { borderLeftColor: v("text") },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: v("selected") },
  ".cm-panels": { backgroundColor: v("raised"), color: v("text"), borderTop: `1px solid ${v("line")}` },
  ".cm-textfield, .cm-button": { font: "inherit", color: "inherit", background: v("surface"), border: `1px solid ${v("line-control")}`, borderRadius: "4px" },
});

export async function makeEditor(host: HTMLElement, name: string, label: string, text: string, onChange: () => void, onSave: () => void): Promise<Editor> {
  const language = await languageOf(name).catch(() => []);
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  /* Its <style> would be refused; the root's adopted sheets are not, and the box has the height of its host. */
  const box = document.createElement("div");
  box.style.height = "100%";
  root.replaceChildren(box);
  const extensions: Extension = [
    lineNumbers(), history(), drawSelection(), highlightActiveLine(), highlightActiveLineGutter(), indentOnInput(), bracketMatching(), search({ top: true }), highlightSelectionMatches(),
    indentUnit.of("    "), syntaxHighlighting(colours), look, language,
    EditorView.contentAttributes.of({ "aria-label": label }),
    EditorView.updateListener.of((u) => u.docChanged && onChange()),
    /* Tab indents; Esc and then Tab leaves, as in every editor of this kind. */
    keymap.of([{ key: "Mod-s", preventDefault: true, run: () => (onSave(), true) }, indentWithTab, ...defaultKeymap, ...historyKeymap, ...searchKeymap]),
  ];
  const state = (doc: string) => EditorState.create({ doc, extensions });
  const view = new EditorView({ parent: box, root, state: state(text) });
  return {
    text: () => view.state.sliceDoc(),
    put: (t) => view.setState(state(t)),
    focus: () => view.focus(),
    gone: () => view.destroy(),
  };
}
