/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outputs of one cell while it runs, and their way into the document: what came since the last frame is one or a
 * few operations of origin "kernel". A stream that only grew is an `append` of what is new; anything else sets the list.
 */
import type { Output as Loose, OutputsModel, RunCell } from "../../../shared/run/types";
import type { JsonObject, NotebookModel, Op, Output } from "../model/types";
import { StreamText } from "./stream";

const text = (v: unknown): string => (Array.isArray(v) ? v.join("") : String(v ?? ""));
const object = (v: unknown): JsonObject => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as JsonObject) : {});
const isJson = (mime: string): boolean => mime === "application/json" || mime.endsWith("+json");

/* Texts of a bundle joined, as the model wants them. */
function bundle(data: unknown): JsonObject {
  return Object.fromEntries(
    Object.entries(object(data)).map(([mime, v]) => [mime, Array.isArray(v) && !isJson(mime) ? v.join("") : v]),
  );
}

/* null: nothing that nbformat knows. */
export function outputOf(o: Loose): Output | null {
  const metadata = object(o.metadata);
  switch (o.output_type) {
    case "stream":
      return { output_type: "stream", name: o.name === "stderr" ? "stderr" : "stdout", text: text(o.text) };
    case "display_data":
    case "update_display_data":
      return { output_type: "display_data", data: bundle(o.data), metadata };
    case "execute_result": {
      const count = typeof o.execution_count === "number" ? o.execution_count : null;
      return { output_type: "execute_result", data: bundle(o.data), metadata, execution_count: count };
    }
    case "error": {
      const traceback = Array.isArray(o.traceback) ? o.traceback.map(String) : [];
      return { output_type: "error", ename: String(o.ename ?? ""), evalue: String(o.evalue ?? ""), traceback };
    }
    default:
      return null;
  }
}

/* Told when something waits; calls flush() of it in the next frame. */
export interface Frames {
  ask(cell: CellOutputs): void;
}

export class CellOutputs implements OutputsModel {
  private list: Output[] = [];
  private stream: StreamText | null = null; /* the last output's, if it is a stream */
  private fresh = ""; /* of that stream, not yet in the document */
  private known = 0; /* how many of the list the document has; -1: it has another list */
  private grown = false; /* the last one the document has is a stream that grew by `fresh` */
  private clearNext = false;
  private begun = false; /* what it shows is of the run before */

  constructor(
    readonly id: string,
    private readonly frames: Frames,
    start: readonly Output[] = [],
  ) {
    this.adopt(start);
  }

  get length(): number {
    return this.list.length;
  }

  /* The document's own list, which somebody else has set. */
  adopt(outputs: readonly Output[]): void {
    this.list = [...outputs];
    this.known = this.list.length;
    this.fresh = "";
    this.grown = false;
    this.stream = null;
  }

  add(o: Loose): number {
    if (this.clearNext) this.clear();
    const output = outputOf(o);
    if (!output) return this.length;
    const last = this.list.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) this.grow(output.text);
    else this.push(output);
    this.frames.ask(this);
    return this.length;
  }

  set(index: number, o: Loose): void {
    const output = outputOf(o);
    if (!output || index >= this.list.length) return;
    this.list[index] = output;
    if (index === this.list.length - 1) this.stream = null;
    this.rewrite();
  }

  clear(wait = false): void {
    this.clearNext = wait;
    if (wait) return;
    this.begun = false;
    this.list = [];
    this.stream = null;
    this.rewrite();
  }

  /* The document has another list, and ours holds. */
  insist(): void {
    this.rewrite();
  }

  /* A new run: its first output takes the place of all that is shown; without one, cleared() does. */
  begin(): void {
    this.clearNext = this.begun = true;
  }

  cleared(): void {
    if (this.begun) this.clear();
  }

  /* It did not run after all. */
  keep(): void {
    if (this.begun) this.clearNext = this.begun = false;
  }

  fromJSON(outputs: Loose[]): void {
    this.clear();
    for (const o of outputs) this.add(o);
  }

  /* What the document has to be told; empty if it knows all. */
  take(): Op[] {
    const { id } = this;
    const ops: Op[] = [];
    if (this.known < 0) {
      ops.push({ op: "outputs", id, outputs: this.settled() });
    } else {
      const last = this.list[this.known - 1];
      if (this.grown && last?.output_type === "stream") ops.push({ op: "append", id, output: { ...last, text: this.fresh } });
      for (const output of this.settled().slice(this.known)) ops.push({ op: "append", id, output });
    }
    this.known = this.list.length;
    this.fresh = "";
    this.grown = false;
    return ops;
  }

  private push(output: Output): void {
    this.settle();
    this.stream = output.output_type === "stream" ? new StreamText(output.text) : null;
    this.list.push(output);
    this.settle();
  }

  private grow(more: string): void {
    const last = this.list.at(-1) as Output & { text: string };
    this.stream ??= new StreamText(last.text);
    const added = this.stream.write(more);
    if (added === null) this.rewrite();
    else if (this.known === this.list.length) {
      this.fresh += added;
      this.grown = true;
    }
  }

  /* The last stream's text in the list; else it is there only when it is asked for. */
  private settle(): void {
    const last = this.list.at(-1);
    if (this.stream && last?.output_type === "stream") this.list[this.list.length - 1] = { ...last, text: this.stream.text };
  }

  private settled(): Output[] {
    this.settle();
    return [...this.list];
  }

  private rewrite(): void {
    this.known = -1;
    this.grown = false;
    this.fresh = "";
    this.frames.ask(this);
  }
}

/* A cell as shared/run wants it. */
export class RunningCell implements RunCell {
  executionCount: number | null = null;
  trusted = true;
  private state = "idle";

  constructor(
    readonly id: string,
    readonly outputs: CellOutputs,
    private readonly model: NotebookModel,
    private readonly changed: (cell: RunningCell) => void,
  ) {}

  get isDisposed(): boolean {
    return this.model.get(this.id)?.kind !== "code";
  }

  get executionState(): string {
    return this.state;
  }

  set executionState(state: string) {
    this.state = state;
    this.changed(this);
  }
}

/* Once a frame for all cells, in one step; in a page that nobody sees four times a second. */
export class Batches implements Frames {
  private readonly waiting = new Set<CellOutputs>();
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly apply: (ops: Op[]) => void) {}

  ask(cell: CellOutputs): void {
    this.waiting.add(cell);
    if (this.frame || this.timer !== undefined) return;
    if (typeof requestAnimationFrame === "function" && !document.hidden) {
      this.frame = requestAnimationFrame(this.flush);
      this.timer = setTimeout(this.flush, 250); /* a page may be hidden before its frame comes */
    } else {
      this.timer = setTimeout(this.flush, 250);
    }
  }

  readonly flush = (): void => {
    if (this.frame) cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = 0;
    this.timer = undefined;
    const all = [...this.waiting];
    this.waiting.clear();
    const ops = all.flatMap((c) => c.take());
    if (ops.length) this.apply(ops);
  };
}
