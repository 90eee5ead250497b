/* SPDX-License-Identifier: Apache-2.0 */
/* What a person can do to a workspace, each once: the answer is put where all pages see it. */
import { ApiError, call, post } from "./lib/api";
import { live, putSession, putWorkspace, dropWorkspace, dropWarning } from "./live";
import { type Session, type Workspace, current } from "./model";

export interface NewWorkspace {
  name: string;
  image: string;
  instance_type: string;
  storage_bytes: number;
  auto_stop_seconds: number;
  max_seconds?: number;
  stop_calendar?: string;
}

const path = (id: string) => encodeURIComponent(id);

export async function createWorkspace(w: NewWorkspace | { example: true }): Promise<Workspace> {
  return putWorkspace(await post<Workspace>("/workspaces", w));
}

/* Of one that waits in line: another machine, or what happens when its turn comes. */
export interface StartWish {
  instance_type?: string;
  on_turn?: "start" | "hold";
  fallback_types?: string[];
}

export async function start(id: string, wish?: StartWish): Promise<Session> {
  const { session } = await post<{ session: Session }>(`/workspaces/${path(id)}/start`, wish);
  putSession(session);
  return session;
}

export async function stop(id: string): Promise<void> {
  const { session } = await post<{ session: Session | null }>(`/workspaces/${path(id)}/stop`);
  if (session) putSession(session);
}

export async function extend(session: string, seconds: number): Promise<Session | null> {
  const s = await post<Session | { session: Session }>(`/sessions/${path(session)}/extend`, { seconds });
  const fresh = "session" in s ? s.session : s;
  if (fresh.workspace_id) putSession(fresh);
  dropWarning(session);
  return fresh.workspace_id ? fresh : null;
}

/* Two editors at once: the second sees a conflict instead of overwriting the first. */
export async function change(w: Workspace, patch: Partial<NewWorkspace>): Promise<Workspace> {
  const headers: Record<string, string> = w.etag ? { "If-Match": w.etag } : {};
  const { data } = await call<Workspace>("PATCH", `/workspaces/${path(w.id)}`, { body: patch, headers });
  return putWorkspace({ ...data, session: data.session ?? null, last_session: data.last_session ?? null });
}

export async function remove(w: Workspace): Promise<void> {
  await call("DELETE", `/workspaces/${path(w.id)}`, { body: { confirm: w.name, stop: true } });
  dropWorkspace(w.id);
}

const NAME_CHARS = 64;

/* Under its own name, or when another has that now, under the first of "name (2)", "name (3)", … that is free. */
export async function restore(w: Workspace): Promise<Workspace> {
  for (let n = 1; ; n++) {
    const end = n > 1 ? ` (${n})` : "";
    const name = [...w.name].slice(0, NAME_CHARS - end.length).join("") + end;
    try {
      const back = await post<Workspace>(`/workspaces/${path(w.id)}/restore`, n > 1 ? { name } : {});
      return putWorkspace({ ...back, session: back.session ?? null, last_session: back.last_session ?? null });
    } catch (e) {
      if (!(e instanceof ApiError) || e.slug !== "name-taken" || n === 20) throw e;
    }
  }
}

/* One that is kept is given up before its time. */
export async function giveUp(w: Workspace): Promise<void> {
  await call("DELETE", `/workspaces/${path(w.id)}`, { body: { confirm: w.name, forever: true } });
}

interface Entry {
  code: string;
  url: string;
}

/* The code travels in a form's body to the session's own origin; no address ever holds it. */
export type App = "lab" | "ide";

export interface Target {
  app: App;
  path: string; /* of a file; "": just open */
}

/* With what this account opens its files, wherever one is opened. */
export function usualApp(): App {
  return live.get().me?.prefs?.app === "ide" ? "ide" : "lab";
}

const inPath = (p: string) => p.split("/").map(encodeURIComponent).join("/");

/* Where a file stands on the session's own origin. */
export function nextOf(t: Target | null): string {
  if (!t) return "";
  if (t.app === "ide") return t.path ? `/ide/${inPath(t.path)}` : "/ide";
  return t.path ? `/lab/tree/${inPath(t.path)}` : "";
}

/* The program is always said: the account's choice may be on its way to the server just now. */
export function openAddress(label: string, t: Target | null): string {
  const q = new URLSearchParams();
  if (t?.path) q.set("path", t.path);
  q.set("app", t?.app ?? usualApp());
  const text = q.toString();
  return `/open/${encodeURIComponent(label)}${text ? `?${text}` : ""}`;
}

function field(form: HTMLFormElement, name: string, value: string): void {
  const f = document.createElement("input");
  f.type = "hidden";
  f.name = name;
  f.value = value;
  form.append(f);
}

export async function enter(session: string, target: Target | null = null): Promise<void> {
  const { code, url } = await post<Entry>(`/sessions/${path(session)}/enter`);
  const form = document.createElement("form");
  form.method = "post";
  form.action = new URL("/.carrel/enter", url).href;
  form.hidden = true;
  field(form, "code", code);
  const next = nextOf(target ?? { app: usualApp(), path: "" });
  if (next) field(form, "next", next);
  document.body.append(form);
  form.submit();
  form.remove();
}

export function labelOf(url: string | null | undefined): string | null {
  try {
    return url ? new URL(url).hostname.split(".")[0]! : null;
  } catch {
    return null;
  }
}

export function byLabel(label: string): Workspace | undefined {
  return live.get().workspaces?.find((w) => w.label === label || labelOf(current(w)?.url) === label);
}

/* A tab of its own; that page asks for the entry code, so that no pop-up blocker comes between. */
export function openInTab(w: Workspace, target: Target | null = null): void {
  window.open(openAddress(w.label ?? labelOf(w.session?.url) ?? w.id, target), "_blank", "noopener");
}
