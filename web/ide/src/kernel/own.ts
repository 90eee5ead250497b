/* SPDX-License-Identifier: Apache-2.0 */
/* The cells that this page has sent to the kernel. The server keeps each as a run of its own, by the cell's id. */
import { type Area, makesOutput } from "../../../shared/run/outputs";
import type { KernelMessage } from "../../../shared/run/types";
import type { Cells } from "./cells";
import { clock } from "./skew";
import type { Message, Outgoing } from "./wire";

const CLEAR_MS = 120; /* old outputs stay so long for the new ones: no jump */

interface Sent {
  cell: string;
  area: Area | null; /* where its outputs go */
  replied: boolean;
  idle: boolean;
}

export interface OwnHooks {
  send(m: Omit<Outgoing, "session" | "id"> & { id?: string }): string;
  client: string;
  sent(msgId: string, cell: string): void;
  notice(text: string): void;
}

/* Why a kernel was ended, when it was for its memory (the agent's own words); else null. */
export function memoryWords(m: KernelMessage): string | null {
  const { ename, evalue, traceback } = m.content;
  if (m.header.msg_type !== "error" || ename !== "OutOfMemory" || !Array.isArray(traceback)) return null;
  /* A program's own exception of that name comes with the lines that raised it. */
  return traceback.length <= 1 ? String(evalue) : null;
}

/* What was typed at input() is part of what the cell shows, as in a terminal. */
export const typed = (prompt: string, text: string): KernelMessage =>
  ({ header: { msg_type: "stream" }, content: { name: "stdout", text: `${prompt}${text}\n` } }) as unknown as KernelMessage;

export class Own {
  private readonly sent = new Map<string, Sent>();
  private readonly late = new Map<string, Sent>(); /* ended, but threads and displays may still speak, or say why a kernel died */
  private readonly away = new Map<string, string>(); /* given to the server's account when the line broke */

  private readonly given = new Set<string>(); /* the cells of those */

  constructor(
    private readonly cells: Cells,
    private readonly hooks: OwnHooks,
  ) {}

  run(cell: string): void {
    const source = this.cells.model.get(cell)?.source ?? "";
    for (const [id, s] of this.sent) if (s.cell === cell) this.sent.delete(id);
    const id = this.hooks.send({
      channel: "shell",
      type: "execute_request",
      content: { code: source, silent: false, store_history: true, user_expressions: {}, allow_stdin: true, stop_on_error: true },
      metadata: { cellId: cell, deletedCells: [], recordTiming: false, trusted: true },
    });
    if (!id) return;
    if (this.cells.model.get(cell)?.count !== null) this.cells.count(cell, null);
    this.sent.set(id, { cell, area: this.cells.begin(cell), replied: false, idle: false });
    this.hooks.sent(id, cell);
    this.cells.set(cell, { state: "waiting", since: Date.now(), elsewhere: false });
  }

  has(id: string): boolean {
    return this.sent.has(id) || this.late.has(id);
  }

  cellOf(id: string): string | null {
    return this.sent.get(id)?.cell ?? this.late.get(id)?.cell ?? null;
  }

  take(m: Message): void {
    const id = m.parent_header.msg_id ?? "";
    const sent = this.sent.get(id);
    const cell = this.cellOf(id);
    const type = m.header.msg_type;
    if (!cell) return;
    const words = memoryWords(m);
    if (words) this.hooks.notice(words);
    if (makesOutput(m)) (sent ?? this.late.get(id))?.area?.take(m);
    else if (type === "execute_input") this.begins(cell, m);
    else if (type === "execute_reply") this.replied(id, cell, m);
    else if (type === "status" && m.content.execution_state === "idle" && sent) sent.idle = true;
    if (sent?.idle && sent.replied && this.sent.has(id)) this.end(id); /* one that was given up is over already */
  }

  /* false: this page does not run it. */
  echo(cell: string, m: KernelMessage): boolean {
    const area = this.cells.area(cell);
    area?.take(m);
    return !!area;
  }

  /* The line broke: what the host had taken and this page never read can't be told from what it read, so the server's
   * account of these runs is shown instead, as for another page's. */
  handOver(): void {
    for (const [id, s] of this.sent) {
      this.away.set(id, s.cell);
      this.given.add(s.cell);
    }
    this.sent.clear();
  }

  wasMine(cell: string): boolean {
    return this.given.has(cell);
  }

  handed(id: string): boolean {
    return this.away.delete(id);
  }

  /* Of what was handed over, the server knows these; the rest is over. */
  ended(known: Set<string>): void {
    for (const [id, cell] of this.away) if (!known.has(id)) this.cells.set(cell, null);
    this.away.clear();
  }

  forget(): void {
    for (const id of [...this.sent.keys()]) this.end(id);
    this.away.clear();
    this.given.clear();
  }

  private begins(cell: string, m: Message): void {
    const count = m.content.execution_count;
    if (typeof count === "number") this.cells.count(cell, count);
    const since = clock.ours(m.header.date);
    this.cells.set(cell, { state: "running", since: Number.isNaN(since) ? Date.now() : since, elsewhere: false });
    const { outputs } = this.cells.get(cell) ?? {};
    setTimeout(() => outputs?.cleared(), CLEAR_MS);
  }

  private replied(id: string, cell: string, m: Message): void {
    const sent = this.sent.get(id);
    if (sent) sent.replied = true;
    if (m.content.status === "aborted") {
      this.sent.delete(id);
      this.cells.get(cell)?.outputs.keep();
      this.cells.set(cell, null);
      return;
    }
    const { payload } = m.content;
    for (const p of Array.isArray(payload) ? (payload as Record<string, unknown>[]) : []) this.payload(cell, p);
  }

  private payload(cell: string, p: Record<string, unknown>): void {
    const { model } = this.cells;
    if (p?.source === "page") {
      this.cells.area(cell)?.take({
        header: { msg_type: "display_data" },
        content: { data: p.data ?? {}, metadata: {} },
      } as unknown as KernelMessage);
    } else if (p?.source === "set_next_input" && typeof p.text === "string") {
      const here = model.get(cell);
      if (!here) return;
      if (p.replace === true) {
        model.apply([{ op: "text", id: cell, changes: [{ from: 0, to: here.source.length, insert: p.text }] }], { origin: "user" });
      } else {
        model.apply([{ op: "insert", at: model.indexOf(cell) + 1, cell: model.newCell("code", p.text) }], { origin: "user" });
      }
    }
  }

  private end(id: string): void {
    const s = this.sent.get(id)!;
    this.sent.delete(id);
    this.late.set(id, s);
    if (this.late.size > 200) this.late.delete(this.late.keys().next().value!);
    this.finish(s.cell);
  }

  private finish(cell: string): void {
    this.cells.get(cell)?.outputs.cleared();
    this.cells.flush();
    this.cells.set(cell, null);
  }
}
