/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every word of the IDE. English is in the first load, other languages come when they are asked for. Each part has a file of
 * its own: shell.ts, view.ts, run.ts. Use `t.shell.save` when something is rendered, never when a module loads.
 */
import { run } from "./en/run";
import { shell } from "./en/shell";
import { view } from "./en/view";

export const en = { shell, view, run };
export type Words = typeof en;

export const t: Words = { ...en };

export type Language = "en" | "de";
export let language: Language = "en";

export let languageReady: Promise<void> = Promise.resolve();

export function useLanguage(asked: string): Promise<void> {
  return (languageReady = load(asked));
}

async function load(asked: string): Promise<void> {
  if (!asked.toLowerCase().startsWith("de")) return;
  const { de } = await import("./de/index");
  Object.assign(t, de);
  language = "de";
  document.documentElement.lang = "de";
}
