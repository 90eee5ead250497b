/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times for people. Everything is shown in the browser's own time zone; durations are whole seconds.
 * The clock of the server decides how long something still runs: noteServerDate() keeps the difference.
 */
import { fixed, forms } from "./locale";

let skew_ms = 0;

/* A Date header has whole seconds: differences below two are noise, not a wrong clock. */
export function noteServerDate(header: string | null): void {
  const at = header ? Date.parse(header) : NaN;
  if (Number.isNaN(at)) return;
  const diff = at + 500 - Date.now();
  skew_ms = Math.abs(diff) > 2000 ? diff : 0;
}

export function nowMs(): number {
  return Date.now() + skew_ms;
}

/* Core sends microseconds; Date.parse keeps the milliseconds of them. NaN when absent or not a time. */
export function atMs(text: string | null | undefined): number {
  return text ? Date.parse(text) : NaN;
}

const two = (n: number) => String(n).padStart(2, "0");

/* "2 h 41 min 12 s": nothing is rounded. */
export function durationExact(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  if (h) return `${h} h ${two(m)} min ${two(s % 60)} s`;
  return m ? `${m} min ${two(s % 60)} s` : `${s} s`;
}

/* "2 h 41 min", "12 min", "40 s": for what is still to come and for settings. */
export function durationShort(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  if (!h) return `${m} min`;
  return m ? `${h} h ${m} min` : `${h} h`;
}

/* A setting may hold odd seconds; then they are said. */
export function durationSetting(seconds: number): string {
  return seconds % 60 && seconds >= 60 ? durationExact(seconds) : durationShort(seconds);
}

/* Seconds with one decimal, as on the starting page. */
export function tenths(ms: number): string {
  return fixed(Math.max(0, Math.floor(ms / 100)) / 10, 1);
}

export function clock(ms: number, seconds = false): string {
  const d = new Date(ms);
  const hm = `${two(d.getHours())}:${two(d.getMinutes())}`;
  return seconds ? `${hm}:${two(d.getSeconds())}` : hm;
}

export function day(ms: number): string {
  const d = new Date(ms);
  return forms.day(d.getDate(), forms.monthsShort[d.getMonth()]!);
}

/* For what is not near: plans, prices. */
export function dayYear(ms: number): string {
  const d = new Date(ms);
  return forms.dayYear(d.getDate(), forms.months[d.getMonth()]!, d.getFullYear());
}

export function dayLong(ms: number): string {
  const d = new Date(ms);
  return forms.dayLong(forms.days[d.getDay()]!, d.getDate(), forms.months[d.getMonth()]!);
}

export function dayKey(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

export function dayClock(ms: number): string {
  return `${day(ms)} ${clock(ms)}`;
}

/* "now", "44 min ago", "10:54", "yesterday", "Thursday", "16 Nov". */
export function ago(ms: number, now: number): string {
  const s = Math.floor((now - ms) / 1000);
  if (s < 60) return forms.now;
  if (s < 3600) return forms.minutesAgo(Math.floor(s / 60));
  if (dayKey(ms) === dayKey(now)) return clock(ms);
  const days = Math.round((midnight(now) - midnight(ms)) / 86_400_000);
  if (days === 1) return forms.yesterday;
  if (days < 7) return forms.days[new Date(ms).getDay()]!;
  const d = new Date(ms);
  if (d.getFullYear() === new Date(now).getFullYear()) return day(ms);
  return forms.dayShortYear(d.getDate(), forms.monthsShort[d.getMonth()]!, d.getFullYear());
}

function midnight(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/* "~6 min", "~2 h": the distance of a moment, for the eye. */
export function about(text: string | null | undefined, now: number): { figure: string; unit: string } | null {
  const ms = atMs(text) - now;
  if (!Number.isFinite(ms)) return null;
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return minutes < 90 ? { figure: `~${minutes}`, unit: "min" } : { figure: `~${Math.round(minutes / 60)}`, unit: "h" };
}

export interface Month {
  year: number;
  month: number; /* 0 to 11 */
}

export function monthOf(ms: number): Month {
  const d = new Date(ms);
  return { year: d.getFullYear(), month: d.getMonth() };
}

export function monthKey(m: Month): string {
  return `${m.year}-${two(m.month + 1)}`;
}

export function parseMonth(text: string | null): Month | null {
  const p = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text ?? "");
  return p ? { year: Number(p[1]), month: Number(p[2]) - 1 } : null;
}

export function monthAdd(m: Month, by: number): Month {
  return monthOf(new Date(m.year, m.month + by, 1).getTime());
}

export function monthName(m: Month): string {
  return forms.months[m.month]!;
}

/* Local midnights, as the instants the API compares with. */
export function monthRange(m: Month): { from: number; to: number; days: number } {
  return {
    from: new Date(m.year, m.month, 1).getTime(),
    to: new Date(m.year, m.month + 1, 1).getTime(),
    days: new Date(m.year, m.month + 1, 0).getDate(),
  };
}
