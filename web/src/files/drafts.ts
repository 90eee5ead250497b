/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that was typed and not saved, kept by this tab alone: for a sign-in that ended meanwhile, or a reload. It goes with
 * the hash of what it was made from, so it is never taken for a change of another text.
 */
const PREFIX = "carrel.draft/";
const MOST = 1 << 20; /* characters; a tab's storage holds about five times that */

function keyOf(ws: string, path: string, base: string): string {
  return `${PREFIX}${ws}/${base}/${path}`;
}

export function readDraft(ws: string, path: string, base: string | null): string | null {
  if (!base) return null;
  try {
    return sessionStorage.getItem(keyOf(ws, path, base));
  } catch {
    return null;
  }
}

/* null: there is nothing to keep any more. What finds no room leaves what was kept before. */
export function writeDraft(ws: string, path: string, base: string | null, text: string | null): void {
  if (!base || (text !== null && text.length > MOST)) return;
  try {
    if (text === null) sessionStorage.removeItem(keyOf(ws, path, base));
    else sessionStorage.setItem(keyOf(ws, path, base), text);
  } catch {
    /* full, or closed to us: leaving asks all the same */
  }
}

/* Signed out on purpose: whoever comes next finds nothing of it. */
export function dropDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    /* as above */
  }
}
