/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the session answer? The first request without an answer says no; from then on it is asked again with growing pauses, and
 * at once when the browser says that the network or the page is back. Whoever has something to send watches `net`.
 */
import { createStore } from "../../../src/lib/store";
import { onWake } from "../../../src/lib/wake";
import { url } from "../page";
import { HttpError, send } from "./http";

export const net = createStore<{ online: boolean; nextTry: number | null; latency_ms: number | null }>({ online: true, nextTry: null, latency_ms: null });

const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];
let tries = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;

export function heard(): void {
  clearTimeout(timer);
  tries = 0;
  if (!net.get().online) net.set({ online: true, nextTry: null });
}

export function lost(): void {
  if (!net.get().online) return;
  net.set({ online: false });
  later();
}

/* Passes the error on; takes note of what it says about the line. */
export function noted(e: unknown): unknown {
  if (e instanceof HttpError && e.offline) lost();
  return e;
}

function later(): void {
  const pause = PAUSES_MS[Math.min(tries++, PAUSES_MS.length - 1)]!;
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), pause);
  net.set({ nextTry: Date.now() + pause });
}

async function ask(): Promise<void> {
  if (asking || net.get().online) return;
  asking = true;
  try {
    const from = performance.now();
    await send(url("api/status", "", { no_track_activity: "1" }), { timeout_ms: 8000 });
    net.set({ latency_ms: Math.round(performance.now() - from) });
    heard();
  } catch (e) {
    if (e instanceof HttpError && !e.offline) heard();
    else later();
  } finally {
    asking = false;
  }
}

export function tryNow(): void {
  tries = 0;
  void ask();
}

if (typeof addEventListener === "function") {
  addEventListener("online", tryNow);
  addEventListener("offline", lost);
  onWake(tryNow); /* timers may be late by hours */
}
