/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that can be done or gone to, as offers of the palette. */
import { openAddress, openInTab, usualApp } from "../actions";
import type { Hit } from "../desk";
import { ApiError } from "../lib/api";
import { go, mayLeave } from "../lib/router";
import { otherTheme } from "../lib/theme";
import { live } from "../live";
import { setMyLanguage, setMyTheme, signOut } from "../me";
import type { Me, Workspace } from "../model";
import type { Offer } from "../palette";
import { LANGUAGES, t } from "../text";
import { ADMIN } from "./admin-nav";
import { failText } from "../words";
import type { IconName } from "./icons";
import { toast } from "./layers";
import type { WorkspaceActions } from "./workspace-actions";

export interface Doable extends Offer {
  icon: IconName;
  keys?: string[];
  run: () => void;
}

const HITS = 300; /* workspaces that are looked through in the page; the server's search knows all */

export function workspaceOffers(all: Workspace[], acts: WorkspaceActions): Doable[] {
  const out: Doable[] = [];
  for (const w of all.slice(0, HITS)) {
    const s = w.session;
    out.push({ id: `w:${w.id}`, group: "workspaces", icon: "desk", text: w.name, ...(s ? { end: t.state[s.state] } : {}), run: () => go(`/workspaces/${w.id}`) });
    const cmd = (kind: string, icon: IconName, text: string, run: () => void, keys?: string[]) =>
      out.push({ id: `${kind}:${w.id}`, group: "commands", icon, text, run, ...(keys ? { keys } : {}) });
    if (s?.state === "running") {
      cmd("open", "ext", t.palette.openName(w.name), () => openInTab(w));
      cmd("extend", "clock", t.palette.extendName(w.name), () => void acts.extend(w), ["E"]);
    }
    if (s && s.state !== "stopping") cmd("stop", "stop", t.palette.stopName(w.name), () => acts.askStop(w), ["S"]);
    if (!s) cmd("start", "play", t.palette.startName(w.name), () => void acts.start(w), ["S"]);
  }
  return out;
}

async function trySignOut(): Promise<boolean> {
  try {
    await signOut();
  } catch (e) {
    if (live.get().phase !== "in") return true; /* it had ended already */
    toast(e instanceof ApiError ? failText(e) : String(e), "alert");
    return false;
  }
  return true;
}

export function pageOffers(me: Me, showKeys: () => void): Doable[] {
  const page = (path: string, icon: IconName, text: string, keys?: string[]): Doable => ({ id: `p:${path}`, group: "pages", icon, text, run: () => go(path), ...(keys ? { keys } : {}) });
  const cmd = (id: string, icon: IconName, text: string, run: () => void, keys?: string[]): Doable => ({ id: `c:${id}`, group: "commands", icon, text, run, ...(keys ? { keys } : {}) });
  return [
    cmd("new", "plus", t.nav.newWorkspace, () => go("/workspaces/new"), ["N"]),
    cmd("theme", "theme", t.palette.theme, () => setMyTheme(otherTheme()), ["T"]),
    cmd("keys", "menu", t.palette.keys, showKeys, ["?"]),
    ...LANGUAGES.map((l) => cmd(`lang-${l.id}`, "user", t.palette.language(l.name), () => setMyLanguage(l.id))),
    cmd("out", "user", t.palette.signOut, () => mayLeave(trySignOut)),
    page("/", "home", t.home.nav, ["G", "H"]),
    page("/workspaces", "desk", t.nav.workspaces, ["G", "W"]),
    page("/search", "search", t.search.title),
    page("/usage", "chart", t.nav.usage, ["G", "U"]),
    page("/invoices", "list", t.invoice.list),
    page("/tokens", "key", t.nav.tokens),
    page("/account", "user", t.nav.account),
    ...(me.account.admin ? ADMIN.map((a) => page(`/admin/${a.path}`, a.icon, a.text())) : []),
  ];
}

export function hitOffers(hits: Hit[]): Doable[] {
  return hits
    .filter((h) => h.kind !== "workspace")
    .map((h): Doable => ({
      id: `f:${h.workspace_id}/${h.path}`, group: "files", icon: h.kind === "notebook" ? "notebook" : "code", text: h.name, parts: h.name_parts, also: h.workspace_name,
      end: h.running ? t.palette.runs : t.palette.starts,
      run: () => void window.open(openAddress(h.label, { app: usualApp(), path: h.path }), "_blank", "noopener"),
    }));
}
