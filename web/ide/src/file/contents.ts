/* SPDX-License-Identifier: Apache-2.0 */
/* The contents API, as far as the IDE uses it. Notebooks are read and written as text, so that their bytes stay. */
import type { Slices } from "../model/slices";
import { url } from "../page";
import { HttpError, getJson, send } from "./http";

export interface Entry {
  name: string;
  path: string;
  type: "directory" | "file" | "notebook";
  last_modified: string;
  created: string;
  size: number | null;
  writable: boolean;
  mimetype: string | null;
  hash?: string | null;
}

export interface TextFile extends Entry {
  content: string;
  hash: string;
}

const READ_MS = 120_000; /* 100 MB over a slow line */
const QUIET = { no_track_activity: "1" };

export async function readText(path: string): Promise<TextFile> {
  const address = url("api/contents/", path, { type: "file", format: "text", content: "1", hash: "1" });
  return (await early(address)) ?? getJson(address, { timeout_ms: READ_MS });
}

/* What the page's first script has asked for (early.js), once; null if it is another file, or did not come. */
async function early(address: string): Promise<TextFile | null> {
  const page = globalThis as { carrelEarly?: { address: string; answer: Promise<Response> } };
  const asked = page.carrelEarly;
  delete page.carrelEarly;
  if (asked?.address !== address) return null;
  try {
    const answer = await asked.answer;
    return answer.ok ? ((await answer.json()) as TextFile) : null;
  } catch {
    return null;
  }
}

/* A look that counts as nobody's activity. */
export function look(path: string): Promise<Entry> {
  return getJson(url("api/contents/", path, { content: "0", ...QUIET }));
}

export interface Listing extends Entry {
  content: Entry[];
}

export function list(path: string): Promise<Listing> {
  return getJson(url("api/contents/", path, { type: "directory", content: "1", ...QUIET }));
}

export interface Saved extends Entry {
  hash: string;
}

/* base: hash of the bytes that the text was made from, null for a file that is not there yet. 409 "changed" otherwise. */
export async function writeText(path: string, text: string, base: string | null, slices: Slices): Promise<Saved> {
  const to = url("api/contents/", path), about = { type: "file", format: "text", base_hash: base };
  if (text.length <= PIECE) return getJson(to, { method: "PUT", json: { ...about, content: text }, timeout_ms: READ_MS });
  const parts = [`${JSON.stringify(about).slice(0, -1)},"content":"`];
  for (const piece of jsonPieces(text, PIECE)) {
    parts.push(piece);
    if (slices.over) await slices.rest();
  }
  parts.push('"}');
  return getJson(to, { method: "PUT", body: new Blob(parts), timeout_ms: READ_MS });
}

const PIECE = 256 << 10; /* characters that are made JSON at once */

/* What stands between the quotes of a text in JSON; no cut between the halves of a character. */
export function* jsonPieces(text: string, size: number): Generator<string> {
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = Math.min(at + size, text.length);
    if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(end) & 0xfc00) === 0xdc00) end++;
    yield JSON.stringify(text.slice(at, end)).slice(1, -1);
  }
}

export function isChanged(e: unknown): boolean {
  return e instanceof HttpError && e.status === 409 && e.reason === "changed";
}

export function create(folder: string, type: "notebook" | "file" | "directory", ext?: string): Promise<Entry> {
  return getJson(url("api/contents/", folder), { method: "POST", json: ext ? { type, ext } : { type } });
}

export function copy(from: string, toFolder: string): Promise<Entry> {
  return getJson(url("api/contents/", toFolder), { method: "POST", json: { copy_from: from }, timeout_ms: READ_MS });
}

export function rename(from: string, to: string): Promise<Entry> {
  return getJson(url("api/contents/", from), { method: "PATCH", json: { path: to } });
}

export async function remove(path: string): Promise<void> {
  await send(url("api/contents/", path), { method: "DELETE", timeout_ms: READ_MS });
}

/* The undo of a delete: what went last from that path comes back out of the trash. */
export function restore(path: string): Promise<Entry> {
  return getJson(url("api/carrel/restore"), { method: "POST", json: { path }, timeout_ms: READ_MS });
}

/* As nbformat 4, whatever it is on disk: the agent converts. */
export async function readConverted(path: string): Promise<unknown> {
  const model = await getJson<{ content: unknown }>(url("api/contents/", path, { type: "notebook", content: "1" }), { timeout_ms: READ_MS });
  return model.content;
}

export async function writeNotebookJson(path: string, content: unknown): Promise<void> {
  await send(url("api/contents/", path), { method: "PUT", json: { type: "notebook", format: "json", content }, timeout_ms: READ_MS });
}

/* 1, 2, … and -1 for the last (upload.c): the same piece twice is one. */
export async function writePiece(path: string, chunk: number | null, base64: string, signal: AbortSignal): Promise<void> {
  const json = { type: "file", format: "base64", content: base64, ...(chunk === null ? {} : { chunk }) };
  await send(url("api/contents/", path), { method: "PUT", json, timeout_ms: READ_MS, signal });
}
