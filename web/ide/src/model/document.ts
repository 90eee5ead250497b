/* SPDX-License-Identifier: Apache-2.0 */
/* The notebook in memory: snapshots changed by operations, undone by their inverses. */
import { applyText } from "./text-change";
import { type Step, History } from "./history";
import { copyCell, freshId } from "./cells";
import { grown } from "./printed";
import type { ApplyOptions, Cell, CellKind, Change, Json, JsonObject, NotebookModel, Op, Origin, Output, Selection } from "./types";

interface Draft {
  cells: Cell[];
  metadata: Readonly<JsonObject>;
  at: Map<string, number> | null;
  touched: Set<string>;
  order: boolean;
}

export class NotebookDocument implements NotebookModel {
  cells: readonly Cell[];
  metadata: Readonly<JsonObject>;
  private at: Map<string, number> | null = null;
  private readonly history = new History();
  private readonly watchers = new Set<(change: Change) => void>();

  constructor(
    public path: string,
    cells: readonly Cell[],
    metadata: Readonly<JsonObject>,
  ) {
    this.cells = cells;
    this.metadata = metadata;
  }

  /* Before anybody watches: another beginning. */
  load(cells: readonly Cell[], metadata: Readonly<JsonObject>): void {
    this.cells = cells;
    this.metadata = metadata;
    this.at = null;
  }

  private places(): Map<string, number> {
    this.at ??= new Map(this.cells.map((c, i) => [c.id, i]));
    return this.at;
  }

  get(id: string): Cell | undefined {
    const i = this.places().get(id);
    return i === undefined ? undefined : this.cells[i];
  }

  indexOf(id: string): number {
    return this.places().get(id) ?? -1;
  }

  newCell(kind: CellKind, source = ""): Cell {
    return { id: freshId((id) => this.places().has(id)), kind, source, outputs: [], count: null, metadata: {} };
  }

  get canUndo(): boolean {
    return this.history.canUndo;
  }
  get canRedo(): boolean {
    return this.history.canRedo;
  }

  apply(ops: readonly Op[], options: ApplyOptions): void {
    if (!ops.length) return;
    const inverse = this.run(ops, options.origin);
    if (options.origin === "user") this.history.add({ ops: inverse, selection: options.selection ?? null, join: options.join ?? null });
    else if (options.origin === "file") this.history.forget(ops);
  }

  undo(): Selection | null {
    return this.travel(this.history.takeUndo(), (step) => this.history.putRedo(step));
  }

  redo(): Selection | null {
    return this.travel(this.history.takeRedo(), (step) => this.history.putUndo(step));
  }

  private travel(step: Step | null, back: (step: Step) => void): Selection | null {
    if (!step) return null;
    /* A cell that went by the file's change, or came back by it, is passed over. */
    const done: Op[] = [], inverse: Op[] = [];
    for (const op of step.ops) {
      if (!this.fits(op)) continue;
      inverse.unshift(...this.run([op], "undo", true));
      done.push(op);
    }
    back({ ops: inverse, selection: step.selection, join: null });
    this.tell(done, "undo");
    return step.selection;
  }

  private pending: { touched: Set<string>; order: boolean } = { touched: new Set(), order: false };

  private fits(op: Op): boolean {
    if (op.op === "insert") return !this.places().has(op.cell.id);
    if (op.op === "metadata" && op.id === null) return true;
    const cell = this.get(op.id!);
    if (!cell) return false;
    return op.op !== "text" || op.changes.every((c) => c.to <= cell.source.length);
  }

  watch(fn: (change: Change) => void): () => void {
    this.watchers.add(fn);
    return () => void this.watchers.delete(fn);
  }

  /* Does all of them or throws and does none; returns what undoes them. */
  private run(ops: readonly Op[], origin: Origin, quiet = false): Op[] {
    const d: Draft = { cells: this.cells.slice(), metadata: this.metadata, at: this.places(), touched: new Set(), order: false };
    const inverse: Op[] = [];
    for (const op of ops) inverse.unshift(...one(d, op));
    this.cells = d.cells;
    this.metadata = d.metadata;
    if (d.order) this.at = null;
    for (const id of d.touched) this.pending.touched.add(id);
    this.pending.order ||= d.order;
    if (!quiet) this.tell(ops, origin);
    return inverse;
  }

