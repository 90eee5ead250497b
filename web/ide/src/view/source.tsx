/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source of one cell: still text until one comes near it with the pointer, the keyboard or a finger, then an editor at
 * the same place with the same lines.
 */
import type { JSX } from "preact";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { Cell } from "../model/types";
import { status } from "../shell/status";
import { t } from "../text";
import { completions } from "./complete";
import { Control } from "./control";
import { SourceEditor } from "./editor";
import { still } from "./highlight";
import { languageName, languageNow, loadLanguage } from "./languages";
import { cellKeys } from "./editor-keys";
import { inspectAt, inspectField } from "./inspect";

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

export function Source(props: SourceProps): JSX.Element {
  const { c, cell } = props;
  return c.wantsEditor(cell.id) ? <Live key="live" {...props} /> : <Still key="still" {...props} />;
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

function Still({ c, cell }: SourceProps): JSX.Element {
  const ref = useRef<HTMLPreElement>(null);
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const name = languageOf(c, cell);
  const language = languageNow(name);
  const wrap = cell.kind !== "code";
  useLayoutEffect(() => {
    const el = ref.current!;
    el.replaceChildren(still(cell.source, language?.language ?? null));
    sideways.observe(el);
    return () => sideways.unobserve(el);
  }, [cell.source, language]);
  useLayoutEffect(() => {
    if (!language && name) {
      let gone = false;
      void loadLanguage(name).then((l) => l && !gone && again());
      return () => void (gone = true);
    }
    return undefined;
  }, [name]);
  /* A click on a source that the pointer did not cross before: a finger, or a page that scrolled under it. */
  const enter = (e: MouseEvent): void => {
    if (e.shiftKey || getSelection()?.toString()) return;
    c.edit(cell.id, { x: e.clientX, y: e.clientY });
  };
  return (
    <pre
      ref={ref}
      class={wrap ? "src still is-wrapped" : "src still"}
      data-numbers={c.linesOf(cell.id) || undefined}
      onPointerEnter={(e) => e.pointerType === "mouse" && e.buttons === 0 && c.keepEditor(cell.id)}
      onClick={enter}
    />
  );
}

function Live({ c, cell, label }: SourceProps): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  const editor = useRef<SourceEditor | null>(null);
  const { id } = cell;

  useLayoutEffect(() => {
    const e = new SourceEditor({
      parent: ref.current!,
      source: cell.source,
      label,
      language: languageOf(c, cell),
      readOnly: c.readOnly || cell.metadata["editable"] === false,
      wrap: cell.kind !== "code",
      lineNumbers: c.linesOf(id),
      foldGutter: true,
      keys: cellKeys(c, id),
      ...(cell.kind === "code" ? { complete: completions(c), inspect: (view) => inspectAt(c, view), extra: inspectField } : {}),
      onChange(changes, before) {
        c.typing = id;
        try {
          c.apply([{ op: "text", id, changes }], `type ${id}`, { cell: id, ...before });
        } finally {
          c.typing = null;
        }
      },
      onFocus: () => c.entered(id),
      onBlur: () => leave(c, id),
      onSelect(view) {
        if (!view.hasFocus) return;
        const { head } = view.state.selection.main;
        const line = view.state.doc.lineAt(head);
        status.set({ position: { line: line.number, column: head - line.from + 1 } });
      },
    });
    editor.current = e;
    c.editors.set(id, e);
    c.arrived(id, e);
    return () => {
      if (c.editors.get(id) === e) c.editors.delete(id);
      e.destroy();
      editor.current = null;
    };
  }, [id, cell.kind]);

  useLayoutEffect(() => editor.current?.setLabel(label), [label]);
  const numbers = c.linesOf(id);
  useLayoutEffect(() => editor.current?.setLineNumbers(numbers), [numbers]);
  const language = languageOf(c, cell);
  useLayoutEffect(() => editor.current?.setLanguage(language), [language]);
  return <div ref={ref} class={cell.kind === "code" ? "src live" : "src live is-wrapped"} />;
}

/* The focus went somewhere else in the page, without Esc: the cell is in command mode, as it looks. */
function leave(c: Control, id: string): void {
  status.set({ position: null });
  setTimeout(() => {
    const now = document.activeElement;
    if (c.active !== id || c.mode !== "edit" || !now || now === document.body || c.editors.get(id)?.view.dom.contains(now)) return;
    if (c.surface?.contains(now)) c.select(id);
  });
}

export const sourceLabel = (c: Control, cell: Cell): string => t.view.sourceOf(t.view.kinds[cell.kind], c.model.indexOf(cell.id) + 1);
