/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses. A link is a link: plain clicks on our own addresses stay in the page, everything else
 * (middle button, Ctrl, other origins, data-out) is the browser's.
 */
import { createStore, useStore } from "./store";

export interface Place {
  path: string;
  query: string;
  state: unknown;
  moves: number; /* counts navigations, so that a page can tell a new visit from a change of query */
}

function here(moves: number): Place {
  return { path: location.pathname, query: location.search, state: history.state as unknown, moves };
}

export const place = createStore<Place>(here(0));

/*
 * A page with something to lose asks before it is left, and goes on when the answer is yes. What leads away may fail
 * itself: a promise of false says that nothing was left.
 */
export type GoOn = () => void | Promise<boolean>;
type Question = (goOn: GoOn) => void;

let question: Question | null = null;
let answered = false; /* the next popstate is what was asked about */

export function askFirst(q: Question): () => void {
  question = q;
  return () => {
    if (question === q) question = null;
  };
}

export function mayLeave(goOn: GoOn): void {
  if (question) question(goOn);
  else void goOn();
}

export function go(to: string, options: { replace?: boolean; state?: unknown } = {}): void {
  mayLeave(() => {
    if (options.replace) history.replaceState(options.state ?? null, "", to);
    else history.pushState(options.state ?? null, "", to);
    place.set(here(place.get().moves + 1));
    if (!options.replace) scrollTo(0, 0);
  });
}

/* The same page under another query: filters and sort orders. */
export function setQuery(values: Record<string, string | null>): void {
  const q = new URLSearchParams(location.search);
  for (const [k, v] of Object.entries(values)) {
    if (v) q.set(k, v);
    else q.delete(k);
  }
  const text = q.toString();
  history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
  place.set(here(place.get().moves));
}

export function usePlace(): Place {
  return useStore(place, (p) => p);
}

function onClick(e: MouseEvent): void {
  if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  const a = (e.target as Element | null)?.closest?.("a[href]") as HTMLAnchorElement | null;
  if (!a || a.target || a.download || a.dataset.out !== undefined) return;
  if (a.origin !== location.origin || a.pathname.startsWith("/api/")) return;
  if (a.hash && a.pathname === location.pathname && a.search === location.search) return;
  e.preventDefault();
  go(a.pathname + a.search);
}

/*
 * Back and Forward went already when they are heard of: the page's address is put after where they led, without an event
 * that a dialog would close at, and from there one step back leads where they would have.
 */
function onPop(): void {
  const was = place.get();
  const same = location.pathname === was.path && location.search === was.query;
  if (!question || answered || same) {
    answered = false;
    place.set(here(was.moves + 1));
    return;
  }
  history.pushState(was.state, "", was.path + was.query);
  question(() => {
    answered = true;
    history.back();
  });
}

export function startRouter(): void {
  addEventListener("popstate", onPop);
  document.addEventListener("click", onClick);
}
