/* SPDX-License-Identifier: Apache-2.0 */
/* What a person can do to a workspace, each once: the answer is put where all pages see it. */
import { call, post } from "./lib/api";
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

export async function createWorkspace(w: NewWorkspace): Promise<Workspace> {
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

interface Entry {
  code: string;
  url: string;
}

/* The code travels in a form's body to the session's own origin; no address ever holds it. */
export async function enter(session: string): Promise<void> {
  const { code, url } = await post<Entry>(`/sessions/${path(session)}/enter`);
  const form = document.createElement("form");
  form.method = "post";
  form.action = new URL("/.carrel/enter", url).href;
  form.hidden = true;
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "code";
  field.value = code;
  form.append(field);
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
export function openInTab(w: Workspace): void {
  window.open(`/open/${w.label ?? labelOf(w.session?.url) ?? w.id}`, "_blank", "noopener");
}
