/* SPDX-License-Identifier: Apache-2.0 */
/* How the language that is spoken writes numbers, money and times. English until another one is set. */
export interface Forms {
  tag: string; /* BCP 47 */
  months: string[];
  monthsShort: string[];
  days: string[];
  now: string;
  yesterday: string;
  minutesAgo(count: number): string;
  day(date: number, monthShort: string): string; /* "16 Nov" */
  dayYear(date: number, month: string, year: number): string;
  dayShortYear(date: number, monthShort: string, year: number): string;
  dayLong(weekday: string, date: number, month: string): string;
  decimal: string;
  partOf(used: string, total: string): string; /* "18.4 of 50 GiB" */
  money(sign: string, amount: string): [before: string, amount: string, after: string];
}

const english: Forms = {
  tag: "en",
  months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
  monthsShort: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
  days: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
  now: "now",
  yesterday: "yesterday",
  minutesAgo: (count) => `${count} min ago`,
  day: (date, month) => `${date} ${month}`,
  dayYear: (date, month, year) => `${date} ${month} ${year}`,
  dayShortYear: (date, month, year) => `${date} ${month} ${year}`,
  dayLong: (weekday, date, month) => `${weekday} ${date} ${month}`,
  decimal: ".",
  partOf: (used, total) => `${used} of ${total}`,
  money: (sign, amount) => [sign, amount, ""],
};

export let forms: Forms = english;

export function setForms(to: Forms | null): void {
  forms = to ?? english;
}

const THIN = "\u202f";

/* Digits by threes from five on: 4211, 10 000. */
export function groupDigits(digits: string): string {
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, THIN);
}

/* "12.5" as it is written here: the decimal sign, and threes before it. */
export function written(plain: string): string {
  const [whole = "", frac] = plain.split(".");
  const neg = whole.startsWith("-");
  const digits = groupDigits(neg ? whole.slice(1) : whole);
  return (neg ? "−" : "") + digits + (frac === undefined ? "" : forms.decimal + frac);
}

/* At most so many decimals, none that say nothing. */
export function decimal(value: number, digits: number): string {
  return written(String(Number(value.toFixed(digits))));
}

export function fixed(value: number, digits: number): string {
  return written(value.toFixed(digits));
}

export function count(value: number): string {
  return written(String(Math.round(value)));
}
