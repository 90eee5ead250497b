/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source of one cell: still text until one comes near it with the pointer, the keyboard or a finger, then an editor at
 * the same place with the same lines. Editors come once the page is calm, or when one is first wanted; who writes before
 * that does so in a plain field, and goes on in the editor where he was.
 */
import type { JSX } from "preact";
import { useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { calm, later, useLater } from "../later";
import type { Cell } from "../model/types";
import { status } from "../shell/status";
import { t } from "../text";
import { Control } from "./control";
import { still } from "./highlight";
import { languageName, loadParser, parserNow } from "./languages";
import { offsetAt, Simple } from "./simple";

export interface SourceProps {
  c: Control;
  cell: Cell;
  label: string;
}

export function languageOf(c: Control, cell: Cell): string | null {
  if (cell.kind === "markdown") return "markdown";
  if (cell.kind === "raw") return null;
  const magic = /^%%(\w+)/.exec(cell.source)?.[1];
  const other: Record<string, string> = { bash: "shell", sh: "shell", html: "html", HTML: "html", javascript: "javascript", js: "javascript", latex: "latex", markdown: "markdown", sql: "sql", R: "r" };
  if (magic && Object.hasOwn(other, magic)) return other[magic]!;
  return languageName(c.kernel?.language || notebookLanguage(c) || "python");
}

function notebookLanguage(c: Control): string | null {
  const info = c.model.metadata["language_info"];
  const name = info && typeof info === "object" && !Array.isArray(info) ? info["name"] : null;
  return typeof name === "string" ? name : null;
}

const live = later(() => import("./live"));
void calm.then(() => live.get()).catch(() => undefined);

export function Source(props: SourceProps): JSX.Element {
  const { c, cell } = props;
  const wanted = c.wantsEditor(cell.id);
  const editors = useLater(live, wanted);
  const [composing, compose] = useState(false);
  if (wanted && editors && !composing) return <editors.Live key="live" {...props} />;
  /* A field would make \n of every \r. */
  if (wanted && c.mode === "edit" && c.active === cell.id && !cell.source.includes("\r")) return <Simple key="simple" {...props} onCompose={compose} />;
  return <Still key="still" {...props} soon={wanted} />;
}

/* What scrolls sideways can be reached by the keyboard. */
const sideways = new ResizeObserver((all) => {
  /* Read all, then write: one layout for all of them. */
  const wide = all.map(({ target }) => target.scrollWidth > target.clientWidth);
  all.forEach(({ target }, i) => {
    if (target.hasAttribute("tabindex") === wide[i]) return;
    if (wide[i]) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  });
});

function Still({ c, cell, soon }: SourceProps & { soon: boolean }): JSX.Element {
  const ref = useRef<HTMLPreElement>(null);
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const name = languageOf(c, cell);
  const parser = parserNow(name);
  const wrap = cell.kind !== "code";
  useLayoutEffect(() => {
    const el = ref.current!;
    el.replaceChildren(still(cell.source, parser));
    sideways.observe(el);
    return () => sideways.unobserve(el);
  }, [cell.source, parser]);
  useLayoutEffect(() => {
    if (!parser && name) {
      let gone = false;
      void loadParser(name).then((p) => p && !gone && again());
      return () => void (gone = true);
    }
    return undefined;
  }, [name]);
  /* A click on a source that the pointer did not cross before: a finger, or a page that scrolled under it. */
  const enter = (e: MouseEvent): void => {
    if (e.shiftKey || getSelection()?.toString()) return;
    const at = { x: e.clientX, y: e.clientY };
    c.edit(cell.id, live.now ? at : { anchor: offsetAt(ref.current!, at) });
  };
  /* As an editor does it; the editor may be here before the button is up, and no click would come of it. */
  const press = (e: MouseEvent): void => {
    if (!soon || e.button !== 0 || e.shiftKey) return;
    e.preventDefault();
    enter(e);
  };
  return (
    <pre
      ref={ref}
      class={wrap ? "src still is-wrapped" : "src still"}
      data-numbers={c.linesOf(cell.id) || undefined}
      onPointerEnter={(e) => e.pointerType === "mouse" && e.buttons === 0 && c.keepEditor(cell.id)}
      onMouseDown={press}
      onClick={enter}
    />
  );
}

/* The focus went somewhere else in the page, without Esc: the cell is in command mode, as it looks. */
export function leave(c: Control, id: string): void {
  status.set({ position: null });
  setTimeout(() => {
    const now = document.activeElement;
    if (c.active !== id || c.mode !== "edit" || !now || now === document.body || c.editors.get(id)?.view.dom.contains(now)) return;
    if (c.surface?.contains(now)) c.select(id);
  });
}

export const sourceLabel = (c: Control, cell: Cell): string => t.view.sourceOf(t.view.kinds[cell.kind], c.model.indexOf(cell.id) + 1);
