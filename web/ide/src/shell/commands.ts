/* SPDX-License-Identifier: Apache-2.0 */
/* What the palette (Ctrl K) offers. Parts add theirs while they are in front and take them back. */
import { createStore } from "../../../src/lib/store";
import type { IconName } from "./icons";

export interface Command {
  id: string;
  text: string;
  keys?: string[]; /* as shown: ["Ctrl", "S"] */
  icon?: IconName;
  run: () => void;
}

export const commands = createStore<{ all: readonly Command[] }>({ all: [] });

export function addCommands(list: readonly Command[]): () => void {
  const ids = new Set(list.map((c) => c.id));
  commands.set({ all: [...commands.get().all.filter((c) => !ids.has(c.id)), ...list] });
  return () => commands.set({ all: commands.get().all.filter((c) => !list.includes(c)) });
}
