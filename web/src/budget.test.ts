/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { type Balance, isAmbiguous, parseAmount, percentOf, usedNow } from "./budget";

const balance = (more: Partial<Balance> = {}): Balance => ({
  month: "2026-11", month_ends_at: "2026-12-01T00:00:00Z", currency: "USD", used: "1.25", open: "0.10", credit: "0.00",
  free_seconds_left: 0, burn_per_hour: "0.36", budget: null, ends_at: null, ends_by: null, received_ms: 1_000_000, ...more,
});

describe("budget", () => {
  it("goes on between two answers at what burns", () => {
    expect(usedNow(balance(), 1_000_000)).toBe(1_350_000n);
    expect(usedNow(balance(), 1_060_000)).toBe(1_356_000n);
    expect(usedNow(balance(), 900_000)).toBe(1_350_000n);
    expect(usedNow(balance({ free_seconds_left: 10 }), 1_060_000)).toBe(1_350_000n);
  });

  it("takes what people type for an amount, and nothing else", () => {
    expect(parseAmount(" 12,50 ")).toEqual({ text: "12.50", micro: 12_500_000n });
    expect(parseAmount("1 000")).toEqual({ text: "1000", micro: 1_000_000_000n });
    expect(parseAmount("0")).toEqual({ text: "0", micro: 0n });
    for (const bad of ["", "-1", "1e3", "1.2.3", "abc", "1.0000001", "99999999999"]) expect(parseAmount(bad)).toBeNull();
  });

  it("does not guess whether a point or a comma groups", () => {
    for (const both of ["1,000", "1.000", " 25,000 ", "120.500"]) {
      expect(isAmbiguous(both)).toBe(true);
      expect(parseAmount(both)).toBeNull();
    }
    for (const [text, micro] of [["12,50", 12_500_000n], ["1.2345", 1_234_500n], ["0.125", 125_000n], ["1000.125", 1_000_125_000n], ["1.0000", 1_000_000n]] as const)
      expect(parseAmount(text)?.micro).toBe(micro);
    for (const bad of ["1,000.00", "1.000,00", "1,000,000"]) expect(parseAmount(bad)).toBeNull();
  });

  it("rounds per cent down, so that 100 is reached when it is", () => {
    expect(percentOf(799_999n, 1_000_000n)).toBe(79);
    expect(percentOf(5n, 0n)).toBe(100);
    expect(percentOf(-5n, 10n)).toBe(0);
  });
});
