/* SPDX-License-Identifier: Apache-2.0 */
/* The account's own settings. */
import { call, post } from "./lib/api";
import { setTheme, type Theme } from "./lib/theme";
import { live, leave, putMe } from "./live";
import type { Me } from "./model";

export async function patchMe(patch: { name?: string; theme?: Theme }): Promise<void> {
  const { data } = await call<Me | Me["account"]>("PATCH", "/me", { body: patch });
  const me = live.get().me!;
  const account = data && "account" in data ? data.account : { ...me.account, ...patch };
  putMe({ ...me, account });
}

/* Seen at once; that the account keeps it too may fail without harm. */
export function setMyTheme(to: Theme): void {
  setTheme(to);
  if (live.get().me) patchMe({ theme: to }).catch(() => {});
}

export async function signOut(): Promise<void> {
  await post("/logout");
  leave();
}
