/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cells of one notebook that run, or ran, on its kernel for another page: each is shown as running, with
 * what it has put out so far, and goes on with the kernel's messages.
 *
 * The server is asked (GET api/carrel/runs) when the connection to the kernel stands and when somebody else's
 * cell begins. What the kernel says meanwhile waits; of it, what the answer holds already is left out: up to
 * and with the message that the answer calls `last`.
 */
import { Area, type Snapshot, makesOutput } from "./outputs";
import type { KernelMessage, RunCell } from "./types";

export interface Run extends Snapshot {
  msg_id: string;
  cell_id: string;
  state: "queued" | "running" | "done";
  execution_count: number | null;
  started_at?: string | null;
  last: string | null;
  input?: { header: object; content: Record<string, unknown> }; /* the question at which it waits */
}

export interface Wrote {
  last_modified: string;
  hash: string;
  base?: string | null; /* hash of the file that the server began with */
}

export interface Answer {
  kernel_id: string;
  runs: Run[];
  wrote: Wrote | null;
}

export interface Document {
  client: () => string; /* this page's session with the kernel; "" without one */
  cell: (id: string) => RunCell | null;
  ask: () => Promise<Answer | null>; /* null: the server has nothing to say */
  answered: (a: Answer) => Promise<void>;
}

interface Followed {
  area: Area;
  count: number | null;
  skipTo: string | null; /* what comes up to this message is shown already */
  done: boolean;
}

const ROUNDS_MAX = 5;

/* Remembers the latest. */
class Recent<V> {
  private readonly map = new Map<string, V>();
  constructor(private readonly max: number) {}
  set(key: string, value: V): void {
    this.map.delete(key);
    this.map.set(key, value);
    if (this.map.size > this.max) this.map.delete(this.map.keys().next().value!);
  }
  get(key: string): V | undefined {
    return this.map.get(key);
  }
  clear(): void {
    this.map.clear();
  }
}

const stateOf = (m: KernelMessage): string => (m.header.msg_type === "status" ? String(m.content.execution_state) : "");
const countOf = (m: KernelMessage): number | null =>
  typeof m.content.execution_count === "number" ? m.content.execution_count : null;

export class Runs {
  private readonly runs = new Map<string, Followed>();
  private readonly shown = new Map<string, Area>(); /* by cell, also of runs that are done */
  private readonly mine = new Recent<true>(10_000); /* requests of this page */
  private readonly seen = new Recent<string>(200); /* a request's latest message that makes an output */
  private readonly known = new Recent<"asked" | "shown">(200); /* other pages' requests that began in this one's time */
  private waiting: KernelMessage[] | null = null;
  private again = false;
  private asking: Promise<boolean> = Promise.resolve(false);
  private fresh = true;
  private kernel = "";

  constructor(private readonly doc: Document) {}

  /* Another kernel, or the same one started anew: nothing runs on. */
  reset(): void {
    for (const r of this.runs.values()) this.end(r);
    this.runs.clear();
    this.shown.clear();
    this.seen.clear();
    this.known.clear();
    this.fresh = true;
  }

  /* The cells were made anew from the file: what this page ran lost its outputs' place. */
  disown(): void {
    this.mine.clear();
    this.runs.clear();
    this.shown.clear();
    this.fresh = true;
  }

  /* This page runs the cell itself. */
  sent(msgId: string, cellId: string): void {
    this.mine.set(msgId, true);
    this.release(cellId);
  }

  /* The connection stands (again): what was missed meanwhile may not come any more. false: nor did an answer. */
  connected(): Promise<boolean> {
    this.fresh = true;
    return this.sync();
  }

  sync(): Promise<boolean> {
    this.again = true;
    if (!this.waiting) this.asking = this.ask();
    return this.asking;
  }

  private async ask(): Promise<boolean> {
    this.waiting = [];
    const fresh = this.fresh;
    let answer: Answer | null = null;
    try {
      for (let i = 0; this.again && i < ROUNDS_MAX; i++) {
        this.again = false;
        answer = await this.doc.ask();
      }
      if (answer) this.show(answer);
    } finally {
      const waiting = this.waiting;
      this.waiting = null;
      for (const m of waiting) this.take(m);
    }
    if (answer && fresh) this.endOthers(answer);
    if (answer) await this.doc.answered(answer);
    return this.again ? this.sync() : answer !== null;
  }

  message(m: KernelMessage): void {
    if (!this.waiting) {
      this.take(m);
      return;
    }
    this.waiting.push(m);
    if (this.isNew(m)) this.again = true;
  }

