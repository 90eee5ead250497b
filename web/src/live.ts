/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the console knows: read once after sign-in, kept fresh by events, read again as a whole when some may have been
 * missed (follow.ts). Pages take from here and write nothing but through actions.ts.
 */
import { getAll } from "./lib/api";
import type { SseEvent } from "./lib/sse";
import { createStore } from "./lib/store";
import { atMs, monthOf, nowMs } from "./lib/time";
import { type Balance, readBalance } from "./budget";
import type { Image, InstanceType, Me, Notice, Place, Session, Warning, Workspace } from "./model";
import { type Ledger, readLedger } from "./usage";

export interface Link {
  since: number; /* when the connection was lost, 0 while it stands */
  nextTry: number;
}

export interface Live {
  phase: "boot" | "out" | "in" | "unreachable";
  ended: boolean; /* signed out by the server, not by the person */
  me: Me | null;
  workspaces: Workspace[] | null;
  types: InstanceType[];
  images: Image[];
  month: Ledger | null; /* the present one */
  balance: Balance | null; /* of this month, with its budget */
  link: Link;
  warnings: Warning[];
  notices: Notice[];
  unread: number;
}

const EMPTY: Live = {
  phase: "boot", ended: false, me: null, workspaces: null, types: [], images: [], month: null, balance: null,
  link: { since: 0, nextTry: 0 }, warnings: [], notices: [], unread: 0,
};

export const live = createStore<Live>(EMPTY);

let monthTimer: ReturnType<typeof setTimeout> | undefined;
const sessionWatchers = new Set<(s: Session) => void>();
const metricsWatchers = new Set<(data: unknown) => void>();

function stamp(s: Session): Session {
  return { ...s, received_ms: nowMs() };
}

function stampWorkspace(w: Workspace): Workspace {
  return { ...w, session: w.session && stamp(w.session), last_session: w.last_session && stamp(w.last_session) };
}

export function onSession(fn: (s: Session) => void): () => void {
  sessionWatchers.add(fn);
  return () => void sessionWatchers.delete(fn);
}

export function onMetrics(fn: (data: unknown) => void): () => void {
  metricsWatchers.add(fn);
  return () => void metricsWatchers.delete(fn);
}

export function putWorkspace(w: Workspace): Workspace {
  told++;
  const fresh = stampWorkspace(w);
  const all = live.get().workspaces;
  if (!all) return fresh; /* the list is on its way, and one of all would be no list */
  const at = all.findIndex((x) => x.id === w.id);
  live.set({ workspaces: at < 0 ? [...all, fresh] : all.map((x) => (x.id === w.id ? fresh : x)) });
  return fresh;
}

export function dropWorkspace(id: string): void {
  told++;
  live.set({ workspaces: (live.get().workspaces ?? []).filter((w) => w.id !== id) });
}

interface PlaceItem {
  session_id: string;
  workspace_id: string;
  queue: Place | null;
}

/* Places change without their sessions: one event has all of an account's. */
function putPlaces(items: PlaceItem[]): void {
  const by = new Map(items.map((i) => [i.session_id, i.queue]));
  const all = live.get().workspaces;
  if (all)
    live.set({ workspaces: all.map((w) => (w.session?.state === "queued" && by.has(w.session.id) ? { ...w, session: { ...w.session, queue: by.get(w.session.id)! } } : w)) });
}

/* What is free changes with what others do, and no event tells: asked for while it is looked at. */
export async function readTypes(): Promise<void> {
  live.set({ types: (await getAll<InstanceType>("/instance-types")).items });
}

const LIVE_STATES = ["queued", "starting", "running", "stopping"];

/* A session goes through its states in this order and never back. */
const ORDER: Partial<Record<Session["state"], number>> = { queued: 1, starting: 2, running: 3, stopping: 4 };

/* The answer to a request may come after the event that tells what came of it: it is older news then. */
function isStale(w: Workspace, s: Session): boolean {
  if (w.last_session?.id === s.id) return w.last_session.epoch >= s.epoch && w.last_session.state !== "lost";
  return w.session?.id === s.id && w.session.epoch === s.epoch && (ORDER[s.state] ?? 9) < (ORDER[w.session.state] ?? 0);
}

/* An event about an older session of the workspace must not hide the present one. */
export function putSession(s: Session): void {
  told++;
  const fresh = stamp(s);
  const alive = LIVE_STATES.includes(s.state);
  const all = live.get().workspaces;
  if (all)
    live.set({
      workspaces: all.map((w) => {
        if (w.id !== s.workspace_id) return w;
        if (alive) {
          if (w.session && w.session.id !== s.id && w.session.epoch > s.epoch) return w;
          if (isStale(w, s)) return w;
          return { ...w, session: keepStats(fresh, w.session) };
        }
        if (w.session && w.session.id !== s.id) return w;
        return { ...w, session: null, last_session: fresh };
      }),
    });
  if (s.state === "starting" || s.state === "running") noteBurning(s);
  const warnings = live.get().warnings.filter((w) => stillHolds(w, s));
  if (warnings.length !== live.get().warnings.length) live.set({ warnings });
  for (const fn of [...sessionWatchers]) fn(fresh);
  if (!alive) laterMonth();
}

