/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import { Heights, layout } from "./heights";

const ids = (n: number): string[] => Array.from({ length: n }, (_, i) => `c${i}`);

function make(n: number): Heights {
  const h = new Heights(() => 100);
  h.setIds(ids(n));
  return h;
}

test("guesses until it is told", () => {
  const h = make(10);
  expect(h.total).toBe(1000);
  expect(h.set("c2", 250)).toBe(150);
  expect(h.total).toBe(1150);
  expect(h.top(2)).toBe(200);
  expect(h.top(3)).toBe(450);
  expect(h.set("c2", 250)).toBe(0);
});

test("finds the cell at a height", () => {
  const h = make(4);
  h.set("c0", 10);
  h.set("c1", 0);
  expect(h.indexAt(-5)).toBe(0);
  expect(h.indexAt(9)).toBe(0);
  expect(h.indexAt(10)).toBe(2);
  expect(h.indexAt(110)).toBe(3);
  expect(h.indexAt(99_999)).toBe(3);
});

test("each range holds what touches it, whatever the heights are", () => {
  const h = make(500);
  for (let i = 0; i < 500; i++) h.set(`c${i}`, (i * 37) % 113);
  for (let y = 0; y < h.total; y += 997) {
    const [from, to] = h.range(y, y + 600);
    expect(h.top(from)).toBeLessThanOrEqual(y);
    if (to < 500) expect(h.top(to)).toBeGreaterThan(y + 600);
    expect(to).toBeGreaterThan(from);
  }
});

test("measured heights stay when cells come, go and move", () => {
  const h = make(3);
  h.set("c1", 7);
  h.setIds(["c1", "new", "c0"]);
  expect(h.top(1)).toBe(7);
  expect(h.total).toBe(207);
  h.forget((id) => id !== "c1");
  h.setIds(["c1"]);
  expect(h.total).toBe(100);
});

test("a change of one of 10,000 heights is found at once", () => {
  const h = make(10_000);
  expect(h.total).toBe(1_000_000);
  h.set("c9999", 1);
  expect(h.total).toBe(999_901);
  h.set("c0", 0);
  expect(h.top(9999)).toBe(999_800);
});

test("pinned cells keep their place between the gaps", () => {
  const h = make(100);
  const { rows, rest } = layout(h, 50, 52, ["c10", "c51", "gone"]);
  expect(rows).toEqual([{ id: "c10", gap: 1000 }, { id: "c50", gap: 3900 }, { id: "c51", gap: 0 }]);
  expect(rest).toBe(4800);
  expect(rows.reduce((sum, r) => sum + r.gap + h.height(r.id), 0) + rest).toBe(h.total);
});

test("an empty notebook has no range", () => {
  expect(make(0).range(0, 500)).toEqual([0, 0]);
  expect(layout(make(0), 0, 0, [])).toEqual({ rows: [], rest: 0 });
});
