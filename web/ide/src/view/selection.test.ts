/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import { afterRemoval, selected, step } from "./selection";

const ids = ["a", "b", "c", "d"];

test("from the anchor to the active cell, both ways", () => {
  expect(selected(ids, "b", "b")).toEqual(["b"]);
  expect(selected(ids, "b", "d")).toEqual(["b", "c", "d"]);
  expect(selected(ids, "d", "b")).toEqual(["b", "c", "d"]);
  expect(selected(ids, "b", "gone")).toEqual(["b"]);
  expect(selected(ids, null, "b")).toEqual([]);
  expect(selected(ids, "gone", "b")).toEqual([]);
});

test("steps stay inside", () => {
  expect(step(ids, "a", -1)).toBe("a");
  expect(step(ids, "a", 1)).toBe("b");
  expect(step(ids, "d", 1)).toBe("d");
  expect(step(ids, "b", 99)).toBe("d");
  expect(step(ids, null, 1)).toBe("a");
  expect(step(ids, "hidden", -1)).toBe("d");
  expect(step([], "a", 1)).toBeNull();
});

test("after a removal the next cell, at the end the one before", () => {
  expect(afterRemoval(ids, new Set(["b"]))).toBe("c");
  expect(afterRemoval(ids, new Set(["c", "d"]))).toBe("b");
  expect(afterRemoval(ids, new Set(ids))).toBeNull();
});
