/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the notebook's view knows of a kernel. The implementation holds the WebSocket of the notebook's session
 * (Jupyter's protocol, v1.kernel.websocket.jupyter.org), follows runs that other pages began, and puts outputs into the
 * model by operations of origin "kernel". https://jupyter-client.readthedocs.io/en/stable/messaging.html
 */
import type { JsonObject } from "../model/types";

export type KernelStatus = "connecting" | "starting" | "idle" | "busy" | "restarting" | "dead" | "offline" | "none";

export interface Running {
  state: "waiting" | "running";
  since: number; /* ms, of the server's clock corrected to ours; when it was asked or when it began */
  elsewhere: boolean; /* begun by another page */
}

export interface Completion {
  from: number; /* UTF-16 units in the code that was asked about */
  to: number;
  items: { text: string; type: string }[];
}

export interface Kernel {
  readonly status: KernelStatus;
  readonly name: string; /* of its spec: python3 */
  readonly displayName: string;
  readonly language: string; /* for the editor: python, r, julia, … */
  readonly reason: string | null; /* why it is dead, as a sentence */
  running(cell: string): Running | null;
  run(cells: readonly string[]): void; /* ids, in order; markdown and raw are passed over; stops at the first error */
  interrupt(): Promise<void>;
  restart(): Promise<void>;
  choose(spec: string): Promise<void>;
  complete(code: string, at: number): Promise<Completion | null>;
  inspect(code: string, at: number, detail: 0 | 1): Promise<JsonObject | null>; /* a MIME bundle */
  /* Code that is no cell: variables panel. Its outputs go nowhere but to the caller. */
  ask(code: string, expressions: Record<string, string>): Promise<JsonObject | null>;
  readonly input: { prompt: string; password: boolean; cell: string | null } | null; /* input() waits */
  answer(text: string): void;
  watch(fn: (what: { cells?: readonly string[] }) => void): () => void; /* status, or the running state of these cells */
}
