/* SPDX-License-Identifier: Apache-2.0 */
/* One cell: number or ring at the left, source, time at the right, outputs below. It renders again only for itself. */
import type { JSX } from "preact";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import { useNow } from "../../../src/lib/use";
import { useLater } from "../later";
import type { Running } from "../kernel/types";
import { hasError } from "../model/cells";
import type { Cell } from "../model/types";
import { area, rich } from "../outputs/richly";
import { Icon } from "../shell/icons";
import { t } from "../text";
import { runCells, toggleSection } from "./commands";
import type { Control } from "./control";
import { isFolded, fold } from "./edits";
import { isCollapsed, sectionLevel } from "./headings";
import { plainBlocks, plainDom } from "./plain";
import { fileAddress, pageAddress } from "./place";
import { Source, sourceLabel } from "./source";
import { clock, duration } from "./words";

export interface CellProps {
  c: Control;
  id: string;
  onGrip: (e: PointerEvent, id: string) => void;
}

const asks = (c: Control, id: string): boolean => c.kernel?.input?.cell === id;

/* Renders anew when the cell, its run or its selection has changed; other outputs alone are no reason. */
function useCell(c: Control, id: string): Cell | undefined {
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  const seen = useRef("");
  const cell = c.cell(id);
  const shot = (): string => {
    const x = c.cell(id);
    const r = c.kernel?.running(id);
    return x === undefined ? "" : [
      c.model.indexOf(id), c.model.cells.length, c.isSelected(id), c.active === id, c.active === id && c.mode, c.open.has(id), c.wantsEditor(id), c.linesOf(id),
      r?.state, r?.since, r?.elsewhere, c.durations.get(id), x.count, x.outputs.length > 0, x.outputs[x.outputs.length - 1]?.output_type === "error",
      c.kernel !== null, c.kernel?.language, c.hidden.size, asks(c, id),
    ].join();
  };
  seen.current = shot();
  const last = useRef(cell);
  last.current = cell;
  useLayoutEffect(
    () =>
      c.watchCell(id, () => {
        const now = c.cell(id);
        const was = last.current;
        if (now && was && now.source === was.source && now.metadata === was.metadata && now.kind === was.kind && now.attachments === was.attachments && shot() === seen.current) return;
        again();
      }),
    [c, id],
  );
  return cell;
}

type State = "run" | "wait" | "err" | "";

function stateOf(cell: Cell, r: Running | null): State {
  if (r) return r.state === "running" ? "run" : "wait";
  return hasError(cell) ? "err" : "";
}

/* JupyterLab's own record of times, where the notebook has it. */
function recorded(cell: Cell): number | null {
  const x = cell.metadata["execution"];
  if (!x || typeof x !== "object" || Array.isArray(x)) return null;
  const from = x["iopub.execute_input"] ?? x["iopub.status.busy"];
  const to = x["shell.execute_reply"] ?? x["iopub.status.idle"];
  const ms = typeof from === "string" && typeof to === "string" ? Date.parse(to) - Date.parse(from) : NaN;
  return Number.isFinite(ms) && ms >= 0 ? ms : null;
}

export function CellView({ c, id, onGrip }: CellProps): JSX.Element | null {
  const cell = useCell(c, id);
  if (!cell) return null;
  const running = cell.kind === "code" ? (c.kernel?.running(id) ?? null) : null;
  const state = stateOf(cell, running);
  const took = c.durations.get(id) ?? recorded(cell);
  const at = c.model.indexOf(id) + 1;
  const of = c.model.cells.length;
  const label = t.view.cellLabel(t.view.kinds[cell.kind], at, of, t.view.cellState(state, took === null ? null : duration(took), cell.count));
  const selected = c.isSelected(id);
  const focusCell = (e: MouseEvent): void => {
    if (e.button !== 0 || (e.target as Element).closest(".src, button, a, input, iframe, select, summary, textarea")) return;
    c.select(id);
    c.focus();
  };
  /* Before an editor or the browser makes a selection of text of it; in the cell that is edited it is one. */
  const extend = (e: MouseEvent): void => {
    if (!e.shiftKey || e.button !== 0 || (c.mode === "edit" && c.active === id)) return;
    e.preventDefault();
    e.stopPropagation();
    c.select(id, true);
    c.focus();
  };
  const hides = isCollapsed(cell) ? [...c.hidden.values()].filter((by) => by === id).length : 0;
  return (
    <section
      class={`cell${selected ? " is-selected" : ""}${c.active === id ? " is-active" : ""}`}
      data-state={state}
      data-kind={cell.kind}
      role="group"
      aria-label={label}
      aria-current={c.active === id ? "true" : undefined}
      tabIndex={c.active === id ? 0 : -1}
      onMouseDown={focusCell}
      onMouseDownCapture={extend}
      onFocusCapture={(e) => {
        if (e.target === e.currentTarget && c.active !== id) c.select(id);
      }}
    >
      <div class="gut" onPointerDown={(e) => onGrip(e, id)}>
        <Gutter c={c} cell={cell} state={state} />
      </div>
      <div class="cbody">
        <Body c={c} cell={cell} />
        {cell.kind === "code" && <Meta c={c} running={running} took={state === "" || state === "err" ? took : null} />}
        {cell.kind === "code" && <Outputs c={c} cell={cell} />}
        {hides > 0 && (
          <button class="btn btn-s hides" data-kind="quiet" type="button" onClick={() => toggleSection(c, id)}>
            <Icon name="right" size="s" />
            {t.view.hides(hides)}
          </button>
        )}
      </div>
    </section>
  );
}

