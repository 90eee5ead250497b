/* SPDX-License-Identifier: Apache-2.0 */
/* What the session uses of its CPU, memory and disk, in few words. */

export interface Usage {
  cpu_ns: number;
  cpu_milli: number;
  measured_ns: number;
  memory_bytes: number;
  memory_limit_bytes: number;
  disk_used_bytes: number;
  disk_size_bytes: number;
}

/* What the server does not know is NaN. */
export function usageOf(data: Record<string, unknown>): Usage {
  const num = (key: string): number => (typeof data[key] === "number" ? data[key] : NaN);
  return {
    cpu_ns: num("cpu_ns"),
    cpu_milli: num("cpu_milli"),
    measured_ns: num("measured_ns"),
    memory_bytes: num("memory_bytes"),
    memory_limit_bytes: num("memory_limit_bytes"),
    disk_used_bytes: num("disk_used_bytes"),
    disk_size_bytes: num("disk_size_bytes"),
  };
}

/* CPUs in use between two measurements; NaN while there is no second one. */
export function cpus(before: Usage | null, now: Usage): number {
  const ns = before ? now.measured_ns - before.measured_ns : NaN;
  return ns > 0 ? Math.max(0, now.cpu_ns - before!.cpu_ns) / ns : NaN;
}

export function size(bytes: number): string {
  const gb = bytes / 2 ** 30;
  return gb >= 1 ? `${gb.toFixed(gb < 10 ? 1 : 0)} GB` : `${Math.round(bytes / 2 ** 20)} MB`;
}

export interface Part {
  text: string;
  words: string;
  near: boolean; /* little is left */
}

const NEAR = 0.9;
const percent = (share: number): string => `${Math.round(100 * share)} %`;

/* Parts that are not known are left out. */
export function parts(u: Usage, used_cpus: number): Part[] {
  const memory = u.memory_bytes / u.memory_limit_bytes;
  const disk = u.disk_used_bytes / u.disk_size_bytes;
  const all: [number, Part][] = [
    [
      used_cpus,
      {
        text: `CPU ${percent(used_cpus / (u.cpu_milli > 0 ? u.cpu_milli / 1000 : 1))}`,
        words: `${used_cpus.toFixed(1)} CPUs${u.cpu_milli > 0 ? ` of ${u.cpu_milli / 1000}` : ""} in use`,
        near: false,
      },
    ],
    [
      memory,
      {
        text: `Memory ${size(u.memory_bytes)}`,
        words: `${size(u.memory_bytes)} of ${size(u.memory_limit_bytes)} of memory (${percent(memory)})`,
        near: memory >= NEAR,
      },
    ],
    [
      disk,
      {
        text: `Disk ${percent(disk)}`,
        words: `${size(u.disk_used_bytes)} of ${size(u.disk_size_bytes)} of disk`,
        near: disk >= NEAR,
      },
    ],
  ];
  return all.filter(([known]) => Number.isFinite(known)).map(([, part]) => part);
}
