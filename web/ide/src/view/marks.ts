/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows what was found: in editors as their own marks, in still text, rendered text and outputs as highlights of the
 * browser, which change no element. A browser without them still jumps to each place.
 */
import type { Control } from "./control";
import { pattern } from "./find";
import type { CellList } from "./list";

const MOST = 2000; /* ranges at once */
const LONG = 200_000; /* characters of one block that are looked at */

interface Highlights {
  set(name: string, h: unknown): void;
  delete(name: string): void;
}

const registry = (globalThis as { CSS?: { highlights?: Highlights } }).CSS?.highlights;
const HighlightOf = (globalThis as { Highlight?: new (...r: Range[]) => unknown }).Highlight;

/* The text of a block with the nodes it came from; a line's end between lines. */
function textOf(block: Element): { text: string; at: { node: Text; from: number }[] } {
  const walk = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  const at: { node: Text; from: number }[] = [];
  let text = "";
  let line: Element | null = null;
  for (let n = walk.nextNode() as Text | null; n && text.length < LONG; n = walk.nextNode() as Text | null) {
    const of = n.parentElement?.closest(".ln, p, li, td, th, h1, h2, h3, h4, h5, h6, pre") ?? null;
    if (of !== line && text) text += "\n";
    line = of;
    at.push({ node: n, from: text.length });
    text += n.data;
  }
  return { text, at };
}

function rangeOf(at: readonly { node: Text; from: number }[], from: number, to: number): Range | null {
  const find = (pos: number, end: boolean): { node: Text; offset: number } | null => {
    for (let i = at.length - 1; i >= 0; i--) {
      const x = at[i]!;
      if (x.from < pos || (!end && x.from === pos)) return { node: x.node, offset: Math.min(x.node.length, pos - x.from) };
    }
    return null;
  };
  const a = find(from, false);
  const b = find(to, true);
  if (!a || !b) return null;
  const r = document.createRange();
  r.setStart(a.node, a.offset);
  r.setEnd(b.node, b.offset);
  return r;
}

export class Marks {
  private frame = 0;
  private readonly un: () => void;

  constructor(private readonly c: Control, private readonly list: CellList) {
    list.onRows = () => this.soon();
    this.un = c.watch((what) => (what === "find" || what === "select" || what === "order") && this.soon());
  }

  destroy(): void {
    this.un();
    this.list.onRows = null;
    cancelAnimationFrame(this.frame);
    registry?.delete("hit");
    registry?.delete("hit-now");
  }

  private shown = false;

  private soon(): void {
    if (!this.c.finder.query.text && !this.shown) return;
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    const { c } = this;
    const p = pattern(c.finder.query);
    this.shown = p?.ok === true;
    for (const [id, editor] of c.editors) {
      const hits = c.hits.filter((h) => h.cell === id && h.where === "source");
      editor.showHits(hits, hits.indexOf(c.hits[c.hitNow]!));
    }
    if (!registry || !HighlightOf) return;
    const ranges: Range[] = [];
    const now: Range[] = [];
    if (p?.ok) this.list.each((id, el) => this.inCell(id, el, p.re, ranges, now));
    registry.set("hit", new HighlightOf(...ranges));
    registry.set("hit-now", new HighlightOf(...now));
  }

  private inCell(id: string, el: HTMLElement, re: RegExp, ranges: Range[], now: Range[]): void {
    const current = this.c.hits[this.c.hitNow];
    const blocks = el.querySelectorAll(this.c.finder.query.outputs ? ".src.still, .md, .out" : ".src.still, .md");
    for (const block of blocks) {
      const where = block.classList.contains("out") ? "output" : "source";
      const { text, at } = textOf(block);
      re.lastIndex = 0;
      let nth = 0;
      for (let m = re.exec(text); m && ranges.length < MOST; m = re.exec(text)) {
        if (m[0] === "") {
          re.lastIndex++;
          continue;
        }
        const r = rangeOf(at, m.index, m.index + m[0].length);
        if (!r) continue;
        const mine = this.c.hits.filter((h) => h.cell === id && h.where === where);
        (current && mine[nth] === current ? now : ranges).push(r);
        nth++;
      }
    }
  }
}
