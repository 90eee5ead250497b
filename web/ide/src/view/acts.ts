/* SPDX-License-Identifier: Apache-2.0 */
/* Commands with their dialogs. The view puts itself here; without one (a tab behind) nothing is asked. */
import { t } from "../text";
import { perform, runCells, type Shown } from "./commands";
import type { Control } from "./control";
import type { Command } from "./keys";
import { askUser } from "../shell/layers";

export interface View {
  say(text: string): void;
  keys(): void;
  find(replace: boolean): void;
}

const views = new WeakMap<Control, View>();

export function setView(c: Control, view: View): void {
  views.set(c, view);
}

async function confirmRestart(c: Control, after: "nothing" | "runAll"): Promise<void> {
  const answer = await askUser({
    title: after === "runAll" ? t.view.restartRunTitle : t.view.restartTitle,
    body: t.view.restartBody,
    buttons: [{ text: after === "runAll" ? t.view.restartRunAll : t.view.restart, value: "yes", kind: "danger-fill" }],
  });
  if (answer) {
    await c.kernel?.restart();
    if (after === "runAll") runCells(c, c.model.cells.map((x) => x.id));
  }
  c.focus();
}

export function doCommand(c: Control, command: Command): void {
  const view = views.get(c);
  const shown: Shown = {
    say: (text) => view?.say(text),
    keys: () => view?.keys(),
    find: (replace) => view?.find(replace),
    confirmRestart: (after) => void confirmRestart(c, after),
    words: t.view.said,
  };
  perform(c, command, shown);
}
