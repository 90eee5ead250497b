/* SPDX-License-Identifier: Apache-2.0 */
/* A line as small as a word: its pieces between the minutes that nobody measured, and their paths. */
import type { Column } from "./points";

export interface Dot {
  at: number; /* place in the column */
  v: number;
}

export function gaps(column: Column): Dot[][] {
  const out: Dot[][] = [];
  column.forEach((v, at) => {
    if (v === null) return;
    if (at === 0 || column[at - 1] === null) out.push([]);
    out[out.length - 1]!.push({ at, v });
  });
  return out;
}

/* From 1 to wide - 1; 0 is two above the foot, `top` two below the head. */
export function path(dots: Dot[], count: number, top: number, wide: number, high: number): { line: string; area: string } {
  const x = (i: number) => (1 + (i * (wide - 2)) / Math.max(1, count - 1)).toFixed(1);
  const y = (v: number) => (high - 2 - (Math.min(v, top) / top) * (high - 4)).toFixed(1);
  const points = dots.map((d) => `${x(d.at)},${y(d.v)}`).join(" ");
  const from = x(dots[0]!.at), to = x(dots[dots.length - 1]!.at);
  return { line: `M${points}`, area: `M${points} L${to},${high - 2} ${from},${high - 2}Z` };
}
