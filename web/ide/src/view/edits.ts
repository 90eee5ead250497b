/* SPDX-License-Identifier: Apache-2.0 */
/* What commands on cells mean as operations. Pure: from the cells and the selected ids to operations and the next selection. */
import type { Cell, CellKind, JsonObject, NotebookModel, Op } from "../model/types";
import { copyCell } from "../model/cells";
import { afterRemoval } from "./selection";

export interface Edit {
  ops: Op[];
  active: string | null; /* afterwards */
  anchor?: string | null;
}

type Doc = Pick<NotebookModel, "cells" | "indexOf" | "get" | "newCell">;

const idsOf = (doc: Doc): string[] => doc.cells.map((c) => c.id);

export function insertAt(doc: Doc, at: number, kind: CellKind, source = ""): Edit {
  const cell = doc.newCell(kind, source);
  return { ops: [{ op: "insert", at, cell }], active: cell.id };
}

/* A notebook keeps one cell at least, as Jupyter's do. Cells that may not be deleted stay. */
export function remove(doc: Doc, ids: readonly string[]): Edit {
  const gone = new Set(ids.filter((id) => doc.get(id)?.metadata["deletable"] !== false));
  const ops: Op[] = [...gone].map((id) => ({ op: "remove", id }));
  let active = afterRemoval(idsOf(doc), gone);
  if (active === null && gone.size) {
    const cell = doc.newCell("code");
    ops.push({ op: "insert", at: 0, cell });
    active = cell.id;
  }
  return { ops, active };
}

/* Copies carry no id: each paste is new cells. */
export function copyOf(doc: Doc, ids: readonly string[]): Cell[] {
  return ids.flatMap((id) => doc.get(id) ?? []);
}

export function paste(doc: Doc, at: number, cells: readonly Cell[]): Edit {
  const ops: Op[] = [];
  const fresh: string[] = [];
  cells.forEach((c, i) => {
    const cell = copyCell(c, { id: doc.newCell(c.kind).id });
    fresh.push(cell.id);
    ops.push({ op: "insert", at: at + i, cell });
  });
  return { ops, active: fresh[fresh.length - 1] ?? null, anchor: fresh[0] ?? null };
}

/* The selected cells as one block, so that the first of them stands before the cell that is at `to` now. */
export function moveTo(doc: Doc, ids: readonly string[], to: number): Op[] {
  const block = new Set(ids);
  const rest = idsOf(doc).filter((id) => !block.has(id));
  let before = 0;
  for (let i = 0; i < to && i < doc.cells.length; i++) if (!block.has(doc.cells[i]!.id)) before++;
  const order = doc.cells.map((c) => c.id);
  const target = [...rest.slice(0, before), ...ids, ...rest.slice(before)];
  const ops: Op[] = [];
  /* One move at a time, each said in the order that the moves before it have made. */
  const place = (id: string): void => {
    const now = order.indexOf(id);
    const then = target.indexOf(id);
    if (now === then) return;
    order.splice(now, 1);
    order.splice(then, 0, id);
    ops.push({ op: "move", id, to: then });
  };
  const first = ids.length ? order.indexOf(ids[0]!) : 0;
  const down = ids.length > 0 && target.indexOf(ids[0]!) > first;
  for (const id of down ? [...ids].reverse() : ids) place(id);
  return ops;
}

/* One step up or down past the nearest cell that is shown. */
export function moveBy(doc: Doc, ids: readonly string[], by: 1 | -1, hidden: ReadonlyMap<string, string>): Op[] {
  if (!ids.length) return [];
  const step = (i: number): number => {
    while (doc.cells[i] && hidden.has(doc.cells[i]!.id)) i += by;
    return i;
  };
  if (by < 0) {
    const over = step(doc.indexOf(ids[0]!) - 1);
    return over < 0 ? [] : moveTo(doc, ids, over);
  }
  const over = step(doc.indexOf(ids[ids.length - 1]!) + 1);
  if (over >= doc.cells.length) return [];
  /* Past a collapsed heading means past all that it hides. */
  let to = over + 1;
  while (doc.cells[to] && hidden.get(doc.cells[to]!.id) === doc.cells[over]!.id) to++;
  return moveTo(doc, ids, to);
}

