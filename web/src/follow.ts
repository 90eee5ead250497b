/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is signed in, and following what the server tells: from the first question to the sign-out. What comes is put
 * into live.ts. The browser's sign-in is all tabs' together, a page is one account's: when another account turns up,
 * the page begins anew.
 */
import { ApiError, get, whenSignedOut } from "./lib/api";
import { EventStream } from "./lib/sse";
import { onWake } from "./lib/wake";
import { forgetAll, laterMonth, live, putMe, readAll, takeEvent, wakeBalance } from "./live";
import type { Me } from "./model";

const AGAIN_MS = [2000, 4000, 8000, 15_000, 30_000];

let stream: EventStream | null = null;
let account = ""; /* whose page this is, also after a sign-out */
let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
let againTimer: ReturnType<typeof setTimeout> | undefined;
let fails = 0;
let slept = false;
let keepAwake = 0; /* pages that need events in a hidden tab too */
const anewWatchers = new Set<() => void>();

/* Events were missed, or the page slept: what pages read by themselves is read again, now that there is an answer. */
export function onAnew(fn: () => void): () => void {
  anewWatchers.add(fn);
  return () => void anewWatchers.delete(fn);
}

function tellAnew(): void {
  for (const fn of [...anewWatchers]) fn();
}

/*
 * Uploads, toasts with their Undo, forms: all that a page holds is one account's. It is taken down first, so that no
 * editor asks whether it may be left (what was typed there is kept as a draft).
 */
function isAnothers(me: Me): boolean {
  account ||= me.account.id;
  if (account === me.account.id) return false;
  signedOut(false);
  setTimeout(() => location.reload());
  return true;
}

/* Another tab may have signed out and in meanwhile; then this page is over. */
async function isStillMine(): Promise<boolean> {
  const before = live.get().me;
  const me = await get<Me>("/me");
  if (isAnothers(me)) return false;
  if (before && live.get().me === before) putMe(me); /* else what was changed meanwhile is newer */
  return live.get().phase === "in";
}

async function refetch(): Promise<void> {
  clearTimeout(againTimer);
  if (!(await isStillMine())) return;
  tellAnew();
  await readAll();
}

/* Nothing else would ever read what failed here: it is tried until it is there. */
async function insist(read: () => Promise<void>): Promise<void> {
  try {
    await read();
    fails = 0;
  } catch {
    clearTimeout(againTimer);
    if (live.get().phase === "in") againTimer = setTimeout(() => void insist(refetch), AGAIN_MS[Math.min(fails++, AGAIN_MS.length - 1)]!);
  }
}

/* first: /me was read just before. */
async function catchUp(resumed: boolean, first: boolean): Promise<void> {
  const long = slept;
  slept = false;
  if (!resumed) return refetch();
  if (!first && !(await isStillMine())) return;
  if (!long) return;
  laterMonth();
  tellAnew();
}

function newStream(): EventStream {
  let first = true;
  return new EventStream("/api/v1/events", {
    onOpen(resumed) {
      live.set({ link: { since: 0, nextTry: 0 } });
      const was = first;
      first = false;
      void insist(() => catchUp(resumed, was));
    },
    onEvent: takeEvent,
    onDown(nextTry, status) {
      if (status === 401) signedOut(true);
      else live.set({ link: { since: live.get().link.since || Date.now(), nextTry } });
    },
  });
}

function openStream(from: string | undefined): void {
  stream ??= newStream();
  if (from !== undefined) stream.from(from);
  stream.start();
}

export function retryNow(): void {
  if (live.get().phase === "unreachable") void boot();
  else stream?.kick();
}

function signedOut(ended: boolean): void {
  if (live.get().phase === "out") return;
  stream?.stop();
  stream = null;
  slept = false;
  clearTimeout(againTimer);
  fails = 0;
  forgetAll(ended);
}

export function leave(): void {
  signedOut(false);
}

/* A browser opens six connections to one host: a tab that nobody sees gives its stream back. */
function onVisibility(): void {
  clearTimeout(hiddenTimer);
  if (stream && document.hidden) hiddenTimer = setTimeout(() => document.hidden && !keepAwake && stream?.stop(), 60_000);
}

/* Nothing is asked before the stream stands: a network that is not back yet would make errors of it. */
function onAwake(long: boolean): void {
  clearTimeout(hiddenTimer);
  slept ||= long;
  if (live.get().phase === "unreachable") void boot();
  else stream?.wake();
  wakeBalance();
}

export function holdStream(): () => void {
  keepAwake++;
  return () => void keepAwake--;
}

/* Who are we? Answers which page is shown first. */
export async function boot(): Promise<void> {
  try {
    const me = await get<Me>("/me", { tries: 1 });
    if (isAnothers(me)) return;
    live.set({ me, phase: "in", ended: false, link: { since: 0, nextTry: 0 } });
    openStream(me.last_event_id);
    await insist(readAll);
  } catch (e) {
    if (e instanceof ApiError && e.status === 401) live.set({ phase: "out" });
    else {
      const again = e instanceof ApiError && e.retryAfter ? e.retryAfter * 1000 : 4000;
      live.set({
        phase: "unreachable",
        link: { since: live.get().link.since || Date.now(), nextTry: Date.now() + again },
      });
      setTimeout(() => live.get().phase === "unreachable" && void boot(), again);
    }
  }
}

export function startLive(): void {
  whenSignedOut(() => {
    if (live.get().phase === "in") signedOut(true);
  });
  document.addEventListener("visibilitychange", onVisibility);
  onWake(onAwake);
  addEventListener("online", () => stream?.kick());
  void boot();
}
