/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Money is exact: decimal strings from the API become whole micro-units in a bigint, and no sum ever
 * passes through a float. Headlines show cents (rounded half up), lines show all six digits.
 */
import { forms, groupDigits } from "./locale";

export { groupDigits } from "./locale";

const SCALE = 1_000_000n;
const SIGNS: Record<string, string> = { USD: "$", EUR: "€", GBP: "£", JPY: "¥" };

/* "0.591067" -> 591067n. What is not a plain decimal with at most six digits is null: never a guess. */
export function parseMicro(text: string | null | undefined): bigint | null {
  const m = /^(-?)(\d{1,15})(?:\.(\d{1,12}))?$/.exec(text ?? "");
  if (!m) return null;
  const frac = (m[3] ?? "").padEnd(6, "0");
  if (/[1-9]/.test(frac.slice(6))) return null;
  const value = BigInt(m[2]!) * SCALE + BigInt(frac.slice(0, 6));
  return m[1] ? -value : value;
}

export function currencySign(currency: string | undefined): string {
  return SIGNS[currency ?? "USD"] ?? `${currency}\u00a0`;
}

function split(micro: bigint): { sign: string; whole: string; frac: string } {
  const abs = micro < 0n ? -micro : micro;
  return {
    sign: micro < 0n ? "−" : "",
    whole: groupDigits((abs / SCALE).toString()),
    frac: (abs % SCALE).toString().padStart(6, "0"),
  };
}

function roundTo(micro: bigint, unit: bigint): bigint {
  const abs = micro < 0n ? -micro : micro;
  const rounded = ((abs + unit / 2n) / unit) * unit;
  return micro < 0n ? -rounded : rounded;
}

/* As the language writes it: "−$12.50", "−12,50 $". */
function write(sign: string, whole: string, frac: string, currency?: string): string {
  return sign + forms.money(currencySign(currency), frac ? whole + forms.decimal + frac : whole).join("");
}

/* Headline: to the cent. */
export function cents(micro: bigint, currency?: string): string {
  const p = split(roundTo(micro, 10_000n));
  return write(p.sign, p.whole, p.frac.slice(0, 2), currency);
}

/* "$80", "$80.50": a round amount without its cents. */
export function whole(micro: bigint, currency?: string): string {
  const p = split(roundTo(micro, 10_000n));
  const frac = p.frac.slice(0, 2);
  return write(p.sign, p.whole, frac === "00" ? "" : frac, currency);
}

/* Line: up to the cent, the four digits below it for the lighter .sub, and the sign where it comes after. */
export function exactParts(micro: bigint, currency?: string): { main: string; sub: string; tail: string } {
  const p = split(micro);
  const [before, amount, tail] = forms.money(currencySign(currency), p.whole + forms.decimal + p.frac.slice(0, 2));
  return { main: p.sign + before + amount, sub: p.frac.slice(2), tail };
}

/* A price in a sentence or a cell: cents, with more digits only where the price has them. */
export function rate(micro: bigint, currency?: string): string {
  const p = split(micro);
  return write(p.sign, p.whole, p.frac.replace(/0{1,4}$/, ""), currency);
}

/* A rate in a table: four decimals, no sign; six when four would not be exact. */
export function rateCell(micro: bigint): string {
  const p = split(micro);
  return p.sign + p.whole + forms.decimal + (p.frac.endsWith("00") ? p.frac.slice(0, 4) : p.frac);
}

/* For programs and fields: never grouped, always a point. */
export function plain(micro: bigint): string {
  const abs = micro < 0n ? -micro : micro;
  return `${micro < 0n ? "-" : ""}${abs / SCALE}.${(abs % SCALE).toString().padStart(6, "0")}`;
}

/* What a price per hour makes in whole seconds; below a micro-unit nothing is shown as earned. */
export function costOf(pricePerHour: bigint, seconds: number): bigint {
  return (pricePerHour * BigInt(Math.max(0, Math.floor(seconds)))) / 3600n;
}

export function sum(values: Iterable<bigint>): bigint {
  let total = 0n;
  for (const v of values) total += v;
  return total;
}
