/* SPDX-License-Identifier: Apache-2.0 */
/* The notebook: tools, search, the cells near the window, keys. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { keysOn } from "../../../src/lib/keys";
import { addCommands } from "../shell/commands";
import { Icon } from "../shell/icons";
import type { NotebookProps } from "../shell/slots";
import { status } from "../shell/status";
import { t } from "../text";
import { doCommand, setView } from "./acts";
import { CellView } from "./cell";
import { CellBar } from "./cell-bar";
import { CELLS, answer, cellsOf, hold } from "./clipboard";
import { Control } from "./control";
import { startDrag } from "./drag";
import { FindBar } from "./find-bar";
import { guessHeight } from "./still-size";
import { BINDINGS, isBare, nameOf, Reader } from "./keys";
import { KeysDialog } from "./keys-dialog";
import { CellList } from "./list";
import { Marks } from "./marks";
import { notebookCommands } from "./palette";
import { Tools } from "./tools";
import "./view.css";

const FIELD = "input, textarea, select, [contenteditable='true'], .cm-editor, .xterm";

/* Goes through the whole page: not for each letter that is typed. */
const covered = (): boolean => document.querySelector("dialog[open], [role=menu]") !== null;

const inCells = (c: Control, on: Element): boolean => on === document.body || on.id === "main" || (c.surface?.contains(on) === true && !on.closest(".findbar"));

const CLIPS = ["copy", "cut", "paste"] as const;

/* Keys of command mode: when the focus is in the notebook, or nowhere. */
function useNotebookKeys(c: Control, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const command = new Reader(BINDINGS, "command");
    const edit = new Reader(BINDINGS, "edit");
    const both = new Set(["find", "replace", "save"]);
    const onKey = (e: KeyboardEvent): void => {
      if (e.defaultPrevented || e.isComposing) return;
      const on = e.target instanceof Element ? e.target : document.body;
      const name = nameOf(e);
      const inField = on.closest(FIELD) !== null;
      const here = inCells(c, on);
      if (inField || !here) {
        /* Find and save work from everywhere on the page. */
        const what = edit.read(name, e.timeStamp);
        if (what === null || what === "wait" || !both.has(what) || (what === "replace" && !here) || covered()) return;
        e.preventDefault();
        doCommand(c, what);
        return;
      }
      if ((e.metaKey && !name.startsWith("Mod-")) || covered()) return;
      /* Enter and space belong to the control that has the focus. */
      if (/^(Enter|Space)$/.test(name) && on.closest("a, button, summary, [tabindex='0']:not(.cell)")) return;
      if (/^(Arrow|Page|Home|End|Space)/.test(name) && on.closest("[tabindex='0']:not(.cell), summary, [role=tree], [role=grid]")) return;
      if (/^Mod-[CXV]$/.test(name) || (name === "Mod-A" && on.closest(".out"))) return;
      if (isBare(name) && (!keysOn() || c.awaitsEditor)) return;
      const what = command.read(name, e.timeStamp);
      if (what === null) return;
      e.preventDefault();
      if (what !== "wait") doCommand(c, what);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [c, active]);
}

/* Ctrl C, X and V in command mode: cells by way of the system's clipboard. What is marked as text is the browser's to copy. */
function useClipboard(c: Control, active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const onClip = (e: ClipboardEvent): void => {
      const on = e.target instanceof Element ? e.target : document.body, marked = getSelection();
      if (e.defaultPrevented || c.mode !== "command" || !c.selection.length || !inCells(c, on) || on.closest(FIELD) || covered()) return;
      if (e.type !== "paste") {
        if (!marked || marked.isCollapsed) answer(e, () => doCommand(c, e.type === "cut" ? "cut" : "copy"));
        return;
      }
      const data = e.clipboardData, given = [CELLS, "text/plain"].map((type) => cellsOf(data?.getData(type) ?? "")).find((x) => x.length);
      if (!given) return;
      e.preventDefault();
      hold(given);
      doCommand(c, "paste");
    };
    for (const type of CLIPS) document.addEventListener(type, onClip);
    return () => {
      for (const type of CLIPS) document.removeEventListener(type, onClip);
    };
  }, [c, active]);
}

