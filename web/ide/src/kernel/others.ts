/* SPDX-License-Identifier: Apache-2.0 */
/* The runs of other pages as the server named them last: whose cell each is, and since when it runs. */
import type { Run } from "../../../shared/run/runs";
import { clock } from "./skew";
import type { Message } from "./wire";

export class Others {
  private readonly runs = new Map<string, string>(); /* by cell */
  private readonly started = new Map<string, number>();

  note(r: Run): void {
    this.runs.set(r.cell_id, r.msg_id);
    const at = clock.ours(r.started_at);
    if (r.state === "running" && !Number.isNaN(at)) this.started.set(r.cell_id, at);
    else if (r.state === "queued") this.started.delete(r.cell_id);
  }

  /* execute_input; the cells that it is of, and since when they run. */
  begins(m: Message): { cells: string[]; at: number } {
    const at = clock.ours(m.header.date);
    const cells = [...this.runs].filter(([, run]) => run === m.parent_header.msg_id).map(([cell]) => cell);
    for (const cell of cells) this.started.set(cell, at);
    return { cells, at };
  }

  cellOf(run: string): string | null {
    for (const [cell, id] of this.runs) if (id === run) return cell;
    return null;
  }

  /* NaN: it waits. */
  since(cell: string): number {
    return this.started.get(cell) ?? NaN;
  }

  forget(): void {
    this.started.clear();
  }
}
