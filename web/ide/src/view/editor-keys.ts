/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in a cell's editor that leave the cell or act on the notebook; all others are CodeMirror's. */
import type { EditorView, KeyBinding } from "@codemirror/view";
import { doCommand } from "./acts";
import { closeCompletion, completing } from "./assist";
import type { Control } from "./control";
import type { Command } from "./keys";
import { step } from "./selection";
import { closeInspect } from "./inspect";

export function cellKeys(c: Control, id: string): KeyBinding[] {
  const act = (command: Command) => (): boolean => {
    doCommand(c, command);
    return true;
  };
  /* Up on the first line and down on the last go to the next cell, as in Jupyter. */
  const out = (by: 1 | -1) => (view: EditorView): boolean => {
    if (completing(view.state)) return false;
    const { main } = view.state.selection;
    if (!main.empty || view.state.selection.ranges.length > 1) return false;
    const line = view.state.doc.lineAt(main.head);
    if (by < 0 ? line.from > 0 : line.to < view.state.doc.length) return false;
    if (c.cell(id)?.kind !== "code") {
      const moved = view.moveVertically(main, by > 0); /* a long line is wrapped */
      if (moved.head !== main.head && view.coordsAtPos(moved.head)?.top !== view.coordsAtPos(main.head)?.top) return false;
    }
    const next = step(c.shown, id, by);
    if (next === null || next === id) return false;
    if (c.cell(next)?.kind === "markdown" && !c.open.has(next)) {
      c.select(next);
      c.surface?.reveal(next);
      c.focus();
    } else c.edit(next, { anchor: by > 0 ? 0 : c.cell(next)!.source.length });
    return true;
  };
  const escape = (view: EditorView): boolean => {
    if (closeInspect(view) || closeCompletion(view)) return true;
    if (view.state.selection.ranges.length > 1) return false; /* first back to one cursor */
    c.command();
    return true;
  };
  return [
    { key: "Shift-Enter", run: act("runMove") },
    { key: "Mod-Enter", run: act("run") },
    { key: "Alt-Enter", run: act("runInsert") },
    { key: "Escape", run: escape },
    { key: "Mod-m", run: act("command"), preventDefault: true },
    { key: "Mod-z", run: act("undo"), preventDefault: true },
    { key: "Mod-y", mac: "Mod-Shift-z", run: act("redo"), preventDefault: true },
    { key: "Mod-Shift-z", run: act("redo"), preventDefault: true },
    { key: "Mod-Shift--", run: act("split"), preventDefault: true },
    { key: "Mod-Shift-_", run: act("split"), preventDefault: true },
    { key: "ArrowUp", run: out(-1) },
    { key: "ArrowDown", run: out(1) },
  ];
}
