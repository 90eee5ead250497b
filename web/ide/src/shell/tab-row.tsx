/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { nameOf } from "../page";
import { t } from "../text";
import { Icon, type IconName } from "./icons";
import { useFile } from "./save-words";
import type { Tab } from "./state";
import { activate, closeTab } from "./tabs";
import type { OpenFile } from "../model/types";

export function iconOf(path: string, folder = false): IconName {
  if (folder) return "folder";
  if (/\.ipynb$/i.test(path)) return "nb";
  if (/\.(png|jpe?g|gif|svg|webp|avif|bmp)$/i.test(path)) return "image";
  return /\.(py|r|jl|js|ts|tsx|c|h|cc|cpp|rs|go|java|sh|sql|html|css|json|ya?ml|toml)$/i.test(path) ? "code" : "file";
}

function Unsaved({ file }: { file: OpenFile }): JSX.Element | null {
  return useFile(file).save.state === "saved" ? null : <span class="unsaved" title={t.shell.unsavedMark} />;
}

export function TabRow({ tabs, active }: { tabs: readonly Tab[]; active: number | null }): JSX.Element {
  const onKey = (e: KeyboardEvent) => {
    const at = tabs.findIndex((x) => x.id === active);
    const to = e.key === "ArrowRight" ? at + 1 : e.key === "ArrowLeft" ? at - 1 : e.key === "Home" ? 0 : e.key === "End" ? tabs.length - 1 : null;
    if (e.key === "Delete" && active !== null) closeTab(active);
    else if (to === null || !tabs.length) return;
    else {
      const next = tabs[(to + tabs.length) % tabs.length]!;
      activate(next.id);
      document.getElementById(`tab-${next.id}`)?.focus();
    }
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <div class="tabsrow">
      <div class="tabsrow-list" role="tablist" aria-label={t.shell.tabs} onKeyDown={onKey}>
        {tabs.map((x) => {
          const on = x.id === active;
          return (
            <button
              key={x.id}
              class={on ? "tab on" : "tab"}
              type="button"
              role="tab"
              id={`tab-${x.id}`}
              aria-selected={on}
              aria-controls={`panel-${x.id}`}
              tabIndex={on ? 0 : -1}
              title={x.path}
              onClick={() => activate(x.id)}
              onAuxClick={(e) => e.button === 1 && closeTab(x.id)}
            >
              <Icon name={iconOf(x.path)} size="s" />
              <span class="truncate">{nameOf(x.path)}</span>
              {(x.content.kind === "notebook" || x.content.kind === "text") && <Unsaved file={x.content.file} />}
            </button>
          );
        })}
      </div>
      {tabs.map((x) =>
        x.id === active ? (
          <button key={x.id} class="btn btn-icon btn-s tb-b tab-close" data-kind="quiet" type="button" aria-label={t.shell.closeTab(nameOf(x.path))} title={t.shell.closeTab(nameOf(x.path))} onClick={() => closeTab(x.id)}>
            <Icon name="x" size="s" />
          </button>
        ) : null,
      )}
    </div>
  );
}
