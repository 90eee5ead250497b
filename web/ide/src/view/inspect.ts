/* SPDX-License-Identifier: Apache-2.0 */
/* Help at the cursor (Shift-Tab), from the kernel: plain text with colours, never HTML. A second Shift-Tab asks for more. */
import { StateEffect, StateField } from "@codemirror/state";
import { type EditorView, showTooltip, type Tooltip } from "@codemirror/view";
import type { Control } from "./control";
import { t } from "../text";

const setTip = StateEffect.define<Tooltip | null>();

export const inspectField = StateField.define<Tooltip | null>({
  create: () => null,
  update(tip, tr) {
    for (const e of tr.effects) if (e.is(setTip)) return e.value;
    return tip && (tr.docChanged || tr.selection) ? null : tip;
  },
  provide: (f) => showTooltip.from(f),
});

const MOST = 20_000; /* characters shown */

/* Escape sequences of terminals say colours here; without them it is plain text. */
export const withoutAnsi = (text: string): string => text.replace(/\u001b\[[0-9;:?]*[A-Za-z]|\u001b\][^\u0007]*(?:\u0007|\u001b\\)/g, "");

function tooltip(at: number, text: string): Tooltip {
  return {
    pos: at,
    above: false,
    create() {
      const dom = document.createElement("div");
      dom.className = "inspect";
      dom.setAttribute("role", "status");
      const pre = document.createElement("pre");
      pre.textContent = text;
      pre.tabIndex = 0;
      dom.append(pre);
      return { dom };
    },
  };
}

export function inspectAt(c: Control, view: EditorView): boolean {
  const kernel = c.kernel;
  if (!kernel || kernel.status === "none" || kernel.status === "dead" || kernel.status === "offline") return false;
  const at = view.state.selection.main.head;
  const more = view.state.field(inspectField, false) ? 1 : 0;
  const doc = view.state.doc;
  void kernel.inspect(view.state.sliceDoc(), at, more).then(
    (bundle) => {
      /* Typed on meanwhile: the help would be about something else. */
      if (view.state.doc !== doc || view.state.selection.main.head !== at) return;
      const said = bundle?.["text/plain"];
      const text = typeof said === "string" && said ? withoutAnsi(said).slice(0, MOST) : t.view.noHelp;
      view.dispatch({ effects: setTip.of(tooltip(at, text)) });
    },
    () => undefined,
  );
  return true;
}

export function closeInspect(view: EditorView): boolean {
  if (!view.state.field(inspectField, false)) return false;
  view.dispatch({ effects: setTip.of(null) });
  return true;
}
