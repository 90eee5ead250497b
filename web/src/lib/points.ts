/* SPDX-License-Identifier: Apache-2.0 */
/* What a chart draws: columns over one time, thinned to what pixels can show, with their gaps kept. */

export type Column = (number | null)[];

export interface Table {
  times: number[]; /* ms, rising */
  columns: Column[]; /* as long as times */
}

export const DRAWN_MAX = 1200;

/* Round steps of 1, 2, 2.5 or 5 so that three to five ticks cover the value. */
export function niceMax(value: number, steps = 3): { max: number; step: number } {
  if (!(value > 0)) return { max: 1, step: 1 / steps };
  const raw = value / steps;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw - 1e-12)!;
  return { max: step * Math.ceil(value / step - 1e-9), step };
}

/* The rows of a span, and one on either side of it, so that lines reach the edges. */
export function between(t: Table, from: number, to: number): Table {
  let a = t.times.findIndex((x) => x >= from);
  if (a < 0) a = t.times.length;
  let b = t.times.length;
  while (b > a && t.times[b - 1]! > to) b--;
  a = Math.max(0, a - 1);
  b = Math.min(t.times.length, b + 1);
  return { times: t.times.slice(a, b), columns: t.columns.map((c) => c.slice(a, b)) };
}

/*
 * Where nobody measured, a row of nulls breaks the line. How far apart two points may be is what is usual
 * around them: an hour has a point a second at its end and one a minute at its beginning.
 */
export function withGaps(t: Table, factor = 3, least_ms = 6000): Table {
  const times: number[] = [];
  const columns: Column[] = t.columns.map(() => []);
  for (let i = 0; i < t.times.length; i++) {
    const at = t.times[i]!;
    const before = i > 0 ? at - t.times[i - 1]! : 0;
    const usual = Math.max(i > 1 ? t.times[i - 1]! - t.times[i - 2]! : 0, i + 1 < t.times.length ? t.times[i + 1]! - at : 0);
    if (i > 0 && before > Math.max(least_ms, factor * usual)) {
      times.push(t.times[i - 1]! + 1);
      for (const c of columns) c.push(null);
    }
    times.push(at);
    columns.forEach((c, k) => c.push(t.columns[k]![i] ?? null));
  }
  return { times, columns };
}

/* Of each pixel's worth the smallest and the largest stay, in the order in which they came; a hole in it stays too. */
export function thin(t: Table, most = DRAWN_MAX): Table {
  const n = t.times.length;
  if (n <= most) return t;
  const per = Math.ceil(n / (most / 3));
  const times: number[] = [];
  const columns: Column[] = t.columns.map(() => []);
  for (let i = 0; i < n; i += per) {
    const end = Math.min(n, i + per);
    const pairs = t.columns.map((c) => extremes(c, i, end));
    const hole = t.columns.length > 0 && pairs.every((p) => p.hole);
    times.push(t.times[i]!, t.times[end - 1]!);
    columns.forEach((c, k) => c.push(pairs[k]!.first, pairs[k]!.second));
    if (hole && pairs.some((p) => p.first !== null)) {
      times.push(t.times[end - 1]!);
      for (const c of columns) c.push(null);
    }
  }
  return rising({ times, columns });
}

function extremes(c: Column, from: number, to: number): { first: number | null; second: number | null; hole: boolean } {
  let low = -1;
  let high = -1;
  let hole = false;
  for (let i = from; i < to; i++) {
    const v = c[i];
    if (v === null || v === undefined) {
      hole = true;
      continue;
    }
    if (low < 0 || v < c[low]!) low = i;
    if (high < 0 || v > c[high]!) high = i;
  }
  if (low < 0) return { first: null, second: null, hole: true };
  const [a, b] = low <= high ? [low, high] : [high, low];
  return { first: c[a]!, second: c[b]!, hole };
}

/* The drawing wants times that rise: those that meet are moved by a thousandth. */
function rising(t: Table): Table {
  let last = -Infinity;
  return { columns: t.columns, times: t.times.map((x) => (last = x > last ? x : last + 0.001)) };
}

/* The row whose time is nearest, or -1. */
export function nearest(times: number[], at: number): number {
  let low = 0;
  let high = times.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (times[mid]! < at) low = mid;
    else high = mid;
  }
  return at - times[low]! <= times[high]! - at ? low : high;
}

/* For the table behind a chart: at most `rows` lines, each with the smallest and the largest of its time. */
export function summary(t: Table, rows: number): { at: number; ranges: ([number, number] | null)[] }[] {
  const per = Math.max(1, Math.ceil(t.times.length / rows));
  const out: { at: number; ranges: ([number, number] | null)[] }[] = [];
  for (let i = 0; i < t.times.length; i += per)
    out.push({
      at: t.times[i]!,
      ranges: t.columns.map((c) => {
        const part = c.slice(i, i + per).filter((v): v is number => v !== null);
        return part.length ? [Math.min(...part), Math.max(...part)] : null;
      }),
    });
  return out;
}
