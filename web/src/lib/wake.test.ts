/* SPDX-License-Identifier: Apache-2.0 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const page = new EventTarget() as EventTarget & { hidden: boolean };
const win = new EventTarget();
let onWake: typeof import("./wake").onWake;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  page.hidden = false;
  vi.stubGlobal("document", page);
  vi.stubGlobal("addEventListener", win.addEventListener.bind(win));
  vi.stubGlobal("removeEventListener", win.removeEventListener.bind(win));
  ({ onWake } = await import("./wake"));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/* The clock goes on and no timer comes. */
const sleep = (ms: number): void => vi.setSystemTime(Date.now() + ms);

describe("waking", () => {
  it("is silent while the page runs", () => {
    const heard = vi.fn();
    const end = onWake(heard);
    vi.advanceTimersByTime(120_000);
    expect(heard).not.toHaveBeenCalled();
    end();
  });

  it("is told once after a lid was shut, and says that it was long", () => {
    const heard = vi.fn();
    const end = onWake(heard);
    sleep(3_600_000);
    vi.advanceTimersByTime(60_000);
    expect(heard.mock.calls).toEqual([[true]]);
    end();
  });

  it("is told when somebody looks again, and only then", () => {
    const heard = vi.fn();
    const end = onWake(heard);
    page.hidden = true;
    page.dispatchEvent(new Event("visibilitychange"));
    vi.advanceTimersByTime(60_000);
    page.dispatchEvent(new Event("resume"));
    expect(heard).not.toHaveBeenCalled();
    page.hidden = false;
    page.dispatchEvent(new Event("visibilitychange"));
    page.dispatchEvent(new Event("resume"));
    expect(heard.mock.calls).toEqual([[true], [false]]);
    end();
  });

  it("hears of a page that comes from the browser's memory, not of one that is loaded", () => {
    const heard = vi.fn();
    const end = onWake(heard);
    win.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
    expect(heard).not.toHaveBeenCalled();
    win.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    expect(heard.mock.calls).toEqual([[false]]);
    end();
    page.dispatchEvent(new Event("resume"));
    expect(heard).toHaveBeenCalledTimes(1);
  });
});
