/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { canExtend, earlyLead, near, lead, left, leftText, statusOf } from "./stop";

const now = Date.parse("2026-11-21T10:00:00Z");

describe("the stop of a session", () => {
  it("keeps what an event does not say", () => {
    const s = statusOf({ stop_at: "2026-11-21T11:00:00.000000Z", stop_why: "idle", idle_seconds: 3600, max_at: "2026-11-21T20:00:00Z" }, null);
    const e = statusOf({ stop_at: "2026-11-21T10:04:59Z", seconds: 299, why: "idle" }, s);
    expect(e.idle_seconds).toBe(3600);
    expect(e.max_at).toBe(s.max_at);
    expect(left(e, now)).toBe(299);
    expect(near(s, now)).toBe("");
    expect(near(e, now)).toBe("last");
    expect(near(s, Date.parse("2026-11-21T10:45:01Z"))).toBe("early");
  });

  it("knows the limit from how long nothing was done", () => {
    expect(statusOf({ stop_at: "2026-11-21T11:00:00Z", stop_why: "idle", auto_stop_seconds: 3600, idle_seconds: 42 }, null).idle_seconds).toBe(3600);
  });

  it("warns at half of a short limit, and at 5 minutes of the hard maximum", () => {
    const s = statusOf({ stop_at: "2026-11-21T10:00:50Z", why: "idle", idle_seconds: 60 }, null);
    expect(lead(s)).toBe(30);
    expect(earlyLead(s)).toBe(30);
    expect(near(s, now)).toBe("");
    expect(near(s, now + 21_000)).toBe("last");
    expect(lead({ ...s, why: "max" })).toBe(300);
    expect(lead({ ...s, why: "calendar" })).toBe(300);
  });

  it("can be put off unless it is the longest run or the budget", () => {
    const s = statusOf({ stop_at: "2026-11-21T10:00:50Z", why: "calendar" }, null);
    expect(["idle", "max", "calendar", "budget"].map((why) => canExtend({ ...s, why }))).toEqual([true, false, true, false]);
  });

  it("never warns about a time that it does not know", () => {
    const s = statusOf({}, null);
    expect(near(s, now)).toBe("");
    expect(left(null, now)).toBeNaN();
  });

  it("writes times shortly", () => {
    expect(leftText(59.9)).toBe("59 s");
    expect(leftText(300)).toBe("5 min");
    expect(leftText(3600)).toBe("1 h");
    expect(leftText(9672)).toBe("2 h 41 min");
  });
});
