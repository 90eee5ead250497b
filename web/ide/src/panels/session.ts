/* SPDX-License-Identifier: Apache-2.0 */
/* What the page knows of the session: asked every ten seconds while somebody looks, by all panels together. */
import { type Near, type Status, canExtend, clock as timeOf, left, leftText, near, statusOf } from "../../../shared/session/stop";
import { type Usage, cpus, usageOf } from "../../../shared/session/usage";
import { address, call } from "../kernel/api";
import { clock } from "../kernel/skew";
import { cents, parseMicro } from "../../../src/lib/money";
import { onWake } from "../../../src/lib/wake";
import { saveAll } from "../file/saver";
import { askUser, toast } from "../shell/layers";
import { renameWorkspace, workspace } from "../page";
import { showTitle } from "../shell/routes";
import { activeTab } from "../shell/state";
import { status } from "../shell/status";
import { t } from "../text/index";

const ASK_MS = 10_000;
const KEEP = 60; /* points of the little charts */
export const EXTEND_S = 3600;

export interface Cost {
  so_far: string; /* decimal strings */
  per_hour: string;
  currency?: string;
}

export interface Seen {
  usage: Usage | null;
  cpus: number; /* in use now */
  status: Status | null;
  cost: Cost | null;
  idle_seconds: number;
  cpu: number[]; /* shares, the newest last */
  memory: number[];
  offline: boolean;
  stopping: boolean;
  extending: boolean;
}

type Watcher = () => void;

export class SessionWatch {
  seen: Seen = { usage: null, cpus: NaN, status: null, cost: null, idle_seconds: 0, cpu: [], memory: [], offline: false, stopping: false, extending: false };
  private readonly watchers = new Set<Watcher>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private unwake = (): void => {};
  private warned = ""; /* the stop, and how near, that was told */
  private costless = false;

  watch(fn: Watcher): () => void {
    this.watchers.add(fn);
    if (this.timer === undefined) {
      this.timer = setInterval(() => !document.hidden && void this.ask(), ASK_MS);
      this.unwake = onWake(() => void this.ask());
      void this.ask();
    }
    return () => {
      this.watchers.delete(fn);
      if (this.watchers.size) return;
      clearInterval(this.timer);
      this.timer = undefined;
      this.unwake();
    };
  }

  async ask(): Promise<void> {
    try {
      const began = performance.now();
      const data = await call<Record<string, unknown>>("GET", "api/carrel/session");
      const latency = Math.round(performance.now() - began);
      const usage = usageOf(data);
      const used = cpus(this.seen.usage, usage);
      const limit = usage.cpu_milli > 0 ? usage.cpu_milli / 1000 : 1;
      const grown = (list: number[], v: number): number[] => (Number.isFinite(v) ? [...list, v].slice(-KEEP) : list);
      this.set({
        usage,
        cpus: Number.isNaN(used) ? this.seen.cpus : used,
        status: statusOf(data, this.seen.status),
        idle_seconds: Number(data.idle_seconds) || 0,
        cpu: grown(this.seen.cpu, used / limit),
        memory: grown(this.seen.memory, usage.memory_bytes / usage.memory_limit_bytes),
        offline: false,
      });
      if (data.session) called(data.workspace);
      this.warn();
      bar(this.seen, latency);
      if (!this.costless && data.session) await this.askCost();
    } catch {
      this.set({ offline: true });
      bar(this.seen, null);
    }
  }

  /* Edge answers this on a session's own host; a server by itself costs nothing that we know of. */
  private async askCost(): Promise<void> {
    const r = await fetch(address(".carrel/cost"), { credentials: "same-origin", cache: "no-store" });
    if (r.status === 404) this.costless = true;
    if (!r.ok) return;
    const c = (await r.json()) as Record<string, unknown>;
    if (typeof c.cost === "string" && typeof c.per_hour === "string") {
      this.set({ cost: { so_far: c.cost, per_hour: c.per_hour, currency: typeof c.currency === "string" ? c.currency : undefined } });
    }
  }