  isMine(msgId: string): boolean {
    return this.mine.get(msgId) !== undefined;
  }

  /* Over, and not seen by this page: its outputs, whole. */
  showDone(run: Run): void {
    const cell = this.doc.cell(run.cell_id);
    if (!cell || cell.executionState === "running") return;
    const area = new Area(cell);
    area.set(run);
    this.shown.set(run.cell_id, area);
    this.end({ area, count: run.execution_count, skipTo: null, done: true });
  }

  /* Something of this page's own among what another page's cell shows. */
  put(cellId: string, m: KernelMessage): void {
    this.shown.get(cellId)?.take(m);
  }

  private release(cellId: string): void {
    this.shown.delete(cellId);
    for (const [id, r] of this.runs) if (r.area.cell.id === cellId) this.runs.delete(id);
  }

  /* What was followed before the connection broke and is not known any more is over. */
  private endOthers(a: Answer): void {
    const there = new Set(a.runs.map((r) => r.msg_id));
    for (const [id, r] of this.runs) {
      if (there.has(id)) continue;
      this.runs.delete(id);
      this.end(r);
    }
  }

  /* Does another page's request begin that the server was not asked about? */
  private isNew(m: KernelMessage): boolean {
    const id = m.parent_header.msg_id;
    if (m.header.msg_type !== "execute_input" || !id || this.runs.has(id) || this.isMine(id)) return false;
    if (m.parent_header.session === this.doc.client() || this.known.get(id)) return false;
    this.known.set(id, "asked");
    return true;
  }

  private show(a: Answer): void {
    if (this.kernel !== a.kernel_id) this.runs.clear();
    this.kernel = a.kernel_id;
    for (const run of a.runs) if (!this.isMine(run.msg_id)) this.showRun(run);
    this.fresh = false;
  }

  private showRun(run: Run): void {
    const before = this.runs.get(run.msg_id);
    const cell = this.doc.cell(run.cell_id);
    if (!cell || (before && !this.fresh && before.area.cell === cell && !before.done)) return;
    const area = new Area(cell);
    const isNew = this.known.get(run.msg_id) === "asked";
    if (isNew) this.known.set(run.msg_id, "shown");
    if (run.state === "done" && !before && !isNew) {
      /* Its outputs are in the file, and can still be changed by other cells. */
      if (this.fresh && area.adopt(run)) this.shown.set(run.cell_id, area);
      return;
    }
    this.release(run.cell_id);
    cell.trusted = true;
    area.set(run);
    this.shown.set(run.cell_id, area);
    const r = { area, count: run.execution_count, skipTo: this.skip(run), done: false };
    if (run.state === "done") {
      this.end(r);
      return;
    }
    cell.executionCount = null;
    cell.executionState = "running";
    this.runs.set(run.msg_id, r);
  }

  private skip(run: Run): string | null {
    return run.last !== null && this.seen.get(run.msg_id) !== run.last ? run.last : null;
  }

  private take(m: KernelMessage): void {
    const id = m.parent_header.msg_id ?? "";
    const state = stateOf(m);
    const r = this.runs.get(id);
    if (makesOutput(m)) {
      this.seen.set(id, m.header.msg_id);
      if (r?.skipTo) {
        if (r.skipTo === m.header.msg_id) r.skipTo = null;
        return;
      }
      for (const area of this.shown.values()) area.update(m);
      if (r && this.alive(r, id)) r.area.take(m);
    } else if (state === "restarting" || state === "dead") {
      this.reset();
    } else if (r && m.header.msg_type === "execute_input") {
      r.count = countOf(m);
    } else if (r && state === "idle") {
      this.idle(r, id);
    } else if (this.isNew(m)) {
      void this.sync();
    }
  }

  private idle(r: Followed, id: string): void {
    if (!r.skipTo) {
      this.runs.delete(id);
      this.end(r);
      return;
    }
    /* What was to be skipped never came: the server has all of it. */
    r.done = true;
    r.skipTo = null;
    void this.sync().then(() => {
      if (this.runs.get(id) === r) this.runs.delete(id);
      this.end(r);
    });
  }

  /* Cells come and go; one that was deleted and brought back is another object with the same name. */
  private alive(r: Followed, id: string): boolean {
    if (!r.area.cell.isDisposed) return true;
    this.runs.delete(id);
    return false;
  }

  private end(r: Followed): void {
    const { cell } = r.area;
    if (cell.isDisposed) return;
    cell.executionCount = r.count;
    cell.executionState = "idle";
  }
}