export function NotebookView({ file, kernel, active }: NotebookProps): JSX.Element {
  const c = Control.of(file);
  c.setKernel(kernel);
  const scroller = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const [keys, setKeys] = useState(false);
  const [find, setFind] = useState<{ replace: boolean; turn: number } | null>(null);
  const [said, setSaid] = useState("");
  const [empty, setEmpty] = useState(c.model.cells.length <= 1);

  useLayoutEffect(() => {
    setView(c, {
      say: setSaid,
      keys: () => setKeys(true),
      find: (replace) => setFind((was) => ({ replace, turn: (was?.turn ?? 0) + 1 })),
    });
    /* A notebook without cells begins with one, as Jupyter's do. */
    if (!c.model.cells.length && !c.readOnly) c.model.apply([{ op: "insert", at: 0, cell: c.model.newCell("code") }], { origin: "file" });
    let list: CellList | null = null;
    list = new CellList(
      scroller.current!,
      body.current!,
      c,
      (id) => <CellView c={c} id={id} onGrip={(e, of) => list && startDrag(e, of, c, list)} />,
      (id) => guessHeight(c.model.get(id)!),
    );
    c.surface = list;
    const marks = new Marks(c, list);
    const un = c.watch((what) => (what === "order" || what === "content") && setEmpty(isBlank(c)));
    setEmpty(isBlank(c));
    return () => {
      un();
      marks.destroy();
      list?.destroy();
      if (c.surface === list) c.surface = null;
    };
  }, [c]);

  useEffect(() => {
    if (!active) return;
    c.surface?.sync();
    if (document.activeElement === document.body || document.activeElement?.id === "main") c.focus();
    const mode = (): void => status.set({ mode: kernel.language ? t.view.mode(kernel.language.replace(/^./, (l) => l.toUpperCase())) : null });
    mode();
    const unwatch = c.watch((what) => what === "kernel" && mode());
    const un = addCommands(notebookCommands(c));
    return () => {
      un();
      unwatch();
      status.set({ position: null, mode: null });
    };
  }, [c, active]);

  useNotebookKeys(c, active);
  useClipboard(c, active);

  return (
    <>
      <Tools c={c} kernel={kernel} />
      <div class="nb" id={active ? "main" : undefined} tabIndex={-1} ref={scroller}>
        {find && <FindBar key={c.file.path} c={c} replace={find.replace} turn={find.turn} onClose={() => { setFind(null); c.focus(); }} />}
        {c.readOnly && <p class="banner nb-note">{t.view.readOnly}</p>}
        <div class="nb-cells" ref={body} />
        {empty && <p class="nb-hint t3">{t.view.emptyHint}</p>}
        <Ended c={c} kernel={kernel} />
        <div class="vh" role="status">{said}</div>
        {keys && <KeysDialog onClose={() => { setKeys(false); c.focus(); }} />}
      </div>
      <CellBar c={c} />
    </>
  );
}

/* Why the kernel is gone, where one looks, with the way on. */
function Ended({ c, kernel }: { c: Control; kernel: NotebookProps["kernel"] }): JSX.Element | null {
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  useEffect(() => c.watch((what) => what === "kernel" && again()), [c]);
  if (kernel.status !== "dead") return null;
  return (
    <div class="banner nb-ended" data-kind="danger" role="alert">
      <Icon name="alert" />
      <div class="banner-body">
        <span class="strong">{t.view.ended}</span> {kernel.reason}
      </div>
      <div class="actions">
        <button class="btn btn-s" type="button" onClick={() => void kernel.restart()}>
          {t.view.commands.restart}
        </button>
      </div>
    </div>
  );
}

const isBlank = (c: Control): boolean => c.model.cells.length <= 1 && (c.model.cells[0]?.source ?? "") === "" && !c.model.cells[0]?.outputs.length;
