/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three-way merge by cell: base is what both began with, mine what stands here, theirs what stands in the file now. The result
 * are operations that take mine to the merged notebook, and the cells in which both changed the source. Those stay as mine until
 * somebody chooses. Outputs are never a conflict: the later run's are taken.
 */
import { copyCell, setWritten, writtenOf } from "./cells";
import { sameJson } from "./document";
import { type Snapshot, sameCell } from "./same";
import { difference } from "./text-change";
import { mergeText } from "./text-merge";
import type { Cell, CellConflict, JsonObject, Op } from "./types";

export interface Merged {
  ops: Op[]; /* on mine, of origin "file" */
  conflicts: CellConflict[];
}

const byId = (s: Snapshot): Map<string, Cell> => new Map(s.cells.map((c) => [c.id, c]));

const sameText = (a: Cell, b: Cell): boolean => a.source === b.source && a.kind === b.kind;

export function merge(base: Snapshot, mine: Snapshot, theirs: Snapshot): Merged {
  const b = byId(base), m = byId(mine), t = byId(theirs);
  const out: Merged = { ops: [], conflicts: [] };
  const conflict = (id: string, merged: string | null): void => {
    out.conflicts.push({ id, base: b.get(id) ?? null, mine: m.get(id) ?? null, theirs: t.get(id) ?? null, merged });
  };
  const gone = new Set<string>();
  for (const [id, cell] of m) {
    const was = b.get(id), other = t.get(id);
    if (other) mergeCell(cell, was ?? null, other, out.ops, conflict);
    else if (was) {
      if (sameText(cell, was)) gone.add(id);
      else conflict(id, null);
    }
  }
  for (const id of gone) out.ops.push({ op: "remove", id });
  for (const [id, cell] of t) {
    const was = b.get(id);
    if (!m.has(id) && was && !sameText(cell, was)) conflict(id, null);
  }
  place(base, mine, theirs, gone, out.ops);
  const metadata = mergeObject(base.metadata, mine.metadata, theirs.metadata);
  if (!sameJson(metadata, mine.metadata)) out.ops.push({ op: "metadata", id: null, metadata });
  return out;
}

function mergeCell(mine: Cell, base: Cell | null, theirs: Cell, ops: Op[], conflict: (id: string, merged: string | null) => void): void {
  const id = mine.id;
  let kind = mine.kind;
  if (sameCell(mine, theirs)) return;
  if (!sameText(mine, theirs)) {
    if (base && sameText(mine, base)) {
      kind = theirs.kind;
      if (mine.kind !== kind) ops.push({ op: "kind", id, kind });
      if (mine.source !== theirs.source) ops.push({ op: "text", id, changes: difference(mine.source, theirs.source) });
    } else if (!base || !sameText(theirs, base)) {
      conflict(id, base ? mergeText(base.source, mine.source, theirs.source) : null);
    }
  }
  const metadata = mergeObject(base?.metadata ?? {}, mine.metadata, theirs.metadata);
  if (!sameJson(metadata, mine.metadata)) ops.push({ op: "metadata", id, metadata });
  const attachments = mergeObject(base?.attachments ?? {}, mine.attachments ?? {}, theirs.attachments ?? {});
  if (!sameJson(attachments, mine.attachments ?? {}))
    ops.push({ op: "attachments", id, attachments: sameJson(attachments, theirs.attachments ?? {}) ? theirs.attachments : attachments });
  if (kind === "code" && theirs.kind === "code" && takeOutputs(mine, base, theirs)) {
    if (!sameJson(mine.outputs, theirs.outputs)) ops.push({ op: "outputs", id, outputs: theirs.outputs });
    if (mine.count !== theirs.count) ops.push({ op: "count", id, count: theirs.count });
  }
}

/* Theirs, if mine are as both began, or if theirs come from a later run or from more of the same. */
function takeOutputs(mine: Cell, base: Cell | null, theirs: Cell): boolean {
  if (base && mine.count === base.count && sameJson(mine.outputs, base.outputs)) return true;
  if (base && theirs.count === base.count && sameJson(theirs.outputs, base.outputs)) return false;
  if (theirs.count !== mine.count) return (theirs.count ?? -1) > (mine.count ?? -1);
  return weight(theirs) > weight(mine);
}

function weight(c: Cell): number {
  return c.outputs.reduce((n, o) => n + (o.output_type === "stream" ? o.text.length : 1), 0);
}

