/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { NONE, allOf, among, extended, toggled } from "./picks";

const rows = ["a", "b", "c", "d", "e"].map((name) => ({ name }));
const of = (p: { names: ReadonlySet<string> }) => [...p.names].sort().join("");

describe("choosing entries", () => {
  it("takes one more, one less, and a range from the last one in both directions", () => {
    const one = toggled(NONE, rows, "b", false);
    expect(of(one)).toBe("b");
    expect(of(toggled(one, rows, "d", true))).toBe("bcd");
    expect(of(toggled(one, rows, "a", true))).toBe("ab");
    expect(of(toggled(toggled(one, rows, "d", true), rows, "c", false))).toBe("bd");
    expect(of(toggled(NONE, rows, "c", true))).toBe("c");
  });
  it("keeps what was chosen before a range", () => {
    const p = toggled(toggled(toggled(NONE, rows, "e", false), rows, "a", false), rows, "b", true);
    expect(of(p)).toBe("abe");
  });
  it("goes along with Shift and an arrow, and stops at the ends", () => {
    expect(of(extended(NONE, rows, 1, 2))).toBe("bc");
    expect(of(extended(extended(NONE, rows, 3, 4), rows, 4, 5))).toBe("de");
  });
  it("takes all, and then none", () => {
    expect(of(allOf(NONE, rows))).toBe("abcde");
    expect(of(allOf(allOf(NONE, rows), rows))).toBe("");
    expect(of(allOf(toggled(NONE, rows, "b", false), rows))).toBe("abcde");
  });
  it("forgets what is no longer there", () => {
    const p = allOf(NONE, rows);
    expect(of(among(p, rows.slice(2)))).toBe("cde");
    expect(among(p, rows)).toBe(p);
  });
});
