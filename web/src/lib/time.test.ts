/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it, vi } from "vitest";
import * as time from "./time";

describe("time", () => {
  it("writes durations exactly and shortly", () => {
    expect(time.durationExact(9672)).toBe("2 h 41 min 12 s");
    expect(time.durationExact(7265)).toBe("2 h 01 min 05 s");
    expect(time.durationExact(61.9)).toBe("1 min 01 s");
    expect(time.durationExact(-3)).toBe("0 s");
    expect(time.durationShort(3600)).toBe("1 h");
    expect(time.durationShort(9672)).toBe("2 h 41 min");
    expect(time.durationShort(59)).toBe("59 s");
    expect(time.durationSetting(90)).toBe("1 min 30 s");
    expect(time.durationSetting(5400)).toBe("1 h 30 min");
    expect(time.tenths(2449)).toBe("2.4");
  });

  it("says when something was", () => {
    const now = new Date(2026, 10, 21, 10, 54).getTime();
    expect(time.ago(now - 30_000, now)).toBe("now");
    expect(time.ago(now - 44 * 60_000, now)).toBe("44 min ago");
    expect(time.ago(now - 2 * 3600_000, now)).toBe("08:54");
    expect(time.ago(new Date(2026, 10, 20, 23, 59).getTime(), now)).toBe("yesterday");
    expect(time.ago(new Date(2026, 10, 19, 1, 0).getTime(), now)).toBe("Thursday");
    expect(time.ago(new Date(2026, 9, 2).getTime(), now)).toBe("2 Oct");
    expect(time.ago(new Date(2025, 9, 2).getTime(), now)).toBe("2 Oct 2025");
  });

  it("walks months over the year's end", () => {
    expect(time.monthAdd({ year: 2026, month: 11 }, 1)).toEqual({ year: 2027, month: 0 });
    expect(time.monthAdd({ year: 2026, month: 0 }, -1)).toEqual({ year: 2025, month: 11 });
    expect(time.parseMonth("2026-13")).toBeNull();
    expect(time.monthKey(time.parseMonth("2026-02")!)).toBe("2026-02");
    expect(time.monthRange({ year: 2028, month: 1 }).days).toBe(29);
  });

  it("follows the server's clock when the browser's is wrong, and ignores a second of noise", () => {
    vi.useFakeTimers({ now: new Date("2026-11-21T10:00:00Z") });
    time.noteServerDate("Sat, 21 Nov 2026 10:10:00 GMT");
    expect(time.nowMs() - Date.now()).toBe(600_500);
    time.noteServerDate("Sat, 21 Nov 2026 10:00:01 GMT");
    expect(time.nowMs()).toBe(Date.now());
    time.noteServerDate("nonsense");
    expect(time.nowMs()).toBe(Date.now());
    vi.useRealTimers();
  });
});