  async extend(): Promise<void> {
    if (this.seen.extending) return;
    this.set({ extending: true });
    try {
      const r = await fetch(address(".carrel/extend"), {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-Carrel-CSRF": "1" },
        body: JSON.stringify({ seconds: EXTEND_S }),
      });
      const body = (await r.json().catch(() => ({}))) as Record<string, unknown>;
      if (!r.ok) throw new Error(String(body.detail ?? body.title ?? r.statusText));
      const status = statusOf(body, this.seen.status);
      this.set({ status });
      if (!Number.isNaN(status.stop_at)) notice("info", t.run.extended(timeOf(clock.shown(status.stop_at))));
    } catch (e) {
      notice("danger", t.run.notExtended(e instanceof TypeError ? t.run.noAnswer : (e as Error).message));
    } finally {
      this.set({ extending: false });
    }
  }

  /* What is typed is in its file before anything ends. */
  async stop(): Promise<void> {
    if (this.seen.stopping) return;
    const yes = await askUser({ title: t.run.stopTitle, body: t.run.stopBody, buttons: [{ text: t.run.stop, value: "yes", kind: "primary" }] });
    if (!yes || this.seen.stopping) return;
    this.set({ stopping: true });
    try {
      if (!(await saveAll())) throw new Error(t.run.stopUnsaved);
      const r = await fetch(address(".carrel/stop"), { method: "POST", credentials: "same-origin", headers: { "X-Carrel-CSRF": "1" } });
      const body = (await r.json().catch(() => ({}))) as Record<string, unknown>;
      if (!r.ok) throw new Error(String(body.detail ?? body.title ?? r.statusText));
      notice("info", t.run.stopping);
    } catch (e) {
      this.set({ stopping: false });
      notice("danger", t.run.notStopped(e instanceof TypeError ? t.run.noAnswer : (e as Error).message));
    }
  }

  private set(part: Partial<Seen>): void {
    this.seen = { ...this.seen, ...part };
    for (const fn of [...this.watchers]) fn();
  }

  /* Twice for each stop, once each. */
  private warn(): void {
    const s = this.seen.status;
    const at: Near = s ? near(s, clock.now()) : "";
    if (!s || !at) return;
    const key = `${Math.round(s.stop_at / 30_000)} ${at}`;
    if (this.warned === key) return;
    this.warned = key;
    const text = t.run.stopWarning(timeOf(clock.shown(s.stop_at)), t.run.why[s.why] ?? t.run.why.idle!);
    notice("warn", text, canExtend(s) ? { text: t.run.extend("1 h"), run: () => void this.extend() } : undefined);
  }
}

/* The workspace's name is the page's from its first moment; one that it was given since follows. */
function called(name: unknown): void {
  if (typeof name !== "string" || !name || name === workspace) return;
  renameWorkspace(name);
  status.set({ workspace: name });
  showTitle(activeTab()?.path ?? "");
}

const ICONS = { info: "checkc", warn: "alert", danger: "alert" } as const;

/* Warnings stay until they are closed. */
function notice(kind: keyof typeof ICONS, text: string, action?: { text: string; run: () => void }): void {
  toast(text, ICONS[kind], action ?? (kind === "info" ? undefined : { text: t.run.understood, run: () => undefined }));
}

/* What the status bar says of it. */
function bar(seen: Seen, latency: number | null): void {
  const s = seen.status;
  const time = (ms: number): string => timeOf(clock.shown(ms));
  const micro = parseMicro(seen.cost?.so_far);
  const stop = !s ? null : !Number.isNaN(s.stop_at) ? t.run.stopsIn(leftText(left(s, clock.now()))) : !Number.isNaN(s.max_at) ? t.run.atTheLatest(time(s.max_at)) : null;
  status.set({ ...status.get(), latency_ms: latency, cost: micro === null ? null : cents(micro, seen.cost!.currency), stop });
}

export const session = new SessionWatch();
