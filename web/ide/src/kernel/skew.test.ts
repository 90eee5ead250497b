/* SPDX-License-Identifier: Apache-2.0 */
import { expect, it } from "vitest";
import { Skew } from "./skew";

it("a clock that is wrong by minutes is put right, one that is right within the protocol's grain is left alone", () => {
  let here = Date.parse("2026-03-01T12:00:00Z");
  const skew = new Skew(() => here);
  expect(skew.ours("2026-03-01T11:59:30Z")).toBe(here - 30_000);
  skew.learn("Sun, 01 Mar 2026 12:00:01 GMT");
  expect(skew.now()).toBe(here);
  skew.learn("Sun, 01 Mar 2026 11:50:00 GMT");
  expect(skew.ours("2026-03-01T11:49:00.500Z")).toBe(here - 60_000);
  skew.learn("nonsense");
  expect(here - skew.ours("2026-03-01T11:49:00.500Z")).toBe(60_000);
  here += 1000;
  expect(skew.ours("2026-03-01T12:30:00Z")).toBe(here); /* never later than now */
  expect(skew.ours(null)).toBeNaN();
});
