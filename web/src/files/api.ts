/* SPDX-License-Identifier: Apache-2.0 */
/* A workspace's files, whether it runs or not (doc/internals/files.md). Paths go out segment by segment. */
import { ApiError, call, get, post } from "../lib/api";

export type Kind = "directory" | "file" | "notebook";

export interface Entry {
  name: string;
  path: string;
  type: Kind;
  size: number | null;
  last_modified: string | null;
  created?: string | null;
  writable?: boolean;
  mimetype?: string | null;
  hash?: string | null;
}

export interface Model extends Entry {
  content: unknown;
  format: string | null;
}

export interface Part {
  content: string;
  format: "text" | "base64";
  offset: number;
  length: number;
  size: number;
  more: boolean;
  last_modified?: string | null;
}

export interface Upload {
  id: string;
  path: string;
  size: number;
  offset: number;
  done: boolean;
  replace: boolean;
  created_at: string;
}

export interface Disk {
  size_bytes: number;
  used_bytes: number;
  free_bytes: number;
  path: string;
  bytes: number;
  truncated: boolean;
  items: { name: string; path: string; type: Kind; bytes: number; files: number }[];
}

export interface Package {
  name: string;
  version: string;
  where: "home" | "image";
  image_version: string | null;
  change: "added" | "changed" | "same" | "none";
}

export interface Environment {
  python: string | null;
  image_known: boolean;
  truncated: boolean;
  packages: Package[];
}

export const PIECE = 1024 * 1024;
const ADDRESS_MOST = 1900;

export function encodePath(path: string): string {
  return path.split("/").filter(Boolean).map(encodeURIComponent).join("/");
}

export function join(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}

export function parentOf(path: string): string {
  return path.split("/").slice(0, -1).join("/");
}

export function nameOf(path: string): string {
  return path.split("/").pop() ?? "";
}

export function baseOf(workspace: string): string {
  return `/workspaces/${encodeURIComponent(workspace)}/files`;
}

const at = (ws: string, path: string): string => `${baseOf(ws)}/contents/${encodePath(path)}`;

/* A process that is just starting answers 503 and Retry-After: the client asks again by itself. */
const PATIENT = { tries: 5, timeout_ms: 30_000 };

export async function listFolder(ws: string, folder: string, signal?: AbortSignal): Promise<Entry[]> {
  const m = await get<Model>(`${at(ws, folder)}?content=1&type=directory`, { ...PATIENT, ...(signal ? { signal } : {}) });
  return Array.isArray(m.content) ? (m.content as Entry[]) : [];
}

export function stat(ws: string, path: string): Promise<Entry> {
  return get<Entry>(`${at(ws, path)}?content=0&hash=1`, PATIENT);
}

export function readPart(ws: string, path: string, offset: number, length = PIECE, format?: "base64"): Promise<Part> {
  return get<Part>(`${at(ws, path)}?offset=${offset}&length=${Math.min(PIECE, length)}${format ? `&format=${format}` : ""}`, PATIENT);
}

/* The whole of a text in pieces; null when it is no text or larger than `most`. */
export async function readText(ws: string, path: string, most: number): Promise<{ text: string; size: number } | null> {
  const parts: string[] = [];
  let offset = 0;
  for (;;) {
    const p = await readPart(ws, path, offset);
    if (p.format !== "text" || p.size > most) return null;
    parts.push(p.content);
    offset += p.length;
    if (!p.more || !p.length) return { text: parts.join(""), size: p.size };
  }
}

/* As base64, for pictures. */
export async function readBytes(ws: string, path: string, most: number): Promise<string | null> {
  const parts: string[] = [];
  const length = PIECE - (PIECE % 3); /* so that the pieces put together are base64 again */
  let offset = 0;
  for (;;) {
    const p = await readPart(ws, path, offset, length, "base64");
    if (p.size > most) return null;
    parts.push(p.content);
    offset += p.length;
    if (!p.more || !p.length) return parts.join("");
  }
}

/* `base` is the hash of what the text was made from, null for a file that is not there: anything else is a 409. */
export async function saveText(ws: string, path: string, content: string, base: string | null): Promise<Entry> {
  return (await call<Entry>("PUT", at(ws, path), { body: { type: "file", format: "text", content, base_hash: base }, timeout_ms: 60_000 })).data;
}

export async function makeFolder(ws: string, path: string): Promise<Entry> {
  return (await call<Entry>("PUT", at(ws, path), { body: { type: "directory" } })).data;
}

export function duplicate(ws: string, path: string): Promise<Entry> {
  return post<Entry>(at(ws, parentOf(path)), { copy_from: path });
}

export async function move(ws: string, path: string, to: string): Promise<Entry> {
  return (await call<Entry>("PATCH", at(ws, path), { body: { path: to } })).data;
}

export async function removeFile(ws: string, path: string): Promise<void> {
  await call("DELETE", at(ws, path), { timeout_ms: 60_000 });
}

/* The undo of a delete: what went last from that path comes back out of the trash. */
export function restore(ws: string, path: string): Promise<Entry> {
  return post<Entry>(`${baseOf(ws)}/restore`, { path }, { timeout_ms: 60_000 });
}

export function readDisk(ws: string, folder = "", limit = 8): Promise<Disk> {
  return get<Disk>(`${baseOf(ws)}/disk?path=${encodeURIComponent(folder)}&limit=${limit}`, { ...PATIENT, timeout_ms: 40_000 });
}

export function readEnvironment(ws: string): Promise<Environment> {
  return get<Environment>(`${baseOf(ws)}/environment`, { ...PATIENT, timeout_ms: 60_000 });
}

/* Raw bytes never come from the console's origin: the form goes to the workspace's own. */
export async function download(ws: string, path: string, folder: boolean, only: string[] = []): Promise<void> {
  const { code, url } = await post<{ code: string; url: string }>(`/workspaces/${encodeURIComponent(ws)}/enter`);
  const form = document.createElement("form");
  form.method = "post";
  form.action = new URL("/.carrel/enter", url).href;
  form.hidden = true;
  const next = `/files/${encodePath(path)}?download=1${folder ? "&format=zip" : ""}${onlyOf(only)}`;
  for (const [name, value] of [["code", code], ["next", next]] as const) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
  form.remove();
}

function onlyOf(names: string[]): string {
  return names.length ? `&only=${names.map(encodeURIComponent).join("/")}` : "";
}

/* An address holds so much; who wants more takes the whole folder. */
export function fitsOneDownload(folder: string, names: string[]): boolean {
  return encodePath(folder).length + onlyOf(names).length < ADDRESS_MOST;
}

/* The name is taken: an agent's own words. Core's have a type (there are no files yet), and an upload's place has no words. */
export function isTaken(e: unknown): boolean {
  return e instanceof ApiError && e.status === 409 && !e.slug && !!e.detail;
}
