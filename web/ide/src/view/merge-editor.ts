/* SPDX-License-Identifier: Apache-2.0 */
/* Two sides of a cell beside each other, or one over the other where there is no room: loaded when a merge is. */
import { syntaxHighlighting } from "@codemirror/language";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { languageNow } from "./editor-languages";
import { colours } from "./highlight";

export interface Sides {
  mine: string;
  theirs: string;
  labels: { mine: string; theirs: string };
  language: string | null;
}

const fixed = (label: string, language: string | null): Extension => [
  EditorState.lineSeparator.of("\n"),
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
  EditorView.lineWrapping,
  syntaxHighlighting(colours),
  languageNow(language) ?? [],
];

export function showSides(parent: HTMLElement, s: Sides, narrow: boolean): () => void {
  if (narrow) {
    const view = new EditorView({
      parent,
      doc: s.mine,
      extensions: [fixed(s.labels.mine, s.language), unifiedMergeView({ original: s.theirs, mergeControls: false, gutter: true })],
    });
    return () => view.destroy();
  }
  const view = new MergeView({
    parent,
    a: { doc: s.mine, extensions: fixed(s.labels.mine, s.language) },
    b: { doc: s.theirs, extensions: fixed(s.labels.theirs, s.language) },
    gutter: true,
    collapseUnchanged: { margin: 4, minSize: 12 },
  });
  return () => view.destroy();
}