function Gutter({ c, cell, state }: { c: Control; cell: Cell; state: State }): JSX.Element | null {
  if (cell.kind === "code")
    return (
      <>
        <span class="exec" aria-hidden={state !== "run" || undefined}>
          {state === "run" ? <span class="spin" role="img" aria-label={t.view.running} /> : state === "wait" ? "[*]" : cell.count === null ? "[ ]" : `[${cell.count}]`}
        </span>
        <button
          class="runb"
          type="button"
          tabIndex={-1}
          aria-label={t.view.runCell(c.model.indexOf(cell.id) + 1)}
          title={t.view.runCellTitle}
          onClick={(e) => {
            if (e.detail > 1) return; /* the second of a double click: a quick cell has ended by then */
            c.select(cell.id);
            runCells(c, [cell.id]);
            c.focus();
          }}
        >
          <Icon name="play" size="s" />
        </button>
      </>
    );
  if (!sectionLevel(cell)) return null;
  const collapsed = isCollapsed(cell);
  return (
    <button class="caret" type="button" tabIndex={-1} aria-expanded={!collapsed} aria-label={t.view.section} onClick={() => toggleSection(c, cell.id)}>
      <Icon name={collapsed ? "right" : "down"} size="s" />
    </button>
  );
}

function Body({ c, cell }: { c: Control; cell: Cell }): JSX.Element {
  if (isFolded(cell, "source") && !(c.active === cell.id && c.mode === "edit")) {
    const lines = cell.source.split("\n");
    return (
      <button class="src folded" type="button" onClick={() => c.apply(fold(c.model, [cell.id], "source"))}>
        <Icon name="right" size="s" />
        <span class="truncate">{lines[0]}</span>
        <span class="push t3 nowrap">{t.view.foldedLines(lines.length)}</span>
      </button>
    );
  }
  if (cell.kind === "markdown" && !c.open.has(cell.id)) return <Text c={c} cell={cell} />;
  return <Source c={c} cell={cell} label={sourceLabel(c, cell)} />;
}

function Text({ c, cell }: { c: Control; cell: Cell }): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  const path = c.file.path;
  const plain = plainBlocks(cell.source);
  const full = useLater(rich, !plain);
  useLayoutEffect(() => {
    const el = ref.current!;
    if (cell.source.trim() === "") {
      el.replaceChildren(Object.assign(document.createElement("p"), { className: "t3", textContent: t.view.emptyText }));
      return undefined;
    }
    if (plain) return void el.replaceChildren(...plainDom(plain));
    if (!full) {
      /* Its source until it is there, or the line is back. */
      el.replaceChildren(Object.assign(document.createElement("p"), { className: "md-raw", textContent: cell.source }));
      return undefined;
    }
    el.replaceChildren(full.rendered(cell, { file: (a) => fileAddress(path, a), page: (a) => pageAddress(path, a), attachments: cell.attachments ?? {} }));
    full.setFormulas(el);
    return undefined;
  }, [cell.source, cell.attachments, path, full]);
  const click = (e: MouseEvent): void => {
    const a = (e.target as Element).closest("a[data-anchor]");
    if (!a) return;
    e.preventDefault();
    c.jumpTo(a.getAttribute("data-anchor")!);
  };
  return <div ref={ref} class="md" onClick={click} onDblClick={() => c.edit(cell.id)} />;
}

function Meta({ c, running, took }: { c: Control; running: Running | null; took: number | null }): JSX.Element | null {
  if (running?.state === "running") return <Elapsed since={running.since} elsewhere={running.elsewhere} />;
  if (running) return <div class="meta num">{c.kernel?.status === "dead" ? t.view.waitsKernel : t.view.waits}</div>;
  return took === null ? null : <div class="meta num">{duration(took)}</div>;
}

function Elapsed({ since, elsewhere }: { since: number; elsewhere: boolean }): JSX.Element {
  useNow();
  const ms = Math.max(0, Date.now() - since);
  return (
    <div class="meta num" role="timer" aria-live="off">
      {ms < 3000 ? duration(ms) : elsewhere ? t.view.runsElsewhere(duration(ms), clock(since)) : t.view.runs(duration(ms), clock(since))}
    </div>
  );
}

function Outputs({ c, cell }: { c: Control; cell: Cell }): JSX.Element | null {
  if (cell.outputs.length && isFolded(cell, "outputs"))
    return (
      <button class="folded-out" type="button" onClick={() => c.apply(fold(c.model, [cell.id], "outputs"))}>
        <Icon name="right" size="s" />
        {t.view.foldedOutputs(cell.outputs.length)}
      </button>
    );
  return <Area c={c} cell={cell} />;
}

/* Also without outputs: input() asks there. */
function Area({ c, cell }: { c: Control; cell: Cell }): JSX.Element | null {
  const all = useLater(area, cell.outputs.length > 0 || c.kernel?.running(cell.id) != null || asks(c, cell.id));
  return all && c.kernel ? <all.OutputArea file={c.file} kernel={c.kernel} cell={cell.id} /> : null;
}
