/* SPDX-License-Identifier: Apache-2.0 */
/* A notebook that is open: its model, and the three versions that a merge needs. */
import { later } from "../later";
import { copyCell, freshId, setWritten, writtenOf } from "../model/cells";
import { NotebookDocument, sameJson } from "../model/document";
import type { Merged } from "../model/merge";
import { type Form, readNotebook } from "../model/nbformat";
import { printAhead, writeNotebook } from "../model/nbwrite";
import { type Snapshot, sameCell, sameNotebook } from "../model/same";
import type { Slices } from "../model/slices";
import { difference } from "../model/text-change";
import type { Cell, CellConflict, JsonObject, Op, OpenNotebook, Resolution } from "../model/types";
import { nameOf } from "../page";
import { toast } from "../shell/layers";
import { t } from "../text";
import type { TextFile } from "./contents";
import type { Draft } from "./drafts";
import { FileSaver, type Took } from "./saver";

/* Only the cells that differ from the file, so that a large notebook has a small draft. */
export interface NotebookDraft {
  order: { base: string[]; mine: string[] };
  base: Cell[];
  mine: Cell[];
  metadata: { base: JsonObject; mine: JsonObject } | null;
}

/* Before a notebook is made with drafts, and before somebody else's save is taken in. */
export const merging = later(() => import("../model/merge"));

const OUTPUTS_MAX = 200_000; /* characters; more is left to the kernel's own log */

export class NotebookFile extends FileSaver implements OpenNotebook {
  readonly model: NotebookDocument;
  conflicts: readonly CellConflict[] = [];
  private form: Form;
  private base: Snapshot;

  constructor(file: TextFile, drafts: readonly Draft[]) {
    super(file.path);
    const read = readNotebook(file.content);
    this.form = read.form;
    this.base = { cells: read.cells, metadata: read.metadata };
    this.model = new NotebookDocument(file.path, read.cells, read.metadata);
    this.begin(file);
    this.model.watch((change) => {
      if (change.origin !== "file") this.changed(change.origin === "kernel");
    });
    drafts.forEach((d, i) => this.replay(d as Draft<NotebookDraft>, i === 0));
  }

  override moved(to: string): void {
    this.model.path = to;
    super.moved(to);
  }

  protected override ahead(snapshot: unknown, slices: Slices): Promise<void> {
    return printAhead(this.form, (snapshot as Snapshot).cells, slices);
  }

  protected write(snapshot: unknown): string {
    const { cells, metadata } = snapshot as Snapshot;
    return writeNotebook(this.form, cells, metadata);
  }

  protected snapshot(): Snapshot {
    return { cells: this.model.cells, metadata: this.model.metadata };
  }

  protected tookPlace(snapshot: unknown): void {
    this.base = snapshot as Snapshot;
  }

  protected get undecided(): boolean {
    return this.conflicts.length > 0;
  }

  protected override goneText(): string {
    return t.shell.goneElsewhere(nameOf(this.path));
  }

  protected override ready(): Promise<unknown> {
    return merging.get();
  }

  protected take(file: TextFile): Took {
    const { alignIds, merge } = merging.now!;
    const read = readNotebook(file.content);
    const cells = this.form.minor < 5 && read.form.minor < 5 ? alignIds(this.base, read.cells) : read.cells;
    const theirs: Snapshot = { cells, metadata: read.metadata };
    const mineToo = this.unsaved, merged = merge(this.base, this.snapshot(), theirs);
    this.accept(merged, theirs);
    this.form = { ...read.form, order: cells };
    if (this.undecided) return "conflict";
    if (!mineToo || sameNotebook(this.model, theirs)) return "same";
    /* Two pages that follow one run need not speak of each output. */
    if (merged.ops.some((op) => op.op !== "outputs" && op.op !== "count")) toast(t.shell.mergedHere(nameOf(this.path)), "merge");
    return "merged";
  }

