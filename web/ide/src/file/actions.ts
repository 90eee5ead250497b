/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done with files, from the tree, the palette and the pages. */
import { join, nameOf, parentOf, url } from "../page";
import { askUser, toast } from "../shell/layers";
import type { Tab } from "../shell/state";
import { isNotebook, openPath, pathsMoved, reopen } from "../shell/tabs";
import { t } from "../text";
import { copy, create, readConverted, remove as removeFile, rename as renameFile, restore, writeNotebookJson } from "./contents";
import { noted } from "./net";
import { forget, remember } from "./recent";
import { filesMoved } from "./saver";
import { readFolder, reveal, setOpen, tree } from "./tree-state";
import { uploadFiles } from "./upload";

export function fail(what: string, e: unknown): void {
  noted(e);
  toast(t.shell.filesFailed(what, e instanceof Error ? e.message : String(e)), "alert");
}

/* In a row: a double click makes one file. */
let busy = false;
async function alone(what: string, fn: () => Promise<void>): Promise<void> {
  if (busy) return;
  busy = true;
  try {
    await fn();
  } catch (e) {
    fail(what, e);
  } finally {
    busy = false;
  }
}

export function newIn(folder: string, kind: "notebook" | "file" | "directory"): Promise<void> {
  const what = kind === "notebook" ? t.shell.newNotebook : kind === "file" ? t.shell.newFile : t.shell.newFolder;
  return alone(what, async () => {
    const made = await create(folder, kind, kind === "file" ? ".txt" : undefined);
    if (folder) setOpen(folder, true);
    await readFolder(folder);
    await reveal(made.path);
    if (kind === "directory") return void askRename(made.path);
    openPath(made.path);
  });
}

export function badName(name: string): string | null {
  return !name.trim() || name.startsWith(".") || name.includes("/") || name.includes("\0") ? t.shell.badName : null;
}

export async function askRename(path: string): Promise<void> {
  const answer = await askUser({
    title: t.shell.renameOf(nameOf(path)),
    input: { value: nameOf(path), check: badName },
    buttons: [{ text: t.shell.rename, value: "yes", kind: "primary" }],
  });
  if (answer && answer.text !== nameOf(path)) await move(path, join(parentOf(path), answer.text.trim()));
}

/* Open files go along. */
export function move(from: string, to: string): Promise<void> {
  return alone(t.shell.rename, async () => {
    try {
      await renameFile(from, to);
    } catch (e) {
      if ((e as { status?: number }).status === 409) return toast(t.shell.exists(nameOf(to)), "alert");
      throw e;
    }
    filesMoved(from, to);
    pathsMoved(from, to);
    forget(from);
    remember(to);
    await Promise.all([...new Set([parentOf(from), parentOf(to)])].map(readFolder));
    await reveal(to);
  });
}

export function duplicate(path: string): Promise<void> {
  return alone(t.shell.duplicate, async () => {
    const made = await copy(path, parentOf(path));
    await readFolder(parentOf(path));
    await reveal(made.path);
  });
}

export async function askRemove(path: string): Promise<void> {
  const name = nameOf(path);
  const answer = await askUser({
    title: t.shell.removeOf(name),
    body: t.shell.removeBody,
    buttons: [{ text: t.shell.remove, value: "yes", kind: "danger-fill" }],
  });
  if (!answer) return;
  await alone(t.shell.remove, async () => {
    await removeFile(path);
    filesMoved(path, null);
    pathsMoved(path, null);
    forget(path);
    toast(t.shell.removed(name), "trash", { text: t.shell.undo, run: () => void bringBack(path) });
    await readFolder(parentOf(path));
    tree.set({ focus: parentOf(path) || null });
  });
}

function bringBack(path: string): Promise<void> {
  return alone(t.shell.undo, async () => {
    await restore(path);
    await readFolder(parentOf(path));
    await reveal(path);
    toast(t.shell.restored(nameOf(path)));
  });
}

export function download(path: string, folder: boolean): void {
  const a = document.createElement("a");
  a.href = url("files/", path, folder ? { download: "1", format: "zip" } : { download: "1" });
  a.download = folder ? `${nameOf(path)}.zip` : nameOf(path);
  a.click();
}

export async function copyPath(path: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(path);
    toast(t.shell.copied(path), "copy");
  } catch (e) {
    fail(t.shell.copyPath, e);
  }
}

export function uploadInto(folder: string): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.addEventListener("change", () => void uploadFiles(folder, [...(input.files ?? [])]));
  input.click();
}

/* nbformat 1 to 3: the agent converts while it reads; the old file stays beside the new one. */
export async function convertOld(tab: Tab): Promise<void> {
  await alone(t.shell.convert, async () => {
    const content = await readConverted(tab.path), old = `${tab.path}.old`;
    await renameFile(tab.path, old);
    try {
      await writeNotebookJson(tab.path, content);
    } catch (e) {
      await renameFile(old, tab.path);
      throw e;
    }
    await readFolder(parentOf(tab.path));
    reopen(tab.id);
  });
}

export { isNotebook };
