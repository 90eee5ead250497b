/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of a long list are near enough to be seen to be made. The list scrolls in a box of its own. */
import { useEffect, useReducer, useRef } from "preact/hooks";

const AROUND = 12;

export interface Windowed {
  box: { current: HTMLDivElement | null };
  from: number;
  to: number; /* one behind the last */
  reveal(index: number): void;
}

export function rangeOf(top: number, height: number, rows: number, row: number): [number, number] {
  const from = Math.max(0, Math.min(Math.max(0, rows - 1), Math.floor(top / row) - AROUND));
  return [from, Math.max(from, Math.min(rows, Math.ceil((top + height) / row) + AROUND))];
}

export function useWindow(rows: number, row: number): Windowed {
  const box = useRef<HTMLDivElement>(null);
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const last = useRef("");
  const range = (): [number, number] => rangeOf(box.current?.scrollTop ?? 0, box.current?.clientHeight || 800, rows, row);
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const check = () => {
      const key = rangeOf(el.scrollTop, el.clientHeight || 800, rows, row).join();
      if (key !== last.current) again();
    };
    const sizes = new ResizeObserver(check);
    sizes.observe(el);
    el.addEventListener("scroll", check, { passive: true });
    check();
    return () => {
      sizes.disconnect();
      el.removeEventListener("scroll", check);
    };
  }, [rows, row]);
  const [from, to] = range();
  last.current = `${from},${to}`;
  return {
    box,
    from,
    to,
    reveal(index) {
      const el = box.current;
      if (!el) return;
      const top = index * row;
      if (top < el.scrollTop) el.scrollTop = top;
      else if (top + 2 * row > el.scrollTop + el.clientHeight) el.scrollTop = top + 2 * row - el.clientHeight;
      again();
    },
  };
}
