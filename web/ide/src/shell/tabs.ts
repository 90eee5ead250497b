/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, choosing and closing tabs. The address follows the tab in front. */
import { openDocument } from "../file/open";
import { remember } from "../file/recent";
import { type Trouble, TroubleError } from "../file/trouble";
import { calmSoon, isCalm } from "../later";
import { readyFor } from "../outputs/richly";
import { preload, openKernel, type OpenKernel } from "./parts";
import { showAddress, showTitle } from "./routes";
import { type Tab, setContent, shell } from "./state";

let lastId = 0;
export let opening: Promise<void> = Promise.resolve(); /* of the file that was asked for last */

export function isNotebook(path: string): boolean {
  return path.toLowerCase().endsWith(".ipynb");
}

function troubleOf(e: unknown): Trouble {
  if (e instanceof TroubleError) return e.trouble;
  return { kind: "other", why: e instanceof Error ? e.message : String(e) };
}

/* What the first cells did not need may come when the kernel has said how it is. */
function calmAfter(kernel: OpenKernel): void {
  const un = kernel.watch(() => {
    if (kernel.status === "connecting" || kernel.status === "starting") return;
    un();
    isCalm();
  });
}

async function load(tab: Tab): Promise<void> {
  if (tab.asText || !isNotebook(tab.path)) preload("TextView");
  const still = () => shell.get().tabs.find((x) => x.id === tab.id);
  try {
    const opened = await openDocument(tab.path, tab.asText);
    if (!still()) return void opened.file.close();
    /* A rename elsewhere, or of ours, goes on to the tab. */
    opened.file.watch(() => {
      const now = still();
      if (now && now.path !== opened.file.path) {
        shell.set({ tabs: shell.get().tabs.map((x) => (x.id === tab.id ? { ...x, path: opened.file.path } : x)) });
        if (shell.get().active === tab.id) showAddress(opened.file.path, true);
      }
    });
    if (opened.kind === "text") return setContent(tab.id, opened);
    const kernel = openKernel(opened.file);
    await readyFor(opened.file.model.cells);
    if (!still()) return release({ ...tab, content: { ...opened, kernel } });
    calmAfter(kernel);
    setContent(tab.id, { ...opened, kernel });
  } catch (e) {
    if (still()) setContent(tab.id, { kind: "trouble", trouble: troubleOf(e) });
  } finally {
    calmSoon();
  }
}

export function openPath(path: string, o: { asText?: boolean; replace?: boolean; quiet?: boolean } = {}): void {
  const asText = o.asText ?? false;
  const there = shell.get().tabs.find((x) => x.path === path && x.asText === asText);
  if (there) return activate(there.id, o);
  const tab: Tab = { id: ++lastId, path, asText, content: { kind: "loading" } };
  const { tabs, active } = shell.get();
  const at = tabs.findIndex((x) => x.id === active);
  shell.set({ tabs: [...tabs.slice(0, at + 1), tab, ...tabs.slice(at + 1)], active: tab.id, sheet: null });
  if (o.quiet) showTitle(path);
  else showAddress(path, o.replace ?? false);
  remember(path);
  opening = load(tab);
}

export function activate(id: number, o: { replace?: boolean; quiet?: boolean } = {}): void {
  const tab = shell.get().tabs.find((x) => x.id === id);
  if (!tab) return;
  if (shell.get().active !== id) shell.set({ active: id, sheet: null });
  if (o.quiet) showTitle(tab.path);
  else showAddress(tab.path, o.replace ?? false);
}

/* The browser's address is another one. */
export function onAddress(path: string): void {
  if (path) openPath(path, { quiet: true });
  else if (shell.get().tabs.length) activate(shell.get().tabs[0]!.id, { replace: true });
}

/* Once more, after what was in the way is gone; another name or form if told so. */
export function reopen(id: number, as: { path?: string; asText?: boolean } = {}): void {
  const old = shell.get().tabs.find((x) => x.id === id);
  if (!old) return;
  release(old);
  const tab: Tab = { ...old, ...as, content: { kind: "loading" } };
  shell.set({ tabs: shell.get().tabs.map((x) => (x.id === id ? tab : x)) });
  if (shell.get().active === id) showAddress(tab.path, true);
  void load(tab);
}

function release(tab: Tab): void {
  if (tab.content.kind === "notebook") tab.content.kernel?.close();
  if (tab.content.kind === "notebook" || tab.content.kind === "text") void tab.content.file.close();
}

export function closeTab(id: number): void {
  const { tabs, active } = shell.get();
  const at = tabs.findIndex((x) => x.id === id);
  if (at < 0) return;
  release(tabs[at]!);
  const rest = tabs.filter((x) => x.id !== id);
  if (active !== id) return shell.set({ tabs: rest });
  const next = rest[Math.min(at, rest.length - 1)];
  shell.set({ tabs: rest, active: next?.id ?? null });
  showAddress(next?.path ?? "", false);
}

/* Files that went, or were moved: their tabs close or follow. */
export function pathsMoved(from: string, to: string | null): void {
  const inside = (p: string) => p === from || p.startsWith(`${from}/`);
  for (const tab of shell.get().tabs) {
    if (!inside(tab.path)) continue;
    if (to === null) closeTab(tab.id);
    else if (tab.content.kind === "trouble" || tab.content.kind === "loading") reopen(tab.id, { path: to + tab.path.slice(from.length) });
  }
}
