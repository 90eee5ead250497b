/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { cpus, parts, size, usageOf } from "./usage";

const data = {
  cpu_ns: 5e9,
  cpu_milli: 2000,
  measured_ns: 100e9,
  memory_bytes: 3.8 * 2 ** 30,
  memory_limit_bytes: 4 * 2 ** 30,
  disk_used_bytes: 200 * 2 ** 20,
  disk_size_bytes: 10 * 2 ** 30,
};

describe("what the session uses", () => {
  it("is CPUs between two measurements", () => {
    const before = usageOf(data);
    expect(cpus(null, before)).toBeNaN();
    expect(cpus(before, before)).toBeNaN();
    expect(cpus(before, usageOf({ ...data, cpu_ns: 20e9, measured_ns: 110e9 }))).toBe(1.5);
    expect(cpus(before, usageOf({ ...data, cpu_ns: 1e9, measured_ns: 110e9 }))).toBe(0);
  });

  it("is said in few words, and marked when little is left", () => {
    expect(parts(usageOf(data), 1.5)).toEqual([
      { text: "CPU 75 %", words: "1.5 CPUs of 2 in use", near: false },
      { text: "Memory 3.8 GB", words: "3.8 GB of 4.0 GB of memory (95 %)", near: true },
      { text: "Disk 2 %", words: "200 MB of 10 GB of disk", near: false },
    ]);
  });

  it("leaves out what is not known", () => {
    expect(parts(usageOf({ ...data, memory_limit_bytes: null, disk_size_bytes: null }), NaN)).toEqual([]);
    expect(parts(usageOf({}), NaN)).toEqual([]);
  });

  it("has sizes that can be read", () => {
    expect(size(2 ** 20)).toBe("1 MB");
    expect(size(1.5 * 2 ** 30)).toBe("1.5 GB");
    expect(size(64 * 2 ** 30)).toBe("64 GB");
  });
});
