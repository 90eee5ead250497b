/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session used, as columns over time (doc/internals/search.md): an hour in steps of ten seconds, its last ten
 * minutes by the second, and while somebody looks one row a second from the event stream.
 */
import { useEffect, useState } from "preact/hooks";
import { ApiError, get } from "./lib/api";
import { type Column, nearest } from "./lib/points";
import { nowMs } from "./lib/time";
import { onWake } from "./lib/wake";
import { onMetrics } from "./live";

export const COLUMNS = ["cpu_cores", "memory_bytes", "disk_bytes", "rx_bytes_per_s", "tx_bytes_per_s", "gpu_percent", "gpu_memory_bytes"] as const;
export type Name = (typeof COLUMNS)[number];

export interface MetricsLimits {
  cpu_cores?: number;
  memory_bytes?: number;
  disk_bytes?: number;
}

export type Answer = { session_id: string; t: number[]; step?: number; live?: boolean; limits?: MetricsLimits } & { [K in Name]?: Column | null };

export interface Metrics {
  times: number[]; /* ms */
  columns: Partial<Record<Name, Column>>; /* those that there are */
  limits: MetricsLimits;
}

export const NO_METRICS: Metrics = { times: [], columns: {}, limits: {} };

const HOUR_MS = 3_600_000;
const FINE_MS = 600_000;
const COARSE_MS = 10_000; /* the step of an hour */
const ASK_MS = 45_000; /* asking is looking, for a minute */

export function metricsOf(a: Answer): Metrics {
  const columns: Metrics["columns"] = {};
  for (const name of COLUMNS) {
    const c = a[name];
    if (Array.isArray(c) && c.length === a.t.length) columns[name] = c;
  }
  return { times: a.t.map((s) => s * 1000), columns, limits: a.limits ?? {} };
}

/* The newer rows take the place of whatever the older ones say from their first moment on. */
export function follow(old: Metrics, fresh: Metrics, keep_ms = HOUR_MS): Metrics {
  if (!fresh.times.length) return old;
  if (!old.times.length) return fresh;
  const first = fresh.times[0]!;
  const end = fresh.times[fresh.times.length - 1]!;
  let cut = old.times.findIndex((x) => x >= first);
  if (cut < 0) cut = old.times.length;
  let start = old.times.findIndex((x) => x > end - keep_ms);
  if (start < 0 || start > cut) start = cut;
  /* What came by the stream meanwhile is younger than an answer that took its time. */
  let rest = old.times.findIndex((x) => x > end);
  if (rest < 0) rest = old.times.length;
  const columns: Metrics["columns"] = {};
  for (const name of COLUMNS) {
    const a = old.columns[name];
    const b = fresh.columns[name];
    if (!a && !b) continue;
    const part = (c: Column | undefined, from: number, to: number) => (c ? c.slice(from, to) : Array.from({ length: to - from }, () => null));
    columns[name] = [...part(a, start, cut), ...(b ?? fresh.times.map(() => null)), ...part(a, rest, old.times.length)];
  }
  return { times: [...old.times.slice(start, cut), ...fresh.times, ...old.times.slice(rest)], columns, limits: { ...old.limits, ...fresh.limits } };
}

/*
 * Seconds are kept only while somebody looks; what nobody looked at stays as it is by tens of seconds. So a second
 * that was seen takes the place of what is coarser around it, and one that was not takes nobody's.
 */
export function refine(coarse: Metrics, fine: Metrics, reach_ms: number): Metrics {
  const names = COLUMNS.filter((n) => coarse.columns[n] || fine.columns[n]);
  const seen = (m: Metrics, i: number) => names.some((n) => m.columns[n]?.[i] != null);
  const rows: [number, Metrics, number][] = [];
  fine.times.forEach((at, i) => seen(fine, i) && rows.push([at, fine, i]));
  const taken = rows.map(([at]) => at);
  coarse.times.forEach((at, i) => {
    const k = nearest(taken, at);
    if (k < 0 || Math.abs(taken[k]! - at) >= reach_ms) rows.push([at, coarse, i]);
  });
  rows.sort((a, b) => a[0] - b[0]);
  const columns: Metrics["columns"] = {};
  for (const n of names) columns[n] = rows.map(([, m, i]) => m.columns[n]?.[i] ?? null);
  return { times: rows.map(([at]) => at), columns, limits: { ...coarse.limits, ...fine.limits } };
}

const path = (id: string) => `/sessions/${encodeURIComponent(id)}/metrics`;

export async function readMetrics(id: string, span?: { from: number; to: number }, step?: number): Promise<Metrics> {
  const q = new URLSearchParams();
  if (span) {
    q.set("from", new Date(span.from).toISOString());
    q.set("to", new Date(span.to).toISOString());
  }
  if (step) q.set("step", String(step));
  const text = q.toString();
  return metricsOf(await get<Answer>(text ? `${path(id)}?${text}` : path(id), { tries: 2 }));
}

async function hour(id: string, on: boolean): Promise<Metrics> {
  const all = await readMetrics(id);
  if (!on) return all;
  const now = nowMs();
  try {
    return refine(all, await readMetrics(id, { from: now - FINE_MS, to: now }, 1), COARSE_MS);
  } catch {
    return all;
  }
}

/* A tab that was away for a second comes back to what it showed. */
const kept = new Map<string, Metrics>();
const KEPT = 4;

export interface Watched {
  metrics: Metrics;
  error: ApiError | null;
  loading: boolean;
}

export function useMetrics(id: string | undefined, on: boolean): Watched {
  const [state, set] = useState<Watched>({ metrics: (id && kept.get(id)) || NO_METRICS, error: null, loading: !!id });
  useEffect(() => {
    if (!id) return set({ metrics: NO_METRICS, error: null, loading: false });
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    let mine = kept.get(id) ?? NO_METRICS;
    const put = (m: Metrics) => {
      mine = m;
      kept.delete(id);
      kept.set(id, m);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
      set({ metrics: m, error: null, loading: false });
    };
    const ask = async () => {
      if (!document.hidden) {
        try {
          const m = await hour(id, on);
          if (!gone) put(on ? follow(mine, m) : m);
        } catch (e) {
          if (!gone) set({ metrics: mine, error: e as ApiError, loading: false });
        }
      }
      if (!gone && on) timer = setTimeout(() => void ask(), ASK_MS);
    };
    void ask();
    const awake = on ? onWake(() => (clearTimeout(timer), void ask())) : () => {};
    const unwatch = onMetrics((data) => {
      const a = data as Answer;
      if (on && a.session_id === id && Array.isArray(a.t)) put(follow(mine, metricsOf(a)));
    });
    return () => {
      gone = true;
      clearTimeout(timer);
      awake();
      unwatch();
    };
  }, [id, on]);
  return state;
}
