/* SPDX-License-Identifier: Apache-2.0 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "./lib/api";
import type { SseHooks } from "./lib/sse";
import type { Me } from "./model";

let hooks: SseHooks;
let who = "a_1";
let name = "";
let asked: string[] = [];
let broken: string | null = null; /* a path that answers 500 */
const reload = vi.fn();

vi.mock("./lib/sse", () => ({
  EventStream: class {
    constructor(_: string, h: SseHooks) { hooks = h; }
    from(): void {}
    start(): void {}
    stop(): void {}
    kick(): void {}
    wake(): void {}
  },
}));
vi.mock("./lib/api", async (original) => {
  const get = async (path: string): Promise<unknown> => {
    asked.push(path.split("?")[0]!);
    if (broken && path.startsWith(broken)) throw new ApiError(500, "", "", "internal", "", "", 0);
    return path === "/me" ? { account: { id: who, name } } : { items: [], next: null, total: { amount: "0", seconds: 0, currency: "USD" } };
  };
  return { ...(await original<object>()), get, getAll: async (path: string) => ({ items: [], last: await get(path), more: false }) };
});
vi.stubGlobal("location", { reload });
vi.stubGlobal("document", { hidden: false });

const fresh = async () => {
  vi.resetModules();
  return { ...(await import("./follow")), ...(await import("./live")) };
};
const count = (path: string) => asked.filter((x) => x === path).length;

beforeEach(() => {
  vi.useFakeTimers();
  [who, name, asked, broken] = ["a_1", "", [], null];
  reload.mockReset();
});
afterEach(() => vi.useRealTimers());

describe("a page", () => {
  it("asks who it is when the stream stands again, not when it stands first", async () => {
    const { boot, live } = await fresh();
    await boot();
    hooks.onOpen(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(count("/me")).toBe(1);
    name = "Ada";
    hooks.onOpen(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(count("/me")).toBe(2);
    expect(live.get().me?.account.name).toBe("Ada");
    expect(count("/workspaces")).toBe(1); /* nothing was missed */
    hooks.onOpen(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(count("/workspaces")).toBe(2);
    expect(reload).not.toHaveBeenCalled();
  });

  it("begins anew for another account, from another tab or on itself", async () => {
    const { boot, leave, live } = await fresh();
    await boot();
    hooks.onOpen(true);
    who = "a_2";
    hooks.onOpen(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(reload).toHaveBeenCalledTimes(1);
    expect(live.get()).toMatchObject({ phase: "out", me: null });
    who = "a_1";
    await boot();
    leave();
    await boot();
    expect(live.get().me?.account.id).toBe("a_1");
    await vi.advanceTimersByTimeAsync(0);
    expect(reload).toHaveBeenCalledTimes(1);
    leave();
    who = "a_2";
    await boot();
    await vi.advanceTimersByTimeAsync(0);
    expect(reload).toHaveBeenCalledTimes(2);
    expect(live.get().phase).toBe("out");
  });

  it("does not put an older answer over a change of this tab's", async () => {
    const { boot, live, putMe } = await fresh();
    await boot();
    hooks.onOpen(true);
    hooks.onOpen(true);
    putMe({ account: { id: "a_1", name: "mine" } } as Me);
    await vi.advanceTimersByTimeAsync(0);
    expect(live.get().me?.account.name).toBe("mine");
  });

  it("tries what it could not read until it is there", async () => {
    const { boot, live } = await fresh();
    broken = "/workspaces";
    await boot();
    hooks.onOpen(true);
    await vi.advanceTimersByTimeAsync(7000); /* after 2 s and 4 s */
    expect(count("/workspaces")).toBe(3);
    expect(live.get().workspaces).toBeNull();
    broken = null;
    await vi.advanceTimersByTimeAsync(8000);
    expect(live.get().workspaces).toEqual([]);
    const had = count("/workspaces");
    await vi.advanceTimersByTimeAsync(120_000);
    expect(count("/workspaces")).toBe(had);
  });

  it("tries no more after a sign-out", async () => {
    const { boot, leave } = await fresh();
    broken = "/workspaces";
    await boot();
    leave();
    asked = [];
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([]);
  });

  it("asks for the balance while somebody looks, and when somebody looks again", async () => {
    const { boot, wakeBalance } = await fresh();
    await boot();
    expect(count("/balance")).toBe(1);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(count("/balance")).toBe(2);
    vi.stubGlobal("document", { hidden: true });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(count("/balance")).toBe(2);
    vi.stubGlobal("document", { hidden: false });
    wakeBalance();
    await vi.advanceTimersByTimeAsync(2000);
    expect(count("/balance")).toBe(3);
    wakeBalance();
    await vi.advanceTimersByTimeAsync(2000);
    expect(count("/balance")).toBe(3);
  });
});
