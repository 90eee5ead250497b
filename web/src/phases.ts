/* SPDX-License-Identifier: Apache-2.0 */
/* The phases of a start: which are over, which runs, how long each took and usually takes. */
import { atMs } from "./lib/time";
import type { Phase, Session } from "./model";

const ORDER = ["queue", "image", "volume", "container", "server"];
const LAST_STARTS = 20;

export type Mark = "done" | "now" | "wait" | "failed";

export interface PhaseRow {
  name: string;
  mark: Mark;
  ms: number | null;
}

export function rowsOf(s: Session, now: number): PhaseRow[] {
  const seen = new Map<string, Phase>(s.phases.map((p) => [p.phase, p]));
  const names = [...ORDER.filter((n) => n !== "queue" || seen.has(n)), ...[...seen.keys()].filter((n) => !ORDER.includes(n))];
  const over = s.state === "failed" || s.state === "stopped" || s.state === "lost";
  const lastSeen = s.phases[s.phases.length - 1]?.phase;
  return names.map((name) => {
    const p = seen.get(name);
    if (!p?.started_at) return { name, mark: s.state === "running" ? "done" : "wait", ms: null };
    const end = atMs(p.ended_at);
    const failed = s.state === "failed" && name === lastSeen;
    const done = Number.isFinite(end);
    return {
      name,
      mark: failed ? "failed" : done || over || s.state === "running" ? "done" : "now",
      ms: (done ? end : over ? atMs(s.stopped_at) : now) - atMs(p.started_at),
    };
  });
}

/* The middle of the last starts, phase by phase: a start is usual if it went through to the end. */
export function usualTimes(sessions: Session[]): Record<string, number> {
  const times: Record<string, number[]> = {};
  for (const s of sessions.filter((x) => x.state !== "failed").slice(0, LAST_STARTS))
    for (const p of s.phases) {
      const ms = atMs(p.ended_at) - atMs(p.started_at);
      if (Number.isFinite(ms) && ms >= 0) (times[p.phase] ??= []).push(ms);
    }
  const out: Record<string, number> = {};
  for (const [k, v] of Object.entries(times)) out[k] = v.sort((a, b) => a - b)[Math.floor(v.length / 2)]!;
  return out;
}
