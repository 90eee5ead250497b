/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { cents, costOf, exactParts, parseMicro, plain, rate, rateCell, sum } from "./money";

describe("money", () => {
  it("reads decimal strings exactly and refuses what it would have to round", () => {
    expect(parseMicro("0.591067")).toBe(591067n);
    expect(parseMicro("0.22")).toBe(220000n);
    expect(parseMicro("123456789012345")).toBe(123456789012345000000n);
    expect(parseMicro("-1.5")).toBe(-1500000n);
    expect(parseMicro("0.12345600")).toBe(123456n);
    for (const bad of ["", "1e3", "0.1234567", ".5", "1.", "NaN", " 1", "1,5", undefined, null])
      expect(parseMicro(bad)).toBeNull();
  });

  it("shows headlines to the cent, half up, and lines to the micro-unit", () => {
    expect(cents(41872932n, "USD")).toBe("$41.87");
    expect(cents(4999n, "USD")).toBe("$0.00");
    expect(cents(5000n, "USD")).toBe("$0.01");
    expect(cents(999995000n, "EUR")).toBe("€1000.00");
    expect(cents(12345678901n, "CHF")).toBe("CHF\u00a012\u202f345.68");
    expect(cents(-5000n, "USD")).toBe("−$0.01");
    expect(exactParts(591067n, "USD")).toEqual({ main: "$0.59", sub: "1067", tail: "" });
    expect(exactParts(8540000n, "USD")).toEqual({ main: "$8.54", sub: "0000", tail: "" });
  });

  it("writes rates with the digits they have", () => {
    expect(rate(110000n, "USD")).toBe("$0.11");
    expect(rate(0n, "USD")).toBe("$0.00");
    expect(rate(40500n, "USD")).toBe("$0.0405");
    expect(rateCell(220000n)).toBe("0.2200");
    expect(rateCell(220001n)).toBe("0.220001");
    expect(plain(12345678901n)).toBe("12345.678901");
  });

  it("multiplies by seconds without a float", () => {
    expect(costOf(220000n, 9672)).toBe(591066n);
    expect(costOf(110000n, 3600)).toBe(110000n);
    expect(costOf(110000n, -4)).toBe(0n);
    expect(sum([1n, 2n, 3n])).toBe(6n);
  });
});
