/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { scrollTo, sightOf } from "./sight";

describe("what stands in sight", () => {
  it("is the rows on the screen and a few more", () => {
    expect(sightOf(0, 400, 40, 10_000)).toEqual({ from: 0, to: 18, first: 0, last: 9 });
    expect(sightOf(4_210 * 40, 800, 40, 10_000)).toEqual({ from: 4202, to: 4238, first: 4210, last: 4229 });
    expect(sightOf(9_999 * 40, 400, 40, 10_000)).toEqual({ from: 9991, to: 10_000, first: 9999, last: 9999 });
  });
  it("has no rows that are not there", () => {
    expect(sightOf(900, 400, 40, 0)).toEqual({ from: 0, to: 0, first: 0, last: 0 });
    expect(sightOf(5000, 400, 40, 3)).toMatchObject({ to: 3, last: 2 });
    expect(sightOf(0, 400, 0, 3).to).toBe(0);
  });
  it("moves only as far as it must", () => {
    expect(scrollTo(5, 0, 400, 40)).toBe(0);
    expect(scrollTo(10, 0, 400, 40)).toBe(40);
    expect(scrollTo(2, 200, 400, 40)).toBe(80);
  });
});
