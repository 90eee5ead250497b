/* SPDX-License-Identifier: Apache-2.0 */
/* A deleted workspace is kept for a while: how long, and the Undo. */
import * as actions from "../actions";
import { limits } from "../defaults";
import { ApiError, getAll } from "../lib/api";
import { durationShort } from "../lib/time";
import type { Workspace } from "../model";
import { t } from "../text";
import { failText } from "../words";
import { toast } from "./layers";

const DAY_S = 86_400;

/* "7 days"; "" when nothing is kept. */
export function keptFor(): string {
  const s = limits().deleted_kept_seconds;
  return s % DAY_S === 0 && s > 0 ? t.deleted.days(s / DAY_S) : s ? durationShort(s) : "";
}

export async function readDeleted(): Promise<Workspace[]> {
  return (await getAll<Workspace>("/workspaces?deleted=true&limit=200")).items;
}

/* One after the other; what could not be brought back is said. */
export async function bringBack(all: Workspace[]): Promise<boolean> {
  let name = "";
  try {
    for (const w of all) name = (await actions.restore(w)).name;
  } catch (e) {
    toast(e instanceof ApiError ? failText(e) : String(e), "alert");
    return false;
  }
  toast(all.length === 1 ? t.deleted.back(name) : t.deleted.backMany(all.length));
  return true;
}

export function toastDeleted(said: string, all: Workspace[]): void {
  if (keptFor()) toast(said, "trash", { text: t.deleted.undo, run: () => void bringBack(all) });
  else toast(said, "trash");
}
