/* SPDX-License-Identifier: Apache-2.0 */
/* What the part in front has for the status bar; null clears a place. */
import { createStore } from "../../../src/lib/store";

export interface Status {
  position: { line: number; column: number } | null; /* of the cursor, from 1 */
  mode: string | null; /* "Python, 4 spaces" */
  latency_ms: number | null; /* to the kernel and back */
  cost: string | null; /* "$0.59" */
  workspace: string | null; /* its name, when that is not the one that the page began with */
  stop: string | null; /* "In use, stops 20:13 at the latest" */
}

export const status = createStore<Status>({ position: null, mode: null, latency_ms: null, cost: null, workspace: null, stop: null });
