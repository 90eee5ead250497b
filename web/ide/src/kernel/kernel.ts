/* SPDX-License-Identifier: Apache-2.0 */
/* What runs in the kernel of one notebook: this page's cells and those of others, questions, input(). */
import { type Answer, Runs } from "../../../shared/run/runs";
import type { JsonObject } from "../model/types";
import { kernels } from "./api";
import { Cells } from "./cells";
import { Comms } from "./comms";
import { Input } from "./input";
import { insist } from "./insist";
import { Others } from "./others";
import { Own, typed } from "./own";
import { ask, complete, inspect } from "./questions";
import { Requests } from "./requests";
import { type KernelOptions, KernelSession } from "./session";
import type { Specs } from "./api";
import type { Completion, Kernel, Running } from "./types";
import { type Message, type Outgoing, encode } from "./wire";

export interface NotebookKernel extends Kernel {
  readonly id: string | null;
  readonly comms: Comms;
  readonly nextTry: number; /* ms; while status is offline */
  retry(): void;
  specs(): Promise<Specs>;
  close(): void; /* the page's part only: the kernel runs on */
}

const uuid = (): string => crypto.randomUUID();

export class SessionKernel extends KernelSession implements NotebookKernel {
  readonly comms: Comms;
  private readonly requests = new Requests();
  private readonly others = new Others();
  private readonly question = new Input();
  private readonly cells: Cells;
  private readonly own: Own;
  private readonly runs: Runs;
  private queued: string[] = []; /* asked for before there was a line */
  private knows = false; /* the server has told what runs, on the line that there is */
  private turn = 0; /* of that line */

  constructor(options: KernelOptions) {
    super(options);
    this.cells = new Cells(
      options.model,
      (id) => this.tell([id]),
      (id) => this.others.since(id),
      (id) => this.own.wasMine(id),
      () => this.knows && !!this.link?.sure,
    );
    this.comms = new Comms((m) => this.send(m), () => this.client);
    this.own = new Own(this.cells, {
      send: (m) => this.send(m),
      client: this.client,
      sent: (msg, cell) => this.runs.sent(msg, cell),
      notice: (text) => options.notice?.(text),
    });
    this.runs = new Runs({
      client: () => this.client,
      cell: (id) => this.cells.get(id),
      ask: () => this.askRuns(),
      answered: (a) => this.answered(a),
    });
    void this.open();
  }

  running(cell: string): Running | null {
    return this.cells.running(cell);
  }

  run(ids: readonly string[]): void {
    const code = ids.filter((id) => this.model.get(id)?.kind === "code");
    if (!code.length) return;
    this.used();
    /* What goes out on a dead line is lost, and nobody would know: what is in doubt waits. */
    if (!this.link?.sure) {
      this.queued.push(...code.filter((id) => !this.queued.includes(id)));
      for (const id of code) this.cells.set(id, { state: "waiting", since: Date.now(), elsewhere: false });
      if (!this.link) void this.beginAnew();
      return;
    }
    for (const id of code) this.own.run(id);
    for (const id of code) this.options.ran?.(id);
  }

  async interrupt(): Promise<void> {
    this.unqueue();
    if (this.id) await kernels.interrupt(this.id);
  }

  complete(code: string, at: number): Promise<Completion | null> {
    return complete(this.request, code, at);
  }

  inspect(code: string, at: number, detail: 0 | 1): Promise<JsonObject | null> {
    return inspect(this.request, code, at, detail);
  }

  ask(code: string, expressions: Record<string, string>): Promise<JsonObject | null> {
    return ask(this.request, code, expressions);
  }

  get input(): Kernel["input"] {
    return this.question.now;
  }

  answer(text: string): void {
    const asked = this.question.answer();
    if (!asked) return;
    const { cell, prompt, password, parent } = asked;
    this.send({ channel: "stdin", type: "input_reply", content: { status: "ok", value: text }, parent });
    const echo = typed(prompt, password ? "" : text);
    if (cell && !this.own.echo(cell, echo)) this.runs.put(cell, echo);
    this.tell(cell ? [cell] : undefined);
  }

  override close(): void {
    super.close();
    this.requests.failAll();
    this.cells.close();
  }

