/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text by its lines, of which any few can be had at once: it grows at its end, in pieces that are cut into lines when
 * one of them is asked for. Nothing is ever joined or gone through as a whole.
 */
import { PLAIN, type Style, endOf } from "./ansi";

const PIECE = 64 << 10;

interface Piece {
  text: string; /* whole lines, but in the last piece */
  first: number; /* number of its first line */
  lines: number;
  starts: number[] | null; /* made when it is read */
  style: Style | null; /* at its beginning; null: not known yet */
}

function breaks(text: string): number {
  let n = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) n++;
  return n;
}

export class LongText {
  private pieces: Piece[] = [{ text: "", first: 0, lines: 1, starts: null, style: PLAIN }];
  length = 0;

  constructor(text = "") {
    this.set(text);
  }

  /* A line that a newline has just begun is none yet. */
  get lines(): number {
    const last = this.pieces.at(-1)!;
    return last.first + last.lines - (last.text.endsWith("\n") || last.text === "" ? 1 : 0);
  }

  append(text: string): void {
    this.length += text.length;
    let last = this.pieces.at(-1)!;
    if (last.text.length >= PIECE && last.text.endsWith("\n")) last = this.next(last, "");
    last.text += text;
    last.lines += breaks(text);
    last.starts = null;
    if (last.text.length >= 2 * PIECE) this.split(last);
  }

  /* Lines from..to-1, without their ends, and the style in which the first of them begins. */
  slice(from: number, to: number): { lines: string[]; style: Style } {
    const lines: string[] = [];
    const end = Math.min(to, this.lines);
    if (from >= end) return { lines, style: PLAIN };
    let i = this.find(from);
    const style = this.styleAt(i, from);
    for (; lines.length < end - from && i < this.pieces.length; i++) {
      const p = this.pieces[i]!;
      const starts = this.startsOf(p);
      for (let n = from + lines.length - p.first; n < p.lines && lines.length < end - from; n++) {
        const stop = n + 1 < starts.length ? starts[n + 1]! - 1 : p.text.length - (p.text.endsWith("\n") ? 1 : 0);
        if (n >= starts.length) break;
        lines.push(p.text.slice(starts[n]!, stop));
      }
    }
    return { lines, style };
  }

  whole(): string {
    return this.pieces.map((p) => p.text).join("");
  }

  /* Another text, most often with the same beginning: a progress bar's line has changed. */
  set(text: string): void {
    let kept = 0;
    let at = 0;
    for (const p of this.pieces.slice(0, -1)) {
      if (!text.startsWith(p.text, at)) break;
      at += p.text.length;
      kept++;
    }
    const { first, style } = this.pieces[kept]!;
    this.pieces.length = kept;
    this.pieces.push({ text: "", first, lines: 1, starts: null, style });
    this.length = at;
    for (; at < text.length; at += 16 * PIECE) this.append(text.slice(at, at + 16 * PIECE));
  }

  private next(last: Piece, text: string): Piece {
    const first = last.first + last.lines - 1;
    last.lines--; /* what follows the last newline is the next piece's first line */
    const made: Piece = { text, first, lines: 1 + breaks(text), starts: null, style: null };
    this.pieces.push(made);
    return made;
  }

  /* Whole lines of about a piece each; a line longer than that stays in one. */
  private split(p: Piece): void {
    while (p.text.length >= 2 * PIECE) {
      const end = p.text.indexOf("\n", PIECE) + 1;
      if (end <= 0 || end >= p.text.length) return;
      const rest = p.text.slice(end);
      p.text = p.text.slice(0, end);
      p.lines = 1 + breaks(p.text);
      p.starts = null;
      p = this.next(p, rest);
    }
  }

  private find(line: number): number {
    let [low, high] = [0, this.pieces.length - 1];
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.pieces[mid]!.first <= line) low = mid;
      else high = mid - 1;
    }
    return low;
  }

  private startsOf(p: Piece): number[] {
    if (p.starts) return p.starts;
    p.starts = [0];
    for (let i = p.text.indexOf("\n"); i >= 0 && i + 1 < p.text.length; i = p.text.indexOf("\n", i + 1)) p.starts.push(i + 1);
    return p.starts;
  }

  private styleAt(i: number, line: number): Style {
    let known = i;
    while (!this.pieces[known]!.style) known--;
    for (; known < i; known++) this.pieces[known + 1]!.style = endOf(this.pieces[known]!.text, this.pieces[known]!.style!);
    const p = this.pieces[i]!;
    return endOf(p.text.slice(0, this.startsOf(p)[line - p.first] ?? 0), p.style!);
  }
}
