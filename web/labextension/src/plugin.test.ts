/* SPDX-License-Identifier: Apache-2.0 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JupyterFrontEnd, ServerEvent, Shared } from "./jupyter";

const now = Date.parse("2026-11-21T10:00:00Z");
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
let answer: Record<string, unknown> | null;

vi.stubGlobal("document", { hidden: false, createElement: () => ({ style: {} }), addEventListener: () => {} });
vi.stubGlobal("fetch", async () => {
  if (!answer) throw new TypeError("network");
  return new Response(JSON.stringify(answer));
});
const { StopWatch } = await import("./plugin");

function desk(): { said: string[]; event: (e: ServerEvent) => void } {
  const said: string[] = [];
  let event = (_: ServerEvent): void => {};
  const Notification = { warning: (text: string) => String(said.push(text)), dismiss: (id: string) => said.push(`dismissed ${id}`) };
  const app = {
    restored: Promise.resolve(),
    serviceManager: {
      serverSettings: { baseUrl: "http://localhost/" },
      events: { stream: { connect: (slot: (sender: unknown, e: ServerEvent) => void) => void (event = (e) => slot(null, e)) } },
    },
  } as unknown as JupyterFrontEnd;
  new StopWatch(app, { "@jupyterlab/apputils": { Notification } } as unknown as Shared).start(null);
  return { said, event: (e) => event(e) };
}

describe("the stop of a session", () => {
  beforeEach(() => vi.useFakeTimers({ now }));
  afterEach(() => vi.useRealTimers());

  it("is told of the session that was started again too", async () => {
    answer = { session: "s_1", stop_at: at(3600), stop_why: "idle", auto_stop_seconds: 3600 };
    const { said, event } = desk();
    await vi.advanceTimersByTimeAsync(1000);
    event({ schema_id: "https://carrel.dev/events/session/v1", state: "stopping", reason: "user" });
    expect(said).toEqual([expect.stringContaining("because you stopped it")]);
    /* It still answers, as if it went on; then nobody does. */
    await vi.advanceTimersByTimeAsync(10_000);
    answer = null;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(said.length).toBe(1);
    answer = { session: "s_2", stop_at: at(200), stop_why: "idle", auto_stop_seconds: 3600 };
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said.slice(1)).toEqual(["dismissed 1", expect.stringContaining("because it is idle")]);
  });
});
