/* SPDX-License-Identifier: Apache-2.0 */
/* Open, and in what: JupyterLab or our own IDE. What was chosen last is what the button itself does. */
import type { JSX } from "preact";
import { type App, openInTab, usualApp } from "../actions";
import { useStore } from "../lib/store";
import { live } from "../live";
import { setMyApp } from "../me";
import type { Workspace } from "../model";
import { t } from "../text";
import { Icon } from "./icons";
import { MenuButton, type MenuItem } from "./layers";

const APPS: App[] = ["lab", "ide"];

export function openItems(w: Workspace, path = ""): MenuItem[] {
  return APPS.map((app) => ({
    text: t.act.openApp[app],
    icon: app === usualApp() ? "check" : "ext",
    checked: app === usualApp(),
    run: () => {
      setMyApp(app);
      openInTab(w, { app, path });
    },
  }));
}

export function OpenButton({ w, kind, text, label, path = "", small, plain }: {
  w: Workspace;
  kind: "primary" | "soft";
  text: string;
  label?: string; /* where there are several on a page */
  path?: string;
  small?: boolean;
  plain?: boolean; /* without the sign of another tab */
}): JSX.Element {
  useStore(live, (s) => s.me?.prefs?.app); /* another tab may have chosen */
  return (
    <span class="btn-join">
      <button class={small ? "btn btn-s" : "btn"} data-kind={kind} type="button" aria-label={label} onClick={() => openInTab(w, { app: usualApp(), path })}>
        {text}
        {!plain && <Icon name="ext" size={small ? "s" : undefined} />}
      </button>
      <MenuButton label={t.act.editorOf(path ? path.split("/").pop()! : w.name)} icon="down" kind={kind} small={small} items={openItems(w, path)} />
    </span>
  );
}
