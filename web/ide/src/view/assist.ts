/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of completions and closing brackets: they come with the first editor, which does not wait for them. */
import type { CompletionSource } from "@codemirror/autocomplete";
import { Compartment, type EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { later } from "../later";

type Assist = typeof import("@codemirror/autocomplete");
const coming = later<Assist>(() => import("@codemirror/autocomplete"));

/* Lists open by Tab and after a dot that was typed. */
const dotOpens = EditorView.updateListener.of((u) => {
  if (!u.docChanged || !u.transactions.some((tr) => tr.isUserEvent("input.type"))) return;
  const { head, empty } = u.state.selection.main;
  if (empty && u.state.sliceDoc(head - 1, head) === "." && /[\w)\]"']\.$/.test(u.state.sliceDoc(Math.max(0, head - 2), head))) complete(u.view);
});

function extension(m: Assist, source: CompletionSource | undefined): Extension {
  return [
    m.closeBrackets(),
    m.autocompletion({ activateOnTyping: false, override: source ? [source] : [], maxRenderedOptions: 200, icons: false }),
    source ? dotOpens : [],
    keymap.of([...m.closeBracketsKeymap, ...m.completionKeymap]),
  ];
}

/* For an editor's extensions, and what to do once it stands. */
export function assist(source: CompletionSource | undefined): { extension: Extension; start(view: EditorView): void } {
  const part = new Compartment();
  return {
    extension: part.of(coming.now ? extension(coming.now, source) : []),
    start(view) {
      if (coming.now) return;
      coming.get().then(
        (m) => view.dispatch({ effects: part.reconfigure(extension(m, source)) }),
        () => undefined,
      );
    },
  };
}

export function complete(view: EditorView): boolean {
  if (coming.now) return coming.now.startCompletion(view);
  /* The editors take it in first: they asked earlier. */
  coming.get().then(
    (m) => void m.startCompletion(view),
    () => undefined,
  );
  return true;
}

export const completing = (state: EditorState): boolean => coming.now?.completionStatus(state) === "active";
export const closeCompletion = (view: EditorView): boolean => coming.now?.closeCompletion(view) ?? false;
