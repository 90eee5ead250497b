/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JupyterLab saves its layout half a second after the last change to it, and waits for that save twice while it
 * starts: a second in which nothing happens before the file list and the launcher come. Until its start is over
 * such a save waits a moment only. What is saved, and that it is saved, stays the same.
 */
import type { Debouncer, Plugin, Router, Shared } from "./jupyter";

const HURRY_MS = 20;
const AT_MOST_MS = 15_000;

/* Returns what puts the old ways back; calling it twice does no harm. */
export function hurrySaves(debouncer: { prototype: Debouncer }): () => void {
  const { prototype } = debouncer;
  const invoke = prototype.invoke;

  function hurried(this: Debouncer, ...args: unknown[]): Promise<unknown> {
    const { limit } = this;
    this.limit = Math.min(limit, HURRY_MS);
    try {
      return invoke.apply(this, args);
    } finally {
      this.limit = limit;
    }
  }

  prototype.invoke = hurried;
  return () => {
    if (prototype.invoke === hurried) prototype.invoke = invoke;
  };
}

export function makeFastStart(shared: Shared): Plugin<Router> {
  return {
    id: "@carrel/labextension:faststart",
    description: "Does not wait for the layout's saves while JupyterLab starts.",
    autoStart: true,
    requires: [],
    optional: [shared["@jupyterlab/application"].IRouter],
    activate(_app, router) {
      const stop = hurrySaves(shared["@lumino/polling"].Debouncer);
      router?.routed.connect(() => stop());
      setTimeout(stop, AT_MOST_MS);
    },
  };
}
