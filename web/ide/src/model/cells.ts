/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as values, and what each still knows of its text in the file. */
import type { Member } from "./json-scan";
import type { Cell, CellKind } from "./types";

/* How a cell stood in the file. It goes along from snapshot to snapshot, so that what did not change is written as it was. */
export interface Written {
  readonly text: string; /* the whole object */
  readonly members: readonly (Pick<Member, "key" | "rawKey"> & { raw: string })[] | null; /* null: it was no object */
  readonly cell: Cell; /* as read */
  readonly fileId: string | null; /* as it stands there; null: none, or one that can't stay */
}

const written = new WeakMap<Cell, Written>();

export function writtenOf(cell: Cell): Written | undefined {
  return written.get(cell);
}

export function setWritten(cell: Cell, w: Written): void {
  written.set(cell, w);
}

/* Outputs are read when somebody looks at them, so a spread would read them all. */
export function copyCell(cell: Cell, change: Partial<Cell>): Cell {
  const next = Object.create(Object.getPrototypeOf(cell) as object, { ...Object.getOwnPropertyDescriptors(cell) }) as Cell;
  for (const [key, value] of Object.entries(change)) Object.defineProperty(next, key, { value, enumerable: true, configurable: true, writable: true });
  const w = written.get(cell);
  if (w) written.set(next, w);
  return next;
}

/* The text of outputs that are still as they were read, so that they need not be made; else null. */
export function rawOutputs(cell: Cell): string | null {
  const w = written.get(cell), get = Object.getOwnPropertyDescriptor(cell, "outputs")?.get;
  if (!w?.members || !get || Object.getOwnPropertyDescriptor(w.cell, "outputs")?.get !== get) return null;
  return w.members.filter((m) => m.key === "outputs").at(-1)?.raw ?? "[]";
}

const failed = new WeakMap<Cell, boolean>();

export function hasError(cell: Cell): boolean {
  let yes = failed.get(cell);
  if (yes !== undefined) return yes;
  const raw = rawOutputs(cell);
  yes = raw === null ? cell.outputs.some((o) => o.output_type === "error") : /"output_type"\s*:\s*"error"/.test(raw);
  failed.set(cell, yes);
  return yes;
}

export const kinds: readonly CellKind[] = ["code", "markdown", "raw"];

export function goodId(id: unknown): id is string {
  return typeof id === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(id);
}

/* As nbformat makes them: eight hex digits. */
export function freshId(taken: (id: string) => boolean): string {
  for (;;) {
    const id = [...crypto.getRandomValues(new Uint8Array(4))].map((b) => b.toString(16).padStart(2, "0")).join("");
    if (!taken(id)) return id;
  }
}
