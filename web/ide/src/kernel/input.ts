/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input() that waits, and how it is answered. The kernel asks the page that ran the cell; a page that was loaded
 * later has the question from the server's account of the runs.
 */
import type { Kernel } from "./types";

interface Asked {
  prompt: string;
  password: boolean;
  cell: string | null;
}

interface Answered extends Asked {
  parent: object; /* of the reply */
}

export class Input {
  now: Kernel["input"] = null;
  private parent: object | null = null;
  private run = ""; /* the request whose code waits */

  ask(run: string, cell: string | null, header: object, content: Record<string, unknown>): void {
    this.now = { prompt: String(content.prompt ?? ""), password: content.password === true, cell };
    this.parent = header;
    this.run = run;
  }

  /* null: nothing waits (any more). */
  answer(): Answered | null {
    const { now, parent } = this;
    this.forget();
    return now && parent ? { ...now, parent } : null;
  }

  /* The request waits no more. */
  over(run: string): boolean {
    return !!this.now && this.run === run && this.forget();
  }

  forget(): true {
    this.now = this.parent = null;
    return true;
  }
}
