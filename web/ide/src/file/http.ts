/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the agent: the XSRF token where it wants one (stand-alone, with cookies), a time limit, and one kind of
 * error. Status 0: no answer came, so nothing is known of what happened.
 */

export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly reason: string | null = null,
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = "HttpError";
  }
  /* The session or the way to it is away: worth another try later. */
  get offline(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

export interface HttpOptions {
  method?: string;
  json?: unknown; /* becomes the body */
  body?: Blob; /* the same, made by the caller */
  timeout_ms?: number;
  signal?: AbortSignal;
  keepalive?: boolean;
}

const TIMEOUT_MS = 30_000;

function xsrf(): string {
  return /(?:^|;\s*)_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

function limits(o: HttpOptions): AbortSignal {
  const own = AbortSignal.timeout(o.timeout_ms ?? TIMEOUT_MS);
  return o.signal && AbortSignal.any ? AbortSignal.any([own, o.signal]) : (o.signal ?? own);
}

/* The answer of any status below 400; an HttpError otherwise. */
export async function send(address: string, o: HttpOptions = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  const init: RequestInit = { method: o.method ?? "GET", headers, credentials: "same-origin", cache: "no-store", signal: limits(o) };
  if (init.method !== "GET") {
    const token = xsrf();
    if (token) headers["X-XSRFToken"] = token;
  }
  if (o.json !== undefined || o.body) {
    headers["Content-Type"] = "application/json";
    init.body = o.body ?? JSON.stringify(o.json);
  }
  if (o.keepalive) init.keepalive = true;
  let answer: Response;
  try {
    answer = await fetch(address, init);
  } catch (e) {
    if (o.signal?.aborted) throw e;
    throw new HttpError(0, e instanceof Error ? e.message : String(e));
  }
  if (answer.ok) return answer;
  let said: Record<string, unknown> = {};
  try {
    said = (await answer.json()) as Record<string, unknown>;
  } catch {
    /* edge's own pages are no JSON */
  }
  const text = typeof said.message === "string" ? said.message : typeof said.detail === "string" ? said.detail : `${answer.status} ${answer.statusText}`;
  throw new HttpError(answer.status, text, typeof said.reason === "string" ? said.reason : null, said);
}

export async function getJson<T>(address: string, o: HttpOptions = {}): Promise<T> {
  const answer = await send(address, o);
  try {
    return (await answer.json()) as T;
  } catch (e) {
    /* The line broke in the middle of the body. */
    throw new HttpError(0, e instanceof Error ? e.message : String(e));
  }
}
