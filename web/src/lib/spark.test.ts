/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { gaps, path } from "./spark";

describe("a line as small as a word", () => {
  it("is broken where nobody measured", () => {
    expect(gaps([null, 1, 2, null, null, 3, null])).toEqual([[{ at: 1, v: 1 }, { at: 2, v: 2 }], [{ at: 5, v: 3 }]]);
    expect(gaps([null, null])).toEqual([]);
    expect(gaps([])).toEqual([]);
  });

  it("stands at its minutes and between foot and head", () => {
    const [dots] = gaps([0, 2, 4, 9]);
    expect(path(dots!, 4, 4, 104, 26)).toEqual({ line: "M1.0,24.0 35.0,13.0 69.0,2.0 103.0,2.0", area: "M1.0,24.0 35.0,13.0 69.0,2.0 103.0,2.0 L103.0,24 1.0,24Z" });
    expect(path([{ at: 0, v: 0 }], 1, 4, 104, 26).line).toBe("M1.0,24.0");
  });
});
