/* SPDX-License-Identifier: Apache-2.0 */
/* What draws outputs, and what draws more than text: Markdown, displays, frames. Both come before the first cells where one of them needs it, else after. */
import { later } from "../later";
import { rawOutputs } from "../model/cells";
import type { Cell } from "../model/types";
import { plainBlocks } from "../view/plain";
import { isText } from "./plain-data";

export const area = later(() => import("./area"));
export const rich = later(() => import("./all-rich"));

const SEEN = 40; /* cells: more are in no window */
const LOOKED = 20_000; /* characters of a cell's outputs in the file; what is longer is a picture or the like */

function hasOutputs(cell: Cell): boolean {
  const raw = rawOutputs(cell);
  return raw === null ? cell.outputs.length > 0 : raw.length > 2;
}

function needsRich(cell: Cell): boolean {
  if (cell.kind === "markdown") return plainBlocks(cell.source) === null;
  const raw = rawOutputs(cell);
  if (raw === null) return cell.outputs.some((o) => o.output_type !== "stream" && o.output_type !== "error" && !isText(o.data));
  return raw.length > LOOKED || /"(?:text\/(?!plain)|image\/|application\/|audio\/|video\/)/.test(raw);
}

/* Before a notebook is drawn: its cells shall not jump. */
export async function readyFor(cells: readonly Cell[]): Promise<void> {
  const first = cells.slice(0, SEEN);
  const wanted = [...(first.some(hasOutputs) ? [area] : []), ...(first.some(needsRich) ? [rich] : [])];
  await Promise.allSettled(wanted.map((part) => part.get()));
}
