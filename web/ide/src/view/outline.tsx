/* SPDX-License-Identifier: Apache-2.0 */
/* Headings of the notebook: jump, collapse sections; at the right what the section's code did last. */
import type { JSX } from "preact";
import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { hasError } from "../model/cells";
import { whenIdle } from "../model/slices";
import type { OpenNotebook } from "../model/types";
import { Icon } from "../shell/icons";
import { t } from "../text";
import { toggleSection } from "./commands";
import { Control } from "./control";
import { hiddenCells, outline, type OutlineItem } from "./headings";

function State({ c, item }: { c: Control; item: OutlineItem }): JSX.Element | null {
  const cells = item.cells.map((id) => c.model.get(id)).filter((x) => x !== undefined);
  if (cells.some((x) => c.kernel?.running(x.id))) return <span class="lamp push" role="img" aria-label={t.view.running} />;
  if (cells.some(hasError))
    return <span class="push outline-err" role="img" aria-label={t.view.hasError}><Icon name="xc" size="s" /></span>;
  const count = cells.find((x) => x.count !== null)?.count;
  return count === undefined ? null : <span class="push t3 small mono">[{count}]</span>;
}

const LONG = 1000; /* cells: the outline of more comes after the first of them, and follows them with more time */

export function Outline({ file }: { file: OpenNotebook }): JSX.Element | null {
  const [due, set] = useState(file.model.cells.length < LONG);
  useEffect(() => whenIdle(() => set(true), 500), []);
  return due ? <Headings file={file} /> : null;
}

function Headings({ file }: { file: OpenNotebook }): JSX.Element {
  const c = Control.of(file);
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const root = useRef<HTMLUListElement>(null);
  /* Typing and streams change much; the outline follows a few times a second, a long one less often. */
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        again();
      }, Math.max(250, c.model.cells.length / 5));
    };
    const un = c.watch((what) => what === "select" && c.model.cells.length < LONG ? again() : what !== "view" && what !== "find" && soon());
    return () => {
      un();
      clearTimeout(timer);
    };
  }, [c]);
  const cells = c.model.cells;
  const all = useMemo(() => {
    const hidden = hiddenCells(cells);
    return outline(cells).filter((i) => !hidden.has(i.cell));
  }, [cells]);
  /* The section one is in. */
  const at = c.active === null ? -1 : c.model.indexOf(c.active);
  let current = -1;
  all.forEach((item, i) => {
    if (c.model.indexOf(item.cell) <= at) current = i;
  });
  if (!all.length) return <p class="t3 small outline-none">{t.view.outlineEmpty}</p>;
  const onKey = (e: KeyboardEvent): void => {
    const links = [...root.current!.querySelectorAll<HTMLElement>(".outline-to")];
    const i = links.indexOf(document.activeElement as HTMLElement);
    if (i < 0) return;
    const item = all[i]!;
    if (e.key === "ArrowDown") links[i + 1]?.focus();
    else if (e.key === "ArrowUp") links[i - 1]?.focus();
    else if (e.key === "Home") links[0]?.focus();
    else if (e.key === "End") links[links.length - 1]?.focus();
    else if ((e.key === "ArrowLeft" && !item.collapsed) || (e.key === "ArrowRight" && item.collapsed)) item.canCollapse && toggleSection(c, item.cell);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <ul class="tree outline" ref={root} onKeyDown={onKey}>
      {all.map((item, i) => (
        <li key={`${item.cell} ${item.line}`} class={i === current ? "ti on" : "ti"} style={{ paddingLeft: `${2 + (item.level - 1) * 14}px` }}>
          {item.canCollapse ? (
            <button class="outline-fold" type="button" tabIndex={-1} aria-expanded={!item.collapsed} aria-label={t.view.sectionOf(item.text)} onClick={() => toggleSection(c, item.cell)}>
              <Icon name={item.collapsed ? "right" : "down"} size="s" />
            </button>
          ) : (
            <span class="outline-fold" />
          )}
          <button class="outline-to" type="button" tabIndex={i === Math.max(0, current) ? 0 : -1} aria-current={i === current ? "true" : undefined} onClick={() => c.goTo(item.cell)}>
            <span class={item.level === 1 ? "truncate strong" : "truncate"}>{item.text}</span>
            <State c={c} item={item} />
          </button>
        </li>
      ))}
    </ul>
  );
}
