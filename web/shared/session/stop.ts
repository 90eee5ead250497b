/* SPDX-License-Identifier: Apache-2.0 */
/* When this session stops, as far as the page knows, and whether that is near enough to warn. */

export interface Status {
  stop_at: number; /* ms, by the server's clock; NaN: not known */
  why: string;
  idle_seconds: number;
  max_at: number;
}

const LEAD_S = 300;
const EARLY_S = 900;
const NONE = NaN;

const num = (v: unknown): number => (typeof v === "number" && Number.isFinite(v) ? v : NONE);
const time = (v: unknown): number => (typeof v === "string" ? Date.parse(v) : NONE);

export function statusOf(data: Record<string, unknown>, before: Status | null): Status {
  return {
    stop_at: time(data.stop_at),
    why: String(data.stop_why ?? data.why ?? before?.why ?? "idle"),
    idle_seconds: num(data.auto_stop_seconds) || num(data.idle_seconds) || (before?.idle_seconds ?? NONE),
    max_at: Number.isNaN(time(data.max_at)) ? (before?.max_at ?? NONE) : time(data.max_at),
  };
}

function within(s: Status, lead_s: number): number {
  return s.why === "idle" && s.idle_seconds > 0 ? Math.min(lead_s, s.idle_seconds / 2) : lead_s;
}

/* 5 minutes, or half of a shorter limit: the same rule as in the console. */
export function lead(s: Status): number {
  return within(s, LEAD_S);
}

/* The first warning: 15 minutes, or the same half. */
export function earlyLead(s: Status): number {
  return within(s, EARLY_S);
}

/* Nobody moves the longest run or a budget from here. */
export function canExtend(s: Status): boolean {
  return s.why !== "max" && s.why !== "budget";
}

export function left(s: Status | null, now: number): number {
  return s ? Math.max(0, (s.stop_at - now) / 1000) : NONE;
}

export type Near = "" | "early" | "last";

export function near(s: Status, now: number): Near {
  const seconds = left(s, now);
  return seconds <= lead(s) ? "last" : seconds <= earlyLead(s) ? "early" : "";
}

export function leftText(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const m = Math.floor(seconds / 60);
  if (m < 60) return `${m} min`;
  return m % 60 ? `${Math.floor(m / 60)} h ${m % 60} min` : `${m / 60} h`;
}

export function clock(ms: number): string {
  const d = new Date(ms);
  return `${String(d.getHours()).padStart(2, "0")}:${String(d.getMinutes()).padStart(2, "0")}`;
}
