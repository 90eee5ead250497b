/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of every list. Short ones are plain tables; from 200 rows on it scrolls inside its frame, draws what
 * stands in sight, keeps head and foot, and asks for more when the end comes near.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { count as written } from "../lib/locale";
import { type Sight, scrollTo, sightOf } from "../lib/sight";
import { t } from "../text";

export const LONG = 200;

interface Props<T> {
  rows: T[];
  total?: number | null; /* all that there are, where the server has more than rows */
  cls: string; /* of the table */
  frame?: string | undefined; /* of its frame */
  cols: number;
  label: string;
  head: ComponentChildren; /* the cells of the head */
  row: (item: T, index: number) => JSX.Element;
  at?: number; /* the row that the keyboard stands on */
  onEnd?: () => void;
  faded?: boolean; /* old rows below an error */
  foot?: ComponentChildren;
  plainFoot?: string; /* what a short list says instead of the range */
  tfoot?: ComponentChildren;
}

export function LongTable<T>(p: Props<T>): JSX.Element {
  const all = Math.max(p.rows.length, p.total ?? 0);
  const long = all > LONG;
  const box = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const [rowH, setRowH] = useState(40);
  const [sight, setSight] = useState<Sight>({ from: 0, to: Math.min(p.rows.length, 40), first: 0, last: 0 });

  const look = () => {
    const b = box.current;
    if (!b || !long) return;
    const headH = b.querySelector("thead")?.clientHeight ?? 0;
    const next = sightOf(b.scrollTop, b.clientHeight - headH, rowH, all);
    setSight((s) => (s.from === next.from && s.to === next.to && s.first === next.first && s.last === next.last ? s : next));
  };
  useLayoutEffect(() => {
    const tr = body.current?.querySelector<HTMLElement>("tr[data-row]");
    if (long && tr && tr.offsetHeight > 0 && Math.abs(tr.offsetHeight - rowH) > 0.5) setRowH(tr.offsetHeight);
    look();
  }, [all, long, rowH, p.frame]);
  useEffect(() => {
    if (!long) return;
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, [long, all, rowH]);
  useEffect(() => {
    if (long && sight.to > p.rows.length - 40 && p.rows.length < all) p.onEnd?.();
  }, [sight.to, p.rows.length, all, long]);
  useEffect(() => {
    if (p.at === undefined || p.at < 0) return;
    const b = box.current;
    if (long && b) b.scrollTop = scrollTo(p.at, b.scrollTop, b.clientHeight - (b.querySelector("thead")?.clientHeight ?? 0) - 4, rowH);
    else body.current?.querySelectorAll("tr[data-row]")[p.at]?.scrollIntoView({ block: "nearest" });
  }, [p.at, rowH]);

  const from = long ? Math.min(sight.from, all) : 0;
  const to = long ? Math.min(sight.to, all) : p.rows.length;
  const shown: JSX.Element[] = [];
  for (let i = from; i < to; i++) {
    const item = p.rows[i];
    shown.push(item !== undefined ? p.row(item, i) : <WaitingRow key={`wait-${i}`} cols={p.cols} />);
  }
  const gap = (n: number, key: string) => n > 0 && <tr class="gap" aria-hidden="true" key={key} style={{ height: `${n * rowH}px` }}><td colSpan={p.cols} /></tr>;
  return (
    <div class={["table-frame", p.frame, long && "long"].filter(Boolean).join(" ")} data-faded={p.faded ? "true" : undefined}>
      <div class="long-box" ref={box} onScroll={look} tabIndex={long ? 0 : undefined} role={long ? "group" : undefined} aria-label={long ? p.label : undefined}>
        <table class={`table table-cards ${p.cls}`} aria-rowcount={long ? all + 1 : undefined}>
          <caption class="vh">{p.label}</caption>
          <thead>
            <tr>{p.head}</tr>
          </thead>
          <tbody ref={body}>
            {gap(from, "above")}
            {shown}
            {gap(all - to, "below")}
          </tbody>
          {p.tfoot && <tfoot>{p.tfoot}</tfoot>}
        </table>
      </div>
      {(long || p.plainFoot || p.foot) && (
        <div class="table-foot">
          <span class="num" role="status">{long ? t.lists.range(written(sight.first + 1), written(sight.last + 1), written(all)) : p.plainFoot}</span>
          {p.foot && <span class="push row row-wrap not-phone">{p.foot}</span>}
        </div>
      )}
    </div>
  );
}

function WaitingRow({ cols }: { cols: number }): JSX.Element {
  return (
    <tr data-row="wait">
      <td colSpan={cols}>
        <span class="skel" />
      </td>
    </tr>
  );
}