/* At the cursors: outputs stay with the first part, which keeps the cell's id. */
export function split(doc: Doc, id: string, cuts: readonly number[]): Edit {
  const cell = doc.get(id);
  const at = [...new Set(cuts)].filter((c) => cell && c > 0 && c < cell.source.length).sort((a, b) => a - b);
  if (!cell || !at.length) return { ops: [], active: id };
  const index = doc.indexOf(id);
  const ops: Op[] = [{ op: "text", id, changes: [{ from: at[0]!, to: cell.source.length, insert: "" }] }];
  let lead = cell.source.slice(0, at[0]);
  if (lead.endsWith("\n")) ops[0] = { op: "text", id, changes: [{ from: at[0]! - 1, to: cell.source.length, insert: "" }] };
  let active = id;
  at.forEach((from, i) => {
    lead = cell.source.slice(from, at[i + 1] ?? cell.source.length).replace(/^\n/, "");
    if (i + 1 < at.length) lead = lead.replace(/\n$/, "");
    const next = { ...doc.newCell(cell.kind, lead), metadata: cell.metadata };
    ops.push({ op: "insert", at: index + 1 + i, cell: next });
    active = next.id;
  });
  return { ops, active };
}

/* Into the first of them; outputs of the first stay, attachments of all. A single cell takes in the one below. */
export function merge(doc: Doc, ids: readonly string[]): Edit {
  const last = doc.indexOf(ids[ids.length - 1] ?? "");
  const below = doc.cells[last + 1];
  const all = ids.length === 1 && below ? [ids[0]!, below.id] : ids;
  const first = doc.get(all[0] ?? "");
  if (!first || all.length < 2) return { ops: [], active: ids[0] ?? null };
  const others = all.slice(1).map((id) => doc.get(id)!);
  const glue = first.kind === "markdown" ? "\n\n" : "\n";
  const added = others.map((c) => glue + c.source).join("");
  const attached: JsonObject = Object.assign({}, ...others.map((c) => c.attachments ?? {}), first.attachments ?? {});
  const at = first.source.length;
  const ops: Op[] = [{ op: "text", id: first.id, changes: [{ from: at, to: at, insert: added }] }];
  if (Object.keys(attached).length !== Object.keys(first.attachments ?? {}).length) ops.push({ op: "attachments", id: first.id, attachments: attached });
  for (const c of others) ops.push({ op: "remove", id: c.id });
  return { ops, active: first.id };
}

export function changeKind(doc: Doc, ids: readonly string[], kind: CellKind): Op[] {
  return ids.filter((id) => doc.get(id) && doc.get(id)!.kind !== kind).map((id) => ({ op: "kind", id, kind }));
}

export function heading(doc: Doc, ids: readonly string[], level: number): Op[] {
  const ops = changeKind(doc, ids, "markdown");
  for (const id of ids) {
    const source = doc.get(id)?.source;
    if (source === undefined) continue;
    const mark = "#".repeat(level) + " ";
    const had = /^#{1,6}[ \t]*/.exec(source)?.[0].length ?? 0;
    if (source.slice(0, had) !== mark) ops.push({ op: "text", id, changes: [{ from: 0, to: had, insert: mark }] });
  }
  return ops;
}

/* Folding is kept where JupyterLab keeps it. All of the cells get what the first one has not. */
export function fold(doc: Doc, ids: readonly string[], what: "source" | "outputs"): Op[] {
  const key = what === "source" ? "source_hidden" : "outputs_hidden";
  const first = doc.get(ids[0] ?? "");
  if (!first) return [];
  const to = !isFolded(first, what);
  return ids.flatMap((id): Op[] => {
    const cell = doc.get(id);
    if (!cell || isFolded(cell, what) === to || (what === "outputs" && cell.kind !== "code")) return [];
    const { jupyter, collapsed: _, ...rest } = cell.metadata;
    const inner: JsonObject = { ...(jupyter && typeof jupyter === "object" && !Array.isArray(jupyter) ? jupyter : {}) };
    if (to) inner[key] = true;
    else delete inner[key];
    const metadata: JsonObject = { ...(what === "outputs" ? rest : cell.metadata) };
    if (what === "outputs" && to) metadata["collapsed"] = true;
    if (Object.keys(inner).length) metadata["jupyter"] = inner;
    else delete metadata["jupyter"];
    return [{ op: "metadata", id, metadata }];
  });
}

export function isFolded(cell: Cell, what: "source" | "outputs"): boolean {
  const inner = cell.metadata["jupyter"];
  const key = what === "source" ? "source_hidden" : "outputs_hidden";
  if (inner && typeof inner === "object" && !Array.isArray(inner) && inner[key] === true) return true;
  return what === "outputs" && cell.metadata["collapsed"] === true;
}
