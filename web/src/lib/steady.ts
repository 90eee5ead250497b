/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list that is looked at keeps its order: a row under the pointer never moves. It is sorted when somebody asks for
 * it (another sort, another filter), and what comes meanwhile waits until it is asked for.
 */
import { useReducer, useRef } from "preact/hooks";

export interface Order {
  view: string; /* sort and filter that this order is of */
  ranks: ReadonlyMap<string, number>;
}

export const NO_ORDER: Order = { view: "", ranks: new Map() };

export interface Steadied<T> {
  order: Order;
  rows: T[];
  waiting: T[]; /* came since; not in rows */
}

/* `all` are the rows of the view in any order; `sort` is called only when there is to be a new order. */
export function steadied<T>(old: Order, all: T[], id: (row: T) => string, view: string, sort: (rows: T[]) => T[]): Steadied<T> {
  const known = old.view === view ? all.filter((x) => old.ranks.has(id(x))) : [];
  if (!known.length) {
    const rows = sort(all);
    return { order: { view, ranks: new Map(rows.map((x, i) => [id(x), i])) }, rows, waiting: [] };
  }
  const rank = (x: T): number => old.ranks.get(id(x))!;
  known.sort((a, b) => rank(a) - rank(b));
  return { order: old, rows: known, waiting: known.length < all.length ? all.filter((x) => !old.ranks.has(id(x))) : [] };
}

export function useSteady<T>(all: T[], id: (row: T) => string, view: string, sort: (rows: T[]) => T[]): { rows: T[]; waiting: T[]; takeIn(): void } {
  const held = useRef<Order>(NO_ORDER);
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const { order, rows, waiting } = steadied(held.current, all, id, view, sort);
  held.current = order;
  return {
    rows,
    waiting,
    takeIn() {
      held.current = NO_ORDER;
      again();
    },
  };
}
