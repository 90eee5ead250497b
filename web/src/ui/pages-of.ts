/* SPDX-License-Identifier: Apache-2.0 */
/* A long list as the server has it: keyset pages of 200, one after the other, kept while the question stays the same. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, get } from "../lib/api";

export const PAGE = 200;

interface Page<T> {
  items: T[];
  next: string | null;
  total?: number;
}

export interface Pages<T> {
  rows: T[] | null;
  total: number | null;
  error: ApiError | null;
  slow: boolean;
  more(): void;
  reload(): void;
  put(rows: (old: T[]) => T[]): void;
}

export function usePages<T>(path: string): Pages<T> {
  const [s, set] = useState<{ rows: T[] | null; total: number | null; next: string | null; error: ApiError | null; path: string }>({
    rows: null, total: null, next: null, error: null, path,
  });
  const [slow, setSlow] = useState(false);
  const [turn, setTurn] = useState(0);
  const busy = useRef(false);
  const question = useRef(0);

  const read = async (cursor: string | null) => {
    const mine = question.current;
    busy.current = true;
    const at = `${path}${path.includes("?") ? "&" : "?"}limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
    try {
      const page = await get<Page<T>>(at);
      if (mine !== question.current) return;
      set((o) => ({
        rows: cursor ? [...(o.rows ?? []), ...page.items] : page.items,
        total: page.total ?? (page.next ? o.total : (cursor ? (o.rows ?? []).length : 0) + page.items.length),
        next: page.next, error: null, path,
      }));
    } catch (e) {
      if (mine === question.current) set((o) => ({ ...o, error: e as ApiError }));
    } finally {
      if (mine === question.current) {
        busy.current = false;
        setSlow(false);
      }
    }
  };
  useEffect(() => {
    question.current++;
    setSlow(false);
    const timer = setTimeout(() => busy.current && setSlow(true), 150);
    void read(null);
    return () => clearTimeout(timer);
  }, [path, turn]);
  return {
    rows: s.rows, total: s.total, error: s.error, slow,
    more: () => {
      if (s.next && !busy.current && s.path === path) void read(s.next);
    },
    reload: () => setTurn((n) => n + 1),
    put: (fn) => set((o) => ({ ...o, rows: fn(o.rows ?? []) })),
  };
}