/* An event without figures does not blank those that are shown. */
function keepStats(s: Session, old: Session | null): Session {
  return s.stats || old?.id !== s.id ? s : { ...s, stats: old.stats };
}

function stillHolds(w: Warning, s: Session): boolean {
  if (w.session_id !== s.id) return true;
  if (s.state !== "running" || !s.stop_at) return false;
  return atMs(s.stop_at) - nowMs() <= Math.max(w.seconds, 300) * 1000 + 5000 && atMs(s.stop_at) <= atMs(w.stop_at) + 5000;
}

function putWarning(w: Warning): void {
  live.set({ warnings: [...live.get().warnings.filter((x) => x.session_id !== w.session_id), w] });
}

/* A new one, one that was read (here or in another tab), or all of them read. */
export function putNotice(n: Notice | { all_read: true }): void {
  const { notices, unread } = live.get();
  if ("all_read" in n) {
    const at = new Date(nowMs()).toISOString();
    live.set({ notices: notices.map((x) => (x.read_at ? x : { ...x, read_at: at })), unread: 0 });
    return;
  }
  const old = notices.find((x) => x.id === n.id);
  if (old) {
    const less = !old.read_at && n.read_at ? 1 : 0;
    live.set({ notices: notices.map((x) => (x.id === n.id ? n : x)), unread: Math.max(0, unread - less) });
  } else if (n.read_at) {
    live.set({ unread: Math.max(0, unread - 1) }); /* one that is not in this list */
  } else {
    live.set({ notices: [n, ...notices], unread: unread + 1 });
  }
}

export function dropWarning(session: string): void {
  live.set({ warnings: live.get().warnings.filter((w) => w.session_id !== session) });
}

export function putMe(me: Me): void {
  live.set({ me });
}

async function readMonth(): Promise<void> {
  try {
    live.set({ month: await readLedger(monthOf(nowMs())) });
  } catch {
    /* what is shown stays as it was */
  }
  await freshBalance();
}

/* What is left of the budget changes by itself; what runs tells when it starts and ends. */
const BALANCE_MS = 60_000;
let balanceTimer: ReturnType<typeof setTimeout> | undefined;

export async function freshBalance(): Promise<void> {
  clearTimeout(balanceTimer);
  try {
    live.set({ balance: await readBalance() });
  } catch {
    /* the figure at the foot of the navigation stays as it was */
  }
  if (live.get().phase === "in") armBalance();
}

/* Nobody reads it in a hidden tab: it is asked for when somebody looks again. */
function armBalance(): void {
  clearTimeout(balanceTimer);
  balanceTimer = setTimeout(() => (document.hidden ? armBalance() : void freshBalance()), BALANCE_MS);
}

function laterBalance(): void {
  clearTimeout(balanceTimer);
  balanceTimer = setTimeout(() => void freshBalance(), 1500);
}

export function wakeBalance(): void {
  const { phase, balance } = live.get();
  if (phase === "in" && nowMs() - (balance?.received_ms ?? 0) >= BALANCE_MS) laterBalance();
}

/* A session that begins to cost changes what burns. */
const burning = new Set<string>();
function noteBurning(s: Session): void {
  if (burning.has(s.id)) return;
  burning.add(s.id);
  laterBalance();
}

export function laterMonth(): void {
  clearTimeout(monthTimer);
  monthTimer = setTimeout(() => void readMonth(), 1500);
}

/* What events said while the list was read is newer than the list: then it is read again. */
let told = 0;
let reading = 0;
const READS = 4;

export async function readWorkspaces(): Promise<void> {
  const mine = ++reading;
  for (let n = 1; ; n++) {
    const before = told;
    const { items } = await getAll<Workspace>("/workspaces?limit=200");
    if (mine !== reading) return;
    if (told !== before && n < READS) continue;
    live.set({ workspaces: items.map(stampWorkspace) });
    return;
  }
}

async function readCatalogue(): Promise<void> {
  const [types, images] = await Promise.all([getAll<InstanceType>("/instance-types"), getAll<Image>("/images")]);
  live.set({ types: types.items, images: images.items });
}

export async function readAll(): Promise<void> {
  await Promise.all([readWorkspaces(), readCatalogue(), readMonth()]);
}

export function takeEvent(e: SseEvent): void {
  let data: unknown;
  try {
    data = JSON.parse(e.data);
  } catch {
    return;
  }
  if (e.event === "session") putSession(data as Session);
  else if (e.event === "metrics") for (const fn of [...metricsWatchers]) fn(data);
  else if (e.event === "queue") putPlaces((data as { items: PlaceItem[] }).items);
  else if (e.event === "warning") putWarning(data as Warning);
  else if (e.event === "notice") {
    putNotice(data as Notice | { all_read: true });
    laterBalance();
  }
  else if (e.event === "workspace") {
    const w = data as Workspace & { deleted?: boolean };
    if (w.deleted) dropWorkspace(w.id);
    else putWorkspace(w);
  }
}

/* Signed out: nothing of it is there for whoever comes next. */
export function forgetAll(ended: boolean): void {
  clearTimeout(balanceTimer);
  clearTimeout(monthTimer);
  burning.clear();
  live.set({ ...EMPTY, phase: "out", ended });
}
