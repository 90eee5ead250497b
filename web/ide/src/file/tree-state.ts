/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that are open in the tree, read when they are opened, and the rows that follow from them. */
import { createStore } from "../../../src/lib/store";
import { read, write } from "../../../src/lib/keys";
import { parentOf } from "../page";
import { type Entry, list } from "./contents";
import { HttpError } from "./http";
import { heard, noted } from "./net";

export interface Folder {
  entries: readonly Entry[] | null; /* null: being read */
  error: string | null;
}

export interface Row {
  path: string;
  depth: number;
  entry: Entry | null; /* null: a line that says something about the folder above */
  open: boolean;
  note: "loading" | "empty" | "error" | null;
}

interface TreeState {
  folders: ReadonlyMap<string, Folder>;
  open: ReadonlySet<string>;
  filter: string;
  focus: string | null; /* path that the keys are at */
}

const KEY = "carrel.ide.folders";

function keptFolders(): string[] {
  try {
    const all = JSON.parse(read(KEY) ?? "[]") as unknown;
    return Array.isArray(all) ? all.filter((x): x is string => typeof x === "string").slice(0, 100) : [];
  } catch {
    return [];
  }
}

export const tree = createStore<TreeState>({ folders: new Map(), open: new Set(["", ...keptFolders()]), filter: "", focus: null });

const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function sorted(entries: Entry[]): Entry[] {
  const rank = (e: Entry): number => (e.type === "directory" ? 0 : 1);
  return entries.sort((a, b) => rank(a) - rank(b) || order.compare(a.name, b.name));
}

function put(path: string, folder: Folder | null): void {
  const folders = new Map(tree.get().folders);
  if (folder) folders.set(path, folder);
  else folders.delete(path);
  tree.set({ folders });
}

/* Old rows stay until the new ones are there. */
export async function readFolder(path: string): Promise<void> {
  const before = tree.get().folders.get(path);
  if (!before) put(path, { entries: null, error: null });
  try {
    const got = await list(path);
    heard();
    put(path, { entries: sorted(got.content), error: null });
  } catch (e) {
    noted(e);
    if (e instanceof HttpError && e.status === 404 && path) {
      setOpen(path, false);
      put(path, null);
    } else put(path, { entries: before?.entries ?? null, error: e instanceof Error ? e.message : String(e) });
  }
}

export function setOpen(path: string, on: boolean): void {
  const open = new Set(tree.get().open);
  if (on) open.add(path);
  else open.delete(path);
  tree.set({ open });
  write(KEY, JSON.stringify([...open].filter(Boolean)));
  if (on && !tree.get().folders.has(path)) void readFolder(path);
}

export async function refresh(): Promise<void> {
  const { open } = tree.get();
  await Promise.all([...open].filter((p) => !p || open.has(parentOf(p)) || parentOf(p) === "").map(readFolder));
}

/* The folders above a file, so that its row is there. */
export async function reveal(path: string): Promise<void> {
  const up: string[] = [];
  for (let p = parentOf(path); p; p = parentOf(p)) up.unshift(p);
  for (const p of up) if (!tree.get().open.has(p)) setOpen(p, true);
  tree.set({ focus: path });
}

/* Is there something of that name? Read anew, for names must be free on the server. */
export function known(path: string): Entry | null {
  return tree.get().folders.get(parentOf(path))?.entries?.find((e) => e.path === path) ?? null;
}

export function rowsOf(s: TreeState): Row[] {
  const rows: Row[] = [], words = s.filter.toLowerCase();
  const walk = (path: string, depth: number): void => {
    const f = s.folders.get(path);
    const note = (kind: Row["note"]): void => void rows.push({ path: `${path}\0${kind}`, depth, entry: null, open: false, note: kind });
    if (f?.error) note("error");
    if (!f?.entries) {
      if (!f?.error) note("loading");
      return;
    }
    if (!f.entries.length) note("empty");
    for (const entry of f.entries) {
      const folder = entry.type === "directory", open = folder && s.open.has(entry.path);
      const from = rows.length;
      rows.push({ path: entry.path, depth, entry, open, note: null });
      if (open) walk(entry.path, depth + 1);
      /* With a filter: what fits, and the folders that lead there. */
      if (words && !entry.name.toLowerCase().includes(words) && rows.length === from + 1) rows.pop();
    }
  };
  walk("", 0);
  return words ? rows.filter((r) => r.entry) : rows;
}
