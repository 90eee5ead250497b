/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cells of a notebook that run or have run while the page is open: their outputs on the way into the document, which
 * of them run and since when, and where displays are shown that a later cell may change.
 */
import { Area } from "../../../shared/run/outputs";
import type { KernelMessage } from "../../../shared/run/types";
import type { NotebookModel, Op } from "../model/types";
import { Batches, CellOutputs, RunningCell } from "./collect";
import type { Running } from "./types";

export class Cells {
  private readonly cells = new Map<string, RunningCell>();
  private readonly areas = new Map<string, Area>(); /* of cells that this page ran */
  private readonly states = new Map<string, Running>();
  private readonly batches: Batches;
  private readonly unwatch: () => void;

  constructor(
    readonly model: NotebookModel,
    private readonly changed: (cell: string) => void,
    private readonly began: (cell: string) => number, /* of one that runs elsewhere; NaN: it waits */
    private readonly mine: (cell: string) => boolean, /* shown by the server's account, and yet begun here */
    private readonly follows: () => boolean, /* what the kernel says is all here */
  ) {
    this.batches = new Batches((ops) => this.apply(ops));
    this.unwatch = model.watch((c) => {
      if (c.origin === "kernel") return;
      for (const op of c.ops) {
        /* The file's account of a cell that runs is older than ours, unless the line broke: then the server went on alone. */
        if (op.op === "outputs" && c.origin === "file" && this.states.has(op.id) && this.follows()) this.cells.get(op.id)?.outputs.insist();
        else if (op.op === "outputs") this.cells.get(op.id)?.outputs.adopt(op.outputs);
        else if (op.op === "remove") this.forget(op.id);
      }
    });
  }

  close(): void {
    this.batches.flush();
    this.unwatch();
  }

  flush(): void {
    this.batches.flush();
  }

  /* The cell of a run, for shared/run; null if the document has none. */
  get(id: string): RunningCell | null {
    const cell = this.model.get(id);
    if (cell?.kind !== "code") return null;
    const known = this.cells.get(id);
    if (known) return known;
    const made = new RunningCell(id, new CellOutputs(id, this.batches, cell.outputs), this.model, (c) => this.elsewhere(c));
    made.executionCount = cell.count;
    this.cells.set(id, made);
    return made;
  }

  running(id: string): Running | null {
    return this.states.get(id) ?? null;
  }

  ids(): string[] {
    return [...this.states.keys()];
  }

  set(id: string, state: Running | null): void {
    const before = this.states.get(id);
    if (state) this.states.set(id, state);
    else if (!this.states.delete(id)) return;
    if (before?.state !== state?.state || before?.since !== state?.since) this.changed(id);
  }

  /* This page runs it: what it showed goes when the first output comes, or soon. */
  begin(id: string): Area | null {
    const cell = this.get(id);
    if (!cell) return null;
    const area = new Area(cell);
    cell.outputs.begin();
    this.areas.set(id, area);
    return area;
  }

  area(id: string): Area | undefined {
    return this.areas.get(id);
  }

  count(id: string, count: number | null): void {
    this.batches.flush();
    this.apply([{ op: "count", id, count }]);
  }

  /* A display that is shown anew under its id. */
  update(m: KernelMessage): void {
    for (const area of this.areas.values()) area.update(m);
  }

  /* What shared/run says of a cell that somebody else runs. */
  private elsewhere(cell: RunningCell): void {
    const { id } = cell;
    if (cell.executionState === "running") {
      this.areas.delete(id);
      const since = this.began(id);
      const elsewhere = !this.mine(id);
      this.set(id, Number.isNaN(since) ? { state: "waiting", since: Date.now(), elsewhere } : { state: "running", since, elsewhere });
    } else {
      this.set(id, null);
    }
    if (this.model.get(id)?.count !== cell.executionCount) this.count(id, cell.executionCount);
  }

  private forget(id: string): void {
    this.cells.delete(id);
    this.areas.delete(id);
    this.set(id, null);
  }

  /* Cells that went meanwhile take their outputs with them. */
  private apply(ops: Op[]): void {
    const there = ops.filter((op) => "id" in op && op.id !== null && this.model.get(op.id)?.kind === "code");
    if (there.length) this.model.apply(there, { origin: "kernel" });
  }
}
