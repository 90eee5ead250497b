/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Usage of a month: the charges as the API lists them (compute, storage, corrections), and one line for what runs now.
 * A running line is the session's own figure less what the ledger has of it already, so that nothing is
 * counted twice and the sum is right at every second.
 */
import { getAll } from "./lib/api";
import { parseMicro, sum } from "./lib/money";
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

function openLine(w: Workspace, ledger: Ledger, now: number): UsageLine | null {
  const s = w.session;
  if (!s?.started_at || (s.state !== "running" && s.state !== "stopping")) return null;
  const closed = ledger.items.filter((i) => i.session_id === s.id);
  const cost = costSoFar(s, now);
  if (cost === null || closed.some((i) => !i.stopped_at)) return null;
  const micro = cost - sum(closed.map((i) => parseMicro(i.amount) ?? 0n));
  const seconds = secondsSoFar(s, now) - closed.reduce((a, i) => a + i.seconds, 0);
  if (micro < 0n || seconds <= 0) return null;
  const frac = (micro % 1_000_000n).toString().padStart(6, "0");
  return {
    session_id: s.id, workspace_id: w.id, workspace_name: w.name, segment: closed.length, instance_type: s.instance_type,
    started_at: closed[closed.length - 1]?.stopped_at ?? s.started_at, stopped_at: null, seconds,
    price_per_hour: s.price_per_hour, amount: `${micro / 1_000_000n}.${frac}`, estimated: false,
  };
}

/* Newest first. */
export function linesOf(ledger: Ledger, workspaces: Workspace[], month: Month, now: number): Line[] {
  const { from, to } = monthRange(month);
  const names = new Map(workspaces.map((w) => [w.id, w.name]));
  const open = workspaces
    .map((w) => openLine(w, ledger, now))
    .filter((u): u is UsageLine => u !== null && atMs(u.started_at) >= from && atMs(u.started_at) < to);
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
