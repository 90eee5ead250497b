/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { NO_ORDER, steadied } from "./steady";

const id = (x: string): string => x[0]!;
const up = (rows: string[]): string[] => [...rows].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));

describe("a list that is looked at", () => {
  const first = steadied(NO_ORDER, ["a3", "b1", "c2"], id, "up", up);

  it("is sorted when it is first drawn", () => {
    expect(first.rows).toEqual(["b1", "c2", "a3"]);
    expect(first.waiting).toEqual([]);
  });

  it("keeps its order while the values change, and has the new ones", () => {
    expect(steadied(first.order, ["a0", "b9", "c2"], id, "up", up).rows).toEqual(["b9", "c2", "a0"]);
  });

  it("lets what comes wait", () => {
    const next = steadied(first.order, ["d0", "a3", "b1", "c2"], id, "up", up);
    expect(next.rows).toEqual(["b1", "c2", "a3"]);
    expect(next.waiting).toEqual(["d0"]);
  });

  it("moves no row when one goes, and has it back in its place", () => {
    const less = steadied(first.order, ["a3", "b1"], id, "up", up);
    expect(less.rows).toEqual(["b1", "a3"]);
    expect(steadied(less.order, ["a3", "b1", "c2"], id, "up", up)).toMatchObject({ rows: ["b1", "c2", "a3"], waiting: [] });
  });

  it("is sorted anew by another sort or filter, and then has everything", () => {
    expect(steadied(first.order, ["d0", "a3", "b1", "c2"], id, "names", (r) => [...r].sort())).toMatchObject({ rows: ["a3", "b1", "c2", "d0"], waiting: [] });
  });

  it("lets nothing wait behind an empty list", () => {
    expect(steadied(first.order, ["d0"], id, "up", up)).toMatchObject({ rows: ["d0"], waiting: [] });
    expect(steadied(first.order, [], id, "up", up)).toMatchObject({ rows: [], waiting: [] });
  });
});
