/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { between, nearest, niceMax, summary, thin, withGaps } from "./points";

const line = (n: number, f: (i: number) => number | null, step = 1000) => ({ times: Array.from({ length: n }, (_, i) => i * step), columns: [Array.from({ length: n }, (_, i) => f(i))] });

describe("points", () => {
  it("has round ticks", () => {
    expect(niceMax(4.64)).toEqual({ max: 6, step: 2 });
    expect(niceMax(0).max).toBe(1);
    expect(niceMax(0.3226, 2).max).toBeCloseTo(0.4);
  });

  it("keeps the smallest and the largest of what it thins, and rises in time", () => {
    const many = line(50_000, (i) => (i === 12_345 ? 99 : i === 40_000 ? -7 : i % 10));
    const drawn = thin(many, 1200);
    expect(drawn.times.length).toBeLessThanOrEqual(1200);
    expect(Math.max(...(drawn.columns[0] as number[]))).toBe(99);
    expect(Math.min(...(drawn.columns[0] as number[]))).toBe(-7);
    expect(drawn.times.every((x, i) => i === 0 || x > drawn.times[i - 1]!)).toBe(true);
    const few = line(100, (i) => i);
    expect(thin(few, 1200)).toBe(few);
  });

  it("keeps a gap a gap, also when it is thinned", () => {
    const t = line(5000, (i) => (i > 2000 && i < 2600 ? null : 1));
    expect(thin(t, 300).columns[0]!.includes(null)).toBe(true);
    const broken = withGaps({ times: [0, 1000, 2000, 60_000, 61_000], columns: [[1, 2, 3, 4, 5]] });
    expect(broken.columns[0]).toEqual([1, 2, 3, null, 4, 5]);
    expect(withGaps({ times: [0, 60_000, 120_000, 180_000], columns: [[1, 2, 3, 4]] }).columns[0]).toEqual([1, 2, 3, 4]);
    expect(withGaps({ times: [0, 60_000, 120_000, 121_000, 122_000], columns: [[1, 2, 3, 4, 5]] }).columns[0]).toEqual([1, 2, 3, 4, 5]);
  });

  it("finds the nearest point and the span that is shown", () => {
    expect(nearest([0, 10, 20], 14)).toBe(1);
    expect(nearest([0, 10, 20], 16)).toBe(2);
    expect(nearest([], 1)).toBe(-1);
    expect(between(line(10, (i) => i), 2000, 4000).columns[0]).toEqual([1, 2, 3, 4, 5]);
    expect(between(line(3, (i) => i), 9000, 9900).times).toEqual([2000]);
  });

  it("sums up for the table", () => {
    const s = summary(line(100, (i) => (i < 10 ? null : i)), 10);
    expect(s).toHaveLength(10);
    expect(s[0]!.ranges[0]).toBeNull();
    expect(s[1]!.ranges[0]).toEqual([10, 19]);
  });
});
