/* SPDX-License-Identifier: Apache-2.0 */
/* How high a cell will be, guessed from what it holds, until it has been in the page. Near is enough: what is wrong is mended above the window. */
import { rawOutputs } from "../model/cells";
import type { Cell, Output } from "../model/types";
import { isFolded } from "./edits";

const LINE = 20;
const FOLDED = 400; /* long outputs are folded to this */

function countLines(text: string, most: number): number {
  let n = 1;
  for (let at = text.indexOf("\n"); at >= 0 && n < most; at = text.indexOf("\n", at + 1)) n++;
  return n;
}

function outputHeight(o: Output): number {
  if (o.output_type === "stream") return Math.min(FOLDED, countLines(o.text, 40) * 18);
  if (o.output_type === "error") return 60;
  if ("image/png" in o.data || "image/jpeg" in o.data || "image/svg+xml" in o.data) return 320;
  if ("text/html" in o.data) return 200;
  if ("application/vnd.vegalite.v5+json" in o.data || "application/vnd.plotly.v1+json" in o.data) return 380;
  const text = o.data["text/plain"];
  return typeof text === "string" ? Math.min(FOLDED, countLines(text, 40) * 18) : 40;
}

const FRAME_LINES = 7; /* of an output in the file that are not its text */

/* Of outputs that nobody has looked at yet, from the beginning of their text in the file. */
function rawHeight(raw: string): number {
  const head = raw.slice(0, 4000);
  if (/"image\/(png|jpeg|svg\+xml)"/.test(head)) return 320;
  if (/"application\/vnd\.(vegalite|plotly)/.test(head)) return 380;
  if (head.includes('"text/html"')) return 200;
  if (/"output_type"\s*:\s*"error"/.test(head)) return 60;
  return Math.min(FOLDED, Math.max(1, countLines(head, 40) - FRAME_LINES) * 18);
}

export function guessHeight(cell: Cell): number {
  let height = 10; /* above and below */
  if (isFolded(cell, "source")) height += 36;
  else if (cell.kind === "markdown") height += 8 + countLines(cell.source, 400) * 25 + (/!\[|<img/.test(cell.source) ? 300 : 0);
  else height += 18 + countLines(cell.source, 5000) * LINE;
  const raw = rawOutputs(cell);
  if (cell.kind !== "code" || (raw === null ? !cell.outputs.length : /^\[\s*\]$/.test(raw))) return height;
  if (isFolded(cell, "outputs")) return height + 36;
  if (raw !== null) return height + 14 + rawHeight(raw);
  return height + 14 + cell.outputs.reduce((sum, o) => sum + outputHeight(o), 0);
}
