/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import type { Session } from "./model";
import { tidyCode } from "./lib/code";
import { usualTimes } from "./phases";
import { storageSteps } from "./ui/settings-fields";
import { costSoFar, isIdle, secondsSoFar, whyEnded, whyRuns } from "./words";

const now = Date.parse("2026-11-21T12:41:12Z");
const running = {
  id: "s_1", state: "running", started_at: "2026-11-21T10:00:00Z", seconds: 9000.25, cost: "0.550015", price_per_hour: "0.22",
  received_ms: now - 10_900, auto_stop_seconds: 3600, max_seconds: 43_200, stop_at: "2026-11-21T13:10:00Z", reason: null,
  evidence: { last: { what: "save", at: "2026-11-21T12:30:00Z" } },
} as unknown as Session;

describe("words", () => {
  it("adds the time since the server said so, and the money of whole seconds", () => {
    expect(secondsSoFar(running, now)).toBeCloseTo(9011.15, 2);
    expect(costSoFar(running, now)).toBe(550015n + (220000n * 10n) / 3600n);
    const stopped = { ...running, state: "stopped" } as Session;
    expect(costSoFar(stopped, now)).toBe(550015n);
  });

  it("calls a session idle only when nothing counts", () => {
    expect(isIdle(running, now)).toBe(true);
    expect(isIdle({ ...running, evidence: { terminals: [{ name: "1", job: "make" }], last: running.evidence!.last } } as Session, now)).toBe(false);
    expect(isIdle({ ...running, evidence: { last: { what: "run", at: "2026-11-21T12:40:00Z" } } } as Session, now)).toBe(false);
  });

  it("says why a session runs and why it ended", () => {
    const busy = { ...running, evidence: { busy: [{ path: "work/a.ipynb", since: "2026-11-21T12:29:00Z" }] } } as Session;
    expect(whyRuns(busy, now)).toMatch(/^A cell in a\.ipynb has been busy for 12 min\. The idle time of 1 h starts when it ends\. In any case the session stops at \d\d:\d\d\.$/);
    expect(whyRuns(running, now)).toMatch(/^The last thing you did was to save, 11 min ago\. With nothing else it stops at/);
    expect(whyEnded({ ...running, state: "stopped", reason: "idle" } as Session, now)).toBe(
      "Stopped: idle for 1 h. The last thing you did was to save, 11 min ago.",
    );
    expect(whyEnded({ ...running, state: "failed", reason: "start-failed", message: "The volume is full." } as Session, now)).toBe("The volume is full.");
    expect(whyEnded({ ...running, state: "failed", reason: "unheard-of" } as Session, now)).toBe("Failed.");
  });

  it("takes a code as people type it", () => {
    expect(tidyCode(" ab3d efgh ")).toBe("AB3D-EFGH");
    expect(tidyCode("AB3D-EFGH")).toBe("AB3D-EFGH");
    expect(tidyCode("ab3")).toBe("AB3");
  });

  it("finds the usual time of a phase, without failed starts", () => {
    const start = (ms: number, state = "stopped") =>
      ({ state, phases: [{ phase: "image", started_at: new Date(0).toISOString(), ended_at: new Date(ms).toISOString() }] }) as unknown as Session;
    expect(usualTimes([start(100), start(300), start(200), start(9000, "failed")])).toEqual({ image: 200 });
  });
});

describe("fields", () => {
  it("offers the bounds of storage among its steps", () => {
    const steps = storageSteps(256 * 1024 ** 2, 100 * 1024 ** 3);
    expect(steps[0]).toBe(256 * 1024 ** 2);
    expect(steps[steps.length - 1]).toBe(100 * 1024 ** 3);
    expect(steps).toContain(5 * 1024 ** 3);
    expect(storageSteps(7, 7)).toEqual([7]);
  });
});