  private tell(ops: readonly Op[], origin: Origin): void {
    const { touched, order } = this.pending;
    this.pending = { touched: new Set(), order: false };
    const change: Change = { ops, origin, touched, order };
    for (const fn of [...this.watchers]) fn(change);
  }
}

function indexIn(d: Draft, id: string): number {
  d.at ??= new Map(d.cells.map((c, i) => [c.id, i]));
  const i = d.at.get(id);
  if (i === undefined) throw new Error(`there is no cell ${id.slice(0, 80)}`);
  return i;
}

function put(d: Draft, i: number, cell: Cell): void {
  d.cells[i] = cell;
  d.touched.add(cell.id);
}

function place(d: Draft, at: number, most: number): number {
  d.order = true;
  d.at = null;
  return Math.max(0, Math.min(at, most));
}

/* One operation on the draft; what undoes it. */
function one(d: Draft, op: Op): Op[] {
  if (op.op === "insert") {
    if (d.cells.some((c) => c.id === op.cell.id)) throw new Error(`there is a cell ${op.cell.id} already`);
    d.cells.splice(place(d, op.at, d.cells.length), 0, op.cell);
    d.touched.add(op.cell.id);
    return [{ op: "remove", id: op.cell.id }];
  }
  if (op.op === "metadata" && op.id === null) {
    const before = d.metadata;
    d.metadata = op.metadata;
    return [{ op: "metadata", id: null, metadata: before as JsonObject }];
  }
  const i = indexIn(d, op.id as string), cell = d.cells[i]!;
  switch (op.op) {
    case "remove":
      d.cells.splice(i, 1);
      place(d, 0, 0);
      d.touched.add(op.id);
      return [{ op: "insert", at: i, cell }];
    case "move": {
      d.cells.splice(i, 1);
      d.cells.splice(place(d, op.to, d.cells.length), 0, cell);
      return [{ op: "move", id: op.id, to: i }];
    }
    case "kind":
      return changeKind(d, i, cell, op.kind);
    case "text": {
      const { text, inverse } = applyText(cell.source, op.changes);
      put(d, i, copyCell(cell, { source: text }));
      return [{ op: "text", id: op.id, changes: inverse }];
    }
    case "outputs":
      put(d, i, copyCell(cell, { outputs: op.outputs }));
      return [{ op: "outputs", id: op.id, outputs: cell.outputs }];
    case "append":
      put(d, i, copyCell(cell, { outputs: appended(cell.outputs, op.output) }));
      return [{ op: "outputs", id: op.id, outputs: cell.outputs }];
    case "count":
      put(d, i, copyCell(cell, { count: op.count }));
      return [{ op: "count", id: op.id, count: cell.count }];
    case "attachments":
      put(d, i, copyCell(cell, { attachments: op.attachments }));
      return [{ op: "attachments", id: op.id, attachments: cell.attachments }];
    case "metadata":
      put(d, i, copyCell(cell, { metadata: op.metadata }));
      return [{ op: "metadata", id: op.id, metadata: cell.metadata as JsonObject }];
  }
}

/* Outputs and number are a code cell's only. */
function changeKind(d: Draft, i: number, cell: Cell, kind: CellKind): Op[] {
  if (kind === "code" || cell.kind !== "code") {
    put(d, i, copyCell(cell, { kind }));
    return [{ op: "kind", id: cell.id, kind: cell.kind }];
  }
  put(d, i, copyCell(cell, { kind, outputs: [], count: null }));
  return [
    { op: "kind", id: cell.id, kind: "code" },
    { op: "outputs", id: cell.id, outputs: cell.outputs },
    { op: "count", id: cell.id, count: cell.count },
  ];
}

function appended(outputs: readonly Output[], more: Output): readonly Output[] {
  const last = outputs[outputs.length - 1];
  if (last?.output_type === "stream" && more.output_type === "stream" && last.name === more.name) {
    const next = { ...last, text: last.text + more.text };
    grown(last, next);
    return [...outputs.slice(0, -1), next];
  }
  return [...outputs, more];
}

/* Values of JSON, compared deep. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) return a.length === (b as Json[]).length && a.every((x, i) => sameJson(x, (b as Json[])[i]));
  const ka = Object.keys(a), kb = Object.keys(b);
  return ka.length === kb.length && ka.every((k) => Object.hasOwn(b, k) && sameJson((a as JsonObject)[k], (b as JsonObject)[k]));
}
