/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cells in the page: only those near the window, each in a host element of its own that is never moved unless its cell
 * is, because a frame that moves loads again. Above what one looks at heights may change; what one looks at stays put.
 */
import { type ComponentChild, render } from "preact";
import type { Control, Surface } from "./control";
import { Heights, layout } from "./heights";

const NEAR = 500; /* px rendered above and below the window */
const KEPT_FRAMES = 12; /* cells with frames that stay though they are far away */

interface Host {
  el: HTMLElement;
  gap: number;
}

export class CellList implements Surface {
  private readonly heights: Heights;
  private readonly hosts = new Map<string, Host>();
  private readonly observer: ResizeObserver;
  private frame = 0;
  private calm: ReturnType<typeof setTimeout> | undefined;
  private lastTop = 0;
  onRows: (() => void) | null = null; /* other cells stand in the page */

  constructor(
    private readonly scroller: HTMLElement,
    private readonly body: HTMLElement,
    private readonly control: Control,
    private readonly draw: (id: string) => ComponentChild,
    guess: (id: string) => number,
  ) {
    this.heights = new Heights(guess);
    this.observer = new ResizeObserver((entries) => this.onResize(entries));
    this.observer.observe(scroller);
    scroller.addEventListener("scroll", this.onScroll, { passive: true });
    this.sync();
  }

