/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { otherTheme, setTheme } from "../../../src/lib/theme";
import { useStore } from "../../../src/lib/store";
import { nameOf, parentOf, url, workspace as began } from "../page";
import { t } from "../text";
import { consoleAddress } from "./console";
import { BrandMark, Icon } from "./icons";
import { MenuButton } from "./layers";
import { type Tab, shell, toggle } from "./state";
import { SaveWords } from "./save-words";
import { status } from "./status";

export function Head({ tab }: { tab: Tab | null }): JSX.Element {
  const back = consoleAddress();
  const workspace = useStore(status, (s) => s.workspace) ?? began;
  const file = tab && (tab.content.kind === "notebook" || tab.content.kind === "text") ? tab.content.file : null;
  const brand = <BrandMark />;
  return (
    <header class="it">
      {back ? (
        <a href={back} class="brand it-brand" aria-label={t.shell.console}>
          {brand}
        </a>
      ) : (
        <span class="brand it-brand">{brand}</span>
      )}
      {workspace && <span class="truncate t2 it-ws">{workspace}</span>}
      {tab && (
        <>
          {workspace && (
            <span class="t3 not-phone it-sep">
              <Icon name="right" size="s" />
            </span>
          )}
          <h1 class="strong truncate it-name" title={tab.path}>
            {parentOf(tab.path) && <span class="t3 not-phone">{parentOf(tab.path)}/</span>}
            {nameOf(tab.path)}
          </h1>
        </>
      )}
      {!tab && <h1 class="vh">{t.shell.untitled}</h1>}
      {file && <SaveWords file={file} />}
      <span class="push" />
      <button class="btn btn-s not-phone" type="button" onClick={() => shell.set({ palette: true })}>
        <Icon name="search" size="s" />
        {t.shell.commands}
        <kbd>Ctrl K</kbd>
      </button>
      <a class="btn btn-s not-phone" href={labAddress(tab)} target="_blank" rel="noopener" data-out>
        <Icon name="ext" size="s" />
        JupyterLab
      </a>
      <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.shell.theme} title={t.shell.theme} onClick={() => setTheme(otherTheme())}>
        <Icon name="theme" />
      </button>
      <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.shell.showFiles} title={`${t.shell.showFiles} (Ctrl B)`} onClick={() => toggle("left")}>
        <Icon name="panell" />
      </button>
      <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.shell.showVariables} title={`${t.shell.showVariables} (Ctrl J)`} onClick={() => toggle("right")}>
        <Icon name="panel" />
      </button>
      <MenuButton
        class="btn btn-s btn-icon only-phone"
        label={t.shell.more}
        items={() => [
          { text: t.shell.commands, icon: "search", run: () => shell.set({ palette: true }) },
          { text: t.shell.terminal, icon: "term", run: () => toggle("terminal") },
          { text: t.shell.lab, icon: "ext", run: () => window.open(labAddress(tab), "_blank", "noopener") },
        ]}
      />
    </header>
  );
}

export function labAddress(tab: Tab | null): string {
  return tab ? url("lab/tree/", tab.path) : url("lab");
}
