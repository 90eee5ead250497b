/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of the windowed notebook: which cells lie between two heights. A measured height is kept for as long as
 * its cell lives, also while the cell is not in the page; what was never measured is guessed.
 */
export class Heights {
  private ids: readonly string[] = [];
  private index = new Map<string, number>();
  private known = new Map<string, number>();
  private guesses = new Map<string, number>();
  private tops = new Float64Array(1);
  private good = 0; /* tops[0..good] are right */

  constructor(private readonly guess: (id: string) => number) {}

  setIds(ids: readonly string[]): void {
    this.ids = ids;
    this.index = new Map(ids.map((id, i) => [id, i]));
    if (this.tops.length < ids.length + 1) this.tops = new Float64Array(ids.length * 2 + 1);
    this.good = 0;
  }

  /* Cells that are no longer in the document need no height. */
  forget(alive: (id: string) => boolean): void {
    for (const of of [this.known, this.guesses]) for (const id of of.keys()) if (!alive(id)) of.delete(id);
  }

  at(i: number): string | undefined {
    return this.ids[i];
  }

  indexOf(id: string): number {
    return this.index.get(id) ?? -1;
  }

  get count(): number {
    return this.ids.length;
  }

  height(id: string): number {
    let height = this.known.get(id) ?? this.guesses.get(id);
    if (height === undefined) this.guesses.set(id, (height = this.guess(id)));
    return height;
  }

  /* Says by how much the cell has grown. */
  set(id: string, height: number): number {
    const i = this.indexOf(id);
    const grown = height - this.height(id);
    this.known.set(id, height);
    if (grown !== 0 && i >= 0) this.good = Math.min(this.good, i);
    return grown;
  }

  /* A guess was made from what has changed since. */
  changed(id: string): void {
    const i = this.indexOf(id);
    this.guesses.delete(id);
    if (i >= 0 && !this.known.has(id)) this.good = Math.min(this.good, i);
  }

  top(i: number): number {
    const to = Math.min(Math.max(i, 0), this.ids.length);
    for (let k = this.good; k < to; k++) this.tops[k + 1] = this.tops[k]! + this.height(this.ids[k]!);
    this.good = Math.max(this.good, to);
    return this.tops[to]!;
  }

  get total(): number {
    return this.top(this.ids.length);
  }

  /* The index of the cell at this height; the last one below the end. */
  indexAt(y: number): number {
    if (!this.ids.length) return 0;
    this.top(this.ids.length);
    let low = 0;
    let high = this.ids.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.tops[mid]! <= y) low = mid;
      else high = mid - 1;
    }
    return low;
  }

  /* First index and the one after the last of what touches from..to. */
  range(from: number, to: number): [number, number] {
    if (!this.ids.length) return [0, 0];
    return [this.indexAt(Math.max(0, from)), this.indexAt(Math.max(from, to)) + 1];
  }
}

/* What stands in the page: pinned cells and a window of the others, with the empty heights between them. */
export interface Row {
  id: string;
  gap: number; /* px of cells that are left out before it */
}

export function layout(heights: Heights, from: number, to: number, pinned: readonly string[]): { rows: Row[]; rest: number } {
  const wanted = new Set<number>();
  for (let i = from; i < to; i++) wanted.add(i);
  for (const id of pinned) {
    const i = heights.indexOf(id);
    if (i >= 0) wanted.add(i);
  }
  const rows: Row[] = [];
  let next = 0;
  for (const i of [...wanted].sort((a, b) => a - b)) {
    rows.push({ id: heights.at(i)!, gap: heights.top(i) - heights.top(next) });
    next = i + 1;
  }
  return { rows, rest: heights.total - heights.top(next) };
}
