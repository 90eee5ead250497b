/* SPDX-License-Identifier: Apache-2.0 */
/* The theme is kept in the account and, for the first paint, in this browser (theme-boot.js reads it). */
import { read, write } from "./keys";
import { createStore } from "./store";

export type Theme = "system" | "light" | "dark";

const KEY = "carrel.theme";

function kept(): Theme {
  const v = read(KEY);
  return v === "light" || v === "dark" ? v : "system";
}

export const theme = createStore<{ theme: Theme }>({ theme: kept() });

export function setTheme(to: Theme): void {
  write(KEY, to === "system" ? null : to);
  if (to === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = to;
  theme.set({ theme: to });
}

export function isTheme(v: unknown): v is Theme {
  return v === "system" || v === "light" || v === "dark";
}

/* The button knows two positions: the other one of what is seen now. */
export function otherTheme(): Theme {
  const now = theme.get().theme;
  const dark = now === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : now === "dark";
  return dark ? "light" : "dark";
}
