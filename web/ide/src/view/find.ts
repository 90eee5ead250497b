/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Find and replace over the whole document. Cells are immutable, so what was found in one is kept with it: after a
 * keystroke only the cell that changed is searched again.
 */
import type { Cell, Op, Output, TextChange } from "../model/types";

export interface Query {
  text: string;
  matchCase: boolean;
  word: boolean;
  regexp: boolean;
  outputs: boolean;
}

export interface Hit {
  cell: string;
  where: "source" | "output";
  from: number; /* in the source, or in the text of the outputs */
  to: number;
}

export const NO_QUERY: Query = { text: "", matchCase: false, word: false, regexp: false, outputs: false };

const MOST = 20_000; /* hits; more are not counted */
const MOST_OUTPUT = 1_000_000; /* characters of one cell's outputs that are looked at */

export type Pattern = { ok: true; re: RegExp } | { ok: false; why: string };

export function pattern(q: Query): Pattern | null {
  if (!q.text) return null;
  const body = q.regexp ? q.text : q.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  /* A word's border where the text itself begins or ends with a letter or digit. */
  const whole = q.word ? `(?<![\\p{L}\\p{N}_])(?:${body})(?![\\p{L}\\p{N}_])` : body;
  try {
    return { ok: true, re: new RegExp(whole, `gmu${q.matchCase ? "" : "i"}`) };
  } catch (e) {
    return { ok: false, why: e instanceof Error ? e.message.replace(/^Invalid regular expression: /, "") : String(e) };
  }
}

function matches(text: string, re: RegExp, most: number): [number, number][] {
  const found: [number, number][] = [];
  re.lastIndex = 0;
  for (let m = re.exec(text); m && found.length < most; m = re.exec(text)) {
    if (m[0] === "") re.lastIndex += 1; /* an empty match is no hit and must not stand still */
    else found.push([m.index, m.index + m[0].length]);
  }
  return found;
}

export function outputText(outputs: readonly Output[]): string {
  const parts: string[] = [];
  let size = 0;
  for (const o of outputs) {
    let text = "";
    if (o.output_type === "stream") text = o.text;
    else if (o.output_type === "error") text = `${o.ename}: ${o.evalue}`;
    else if (typeof o.data["text/plain"] === "string") text = o.data["text/plain"];
    parts.push(text.slice(0, MOST_OUTPUT - size));
    size += text.length;
    if (size >= MOST_OUTPUT) break;
  }
  return parts.join("\n");
}

/* One search; hold on to it while the query is the same. */
export class Finder {
  readonly error: string | null;
  private readonly re: RegExp | null;
  private kept = new WeakMap<Cell, Hit[]>();

  constructor(readonly query: Query) {
    const p = pattern(query);
    this.re = p?.ok ? p.re : null;
    this.error = p && !p.ok ? p.why : null;
  }

  inCell(cell: Cell): Hit[] {
    if (!this.re) return [];
    const had = this.kept.get(cell);
    if (had) return had;
    const hits: Hit[] = matches(cell.source, this.re, MOST).map(([from, to]) => ({ cell: cell.id, where: "source", from, to }));
    if (this.query.outputs && cell.outputs.length)
      for (const [from, to] of matches(outputText(cell.outputs), this.re, MOST)) hits.push({ cell: cell.id, where: "output", from, to });
    this.kept.set(cell, hits);
    return hits;
  }

  all(cells: readonly Cell[]): Hit[] {
    const hits: Hit[] = [];
    for (const cell of cells) {
      for (const h of this.inCell(cell)) hits.push(h);
      if (hits.length >= MOST) return hits.slice(0, MOST);
    }
    return hits;
  }

  /* What takes the place of one hit; $1 and $<name> stand for groups when it is a regular expression. */
  replacement(source: string, hit: Hit, text: string): string {
    if (!this.query.regexp || !this.re) return text;
    /* Searched from the hit on in the whole source, so that what stands around it counts as it did. */
    const re = new RegExp(this.re.source, this.re.flags.replace("g", "y"));
    re.lastIndex = hit.from;
    const m = re.exec(source);
    if (!m) return text;
    return text.replace(/\$(\$|&|\d{1,2}|<([^>]+)>)/g, (whole, what: string, name?: string) => {
      if (what === "$") return "$";
      if (what === "&") return m[0];
      if (name !== undefined) return m.groups?.[name] ?? "";
      return Number(what) < m.length ? (m[Number(what)] ?? "") : whole;
    });
  }

  replaceAll(cells: readonly Cell[], text: string): { ops: Op[]; count: number } {
    const ops: Op[] = [];
    let count = 0;
    for (const cell of cells) {
      const changes: TextChange[] = this.inCell(cell)
        .filter((h) => h.where === "source")
        .map((h) => ({ from: h.from, to: h.to, insert: this.replacement(cell.source, h, text) }));
      if (!changes.length) continue;
      count += changes.length;
      ops.push({ op: "text", id: cell.id, changes: joinTouching(changes) });
    }
    return { ops, count };
  }
}

/* Ranges of one operation may not touch. */
export function joinTouching(changes: readonly TextChange[]): TextChange[] {
  const out: TextChange[] = [];
  for (const c of changes) {
    const last = out[out.length - 1];
    if (last && last.to === c.from) out[out.length - 1] = { from: last.from, to: c.to, insert: last.insert + c.insert };
    else out.push(c);
  }
  return out;
}

/* The index of the first hit at or after a place, going round at the end; -1 if there is none. */
export function nextHit(hits: readonly Hit[], order: (id: string) => number, from: { cell: string; at: number } | null, back: boolean): number {
  if (!hits.length) return -1;
  if (!from) return back ? hits.length - 1 : 0;
  const row = order(from.cell);
  const compare = (h: Hit): number => {
    const r = order(h.cell);
    if (r !== row) return r - row;
    return h.where === "output" ? 1 : h.from - from.at;
  };
  if (back) {
    for (let i = hits.length - 1; i >= 0; i--) if (compare(hits[i]!) < 0) return i;
    return hits.length - 1;
  }
  const i = hits.findIndex((h) => compare(h) >= 0);
  return i < 0 ? 0 : i;
}
