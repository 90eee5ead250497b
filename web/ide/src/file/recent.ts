/* SPDX-License-Identifier: Apache-2.0 */
/* Files that were opened lately in this browser, the latest first. */
import { read, write } from "../../../src/lib/keys";

const KEY = "carrel.ide.recent";
const MAX = 12;

export function recent(): string[] {
  try {
    const all = JSON.parse(read(KEY) ?? "[]") as unknown;
    return Array.isArray(all) ? all.filter((x): x is string => typeof x === "string") : [];
  } catch {
    return [];
  }
}

export function remember(path: string): void {
  write(KEY, JSON.stringify([path, ...recent().filter((x) => x !== path)].slice(0, MAX)));
}

export function forget(path: string): void {
  write(KEY, JSON.stringify(recent().filter((x) => x !== path && !x.startsWith(`${path}/`))));
}
