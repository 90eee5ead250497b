/* SPDX-License-Identifier: Apache-2.0 */
/* What Home, palette and search read (doc/internals/search.md). */
import { ApiError, get } from "./lib/api";
import type { Balance } from "./budget";

export interface Recent {
  workspace_id: string;
  workspace_name: string;
  label: string;
  path: string;
  name: string;
  kind: "notebook" | "file";
  what: "opened" | "saved" | "run";
  at: string;
  running: boolean;
  kernel: "busy" | "idle" | "none";
}

export interface Home {
  continue: Recent[];
  month: (Balance & { expected?: string }) | null;
  first_run?: boolean;
}

export interface Part {
  text: string;
  match: boolean;
}

export interface Hit {
  kind: "workspace" | "notebook" | "file";
  workspace_id: string;
  workspace_name: string;
  label: string;
  path: string;
  name: string;
  title: string;
  where: string;
  updated_at: string;
  running: boolean;
  name_parts: Part[];
  snippet: Part[];
}

export interface Found {
  q: string;
  items: Hit[];
  more: boolean;
  documents: number;
  catching_up: boolean;
}

const NOTHING: Found = { q: "", items: [], more: false, documents: 0, catching_up: false };

/* A core of before does not know these addresses: there is nothing to show then, and nothing is wrong. */
function unknown(e: unknown): boolean {
  return e instanceof ApiError && (e.status === 404 || e.status === 405);
}

export async function readHome(): Promise<Home> {
  try {
    return await get<Home>("/home");
  } catch (e) {
    if (unknown(e)) return { continue: [], month: null };
    throw e;
  }
}

export async function search(q: string, o: { limit: number; workspace?: string; signal?: AbortSignal }): Promise<Found> {
  if (!q.trim()) return { ...NOTHING, q };
  const p = new URLSearchParams({ q, limit: String(o.limit) });
  if (o.workspace) p.set("workspace_id", o.workspace);
  try {
    return await get<Found>(`/search?${p.toString()}`, { tries: 1, ...(o.signal ? { signal: o.signal } : {}) });
  } catch (e) {
    if (unknown(e)) return { ...NOTHING, q };
    throw e;
  }
}
