/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { follow, metricsOf, refine } from "./metrics";

const answer = (t: number[], v: (number | null)[], more = {}) => metricsOf({ session_id: "s", t, cpu_cores: v, memory_bytes: v, gpu_percent: null, ...more });

describe("metrics", () => {
  it("takes the columns that there are, and no broken one", () => {
    const m = answer([1, 2], [0.5, null]);
    expect(m.times).toEqual([1000, 2000]);
    expect(m.columns.cpu_cores).toEqual([0.5, null]);
    expect(m.columns.gpu_percent).toBeUndefined();
    expect(metricsOf({ session_id: "s", t: [1, 2], cpu_cores: [1] }).columns.cpu_cores).toBeUndefined();
  });

  it("puts what is finer in the place of what is coarser", () => {
    const both = follow(answer([0, 10, 20, 30], [1, 2, 3, 4]), answer([20, 21, 22], [7, 8, 9]));
    expect(both.times).toEqual([0, 10_000, 20_000, 21_000, 22_000, 30_000]);
    expect(both.columns.cpu_cores).toEqual([1, 2, 7, 8, 9, 4]);
  });

  it("adds a second and forgets what is older than an hour", () => {
    const old = answer([0, 100, 3000], [1, 2, 3]);
    const next = follow(old, answer([3650], [4]));
    expect(next.times).toEqual([100_000, 3_000_000, 3_650_000]);
    expect(next.columns.memory_bytes).toEqual([2, 3, 4]);
    expect(follow(next, answer([3650], [5])).columns.cpu_cores).toEqual([2, 3, 5]);
  });

  it("keeps what was seen by tens of seconds where no second was seen", () => {
    const m = refine(answer([0, 10, 20, 30], [1, 2, null, 4]), answer([0, 1, 2, 29, 30], [null, null, null, 8, 9]), 10_000);
    expect(m.times).toEqual([0, 10_000, 29_000, 30_000]);
    expect(m.columns.cpu_cores).toEqual([1, 2, 8, 9]);
    expect(refine(answer([0, 10], [1, 2]), answer([], []), 10_000).times).toEqual([0, 10_000]);
  });

  it("fills with nothing what one of them has not", () => {
    const a = metricsOf({ session_id: "s", t: [0, 1], cpu_cores: [1, 2] });
    const b = metricsOf({ session_id: "s", t: [2], cpu_cores: [3], gpu_percent: [50] });
    expect(follow(a, b).columns.gpu_percent).toEqual([null, null, 50]);
  });
});
