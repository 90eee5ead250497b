/* SPDX-License-Identifier: Apache-2.0 */
/* From data to sentences: why a session runs, why it ended, what an error means. */
import type { ApiError } from "./lib/api";
import { decimal } from "./lib/locale";
import { costOf, parseMicro } from "./lib/money";
import { ago, atMs, clock, durationSetting, durationShort } from "./lib/time";
import type { Image, InstanceType, Session, Workspace } from "./model";
import { t } from "./text";

const IDLE_AFTER_MS = 5 * 60_000;

/* Idle is a quality of running: no busy kernel, no terminal job, and nothing done for five minutes. */
export function isIdle(s: Session, now: number): boolean {
  if (s.state !== "running") return false;
  const e = s.evidence ?? {};
  if (e.busy?.length || e.terminals?.length) return false;
  const last = atMs(e.last?.at ?? s.started_at);
  return Number.isFinite(last) && now - last > IDLE_AFTER_MS;
}

/* Extending moves the idle and the calendar clock; nobody moves the maximum or a budget from here. */
export function canExtend(why: string | null | undefined): boolean {
  return why !== "max" && why !== "budget";
}

export function leftSeconds(s: Session | null, now: number): number | null {
  const at = atMs(s?.stop_at);
  return s?.state === "running" && Number.isFinite(at) ? Math.max(0, (at - now) / 1000) : null;
}

/* Whole seconds metered so far: what the server said, plus the time since it said so. */
export function secondsSoFar(s: Session, now: number): number {
  if (s.state !== "running" && s.state !== "stopping") return s.seconds;
  if (!s.started_at) return s.seconds;
  return s.seconds + Math.max(0, (now - (s.received_ms ?? now)) / 1000);
}

export function costSoFar(s: Session, now: number): bigint | null {
  const base = parseMicro(s.cost);
  const price = parseMicro(s.price_per_hour);
  if (base === null || price === null) return base;
  return base + costOf(price, Math.floor(secondsSoFar(s, now) - s.seconds));
}

/* The evidence of an idle stop, and of an idle session: what was done last, and when. */
function lastThing(s: Session, now: number): string {
  const last = s.evidence?.last;
  const at = atMs(last?.at);
  if (!Number.isFinite(at)) return last?.what === "start" ? t.evidence.last.start!("") : "";
  return (t.evidence.last[last?.what ?? ""] ?? t.evidence.lastOther)(now - at < 60_000 ? t.justNow : ago(at, now));
}

export function whyRuns(s: Session, now: number): string {
  const e = s.evidence ?? {};
  const parts: string[] = [];
  const busy = e.busy?.[0];
  if (busy) {
    const file = busy.path?.split("/").pop() || busy.name || busy.kernel || "";
    const since = durationShort(Math.max(0, (now - atMs(busy.since)) / 1000) || 0);
    const more = (e.busy?.length ?? 1) - 1;
    parts.push(more ? t.evidence.busyMore(file, more, since) : t.evidence.busy(file, since));
  }
  const job = e.terminals?.find((x) => x.job)?.job;
  if (job) parts.push(t.evidence.terminal(job));
  if (!parts.length) parts.push(lastThing(s, now) || t.evidence.none);
  const max = atMs(s.started_at) + s.max_seconds * 1000;
  const stop = atMs(s.stop_at);
  if (busy || job) {
    parts.push(t.evidence.idleClock(durationSetting(s.auto_stop_seconds)));
    if (Number.isFinite(max) && s.max_seconds) parts.push(t.evidence.atLatest(clock(max)));
  } else if (Number.isFinite(stop)) parts.push(t.evidence.stopsAt(clock(stop)));
  return parts.join(" ");
}

/* One sentence for the sessions list. The server's own sentence says more for failures. */
export function whyEnded(s: Session, now: number): string {
  switch (s.state) {
    case "queued":
      return s.message || t.reason.queued;
    case "starting":
      return t.reason.starting;
    case "running":
      return whyRuns(s, now);
    case "stopping":
      return t.reason.stopping;
  }
  switch (s.reason) {
    case "idle":
      return [t.reason.idle(durationSetting(s.auto_stop_seconds)), lastThing(s, now)].filter(Boolean).join(" ");
    case "max":
      return t.reason.max(durationSetting(s.max_seconds));
    case "calendar":
      return t.reason.calendar;
    case "budget":
      return t.reason.budget;
    case "user":
      return t.reason.user;
    case "delete":
      return t.reason.delete;
    case "admin":
      return s.message?.startsWith("Stopped by") ? s.message : t.reason.admin; /* with what the administrator wrote */
    case "shutdown":
      return t.reason.shutdown;
    case "oom":
      return t.reason.oom;
    case "exit":
      return t.reason.exit;
    case "shim-lost":
      return t.reason.shimLost;
    case "host-lost":
      return t.reason.hostLost;
    case "start-failed":
      return s.message || t.reason.startFailed;
  }
  if (s.message) return s.message;
  return s.state === "failed" ? t.reason.failed : s.state === "lost" ? t.reason.lost : t.reason.stopped;
}

export function failText(e: ApiError): string {
  if (e.status === 0) return t.error.away;
  if (e.title && e.detail && !e.detail.startsWith(e.title)) return `${e.title} ${e.detail}`;
  return e.detail || e.title || t.error.fallback(e.status);
}

export function imageName(images: Image[], id: string): string {
  const found = images.find((i) => i.id === id || i.name === id);
  return found?.title || found?.name || id;
}

export function typeName(types: InstanceType[], id: string): string {
  return types.find((x) => x.id === id)?.name ?? id;
}

export function cpuText(cpu: number): string {
  return t.create.cpu(decimal(cpu, 3));
}

/* Running workspaces, those that will stop first on top; the rest as they were. */
export function running(all: Workspace[] | null): Workspace[] {
  return (all ?? []).filter((w) => w.session);
}
