/* SPDX-License-Identifier: Apache-2.0 */
/* The server's clock and ours: what an answer's Date says, which is whole seconds and some milliseconds old. */
const TOLERATED_MS = 2000;

export class Skew {
  private ms = 0;

  constructor(private readonly here: () => number = Date.now) {}

  learn(date: string | null): void {
    const theirs = Date.parse(date ?? "") + 500;
    if (Number.isNaN(theirs)) return;
    const off = theirs - this.here();
    this.ms = Math.abs(off) > TOLERATED_MS ? off : 0;
  }

  /* The server's present. */
  now(): number {
    return this.here() + this.ms;
  }

  /* A time of the server as our clock will show it. */
  shown(theirs: number): number {
    return theirs - this.ms;
  }

  /* A past time of the server as one of ours, never in our future; NaN stays NaN. */
  ours(theirs: string | number | null | undefined): number {
    const ms = typeof theirs === "number" ? theirs : Date.parse(theirs ?? "");
    return Math.min(ms - this.ms, this.here());
  }
}

export const clock = new Skew();