  private accept(merged: Merged, theirs: Snapshot): void {
    this.model.apply(merged.ops, { origin: "file" });
    merging.now!.adopt(this.model.cells, theirs.cells);
    this.base = theirs;
    const now = new Map(merged.conflicts.map((c) => [c.id, c]));
    /* One that is still open stays so, against what is in the file now. */
    const t = new Map(theirs.cells.map((c) => [c.id, c]));
    for (const old of this.conflicts)
      if (!now.has(old.id)) now.set(old.id, { ...old, mine: this.model.get(old.id) ?? null, theirs: t.get(old.id) ?? null });
    this.conflicts = [...now.values()].filter((c) => !(c.mine && c.theirs && c.mine.source === c.theirs.source && c.mine.kind === c.theirs.kind));
  }

  async resolve(answers: ReadonlyMap<string, Resolution>): Promise<void> {
    const ops: Op[] = [];
    for (const c of this.conflicts) {
      const answer = answers.get(c.id);
      if (answer) ops.push(...this.settle(c, answer));
    }
    this.conflicts = this.conflicts.filter((c) => !answers.has(c.id));
    this.model.apply(ops, { origin: "user" });
    if (!this.conflicts.length) await this.decided();
  }

  private settle(c: CellConflict, answer: Resolution): Op[] {
    const here = this.model.get(c.id);
    const bring = (cell: Cell): Op => ({ op: "insert", at: this.placeOf(c.id), cell });
    if ("source" in answer) {
      if (here) return [{ op: "text", id: c.id, changes: difference(here.source, answer.source) }];
      const from = c.theirs ?? c.base;
      return from ? [bring(copyCell(from, { source: answer.source }))] : [];
    }
    if (answer.take === "mine") return [];
    if (answer.take === "both") {
      if (!c.theirs) return [];
      if (!here) return [bring(c.theirs)];
      return [{ op: "insert", at: this.model.indexOf(c.id) + 1, cell: { ...c.theirs, id: freshId((id) => !!this.model.get(id)) } }];
    }
    if (!c.theirs) return here ? [{ op: "remove", id: c.id }] : [];
    if (!here) return [bring(c.theirs)];
    return [
      ...(here.kind === c.theirs.kind ? [] : [{ op: "kind" as const, id: c.id, kind: c.theirs.kind }]),
      { op: "text", id: c.id, changes: difference(here.source, c.theirs.source) },
      ...(sameJson(here.attachments ?? {}, c.theirs.attachments ?? {}) ? [] : [{ op: "attachments" as const, id: c.id, attachments: c.theirs.attachments }]),
      ...(c.theirs.kind === "code" ? [{ op: "outputs" as const, id: c.id, outputs: c.theirs.outputs }, { op: "count" as const, id: c.id, count: c.theirs.count }] : []),
    ];
  }

  /* Behind the cell that it stands behind in the file. */
  private placeOf(id: string): number {
    const i = this.base.cells.findIndex((x) => x.id === id);
    for (let k = i - 1; k >= 0; k--) {
      const at = this.model.indexOf(this.base.cells[k]!.id);
      if (at >= 0) return at + 1;
    }
    return 0;
  }

  protected draft(): NotebookDraft | null {
    const { cells, metadata } = this.model, was = this.began(), d: NotebookDraft = {
      order: { base: [...was.keys()], mine: cells.map((c) => c.id) },
      base: [], mine: [],
      metadata: metadata === this.base.metadata ? null : { base: this.base.metadata as JsonObject, mine: metadata as JsonObject },
    };
    let changed = false;
    for (const cell of cells) {
      const old = was.get(cell.id);
      was.delete(cell.id);
      const same = old !== undefined && sameCell(old, cell);
      changed ||= !same;
      /* Without ids in the file, text and place alone tell which cell is which: all are kept. */
      if (same && this.form.minor >= 5) continue;
      const whole = !same && fits(cell) && (!old || fits(old));
      if (old) d.base.push(plain(old, whole));
      d.mine.push(plain(whole || !old ? cell : copyCell(cell, { count: old.count }), whole));
    }
    for (const gone of was.values()) d.base.push(plain(gone, fits(gone)));
    changed ||= was.size > 0 || d.metadata !== null || d.order.base.join() !== d.order.mine.join();
    return changed ? d : null;
  }

