/* SPDX-License-Identifier: Apache-2.0 */
/* The source of a cell in an editor. All of CodeMirror comes with this file. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { status } from "../shell/status";
import { completions } from "./complete";
import { SourceEditor } from "./editor";
import { cellKeys } from "./editor-keys";
import { inspectAt, inspectField } from "./inspect";
import { languageOf, leave, type SourceProps } from "./source";

export function Live({ c, cell, label }: SourceProps): JSX.Element {
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
