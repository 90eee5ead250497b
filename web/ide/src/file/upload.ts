/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads in pieces, one file after the other. A piece whose answer was lost is sent again, which the agent knows (upload.c), so an
 * upload goes on where the line broke. It is under a hidden temporary name there until the last piece came.
 */
import { createStore } from "../../../src/lib/store";
import { join, parentOf } from "../page";
import { askUser, toast } from "../shell/layers";
import { t } from "../text";
import { create, look, rename, writePiece } from "./contents";
import { HttpError } from "./http";
import { heard, net, noted } from "./net";
import { readFolder } from "./tree-state";

export interface Upload {
  id: number;
  name: string;
  folder: string;
  size: number;
  sent: number;
  waits: boolean; /* for the line */
}

export const uploads = createStore<{ all: readonly Upload[] }>({ all: [] });

const PIECE = 3 << 20; /* a multiple of 3: pieces of base64 without padding */
const stops = new Map<number, AbortController>();
let lastId = 0;
let queue: Promise<void> = Promise.resolve();

function change(id: number, patch: Partial<Upload> | null): void {
  const all = uploads.get().all;
  uploads.set({ all: patch ? all.map((u) => (u.id === id ? { ...u, ...patch } : u)) : all.filter((u) => u.id !== id) });
}

export function cancelUpload(id: number): void {
  stops.get(id)?.abort();
}

export async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/* Until the session answers again. */
function online(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = net.watch(() => {
      if (!net.get().online) return;
      stop();
      resolve();
    });
    signal.addEventListener("abort", () => {
      stop();
      reject(signal.reason as Error);
    });
    if (net.get().online) {
      stop();
      resolve();
    }
  });
}

async function piece(u: Upload, path: string, chunk: number | null, blob: Blob, signal: AbortSignal): Promise<void> {
  const text = await base64(blob);
  for (;;) {
    try {
      await writePiece(path, chunk, text, signal);
      heard();
      return change(u.id, { sent: u.sent, waits: false });
    } catch (e) {
      if (signal.aborted || !(e instanceof HttpError && e.offline)) throw e;
      noted(e);
      change(u.id, { waits: true });
      await online(signal);
    }
  }
}

async function send(u: Upload, file: File, signal: AbortSignal): Promise<void> {
  const path = join(u.folder, u.name);
  if (file.size <= PIECE) return piece({ ...u, sent: file.size }, path, null, file, signal);
  for (let at = 0, n = 1; at < file.size; at += PIECE, n++) {
    const end = Math.min(at + PIECE, file.size);
    await piece({ ...u, sent: end }, path, end === file.size ? -1 : n, file.slice(at, end), signal);
  }
}

/* true: nothing is in the way, or it may be replaced. */
async function free(path: string, name: string): Promise<boolean> {
  try {
    await look(path);
  } catch (e) {
    if (e instanceof HttpError && e.status === 404) return true;
    throw e;
  }
  return !!(await askUser({ title: t.shell.uploadReplace(name), body: t.shell.uploadReplaceBody, buttons: [{ text: t.shell.replace, value: "yes", kind: "primary" }] }));
}

async function one(folder: string, file: File): Promise<void> {
  const u: Upload = { id: ++lastId, name: file.name, folder, size: file.size, sent: 0, waits: false };
  const stop = new AbortController();
  try {
    if (!(await free(join(folder, u.name), u.name))) return;
    stops.set(u.id, stop);
    uploads.set({ all: [...uploads.get().all, u] });
    await send(u, file, stop.signal);
    toast(t.shell.uploaded(u.name), "upload");
  } catch (e) {
    noted(e);
    if (!stop.signal.aborted) toast(t.shell.uploadFailed(u.name, e instanceof Error ? e.message : String(e)), "alert");
  } finally {
    stops.delete(u.id);
    change(u.id, null);
    await readFolder(folder);
  }
}

export function uploadFiles(folder: string, files: readonly File[]): Promise<void> {
  for (const file of files) queue = queue.then(() => one(folder, file));
  return queue;
}

/* ---- dropped folders ---- */

async function entriesOf(dir: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = dir.createReader(), all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no));
    if (!some.length) return all;
    all.push(...some);
  }
}

async function walk(entry: FileSystemEntry, folder: string): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((ok, no) => (entry as FileSystemFileEntry).file(ok, no));
    return void uploadFiles(folder, [file]);
  }
  const made = join(folder, entry.name);
  try {
    await look(made);
  } catch {
    const { path } = await create(folder, "directory");
    await rename(path, made);
    await readFolder(parentOf(made));
  }
  for (const e of await entriesOf(entry as FileSystemDirectoryEntry)) await walk(e, made);
}

export async function uploadDropped(folder: string, data: DataTransfer): Promise<void> {
  const entries = [...data.items].map((i) => i.webkitGetAsEntry?.()).filter((e): e is FileSystemEntry => !!e);
  const files = [...data.files];
  if (!entries.some((e) => e.isDirectory)) return uploadFiles(folder, files);
  try {
    for (const e of entries) await walk(e, folder);
  } catch (e) {
    toast(t.shell.uploadFailed(folder || "/", e instanceof Error ? e.message : String(e)), "alert");
  }
}
