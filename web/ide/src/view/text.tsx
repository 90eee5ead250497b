/* SPDX-License-Identifier: Apache-2.0 */
/* A text file in one editor. CodeMirror's own search and history serve it: there are no cells to go across. */
import { history, historyKeymap } from "@codemirror/commands";
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { keymap } from "@codemirror/view";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { OpenText } from "../model/types";
import { Icon } from "../shell/icons";
import { status } from "../shell/status";
import { nameOf } from "../page";
import { t } from "../text";
import { SourceEditor } from "./editor";
import { languageOfFile } from "./suffixes";
import "./view.css";

const WRAPPED = new Set(["markdown", "latex", null]);

export function TextView({ file, active }: { file: OpenText; active: boolean }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<SourceEditor | null>(null);
  const language = languageOfFile(file.path);
  const readOnly = (file as { readOnly?: boolean }).readOnly === true;

  useLayoutEffect(() => {
    const e = new SourceEditor({
      parent: host.current!,
      source: file.text,
      label: nameOf(file.path),
      language,
      readOnly,
      wrap: WRAPPED.has(language),
      lineNumbers: true,
      foldGutter: true,
      keys: [{ key: "Mod-s", run: () => (void file.saveNow(), true), preventDefault: true }],
      extra: [history(), search({ top: true }), highlightSelectionMatches(), keymap.of([...searchKeymap, ...historyKeymap])],
      onChange: (changes) => file.edit(changes),
      onSelect(view) {
        const { head } = view.state.selection.main;
        const line = view.state.doc.lineAt(head);
        status.set({ position: { line: line.number, column: head - line.from + 1 } });
      },
    });
    editor.current = e;
    const un = file.watchText(() => e.take(file.text));
    return () => {
      un();
      e.destroy();
      editor.current = null;
    };
  }, [file]);

  useEffect(() => {
    if (!active) return;
    editor.current?.view.requestMeasure();
    if (document.activeElement === document.body) editor.current?.focus();
    status.set({ mode: language });
    const onKey = (e: KeyboardEvent): void => {
      if (e.defaultPrevented || !(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey || document.querySelector("dialog[open]")) return;
      const view = editor.current?.view;
      if (e.key === "f" && view) openSearchPanel(view);
      else if (e.key === "s") void file.saveNow();
      else return;
      e.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
      status.set({ position: null, mode: null });
    };
  }, [file, active]);

  return (
    <>
      <div class="tools" role="toolbar" aria-label={t.view.textToolbar}>
        <button class="btn btn-s" data-kind="quiet" type="button" onClick={() => editor.current && openSearchPanel(editor.current.view)}>
          <Icon name="search" size="s" />
          {t.view.commands.find}
        </button>
        <button class="btn btn-s" data-kind="quiet" type="button" onClick={() => void file.saveNow()}>
          <Icon name="save" size="s" />
          {t.view.commands.save}
        </button>
        <span class="push t3 small">{readOnly ? t.view.readOnlyShort : (language ?? t.view.plainText)}</span>
      </div>
      <div class="textview" id={active ? "main" : undefined} tabIndex={-1} ref={host} />
    </>
  );
}
