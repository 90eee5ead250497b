/* SPDX-License-Identifier: Apache-2.0 */
import { afterAll, beforeEach, expect, it, vi } from "vitest";
import { draftsOf, keep, setAside, tab } from "./drafts";

let kept: Map<string, string>;
beforeEach(() => {
  kept = new Map();
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("localStorage", {
    get length() {
      return kept.size;
    },
    key: (i: number) => [...kept.keys()][i] ?? null,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
    removeItem: (key: string) => void kept.delete(key),
  });
});
afterAll(() => void vi.unstubAllGlobals());

const put = (owner: string, at: number): void => void kept.set(`carrel.draft:${owner}:x`, JSON.stringify({ path: "x", tab: owner, at, hash: "h", data: { at } }));

it("this tab's own is the first, then the oldest", async () => {
  put("late", 3);
  put("early", 1);
  put(tab, 5);
  expect((await draftsOf("x")).map((d) => d.tab)).toEqual([tab, "early", "late"]);
});

it("one that was set aside is not overwritten by the next", async () => {
  put(tab, 5);
  await setAside((await draftsOf("x"))[0]!);
  expect([...kept.keys()]).not.toContain(`carrel.draft:${tab}:x`);
  await keep("x", "h", "then", { at: 9 });
  expect((await draftsOf("x")).map((d) => [d.tab === tab, d.data])).toEqual([[true, { at: 9 }], [false, { at: 5 }]]);
});

it("another tab's stays where it is", async () => {
  put("other", 5);
  await setAside((await draftsOf("x"))[0]!);
  expect([...kept.keys()]).toEqual(["carrel.draft:other:x"]);
});
