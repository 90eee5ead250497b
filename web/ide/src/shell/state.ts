/* SPDX-License-Identifier: Apache-2.0 */
/* What is open: tabs, which one is in front, which panels are shown. Panels are remembered in this browser. */
import { createStore } from "../../../src/lib/store";
import { read, write } from "../../../src/lib/keys";
import type { OpenNotebook, OpenText } from "../model/types";
import type { Trouble } from "../file/trouble";
import type { OpenKernel } from "./parts";

export type Content =
  | { kind: "loading" }
  | { kind: "notebook"; file: OpenNotebook; kernel: OpenKernel | null }
  | { kind: "text"; file: OpenText }
  | { kind: "trouble"; trouble: Trouble };

export interface Tab {
  readonly id: number; /* stays when the file is renamed */
  readonly path: string;
  readonly asText: boolean; /* a notebook opened as text */
  readonly content: Content;
}

export interface Shell {
  tabs: readonly Tab[];
  active: number | null; /* id */
  left: boolean;
  right: boolean;
  terminal: boolean;
  terminalTall: boolean;
  palette: boolean;
  sheet: "left" | "right" | null; /* on a narrow screen */
}

const kept = (key: string, otherwise: boolean): boolean => {
  const v = read(`carrel.ide.${key}`);
  return v === null ? otherwise : v === "1";
};

export const shell = createStore<Shell>({
  tabs: [], active: null, palette: false, sheet: null, terminalTall: false,
  left: kept("left", true),
  right: kept("right", true),
  terminal: kept("terminal", false),
});

export type Panel = "left" | "right" | "terminal";

/* On a narrow screen the sides are sheets over the notebook. */
export function toggle(panel: Panel): void {
  const narrow = panel === "left" ? "(max-width: 760px)" : "(max-width: 1180px)";
  if (panel !== "terminal" && matchMedia(narrow).matches) {
    shell.set({ sheet: shell.get().sheet === panel ? null : panel });
    return;
  }
  const on = !shell.get()[panel];
  write(`carrel.ide.${panel}`, on ? "1" : "0");
  shell.set({ [panel]: on });
}

export function activeTab(): Tab | null {
  const s = shell.get();
  return s.tabs.find((x) => x.id === s.active) ?? null;
}

export function setContent(id: number, content: Content): void {
  shell.set({ tabs: shell.get().tabs.map((x) => (x.id === id ? { ...x, content } : x)) });
}