  destroy(): void {
    this.scroller.removeEventListener("scroll", this.onScroll);
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.calm);
    for (const h of this.hosts.values()) this.drop(h);
    this.hosts.clear();
  }

  /* The document has other cells or another order, or other headings are collapsed. */
  sync(): void {
    const ids = this.control.shown;
    this.heights.forget((id) => this.control.model.indexOf(id) >= 0);
    this.heights.setIds(ids);
    this.update(NEAR);
  }

  private readonly onScroll = (): void => {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.onFrame());
  };

  private onFrame(): void {
    this.frame = 0;
    const top = this.scroller.scrollTop;
    const moved = Math.abs(top - this.lastTop);
    this.lastTop = top;
    /* In a wild scroll only what is seen; the rest when it has come to rest. */
    const far = moved > this.scroller.clientHeight;
    this.update(far ? 0 : NEAR);
    clearTimeout(this.calm);
    if (far) this.calm = setTimeout(() => this.update(NEAR), 120);
  }

  /* Where the window's top edge is, in the arithmetic of the cells. */
  private get top(): number {
    return this.scroller.scrollTop - this.body.offsetTop;
  }

  /* The first cell that is seen: it stays where it is on the screen. */
  private anchor(): { el: HTMLElement; at: number } | null {
    const id = this.heights.at(this.heights.indexAt(Math.max(0, this.top)));
    const el = id === undefined ? undefined : this.hosts.get(id)?.el;
    return el?.isConnected ? { el, at: el.offsetTop } : null;
  }

  private update(near: number): void {
    const seen = this.scroller.clientHeight;
    if (!seen) return; /* its tab is behind another */
    const anchor = this.anchor();
    let changed = false;
    for (let round = 0; round < 4; round++) {
      const [from, to] = this.heights.range(this.top - near, this.top + seen + near);
      const { rows, rest } = layout(this.heights, from, to, this.pinned());
      const fresh = this.place(rows, rest);
      if (!fresh.length) break;
      changed = true;
      /* Read all, then compute: one layout for all new cells. */
      for (const id of fresh) this.heights.set(id, this.hosts.get(id)!.el.offsetHeight);
      this.stay(anchor);
    }
    this.stay(anchor);
    if (changed) this.onRows?.();
  }

  private stay(anchor: { el: HTMLElement; at: number } | null): void {
    if (!anchor?.el.isConnected) return;
    const by = anchor.el.offsetTop - anchor.at;
    if (by && this.top > 0) {
      this.scroller.scrollTop += by;
      this.lastTop = this.scroller.scrollTop;
      anchor.at += by;
    }
  }

  private pinned(): string[] {
    const pins = this.control.active === null ? [] : [this.control.active];
    let frames = 0;
    for (const [id, h] of this.hosts) if (frames < KEPT_FRAMES && h.el.querySelector("iframe") && ++frames) pins.push(id);
    return pins;
  }

  /* Makes the page hold exactly these; says which are new. */
  private place(rows: readonly { id: string; gap: number }[], rest: number): string[] {
    const wanted = new Set(rows.map((r) => r.id));
    for (const [id, h] of this.hosts) {
      if (wanted.has(id)) continue;
      this.hosts.delete(id);
      this.drop(h);
    }
    const fresh: string[] = [];
    let after: Element | null = this.body.firstElementChild;
    for (const { id, gap } of rows) {
      let h = this.hosts.get(id);
      if (!h) {
        h = { el: document.createElement("div"), gap: 0 };
        h.el.className = "row-host";
        h.el.dataset["cell"] = id;
        this.hosts.set(id, h);
        this.body.insertBefore(h.el, after);
        render(this.draw(id), h.el);
        this.observer.observe(h.el);
        fresh.push(id);
      } else if (h.el === after) after = after.nextElementSibling;
      else if (after?.nextElementSibling === h.el) after = h.el.nextElementSibling; /* the one before it goes further down, in its turn */
      else this.body.insertBefore(h.el, after);
      if (h.gap !== gap) {
        h.gap = gap;
        h.el.style.marginTop = gap ? `${gap}px` : "";
      }
    }
    this.body.style.paddingBottom = rest > 0 ? `${rest}px` : "";
    return fresh;
  }

  private drop(h: Host): void {
    this.observer.unobserve(h.el);
    render(null, h.el);
    h.el.remove();
  }

  private onResize(entries: readonly ResizeObserverEntry[]): void {
    const first = this.heights.indexAt(Math.max(0, this.top));
    let above = 0;
    let any = false;
    for (const e of entries) {
      if (e.target === this.scroller) {
        any = true;
        continue;
      }
      const id = (e.target as HTMLElement).dataset["cell"]!;
      if (!this.hosts.has(id) || !(e.target as HTMLElement).offsetParent) continue;
      const grown = this.heights.set(id, (e.target as HTMLElement).offsetHeight);
      if (grown && this.heights.indexOf(id) < first) above += grown;
      any ||= grown !== 0;
    }
    if (above) this.scroller.scrollTop += above;
    if (any) this.onScroll();
  }

  /* Surface */

  host(id: string): HTMLElement | null {
    return this.hosts.get(id)?.el ?? null;
  }

  each(fn: (id: string, el: HTMLElement) => void): void {
    for (const [id, h] of this.hosts) fn(id, h.el);
  }

  reveal(id: string, where: "nearest" | "start" | "center" = "nearest"): void {
    const i = this.heights.indexOf(id);
    const seen = this.scroller.clientHeight;
    if (i < 0 || !seen) return;
    const pad = 12;
    for (let round = 0; round < 3; round++) {
      const el = this.hosts.get(id)?.el;
      const top = el ? el.offsetTop - this.body.offsetTop : this.heights.top(i);
      const height = el ? el.offsetHeight : this.heights.height(id);
      let to: number | null = null;
      if (where === "start") to = top - pad;
      else if (where === "center") to = top - Math.max(pad, (seen - height) / 2);
      else if (top < this.top + pad) to = height > seen ? Math.min(this.top, top + height - seen / 2) : top - pad;
      else if (top + height > this.top + seen - pad) to = Math.min(top - pad, top + height - seen + pad);
      if (where === "nearest" && top < this.top && top + height > this.top + seen) to = null; /* it fills the window */
      if (to !== null) this.scroller.scrollTop = Math.max(0, to + this.body.offsetTop);
      this.lastTop = this.scroller.scrollTop;
      const before = this.scroller.scrollTop;
      this.update(NEAR);
      if (el && this.scroller.scrollTop === before && this.hosts.get(id)?.el === el) break;
    }
  }

  focusCell(id: string): void {
    if (!this.hosts.has(id)) this.update(NEAR);
    this.hosts.get(id)?.el.querySelector<HTMLElement>(".cell")?.focus({ preventScroll: true });
  }

  contains(el: Element | null): boolean {
    return el !== null && this.scroller.contains(el);
  }

  page(by: 1 | -1): string | null {
    const i = this.heights.indexAt(this.top + (by > 0 ? this.scroller.clientHeight : -this.scroller.clientHeight / 2));
    return this.heights.at(Math.max(0, i)) ?? null;
  }

  /* For the drag: the place between cells at this height of the screen, as an index among those that are shown. */
  dropAt(clientY: number): { index: number; y: number } {
    const box = this.body.getBoundingClientRect();
    const y = clientY - box.top;
    let i = this.heights.indexAt(y);
    if (y - this.heights.top(i) > this.heights.height(this.heights.at(i) ?? "") / 2) i++;
    return { index: i, y: this.heights.top(i) };
  }
}
