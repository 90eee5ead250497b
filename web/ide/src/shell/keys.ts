/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the whole page. Those of cells are the notebook's; they get what is not taken here. */
import { activeTab, shell, toggle } from "./state";

const keys: Record<string, () => void> = {
  "Ctrl k": () => shell.set({ palette: !shell.get().palette }),
  "Ctrl Shift c": () => shell.set({ palette: !shell.get().palette }),
  "Ctrl b": () => toggle("left"),
  "Ctrl j": () => toggle("right"),
  "Ctrl `": () => toggle("terminal"),
  "Ctrl s": saveNow,
};

export function saveNow(): void {
  const c = activeTab()?.content;
  if (c?.kind === "notebook" || c?.kind === "text") void c.file.saveNow().catch(() => undefined);
}

function onKey(e: KeyboardEvent): void {
  if (e.isComposing) return;
  if (e.key === "Escape" && shell.get().sheet && !document.querySelector("dialog[open], [role=menu]")) {
    shell.set({ sheet: null });
    return;
  }
  if (!(e.ctrlKey || e.metaKey) || e.altKey || document.querySelector("dialog[open]:not(.palette-dialog)")) return;
  const name = `Ctrl ${e.shiftKey ? "Shift " : ""}${e.code === "Backquote" ? "`" : e.key.toLowerCase()}`;
  const run = keys[name];
  if (!run) return;
  e.preventDefault();
  e.stopPropagation();
  run();
}

/* Before the editor sees them. */
export function startKeys(): () => void {
  addEventListener("keydown", onKey, true);
  return () => removeEventListener("keydown", onKey, true);
}
