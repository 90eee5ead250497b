/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Usage of a month: the charges as the API lists them (compute, storage, corrections), and one line for what runs now.
 * A running line is the session's own figure less what the ledger has of it already, so that nothing is
 * counted twice and the sum is right at every second. Of a session that runs over the end of a month each month has
 * its part, as the charges will be cut when it has ended (doc/internals/metering.md).
 */
import { getAll } from "./lib/api";
import { costOf, parseMicro, plain, sum } from "./lib/money";
import { type Month, atMs, dayKey, monthRange } from "./lib/time";
import type { UsageLine, UsageTotal, Workspace } from "./model";
import { t } from "./text";
import { costSoFar, secondsSoFar } from "./words";

export interface Ledger {
  items: UsageLine[];
  total: UsageTotal;
}

export interface Line extends UsageLine {
  name: string;
  at: number;
  day: string;
  micro: bigint;
  open: boolean; /* runs now */
  what: string; /* the instance type, "storage" or "correction" */
  state: "running" | "free" | "storage" | "correction";
}

export async function readLedger(month: Month): Promise<Ledger> {
  const { from, to } = monthRange(month);
  const range = `from=${encodeURIComponent(new Date(from).toISOString())}&to=${encodeURIComponent(new Date(to).toISOString())}`;
  const { items, last } = await getAll<UsageLine, { total: UsageTotal }>(`/usage?${range}&limit=200`);
  return { items, total: last.total };
}

function openLine(w: Workspace, ledger: Ledger, range: { from: number; to: number }, now: number): UsageLine | null {
  const s = w.session;
  if (!s?.started_at || (s.state !== "running" && s.state !== "stopping")) return null;
  const closed = ledger.items.filter((i) => i.session_id === s.id);
  const cost = costSoFar(s, now);
  if (cost === null || closed.some((i) => !i.stopped_at)) return null;
  const whole = cost - sum(closed.map((i) => parseMicro(i.amount) ?? 0n));
  const seconds = secondsSoFar(s, now) - closed.reduce((a, i) => a + i.seconds, 0);
  if (whole < 0n || seconds <= 0) return null;
  const begun = closed.reduce((a, i) => (atMs(i.stopped_at) > atMs(a) ? i.stopped_at! : a), s.started_at);
  const until = (ms: number) => Math.min(seconds, Math.max(0, (ms - atMs(begun)) / 1000));
  const [before, end] = [until(range.from), until(range.to)];
  if (end <= before) return null;
  /* Of what a part ends at: the last one has what is left, so that the parts make the whole. */
  const costAt = (sec: number) => {
    const c = costOf(parseMicro(s.price_per_hour) ?? 0n, sec);
    return sec < seconds && c < whole ? c : whole;
  };
  return {
    session_id: s.id, workspace_id: w.id, workspace_name: w.name, instance_type: s.instance_type,
    segment: closed.reduce((a, i) => Math.max(a, i.segment + 1), 0),
    started_at: before > 0 ? new Date(range.from).toISOString() : begun,
    stopped_at: end < seconds ? new Date(range.to).toISOString() : null,
    seconds: end - before, price_per_hour: s.price_per_hour, amount: plain(costAt(end) - costAt(before)), estimated: false,
  };
}

/* Newest first. */
export function linesOf(ledger: Ledger, workspaces: Workspace[], month: Month, now: number): Line[] {
  const range = monthRange(month);
  const names = new Map(workspaces.map((w) => [w.id, w.name]));
  const open = workspaces.map((w) => openLine(w, ledger, range, now)).filter((u): u is UsageLine => u !== null);
  return [...ledger.items, ...open]
    .map((u): Line => {
      const at = atMs(u.started_at);
      const kind = u.kind ?? "compute";
      const known = u.workspace_id ? (names.get(u.workspace_id) ?? u.workspace_name) : null;
      const name = known ?? (u.workspace_id ? t.usage.deleted(u.workspace_id) : t.usage.noWorkspace);
      const what = kind === "compute" ? (u.instance_type ?? "") : kind;
      const state = kind !== "compute" ? kind : u.free ? "free" : "running";
      return { ...u, at, day: dayKey(at), micro: parseMicro(u.amount) ?? 0n, name, open: !u.stopped_at, what, state };
    })
    .sort((a, b) => b.at - a.at);
}

export function totalOf(ledger: Ledger, lines: Line[]): { micro: bigint; seconds: number } {
  const open = lines.filter((l) => !ledger.items.some((i) => i.session_id === l.session_id && i.segment === l.segment));
  return {
    micro: (parseMicro(ledger.total.amount) ?? 0n) + sum(open.map((l) => l.micro)),
    seconds: Number(ledger.total.seconds) + open.reduce((a, l) => a + l.seconds, 0),
  };
}
