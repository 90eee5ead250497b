/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { csv } from "./csv";
import { GB, size, sizeOf } from "./size";

describe("csv", () => {
  it("quotes what needs it and defuses formulas", () => {
    expect(csv([["a,b", 'say "x"', "2\n3"], ["=1+1", "-0.5", "-x"]])).toBe(
      '"a,b","say ""x""","2\n3"\r\n' + "'=1+1,-0.5,'-x\r\n",
    );
  });
});

describe("sizes", () => {
  it("name their unit", () => {
    expect(size(0)).toBe("0 B");
    expect(size(20 * GB)).toBe("20 GiB");
    expect(size(1.5 * GB)).toBe("1.50 GiB");
    expect(size(300 * 1024 + 100)).toBe("300.1 KiB");
    expect(sizeOf(18.4 * GB, 50 * GB)).toBe("18.4 of 50 GiB");
    expect(sizeOf(300 * 1024 * 1024, 2 * GB)).toBe("0.29 of 2 GiB");
  });
});
