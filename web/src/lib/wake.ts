/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page runs again after it did not: a laptop that slept, a tab that the browser froze, a page out of the browser's
 * memory, or just a tab that is looked at again. While it did not run, no timer came and lines may have died unheard.
 */
const TICK_MS = 5_000;
const SLEPT_MS = 20_000; /* a sign of life that comes so late: the page did not run, or nobody looked */

type Woken = (slept: boolean) => void;

const woken = new Set<Woken>();
let last = 0;
let ticker: ReturnType<typeof setInterval> | undefined;

function look(always: boolean): void {
  if (document.hidden) return; /* its timers come once a minute at best */
  const now = Date.now();
  const slept = now - last > SLEPT_MS;
  last = now;
  if (always || slept) for (const fn of [...woken]) fn(slept);
}

const onTick = (): void => look(false);
const onSeen = (): void => look(true);
const onShown = (e: PageTransitionEvent): void => void (e.persisted && look(true));

/* slept: for so long that what looks open may be dead. */
export function onWake(fn: Woken): () => void {
  if (!woken.size) {
    last = Date.now();
    ticker = setInterval(onTick, TICK_MS);
    document.addEventListener("visibilitychange", onSeen);
    document.addEventListener("resume", onSeen);
    addEventListener("pageshow", onShown);
  }
  woken.add(fn);
  return () => {
    if (!woken.delete(fn) || woken.size) return;
    clearInterval(ticker);
    document.removeEventListener("visibilitychange", onSeen);
    document.removeEventListener("resume", onSeen);
    removeEventListener("pageshow", onShown);
  };
}
