/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a notebook, compared. */
import { writtenOf } from "./cells";
import { sameJson } from "./document";
import type { Cell, JsonObject } from "./types";

export interface Snapshot {
  cells: readonly Cell[];
  metadata: Readonly<JsonObject>;
}

/* Is there nothing that a save would write? Outputs too. */
export function sameCell(a: Cell, b: Cell): boolean {
  if (a === b) return true;
  const wa = writtenOf(a), wb = writtenOf(b);
  if (wa?.cell === a && wb?.cell === b && wa.text === wb.text) return true;
  return (
    (a.kind === b.kind && a.source === b.source && a.count === b.count && sameJson(a.metadata, b.metadata) &&
      sameJson(a.outputs, b.outputs) && sameJson(a.attachments ?? null, b.attachments ?? null))
  );
}

export function sameNotebook(a: Snapshot, b: Snapshot): boolean {
  return a.cells.length === b.cells.length && a.cells.every((c, i) => c.id === b.cells[i]!.id && sameCell(c, b.cells[i]!)) && sameJson(a.metadata, b.metadata);
}