/* Member by member; where both changed one, mine stays. */
export function mergeObject(base: Readonly<JsonObject>, mine: Readonly<JsonObject>, theirs: Readonly<JsonObject>): JsonObject {
  const out: JsonObject = {};
  for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const inB = Object.hasOwn(base, key), inM = Object.hasOwn(mine, key), inT = Object.hasOwn(theirs, key);
    const untouched = inB === inM && (!inB || sameJson(base[key], mine[key]));
    const from = untouched ? (inT ? theirs : null) : inM ? mine : null;
    if (from) Object.defineProperty(out, key, { value: from[key], enumerable: true, configurable: true, writable: true });
  }
  return out;
}

/* What they inserted and moved, and what I did. */
function place(base: Snapshot, mine: Snapshot, theirs: Snapshot, gone: ReadonlySet<string>, ops: Op[]): void {
  const b = byId(base), t = byId(theirs), m = byId(mine);
  const order = mine.cells.map((c) => c.id).filter((id) => !gone.has(id));
  const common = (s: Snapshot): string[] => s.cells.map((c) => c.id).filter((id) => b.has(id) && m.has(id) && t.has(id));
  const wasOrder = common(base).join("\n"), theirOrder = common(theirs);
  let now = order;
  if (theirOrder.join("\n") !== wasOrder && common(mine).join("\n") === wasOrder) {
    now = weave(theirOrder, order);
    moves(order, now, ops);
  }
  now = [...now];
  theirs.cells.forEach((cell, i) => {
    if (m.has(cell.id) || b.has(cell.id)) return;
    let at = 0;
    for (let k = i - 1; k >= 0; k--) {
      const before = now.indexOf(theirs.cells[k]!.id);
      if (before < 0) continue;
      at = before + 1;
      break;
    }
    now.splice(at, 0, cell.id);
    ops.push({ op: "insert", at, cell });
  });
}

/* All of `order`; those of `first` in their order there, each other one behind the one it stood behind. */
function weave(first: readonly string[], order: readonly string[]): string[] {
  const known = new Set(first), out = [...first];
  order.forEach((id, i) => {
    if (known.has(id)) return;
    const before = i ? out.indexOf(order[i - 1]!) : -1;
    out.splice(before + 1, 0, id);
  });
  return out;
}

function moves(from: readonly string[], to: readonly string[], ops: Op[]): void {
  const now = [...from];
  to.forEach((id, i) => {
    if (now[i] === id) return;
    now.splice(now.indexOf(id), 1);
    now.splice(i, 0, id);
    ops.push({ op: "move", id, to: i });
  });
}

/*
 * Files without cell ids: ours come from place and text, so an older reading and a newer one give other ids as soon as something is
 * put in. Theirs get the ids of the base where the text is the same, then where only the place is.
 */
export function alignIds(base: Snapshot, theirs: readonly Cell[]): Cell[] {
  const free = new Map<string, Cell[]>(), used = new Set<string>();
  for (const c of base.cells) {
    const key = `${c.kind}\n${c.source}`;
    (free.get(key) ?? free.set(key, []).get(key)!).push(c);
  }
  const found = theirs.map((c) => {
    const same = free.get(`${c.kind}\n${c.source}`)?.shift();
    if (same) used.add(same.id);
    return same?.id ?? null;
  });
  return theirs.map((c, i) => {
    let id = found[i] ?? null;
    const here = base.cells[i];
    if (id === null && here && !used.has(here.id) && here.kind === c.kind) id = here.id;
    if (id === null || (id !== c.id && used.has(id) && found[i] !== id)) id = base.cells.some((x) => x.id === c.id) && used.has(c.id) ? `${c.id}x${i}` : c.id;
    used.add(id);
    if (id === c.id) return c;
    const next = copyCell(c, { id }), w = writtenOf(c);
    if (w) setWritten(next, { ...w, cell: next, fileId: id });
    return next;
  });
}

/* Cells that say the same as the file's are written as they stand there. */
export function adopt(mine: readonly Cell[], theirs: readonly Cell[]): void {
  const t = new Map(theirs.map((c) => [c.id, c]));
  for (const cell of mine) {
    const other = t.get(cell.id), w = other && writtenOf(other);
    if (other && w && cell !== other && sameCell(cell, other)) setWritten(cell, { ...w, cell });
  }
}
