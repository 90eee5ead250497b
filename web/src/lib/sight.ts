/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of a long list stand in sight: the others are a distance, not elements. */
export interface Sight {
  from: number; /* first row that is drawn */
  to: number; /* one after the last */
  first: number; /* first and last in sight, for the foot */
  last: number;
}

const MORE = 8; /* rows above and below, so that scrolling never shows a gap */

export function sightOf(scroll: number, height: number, row: number, count: number): Sight {
  if (count <= 0 || row <= 0) return { from: 0, to: 0, first: 0, last: 0 };
  const first = Math.min(count - 1, Math.max(0, Math.floor(scroll / row)));
  const last = Math.min(count - 1, Math.max(first, Math.ceil((scroll + height) / row) - 1));
  return { from: Math.max(0, first - MORE), to: Math.min(count, last + 1 + MORE), first, last };
}

/* Where the list must stand for that row to be whole in sight; the present place if it is. */
export function scrollTo(index: number, scroll: number, height: number, row: number): number {
  const top = index * row;
  if (top < scroll) return top;
  return top + row > scroll + height ? top + row - height : scroll;
}
