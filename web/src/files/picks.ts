/* SPDX-License-Identifier: Apache-2.0 */
/* Which entries of a folder are chosen: one more or less, a range from the last one, all. */

export interface Picks {
  names: ReadonlySet<string>;
  from: string | null; /* where a range begins */
}

export const NONE: Picks = { names: new Set(), from: null };

/* What is gone or filtered away is no longer chosen. */
export function among(p: Picks, rows: readonly { name: string }[]): Picks {
  const left = rows.filter((r) => p.names.has(r.name)).map((r) => r.name);
  return left.length === p.names.size ? p : { names: new Set(left), from: p.from };
}

export function toggled(p: Picks, rows: readonly { name: string }[], name: string, range: boolean): Picks {
  const names = new Set(p.names);
  const a = range ? rows.findIndex((r) => r.name === p.from) : -1;
  const b = rows.findIndex((r) => r.name === name);
  if (a >= 0) for (const r of rows.slice(Math.min(a, b), Math.max(a, b) + 1)) names.add(r.name);
  else if (!names.delete(name)) names.add(name);
  return { names, from: name };
}

/* Shift and an arrow: the row that was left and the one that is come to are both chosen. */
export function extended(p: Picks, rows: readonly { name: string }[], was: number, now: number): Picks {
  const names = new Set(p.names);
  for (const i of [was, now]) if (rows[i]) names.add(rows[i].name);
  return { names, from: rows[now]?.name ?? p.from };
}

export function allOf(p: Picks, rows: readonly { name: string }[]): Picks {
  const every = rows.every((r) => p.names.has(r.name));
  return every ? NONE : { names: new Set(rows.map((r) => r.name)), from: null };
}
