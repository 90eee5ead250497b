/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of an upload. A piece goes by XMLHttpRequest: fetch() can't say how much of it went out. */
import { ApiError, call, get, post } from "../lib/api";
import { type Upload, baseOf } from "./api";

export interface Wire {
  list(): Promise<Upload[]>;
  begin(path: string, size: number, replace: boolean): Promise<Upload>;
  state(id: string): Promise<Upload>;
  piece(id: string, offset: number, bytes: Blob, onSent: (bytes: number) => void, signal: AbortSignal): Promise<Upload>;
  finish(id: string): Promise<void>;
  drop(id: string): Promise<void>;
  folder(path: string): Promise<void>;
}

const TRIES = { tries: 4, timeout_ms: 30_000 };
const SILENT_MS = 45_000; /* nothing moved for so long: the line is dead, whatever the browser thinks */

function problem(x: XMLHttpRequest): ApiError {
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(x.responseText) as Record<string, unknown>;
  } catch {
    /* the status says enough */
  }
  const text = (k: string) => (typeof body[k] === "string" ? (body[k] as string) : "");
  return new ApiError(x.status, text("title"), text("detail") || text("message"), text("type").split("/").pop() ?? "", text("request_id"), "", Number(x.getResponseHeader("Retry-After")) || 0, body);
}

function send(path: string, bytes: Blob, onSent: (n: number) => void, signal: AbortSignal): Promise<Upload> {
  return new Promise((done, fail) => {
    const away = () => fail(new ApiError(0, "", "", signal.aborted ? "cancelled" : "unreachable", "", "", 0));
    if (signal.aborted) return away(); /* it tells nobody any more */
    const x = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout>;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => x.abort(), SILENT_MS);
    };
    const stop = () => x.abort();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    };
    x.open("PATCH", `/api/v1${path}`);
    x.setRequestHeader("X-Carrel-CSRF", "1");
    x.setRequestHeader("Accept", "application/json");
    x.setRequestHeader("Content-Type", "application/octet-stream");
    x.upload.onprogress = (e) => {
      alive();
      onSent(Math.min(e.loaded, bytes.size));
    };
    x.onload = () => {
      end();
      if (x.status < 200 || x.status > 299) return fail(problem(x));
      try {
        done(JSON.parse(x.responseText) as Upload);
      } catch {
        fail(new ApiError(0, "", "", "", "", "", 0));
      }
    };
    x.onerror = x.onabort = () => {
      end();
      away();
    };
    signal.addEventListener("abort", stop);
    alive();
    x.send(bytes);
  });
}

export function wireOf(workspace: string): Wire {
  const base = `${baseOf(workspace)}/uploads`;
  const one = (id: string) => `${base}/${encodeURIComponent(id)}`;
  const contents = (path: string) => `${baseOf(workspace)}/contents/${path.split("/").map(encodeURIComponent).join("/")}`;
  return {
    list: async () => (await get<{ items: Upload[] }>(base, TRIES)).items,
    begin: (path, size, replace) => post<Upload>(base, { path, size, replace }, TRIES),
    state: (id) => get<Upload>(one(id), { tries: 1 }),
    piece: (id, offset, bytes, onSent, signal) => send(`${one(id)}?offset=${offset}`, bytes, onSent, signal),
    finish: async (id) => void (await post(`${one(id)}/finish`, {}, TRIES)),
    drop: async (id) => void (await call("DELETE", one(id))),
    folder: async (path) => {
      try {
        await call("PUT", contents(path), { body: { type: "directory" }, tries: 3 });
      } catch (e) {
        if (!(e instanceof ApiError) || e.status !== 409) throw e;
      }
    },
  };
}