  /* What both began with: while a conflict waits, that is older than what is in the file. */
  private began(): Map<string, Cell> {
    const was = new Map(this.base.cells.map((c) => [c.id, c]));
    for (const c of this.conflicts) {
      if (c.base) was.set(c.id, c.base);
      else was.delete(c.id);
    }
    return was;
  }

  /* What was not saved when a page was closed or cut off, merged into the file as it is now. */
  private replay(draft: Draft<NotebookDraft>, first: boolean): void {
    const d = draft.data, { alignIds, merge } = merging.now!;
    if (this.form.minor < 5 && first) this.rename(alignIds({ cells: d.mine, metadata: {} }, this.base.cells));
    const file = new Map(this.base.cells.map((c) => [c.id, c]));
    const changed = (list: Cell[]): Map<string, Cell> => new Map(list.map((c) => [c.id, c]));
    const base = changed(d.base), mine = changed(d.mine);
    const stub = (id: string): Cell => ({ id, kind: "raw", source: "", outputs: [], count: null, metadata: {} });
    const known = new Map<string, Cell>();
    const untouched = (id: string): Cell => known.get(id) ?? known.set(id, file.get(id) ?? stub(id)).get(id)!;
    const began: Snapshot = { cells: d.order.base.map((id) => base.get(id) ?? untouched(id)), metadata: d.metadata?.base ?? this.base.metadata };
    const ended: Snapshot = {
      cells: d.order.mine.map((id) => this.revive(mine.get(id), file.get(id)) ?? untouched(id)),
      metadata: d.metadata?.mine ?? this.base.metadata,
    };
    const theirs = this.base;
    if (!first) {
      /* Of another tab that is gone too. What does not fit stays where it is kept, for the next time. */
      const more = merge(began, this.snapshot(), ended);
      if (more.conflicts.length) return;
      this.model.apply(more.ops, { origin: "file" });
      this.adoptedDraft(draft.tab);
      return void this.changed(false);
    }
    this.adoptedDraft(draft.tab);
    if (sameNotebook(ended, theirs)) return void this.changed(false);
    this.model.load(ended.cells, ended.metadata);
    this.accept(merge(began, ended, theirs), theirs);
    this.changed(false);
    if (this.undecided) this.save = { state: "conflict" };
    toast(t.shell.recovered(nameOf(this.path)), "info");
  }

  /* Before anybody looks: the ids by which a draft knows the cells. */
  private rename(cells: Cell[]): void {
    this.base = { cells, metadata: this.base.metadata };
    this.form = { ...this.form, order: cells };
    this.model.load(cells, this.base.metadata);
  }

  /* Members of the file's cell that we know nothing of stay. */
  private revive(cell: Cell | undefined, file: Cell | undefined): Cell | undefined {
    const w = file && writtenOf(file);
    if (cell && w) setWritten(cell, w);
    return cell;
  }
}

/* Outputs that are too many for a draft are left out on both sides, so that they count as not changed. */
function fits(c: Cell): boolean {
  let size = 0;
  for (const o of c.outputs) {
    if (o.output_type === "stream") size += o.text.length;
    else if (o.output_type === "error") size += o.traceback.join("").length;
    else for (const v of Object.values(o.data)) size += typeof v === "string" ? v.length : JSON.stringify(v).length;
  }
  return size <= OUTPUTS_MAX;
}

function plain(c: Cell, outputs: boolean): Cell {
  const small = { id: c.id, kind: c.kind, source: c.source, count: c.count, metadata: c.metadata, ...(c.attachments ? { attachments: c.attachments } : {}) };
  return { ...small, outputs: outputs ? c.outputs : [] };
}
