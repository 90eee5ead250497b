/* SPDX-License-Identifier: Apache-2.0 */
/* Long work in short pieces: keys and frames come between them. A page that nobody sees need not wait for any. */
const SLICE_MS = 6;
const LATEST_MS = 100;

export class Slices {
  private until = performance.now() + SLICE_MS;

  get over(): boolean {
    return performance.now() >= this.until && typeof document !== "undefined" && !document.hidden;
  }

  async rest(): Promise<void> {
    await new Promise<void>((go) => whenIdle(go, LATEST_MS));
    this.until = performance.now() + SLICE_MS;
  }
}

/* Soon, but after what a person waits for. */
export function whenIdle(fn: () => void, latest_ms: number): void {
  if (typeof requestIdleCallback === "function") requestIdleCallback(fn, { timeout: latest_ms });
  else setTimeout(fn);
}
