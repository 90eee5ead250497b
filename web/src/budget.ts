/* SPDX-License-Identifier: Apache-2.0 */
/* The month's balance and budget: what the API says, kept going until it says more. */
import { ApiError, call, get } from "./lib/api";
import { costOf, parseMicro } from "./lib/money";
import { atMs, nowMs } from "./lib/time";

export interface BalanceBudget {
  amount: string;
  hard: boolean;
  by_admin: boolean;
  left: string;
  percent: number;
  until: string | null;
}

export interface Balance {
  month: string;
  month_ends_at: string;
  currency: string;
  used: string;
  open: string;
  credit: string;
  free_seconds_left: number;
  burn_per_hour: string;
  budget: BalanceBudget | null;
  ends_at: string | null;
  ends_by: "budget" | "site" | null;
  received_ms?: number; /* ours: when this copy came */
}

export interface Budget {
  account_id?: string;
  email?: string | null;
  month: string;
  currency: string;
  amount: string | null;
  hard: boolean;
  by_admin: boolean;
  used: string;
  burn_per_hour: string;
  left: string | null;
  percent: number | null;
  until: string | null;
  etag: string | null;
}

export interface Estimate {
  instance_type: string;
  currency: string;
  price_per_hour: string;
  storage_per_month: string;
  until_auto_stop: string;
  until_maximum: string | null;
  auto_stop_seconds: number;
  max_seconds: number;
  budget_left: string | null;
  free_seconds_left: number;
  ends_at: string | null;
  ends_by: "budget" | "site" | null;
  over_budget: boolean;
  note: string | null;
}

export async function readBalance(): Promise<Balance> {
  return { ...(await get<Balance>("/balance")), received_ms: nowMs() };
}

/* What has run since the answer came is not in it. Free time is left out of account: it only makes less. */
export function usedNow(b: Balance, now: number): bigint {
  const base = (parseMicro(b.used) ?? 0n) + (parseMicro(b.open) ?? 0n);
  const seconds = Math.max(0, (now - (b.received_ms ?? now)) / 1000);
  if (b.free_seconds_left > 0) return base;
  return base + costOf(parseMicro(b.burn_per_hour) ?? 0n, seconds);
}

/* Whole per cent; a budget of nothing is used up. */
export function percentOf(used: bigint, amount: bigint): number {
  if (amount <= 0n) return 100;
  return used <= 0n ? 0 : Number((used * 100n) / amount);
}

export function endsMs(b: Balance): number {
  return atMs(b.ends_at);
}

const at = (who: string | null) => (who ? `/admin/budgets/${encodeURIComponent(who)}` : "/budget");

/* who: null for one's own, an account's id, or "site". Somebody else's change meanwhile is a 412. */
export async function putBudget(who: string | null, amount: string, hard: boolean, etag: string | null): Promise<Budget> {
  const headers: Record<string, string> = etag ? { "If-Match": etag } : {};
  return (await call<Budget>("PUT", at(who), { body: { amount, hard }, headers })).data;
}

export async function clearBudget(who: string | null, etag: string | null): Promise<void> {
  const headers: Record<string, string> = etag ? { "If-Match": etag } : {};
  await call("DELETE", at(who), { headers });
}

const tight = (text: string) => text.replace(/[\s\u202f]/g, "");

/* "1,000", "1.000": a thousand or one, by who reads it. */
export function isAmbiguous(text: string): boolean {
  return /^[1-9]\d{0,2}[.,]\d{3}$/.test(tight(text));
}

/* "12", "12.5", "12,50": what people type, as the API takes it; null when it is no amount, or not sure to be that one. */
export function parseAmount(text: string): { text: string; micro: bigint } | null {
  if (isAmbiguous(text)) return null;
  const plain = tight(text).replace(",", ".");
  const micro = /^\d{1,10}(\.\d{1,6})?$/.test(plain) ? parseMicro(plain) : null;
  return micro === null || micro > 1_000_000_000n * 1_000_000n ? null : { text: plain, micro };
}

export function isChanged(e: unknown): boolean {
  return e instanceof ApiError && e.status === 412;
}