  protected opened(again: boolean): void {
    this.set("connecting");
    this.hello();
    if (again) {
      this.own.handOver();
      this.runs.disown();
    }
    const waiting = this.queued.splice(0);
    this.knows = false;
    void this.learn(++this.turn);
    if (waiting.length) this.run(waiting);
  }

  /* What ran while the line was down has its outputs in the server's account alone: one answer that fails is not the last word. */
  private async learn(turn: number): Promise<void> {
    const ask = async (): Promise<boolean> => {
      const known = await this.runs.connected();
      void this.state();
      return known;
    };
    if (await insist(ask, () => turn === this.turn && !!this.link?.open && !this.closed)) this.knows = true;
  }

  protected forget(): void {
    this.runs.reset();
    this.own.forget();
    this.comms.forget();
    this.requests.failAll();
    this.others.forget();
    this.question.forget();
    for (const id of this.cells.ids()) if (!this.queued.includes(id)) this.cells.set(id, null);
  }

  protected unqueue(): void {
    for (const id of this.queued.splice(0)) this.cells.set(id, null);
  }

  private send(m: Omit<Outgoing, "session" | "id"> & { id?: string }): string {
    const id = m.id ?? uuid();
    return this.link?.send(encode({ ...m, id, session: this.client })) ? id : "";
  }

  /* Answered when the kernel is there, also while it is busy. */
  protected hello(): void {
    this.send({ channel: "shell", type: "kernel_info_request", content: {} });
  }

  private readonly request = async (type: string, content: object, whole: boolean, timeout: number) => {
    const id = uuid();
    if (!this.link?.open) return null;
    const reply = this.requests.wait(id, whole, timeout);
    this.send({ id, channel: "shell", type, content });
    return reply;
  };

  protected message(m: Message): void {
    const type = m.header.msg_type;
    const parent = m.parent_header.msg_id ?? "";
    if (this.queued.length && this.link?.sure) this.run(this.queued.splice(0));
    if (this.requests.has(parent)) {
      this.requests.take(m);
      return;
    }
    if (m.channel === "iopub") {
      if (this.comms.captures(m)) return;
      this.cells.update(m);
    }
    if (type === "status") this.statusIs(String(m.content.execution_state), parent);
    if (m.channel === "stdin" && type === "input_request") this.asks(parent, this.own.cellOf(parent) ?? this.others.cellOf(parent), m.header, m.content);
    else if (type.startsWith("comm_")) this.comms.take(m, this.own.cellOf(parent));
    else if (type === "kernel_info_reply") void this.state(true);
    else if (this.own.has(parent)) this.own.take(m);
    if (m.channel !== "iopub") return;
    if (type === "execute_input" && !this.own.has(parent)) this.begins(m);
    this.runs.message(m);
  }

  private statusIs(state: string, parent: string): void {
    if (state === "restarting" || state === "dead") {
      this.forget();
      this.set(state);
      if (state === "dead") void this.gone();
      else this.hello();
      return;
    }
    if (state === "idle" && this.question.over(parent)) this.tell();
    if (state === "busy" || state === "idle" || state === "starting") this.set(state);
    if (state === "starting") this.hello();
  }

  private asks(run: string, cell: string | null, header: object, content: Record<string, unknown>): void {
    this.question.ask(run, cell, header, content);
    this.tell(cell ? [cell] : undefined);
  }

  /* A cell of another page. */
  private begins(m: Message): void {
    const { cells, at } = this.others.begins(m);
    for (const cell of cells) {
      const was = this.cells.running(cell);
      if (was) this.cells.set(cell, { ...was, state: "running", since: at });
    }
  }

  private async askRuns(): Promise<Answer | null> {
    const kernel = this.id;
    if (!kernel || this.closed) return null;
    try {
      const a = await kernels.runs(this.options.path(), this.client);
      if (a.kernel_id !== this.id) return null;
      for (const r of a.runs) {
        this.others.note(r);
        if (r.input && !this.question.now) this.asks(r.msg_id, r.cell_id, r.input.header, r.input.content);
      }
      return a;
    } catch {
      return null; /* a line that is lost says so by itself */
    }
  }

  private async answered(a: Answer): Promise<void> {
    for (const run of a.runs) if (run.state === "done" && this.own.handed(run.msg_id)) this.runs.showDone(run);
    this.own.ended(new Set(a.runs.map((r) => r.msg_id)));
    this.cells.flush();
    if (a.wrote) this.options.wrote?.(a.wrote);
  }
}
