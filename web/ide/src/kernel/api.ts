/* SPDX-License-Identifier: Apache-2.0 */
/* Jupyter's HTTP API as far as kernels need it: sessions, kernels, specs, runs. */
import type { Answer } from "../../../shared/run/runs";
import { base } from "../page";
import { clock } from "./skew";

const TIMEOUT_MS = 20_000;

export interface KernelInfo {
  id: string;
  name: string;
  execution_state: string;
  reason?: string;
  traceback?: string;
}

export interface SessionInfo {
  id: string;
  path: string;
  kernel: KernelInfo | null;
}

export interface Spec {
  name: string;
  spec: { display_name: string; language: string };
}

export interface Specs {
  default: string;
  kernelspecs: Record<string, Spec>;
}

/* A server's refusal, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const address = (path: string): string => new URL(base + path, location.href).href;

function xsrf(): Record<string, string> {
  const cookie = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie);
  return cookie ? { "X-XSRFToken": decodeURIComponent(cookie[1]!) } : {};
}

/* Throws Refused for an answer that says no, TypeError or a DOMException when none came. */
export async function call<T>(method: string, path: string, body?: unknown, timeout = TIMEOUT_MS): Promise<T> {
  const r = await fetch(address(path), {
    method,
    credentials: "same-origin",
    cache: "no-store",
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...(method === "GET" ? {} : xsrf()) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(timeout),
  });
  clock.learn(r.headers.get("Date"));
  if (r.ok) return (r.status === 204 ? null : await r.json()) as T;
  const said = (await r.json().catch(() => ({}))) as Record<string, unknown>;
  throw new Refused(r.status, String(said.message ?? said.detail ?? said.title ?? r.statusText));
}

const id = encodeURIComponent;

export const kernels = {
  specs: () => call<Specs>("GET", "api/kernelspecs"),
  sessions: () => call<SessionInfo[]>("GET", "api/sessions"),
  open: (path: string, spec: string) =>
    call<SessionInfo>("POST", "api/sessions", {
      path,
      name: path.slice(path.lastIndexOf("/") + 1),
      type: "notebook",
      kernel: { name: spec },
    }),
  choose: (session: string, spec: string) => call<SessionInfo>("PATCH", `api/sessions/${id(session)}`, { kernel: { name: spec } }),
  look: (kernel: string, timeout?: number) => call<KernelInfo>("GET", `api/kernels/${id(kernel)}`, undefined, timeout),
  interrupt: (kernel: string) => call<null>("POST", `api/kernels/${id(kernel)}/interrupt`, {}),
  restart: (kernel: string) => call<KernelInfo>("POST", `api/kernels/${id(kernel)}/restart`, {}, 60_000),
  runs: (path: string, client: string) => call<Answer>("GET", `api/carrel/runs?path=${id(path)}&session=${id(client)}`),
  channels: (kernel: string, client: string) =>
    address(`api/kernels/${id(kernel)}/channels?session_id=${id(client)}`).replace(/^http/, "ws"),
};
