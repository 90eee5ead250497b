/* SPDX-License-Identifier: Apache-2.0 */
import { beforeEach, describe, expect, it, vi } from "vitest";

/* A browser's history, as far as the router uses it. */
const tab = { all: ["/"], at: 0 };
const where = () => new URL(tab.all[tab.at]!, "http://x");
const listeners: Record<string, (e: unknown) => void> = {};
const step = (by: number) => {
  tab.at += by;
  listeners.popstate!({});
};
const put = (to: string) => {
  tab.all.splice(tab.at + 1, Infinity, to);
  tab.at++;
};
vi.stubGlobal("location", { get pathname() { return where().pathname; }, get search() { return where().search; } });
vi.stubGlobal("history", { state: null, pushState: (_s: unknown, _t: string, to: string) => put(to), replaceState: (_s: unknown, _t: string, to: string) => void (tab.all[tab.at] = to), back: () => step(-1) });
vi.stubGlobal("document", { addEventListener: (k: string, fn: (e: unknown) => void) => void (listeners[k] = fn) });
vi.stubGlobal("addEventListener", (k: string, fn: (e: unknown) => void) => void (listeners[k] = fn));
vi.stubGlobal("scrollTo", () => {});

const { askFirst, go, mayLeave, place, startRouter } = await import("./router");
startRouter();

const shown = () => place.get().path + place.get().query;

describe("a page that asks before it is left", () => {
  let asked: (() => void)[] = [];
  let done = () => {};
  beforeEach(() => {
    done();
    asked = [];
    Object.assign(tab, { all: ["/"], at: 0 });
    go("/files");
    go("/files?file=a");
    done = askFirst((goOn) => void asked.push(goOn));
  });

  it("is left by a link after the answer alone", () => {
    go("/usage");
    expect([shown(), asked.length]).toEqual(["/files?file=a", 1]);
    asked[0]!();
    expect(shown()).toBe("/usage");
  });

  it("stays at its address when Back is pressed, and Back is what follows", () => {
    step(-1);
    expect([shown(), where().search, asked.length]).toEqual(["/files?file=a", "?file=a", 1]);
    step(-1);
    expect([shown(), where().search, asked.length]).toEqual(["/files?file=a", "?file=a", 2]);
    asked[1]!();
    expect([shown(), where().search, tab.at]).toEqual(["/files", "", 1]);
    /* The next one is asked about again. */
    step(1);
    expect([shown(), asked.length]).toEqual(["/files", 3]);
  });

  it("is not asked about an address that stays the same", () => {
    tab.all.push("/files?file=a#main");
    step(1);
    expect(asked.length).toBe(0);
  });

  it("is left as any other when it asks no more", () => {
    done();
    step(-1);
    expect([shown(), asked.length]).toEqual(["/files", 0]);
    const ran = vi.fn();
    mayLeave(ran);
    expect(ran).toHaveBeenCalledOnce();
  });
});
