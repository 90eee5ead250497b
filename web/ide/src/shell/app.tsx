/* SPDX-License-Identifier: Apache-2.0 */
/* The page: head, files and outline, the file in front, variables and machine, terminal, status bar. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useStore } from "../../../src/lib/store";
import { Tree } from "../file/tree";
import { parentOf } from "../page";
import { t } from "../text";
import { startCommands } from "./own-commands";
import { OfflineBanner } from "./banner";
import { Head } from "./head";
import { Icon } from "./icons";
import { startKeys } from "./keys";
import { Menus, Questions, Toasts } from "./layers";
import { Palette } from "./palette";
import { Machine, MergeView, NotebookView, type OpenKernel, Outline, Terminal, TextView, Variables } from "./parts";
import { Start } from "./start";
import { type Tab, shell, toggle } from "./state";
import { StatusBar } from "./status-bar";
import { TabRow } from "./tab-row";
import { isNotebook } from "./tabs";
import { TroublePage } from "./trouble-page";
import { useFile } from "./save-words";
import { Wait } from "./wait";
import type { OpenNotebook } from "../model/types";

export function App(): JSX.Element {
  const s = useStore(shell, (x) => x);
  const front = s.tabs.find((x) => x.id === s.active) ?? null;
  const notebook = front?.content.kind === "notebook" ? front.content : null;
  useEffect(() => {
    const stopKeys = startKeys(), stopCommands = startCommands();
    return () => {
      stopKeys();
      stopCommands();
    };
  }, []);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => {
        e.preventDefault();
        document.getElementById("main")?.focus();
      }}>
        {t.shell.skip}
      </a>
      <div class="ide" data-left={s.left} data-right={s.right} data-terminal={s.terminal} data-tall={s.terminalTall} data-sheet={s.sheet ?? ""}>
        <Head tab={front} />
        {s.sheet && <button class="scrim ide-scrim" type="button" aria-label={t.shell.close} onClick={() => shell.set({ sheet: null })} />}
        <aside class="il" aria-label={t.shell.filesAndOutline}>
          <Tree />
          {notebook && (
            <section class="il-outline" aria-label={t.shell.outline}>
              <div class="ph ph-line">
                <span>{t.shell.outline}</span>
              </div>
              <Outline file={notebook.file} />
            </section>
          )}
        </aside>
        <main class="ic">
          <div class="ic-top">
            <TabRow tabs={s.tabs} active={s.active} />
            <OfflineBanner />
          </div>
          {s.tabs.map((tab) => (
            <Centre key={tab.id} tab={tab} front={tab.id === s.active} />
          ))}
          {!front && <Start />}
          {s.terminal && <Drawer cwd={front ? parentOf(front.path) : ""} />}
          <Menus />
        </main>
        <aside class="ir" aria-label={t.shell.variablesAndMachine}>
          {(s.right || s.sheet === "right") && (
            <>
              {notebook?.kernel && <Variables kernel={notebook.kernel} active={!!notebook} />}
              <Machine />
            </>
          )}
        </aside>
        <StatusBar tab={front} />
      </div>
      <Palette />
      <Questions />
      <Toasts />
    </>
  );
}

/* A tab keeps its place and its scrolling while another one is in front. */
function Centre({ tab, front }: { tab: Tab; front: boolean }): JSX.Element {
  const c = tab.content;
  return (
    <div class="centre" hidden={!front} role="tabpanel" id={`panel-${tab.id}`} aria-labelledby={`tab-${tab.id}`}>
      {(c.kind === "loading" || (c.kind === "notebook" && !c.kernel)) && <Wait path={tab.path} text={!isNotebook(tab.path) || tab.asText} />}
      {c.kind === "notebook" && c.kernel && <Notebook file={c.file} kernel={c.kernel} front={front} />}
      {c.kind === "text" && <TextView file={c.file} active={front} />}
      {c.kind === "trouble" && <TroublePage tab={tab} trouble={c.trouble} />}
    </div>
  );
}

/* While somebody has to choose, the choice is in front of the notebook. */
function Notebook({ file, kernel, front }: { file: OpenNotebook; kernel: OpenKernel; front: boolean }): JSX.Element {
  const conflict = useFile(file).conflicts.length > 0;
  return (
    <>
      {conflict && (
        <div class="centre-merge">
          <MergeView file={file} />
        </div>
      )}
      <div class="centre-in" hidden={conflict}>
        <NotebookView file={file} kernel={kernel} active={front && !conflict} />
      </div>
    </>
  );
}

function Drawer({ cwd }: { cwd: string }): JSX.Element {
  return (
    <section class="term" aria-label={t.shell.terminal}>
      <Terminal cwd={cwd} />
      <span class="term-tools">
        <button class="btn btn-icon btn-s tb-b" data-kind="quiet" type="button" aria-label={t.shell.larger} title={t.shell.larger} onClick={() => shell.set({ terminalTall: !shell.get().terminalTall })}>
          <Icon name="panelb" />
        </button>
        <button class="btn btn-icon btn-s tb-b" data-kind="quiet" type="button" aria-label={t.shell.close} title={t.shell.close} onClick={() => toggle("terminal")}>
          <Icon name="x" />
        </button>
      </span>
    </section>
  );
}
