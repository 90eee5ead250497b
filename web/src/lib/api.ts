/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API client. One function for all calls: it adds the CSRF header, gives every POST an
 * Idempotency-Key, turns problem+json into an ApiError that says what to do, and repeats a request that
 * never got an answer (a POST under the same key, so that it takes effect once).
 */
import { noteServerDate } from "./time";

export class ApiError extends Error {
  constructor(
    readonly status: number, /* 0: no answer at all */
    readonly title: string,
    readonly detail: string,
    readonly slug: string,
    readonly requestId: string,
    readonly field: string,
    readonly retryAfter: number,
    readonly data: unknown = null, /* what a program needs to go on */
  ) {
    super(detail || title);
  }

  /* The platform does not answer; what runs, runs on. */
  get away(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  key?: string; /* Idempotency-Key, when the caller repeats by itself */
  signal?: AbortSignal;
  timeout_ms?: number;
  tries?: number;
}

export interface Answer<T> {
  status: number;
  data: T;
  headers: Headers;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const BASE = "/api/v1";
const BODY_MAX = 8 * 1024 * 1024;
const LATE_MS = 5_000;

let onSignedOut: () => void = () => {};

export function whenSignedOut(fn: () => void): void {
  onSignedOut = fn;
}

/* randomUUID exists in secure contexts only; a plain http:// console still needs keys. */
export function newKey(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

const str = (v: unknown): string => (typeof v === "string" ? v : "");

function errorOf(status: number, headers: Headers, text: string): ApiError {
  let p: Record<string, unknown> = {};
  if (/json/.test(headers.get("Content-Type") ?? "")) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (parsed && typeof parsed === "object") p = parsed as Record<string, unknown>;
    } catch {
      /* a broken body says nothing; the status does */
    }
  }
  const retry = Number(headers.get("Retry-After"));
  return new ApiError(
    status,
    str(p.title) || `The server answered ${status}.`,
    str(p.detail) || str(p.message), /* an agent's own errors have a message */
    str(p.type).split("/").pop() ?? "",
    str(p.request_id) || (headers.get("X-Request-Id") ?? ""),
    str(p.field),
    Number.isFinite(retry) && retry > 0 ? retry : 0,
    p.data ?? null,
  );
}

async function once<T>(method: Method, path: string, o: CallOptions, headers: Headers): Promise<Answer<T>> {
  const timeout = new AbortController();
  const stop = () => timeout.abort();
  const limit = o.timeout_ms ?? 20_000;
  const until = Date.now() + limit;
  /* A timer that comes late: the page slept, and an answer that came meanwhile waits behind it. */
  let timer = setTimeout(() => (Date.now() - until < LATE_MS ? stop() : void (timer = setTimeout(stop, LATE_MS))), limit);
  o.signal?.addEventListener("abort", stop);
  try {
    const res = await fetch(BASE + path, {
      method,
      headers,
      body: o.body === undefined ? null : JSON.stringify(o.body),
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
      signal: timeout.signal,
    });
    noteServerDate(res.headers.get("Date"));
    if (Number(res.headers.get("Content-Length")) > BODY_MAX) throw new Error("answer too large");
    const text = await res.text();
    if (!res.ok) throw errorOf(res.status, res.headers, text);
    const json = /json/.test(res.headers.get("Content-Type") ?? "");
    return { status: res.status, headers: res.headers, data: (json && text ? JSON.parse(text) : text) as T };
  } catch (e) {
    if (e instanceof ApiError || o.signal?.aborted) throw e;
    throw new ApiError(0, "Carrel does not answer.", "", "unreachable", "", "", 0);
  } finally {
    clearTimeout(timer);
    o.signal?.removeEventListener("abort", stop);
  }
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

export async function call<T>(method: Method, path: string, o: CallOptions = {}): Promise<Answer<T>> {
  const headers = new Headers({ Accept: "application/json", "X-Carrel-CSRF": "1", ...o.headers });
  if (o.body !== undefined) headers.set("Content-Type", "application/json");
  if (method === "POST") headers.set("Idempotency-Key", o.key ?? newKey());
  const safe = method === "GET" || method === "POST";
  const tries = o.tries ?? (safe ? 3 : 1);

  for (let n = 1; ; n++) {
    try {
      return await once<T>(method, path, o, headers);
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      if (e.status === 401 && path !== "/login") onSignedOut();
      if (!e.away || n >= tries) throw e;
      await pause(Math.min(4000, e.retryAfter ? e.retryAfter * 1000 : 250 * 2 ** n));
    }
  }
}

export async function get<T>(path: string, o?: CallOptions): Promise<T> {
  return (await call<T>("GET", path, o)).data;
}

export async function post<T>(path: string, body: unknown = {}, o?: CallOptions): Promise<T> {
  return (await call<T>("POST", path, { ...o, body })).data;
}

interface Page<T> {
  items: T[];
  next: string | null;
}

const PAGES_MAX = 101;

/* All pages of a list, up to a bound that no honest account reaches; more: it was reached. */
export async function getAll<T, X = unknown>(path: string, o?: CallOptions): Promise<{ items: T[]; last: Page<T> & X; more: boolean }> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let n = 1; ; n++) {
    const sep = path.includes("?") ? "&" : "?";
    const page: Page<T> & X = await get(cursor ? `${path}${sep}cursor=${encodeURIComponent(cursor)}` : path, o);
    items.push(...page.items);
    cursor = page.next;
    if (!cursor || n >= PAGES_MAX) return { items, last: page, more: !!cursor };
  }
}
