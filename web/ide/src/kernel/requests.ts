/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are no cell: each has one reply on shell, and those that ask for outputs collect them till idle. */
import type { Message } from "./wire";

export interface Reply {
  content: Record<string, unknown>;
  said: Message[]; /* what it put out on iopub */
}

interface Pending {
  content: Record<string, unknown> | null;
  said: Message[];
  idle: boolean;
  whole: boolean; /* idle is waited for too */
  done: (r: Reply | null) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class Requests {
  private readonly pending = new Map<string, Pending>();

  /* null when it did not come in time, or can't come any more. */
  wait(id: string, whole: boolean, timeout: number): Promise<Reply | null> {
    return new Promise((done) => {
      const timer = setTimeout(() => this.end(id, null), timeout);
      this.pending.set(id, { content: null, said: [], idle: false, whole, done, timer });
    });
  }

  has(id: string): boolean {
    return this.pending.has(id);
  }

  take(m: Message): void {
    const id = m.parent_header.msg_id ?? "";
    const p = this.pending.get(id);
    if (!p) return;
    if (m.channel !== "iopub") p.content = m.content;
    else if (m.header.msg_type !== "status") p.said.push(m);
    else if (m.content.execution_state === "idle") p.idle = true;
    if (p.content && (p.idle || !p.whole)) this.end(id, { content: p.content, said: p.said });
  }

  failAll(): void {
    for (const id of [...this.pending.keys()]) this.end(id, null);
  }

  private end(id: string, r: Reply | null): void {
    const p = this.pending.get(id);
    if (!p) return;
    this.pending.delete(id);
    clearTimeout(p.timer);
    p.done(r);
  }
}
