/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes in powers of two, as the configuration and the limits of a session have them. */
import { fixed, forms } from "./locale";

export const GB = 1024 ** 3;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${number(value, unit)} ${UNITS[unit]}`;
}

function number(value: number, unit: number): string {
  if (unit === 0 || Number.isInteger(value)) return String(value);
  return fixed(value, value < 10 && unit > 2 ? 2 : 1);
}

/* "18.4 of 50 GiB": the used part in the unit of the whole. */
export function sizeOf(used: number, total: number): string {
  let unit = 0;
  for (let v = total; v >= 1024 && unit < UNITS.length - 1; v /= 1024) unit++;
  const scale = 1024 ** unit;
  if (used > 0 && used / scale < 0.01) return forms.partOf(size(used), size(total));
  return forms.partOf(number(used / scale, unit), `${number(total / scale, unit)} ${UNITS[unit]}`);
}
