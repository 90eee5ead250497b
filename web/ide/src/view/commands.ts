/* SPDX-License-Identifier: Apache-2.0 */
/* What each command does with an open notebook. Keys, the tools row, menus and the outline all end here. */
import type { CellKind } from "../model/types";
import { held, hold, offer } from "./clipboard";
import type { Control } from "./control";
import * as edits from "./edits";
import { COLLAPSED, sectionLevel } from "./headings";
import type { Command } from "./keys";
import { step } from "./selection";

export interface Shown {
  say(text: string): void; /* to a screen reader */
  keys(): void;
  confirmRestart(after: "nothing" | "runAll"): void;
  find(replace: boolean): void;
  words: { cut(n: number): string; copied(n: number): string; deleted(n: number): string; moved(to: number, of: number): string; pasted(n: number): string; saved: string };
}

function go(c: Control, id: string | null, extend = false): void {
  if (id === null) return;
  c.select(id, extend);
  c.surface?.reveal(id);
  c.focus();
}

function done(c: Control, e: edits.Edit, then: "command" | "edit" = "command"): boolean {
  if (!c.apply(e.ops)) return false;
  if (e.active !== null) {
    if (then === "edit") c.edit(e.active);
    else {
      c.selectRange(e.active, e.anchor ?? e.active);
      c.surface?.reveal(e.active);
      c.focus();
    }
  }
  return true;
}

export function insert(c: Control, where: "above" | "below" | "end", kind: CellKind = "code", mode: "command" | "edit" = "command"): void {
  const ids = c.selection;
  let at = c.model.cells.length;
  if (where === "above" && ids.length) at = c.model.indexOf(ids[0]!);
  if (where === "below" && ids.length) at = belowOf(c, ids[ids.length - 1]!);
  if (kind === "markdown" && mode === "edit") {
    const e = edits.insertAt(c.model, at, kind);
    done(c, e, "edit");
    return;
  }
  done(c, edits.insertAt(c.model, at, kind), mode);
}

/* Below a collapsed heading is below all that it hides. */
function belowOf(c: Control, id: string): number {
  let at = c.model.indexOf(id) + 1;
  while (c.model.cells[at] && c.hidden.get(c.model.cells[at]!.id) === id) at++;
  return at;
}

/* Text cells are rendered by it, code runs. A collapsed heading runs its section; each cell runs once, named twice or not. */
export function runCells(c: Control, ids: readonly string[]): void {
  const more = [...new Set(ids.flatMap((id) => [id, ...c.model.cells.filter((x) => c.hidden.get(x.id) === id).map((x) => x.id)]))];
  for (const id of more) {
    if (c.open.delete(id)) c.touch(id);
  }
  const code = more.filter((id) => c.model.get(id)?.kind === "code" && c.model.get(id)!.source.trim() !== "");
  if (code.length) c.kernel?.run(code);
}

function runAnd(c: Control, then: "move" | "stay" | "insert"): void {
  const ids = c.selection;
  if (!ids.length) return;
  const last = ids[ids.length - 1]!;
  runCells(c, ids);
  if (then === "stay") {
    c.select(last);
    c.focus();
    return;
  }
  const next = step(c.shown, last, 1);
  if (then === "insert" || next === last) {
    if (!done(c, edits.insertAt(c.model, belowOf(c, last), "code"), "edit")) go(c, last);
    return;
  }
  go(c, next);
}

function section(c: Control, from: number, to: number): void {
  const ids = c.model.cells.slice(from, to).map((x) => x.id);
  runCells(c, ids);
}

function collapse(c: Control, to: boolean): void {
  const cell = c.cell(c.active);
  if (!cell || !sectionLevel(cell) || (cell.metadata[COLLAPSED] === true) === to) return;
  toggleSection(c, cell.id);
}

export function toggleSection(c: Control, id: string): void {
  const cell = c.cell(id);
  if (!cell) return;
  const { [COLLAPSED]: was, ...metadata } = cell.metadata;
  c.apply([{ op: "metadata", id, metadata: was === true ? metadata : { ...metadata, [COLLAPSED]: true } }]);
}

function clear(c: Control, ids: readonly string[]): void {
  c.apply(ids.flatMap((id) => (c.model.get(id)?.kind === "code" ? [{ op: "outputs", id, outputs: [] } as const, { op: "count", id, count: null } as const] : [])));
}

function foldAll(c: Control, to: boolean): void {
  const ids = c.model.cells.filter((x) => x.kind === "code" && edits.isFolded(x, "outputs") !== to).map((x) => x.id);
  c.apply(edits.fold(c.model, ids, "outputs"));
}

function splitHere(c: Control): void {
  const id = c.active;
  const editor = id === null ? undefined : c.editors.get(id);
  if (id === null || !editor || c.mode !== "edit") return;
  const cuts = editor.view.state.selection.ranges.flatMap((r) => [r.from, r.to]);
  const e = edits.split(c.model, id, cuts);
  const part = c.model.get(id)!.kind;
  if (!c.apply(e.ops, undefined, { cell: id, anchor: cuts[0]!, head: cuts[0]! })) return;
  if (part === "markdown") for (const op of e.ops) if (op.op === "insert") c.open.add(op.cell.id);
  c.edit(e.active!, { anchor: 0 });
}

