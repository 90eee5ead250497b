/* SPDX-License-Identifier: Apache-2.0 */
/* The account's own settings. */
import { dropDrafts } from "./files/drafts";
import { call, post } from "./lib/api";
import { setKeysOn } from "./lib/keys";
import { setTheme, type Theme } from "./lib/theme";
import { type App, createWorkspace, start, usualApp } from "./actions";
import { cheapestFirst, defaults } from "./defaults";
import { ApiError } from "./lib/api";
import { go } from "./lib/router";
import { leave } from "./follow";
import { live, putMe } from "./live";
import type { Me } from "./model";
import { choose, type Choice, t } from "./text";

export async function patchMe(patch: { name?: string; theme?: Theme; language?: Choice; one_key?: boolean; tour_done?: boolean; app?: App }): Promise<void> {
  const { data } = await call<Me>("PATCH", "/me", { body: patch });
  putMe({ ...live.get().me!, ...data });
}

/* Seen at once; that the account keeps it too may fail without harm. */
export function setMyTheme(to: Theme): void {
  setTheme(to);
  if (live.get().me) patchMe({ theme: to }).catch(() => {});
}

export function setMyLanguage(to: Choice): void {
  void choose(to);
  if (live.get().me) patchMe({ language: to }).catch(() => {});
}

export function setMyKeys(on: boolean): void {
  setKeysOn(on);
  if (live.get().me) patchMe({ one_key: on }).catch(() => {});
}

/* What was chosen last is what *Open* does next time, on any browser. */
export function setMyApp(to: App): void {
  const me = live.get().me;
  if (!me || usualApp() === to) return;
  putMe({ ...me, prefs: { ...(me.prefs ?? { language: "system", one_key: true, tour_done: false }), app: to } });
  patchMe({ app: to }).catch(() => {});
}

export async function signOut(): Promise<void> {
  await post("/logout");
  leave();
  dropDrafts();
}

/* Seen once is enough, on any browser. */
export function closeTour(): void {
  if (live.get().me) patchMe({ tour_done: true }).catch(() => {});
}

/* From nothing to an open notebook: the example workspace, its session, its first notebook. */
export async function openExample(): Promise<void> {
  const d = defaults(cheapestFirst(live.get().types), live.get().images);
  const plain = {
    name: t.list.firstName, image: d.image?.id ?? "default", instance_type: d.type?.id ?? "small",
    storage_bytes: d.storage_bytes, auto_stop_seconds: d.auto_stop_seconds,
  };
  /* A core of before has no examples: then an empty workspace is made. */
  const w = await createWorkspace({ example: true }).catch((e: unknown) => {
    if (e instanceof ApiError && (e.status === 400 || e.status === 422)) return createWorkspace(plain);
    throw e;
  });
  await start(w.id);
  go(`/workspaces/${w.id}/start`, { state: { open: true, target: w.open_path ? { app: usualApp(), path: w.open_path } : null } });
}
