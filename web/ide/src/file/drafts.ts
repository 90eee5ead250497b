/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not saved yet, kept in this browser until it is: small things in localStorage, which keeps them even if the page dies in
 * the next moment, large ones in IndexedDB. Each tab has drafts of its own; those of tabs that are gone are taken over by whoever
 * opens the file next.
 */

export interface Draft<T = unknown> {
  path: string;
  tab: string;
  at: number;
  hash: string | null; /* of the file that the changes began with */
  made?: string; /* when that was made */
  data: T;
}

const PREFIX = "carrel.draft:";
const LOCAL_MAX = 600_000; /* characters; all of localStorage holds some 5 million */
const keyOf = (tab: string, path: string): string => `${PREFIX}${tab}:${path}`;

const WAITS = 4;
const WAIT_MS = 300;

/* ---- which tabs live ---- */

const LOCK = "carrel.ide.tab:";
export let tab = "";

function freshTab(): string {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/* A reload keeps the name; a duplicated tab, which copies it, gets another one. */
async function settleTab(): Promise<void> {
  let name = "";
  try {
    name = sessionStorage.getItem("carrel.ide.tab") ?? "";
  } catch {
    /* no storage: a name for this page */
  }
  if (name && (await livingTabs()).has(name)) name = "";
  tab = name || freshTab();
  try {
    sessionStorage.setItem("carrel.ide.tab", tab);
  } catch {
    /* as above */
  }
  void navigator.locks?.request(LOCK + tab, () => new Promise(() => undefined)).catch(() => undefined);
}

async function livingTabs(): Promise<Set<string>> {
  const state = await navigator.locks?.query().catch(() => null);
  return new Set((state?.held ?? []).map((l) => l.name ?? "").filter((n) => n.startsWith(LOCK)).map((n) => n.slice(LOCK.length)));
}

export const tabReady: Promise<void> = typeof navigator === "undefined" || typeof sessionStorage === "undefined" ? Promise.resolve() : settleTab();

/* ---- IndexedDB ---- */

let database: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  database ??= new Promise((resolve, reject) => {
    const r = indexedDB.open("carrel.drafts", 1);
    r.onupgradeneeded = () => r.result.createObjectStore("drafts");
    r.onsuccess = () => resolve(r.result);
    r.onerror = () => reject(r.error ?? new Error("IndexedDB"));
  });
  return database;
}

async function store<R>(mode: IDBTransactionMode, fn: (s: IDBObjectStore) => IDBRequest<R>): Promise<R> {
  const tx = (await open()).transaction("drafts", mode);
  return new Promise((resolve, reject) => {
    const r = fn(tx.objectStore("drafts"));
    tx.oncomplete = () => resolve(r.result);
    tx.onerror = tx.onabort = () => reject(tx.error ?? new Error("IndexedDB"));
  });
}

/* ---- both ---- */

/* false: this browser can't keep it. */
export function keep(path: string, hash: string | null, made: string, data: unknown): Promise<boolean> {
  return put({ path, tab, at: Date.now(), hash, made, data });
}

async function put(draft: Draft): Promise<boolean> {
  const key = keyOf(draft.tab, draft.path);
  const text = JSON.stringify(draft);
  if (text.length <= LOCAL_MAX) {
    try {
      localStorage.setItem(key, text);
      return true;
    } catch {
      /* full, or closed to us */
    }
  }
  try {
    await store("readwrite", (s) => s.put(draft, key));
    localStorage.removeItem(key);
    return true;
  } catch {
    return false;
  }
}

export function drop(owner: string, path: string): void {
  const key = keyOf(owner, path);
  try {
    localStorage.removeItem(key);
  } catch {
    /* nothing was kept there */
  }
  if (database || large.has(key)) void store("readwrite", (s) => s.delete(key)).catch(() => undefined);
}

const large = new Set<string>();

/* One of this tab that waits for the next time: as that of a tab that is gone, or what is typed now would take its place. */
export async function setAside(d: Draft): Promise<void> {
  if (d.tab === tab && (await put({ ...d, tab: freshTab() }))) drop(d.tab, d.path);
}

/* Of a tab with one in each of both, the later. */
function latest(found: readonly Draft[]): Draft[] {
  const of = new Map<string, Draft>();
  for (const d of found) if (!(d.at < (of.get(d.tab)?.at ?? 0))) of.set(d.tab, d);
  return [...of.values()];
}

/* Of this tab and of those that are gone: its own, whose place is taken by what is typed next, then the oldest first. */
export async function draftsOf(path: string): Promise<Draft[]> {
  const found: Draft[] = [];
  try {
    for (let i = 0; i < localStorage.length; i++) {
      const key = localStorage.key(i)!;
      if (key.startsWith(PREFIX) && key.endsWith(`:${path}`)) found.push(JSON.parse(localStorage.getItem(key)!) as Draft);
    }
  } catch {
    /* none */
  }
  try {
    if ((await indexedDB.databases?.())?.some((d) => d.name === "carrel.drafts") ?? true)
      for (const d of (await store<unknown[]>("readonly", (s) => s.getAll())) as Draft[]) {
        if (d.path !== path) continue;
        large.add(keyOf(d.tab, path));
        found.push(d);
      }
  } catch {
    /* none */
  }
  await tabReady;
  const mine = latest(found.filter((d) => d.path === path));
  if (!mine.length) return [];
  let living = await livingTabs();
  /* One that was closed a moment ago counts as living for another moment. */
  for (let i = 0; i < WAITS && mine.some((d) => d.tab !== tab && living.has(d.tab)); i++) {
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    living = await livingTabs();
  }
  return mine.filter((d) => d.tab === tab || !living.has(d.tab)).sort((a, b) => Number(b.tab === tab) - Number(a.tab === tab) || a.at - b.at);
}