function lines(c: Control, everywhere: boolean): void {
  if (everywhere) {
    c.numbers = !c.numbers;
    c.numbersOf.clear();
    for (const cell of c.model.cells) c.touch(cell.id);
  } else for (const id of c.selection) {
    c.numbersOf.set(id, !c.linesOf(id));
    c.touch(id);
  }
  c.tell("view");
}

function move(c: Control, by: 1 | -1, shown: Shown): void {
  const ids = c.selection;
  if (!c.apply(edits.moveBy(c.model, ids, by, c.hidden))) return;
  c.surface?.reveal(c.active!);
  c.focus();
  shown.say(shown.words.moved(c.model.indexOf(ids[0]!) + 1, c.model.cells.length));
}

function take(c: Control, cut: boolean, shown: Shown): void {
  const ids = c.selection;
  hold(edits.copyOf(c.model, ids));
  offer();
  if (!cut) shown.say(shown.words.copied(ids.length));
  else if (done(c, edits.remove(c.model, ids))) shown.say(shown.words.cut(ids.length));
}

function put(c: Control, above: boolean, shown: Shown): void {
  const cells = held();
  if (!cells.length) return;
  const ids = c.selection;
  const at = !ids.length ? c.model.cells.length : above ? c.model.indexOf(ids[0]!) : belowOf(c, ids[ids.length - 1]!);
  if (done(c, edits.paste(c.model, at, cells))) shown.say(shown.words.pasted(cells.length));
}

function changeKind(c: Control, kind: CellKind): void {
  const ids = c.selection;
  /* What becomes text shows its source still: it was being written. */
  if (kind === "markdown") for (const id of ids) if (c.model.get(id)?.kind !== "markdown") c.open.add(id);
  c.apply(edits.changeKind(c.model, ids, kind));
  for (const id of ids) c.touch(id);
  c.tell("select");
}

export function perform(c: Control, command: Command, shown: Shown): void {
  const ids = c.selection;
  const first = ids.length ? c.model.indexOf(ids[0]!) : 0;
  const does: Partial<Record<Command, () => void>> = {
    edit: () => c.active !== null && c.edit(c.active),
    command: () => c.command(),
    up: () => go(c, step(c.shown, c.active, -1)),
    down: () => go(c, step(c.shown, c.active, 1)),
    selectUp: () => go(c, step(c.shown, c.active, -1), true),
    selectDown: () => go(c, step(c.shown, c.active, 1), true),
    first: () => go(c, c.shown[0] ?? null),
    last: () => go(c, c.shown[c.shown.length - 1] ?? null),
    pageDown: () => go(c, c.surface?.page(1) ?? null),
    pageUp: () => go(c, c.surface?.page(-1) ?? null),
    selectAll: () => {
      c.select(c.shown[0] ?? null);
      c.select(c.shown[c.shown.length - 1] ?? null, true);
      c.focus();
    },
    insertAbove: () => insert(c, "above"),
    insertBelow: () => insert(c, "below"),
    delete: () => done(c, edits.remove(c.model, ids)) && shown.say(shown.words.deleted(ids.length)),
    cut: () => take(c, true, shown),
    copy: () => take(c, false, shown),
    paste: () => put(c, false, shown),
    pasteAbove: () => put(c, true, shown),
    undo: () => c.model.canUndo && !c.readOnly && c.restore(c.model.undo()),
    redo: () => c.model.canRedo && !c.readOnly && c.restore(c.model.redo()),
    moveUp: () => move(c, -1, shown),
    moveDown: () => move(c, 1, shown),
    merge: () => done(c, edits.merge(c.model, ids)),
    split: () => splitHere(c),
    toCode: () => changeKind(c, "code"),
    toMarkdown: () => changeKind(c, "markdown"),
    toRaw: () => changeKind(c, "raw"),
    foldOutputs: () => c.apply(edits.fold(c.model, ids, "outputs")),
    foldSource: () => c.apply(edits.fold(c.model, ids, "source")),
    foldAll: () => foldAll(c, true),
    unfoldAll: () => foldAll(c, false),
    collapse: () => collapse(c, true),
    expand: () => collapse(c, false),
    lineNumbers: () => lines(c, false),
    allLineNumbers: () => lines(c, true),
    clearOutputs: () => clear(c, ids),
    clearAll: () => clear(c, c.model.cells.map((x) => x.id)),
    keys: () => shown.keys(),
    interrupt: () => void c.kernel?.interrupt(),
    restart: () => shown.confirmRestart("nothing"),
    restartRunAll: () => shown.confirmRestart("runAll"),
    save: () => void c.file.saveNow(),
    find: () => shown.find(false),
    replace: () => shown.find(true),
    runMove: () => runAnd(c, "move"),
    run: () => runAnd(c, "stay"),
    runInsert: () => runAnd(c, "insert"),
    runAll: () => section(c, 0, c.model.cells.length),
    runAbove: () => section(c, 0, first),
    runBelow: () => section(c, first, c.model.cells.length),
  };
  const level = /^h([1-6])$/.exec(command)?.[1];
  if (level) {
    for (const id of ids) if (c.model.get(id)?.kind !== "markdown") c.open.add(id);
    c.apply(edits.heading(c.model, ids, Number(level)));
    for (const id of ids) c.touch(id);
  } else does[command]?.();
}
