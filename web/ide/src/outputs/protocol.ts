/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What page and frame say to each other. A frame shows what a notebook brought, so nothing it says is believed: each
 * message is taken apart and made anew, and what does not fit is dropped.
 */
export type FrameKind = "html" | "javascript" | "plotly" | "vega" | "widget";

export interface WidgetState {
  comm: string;
  state: Record<string, unknown>;
  paths: (string | number)[][];
  buffers: ArrayBuffer[];
}

export type ToFrame =
  | { carrel: "init"; kind: FrameKind; code: string[]; data: unknown; dark: boolean; variables: Record<string, string> }
  | { carrel: "theme"; dark: boolean; variables: Record<string, string> }
  | { carrel: "comm"; comm: string; kind: "open" | "msg" | "close"; data: Record<string, unknown>; buffers: ArrayBuffer[] };

export type FromFrame =
  | { carrel: "ready" }
  | { carrel: "shown" }
  | { carrel: "size"; height: number }
  | { carrel: "open"; url: string }
  | { carrel: "failed"; text: string }
  | { carrel: "key"; key: "Escape" }
  | { carrel: "comm"; comm: string; data: Record<string, unknown>; buffers: ArrayBuffer[] };

export const HEIGHT_MAX = 6000;
const URL_MAX = 4096;
const ID_MAX = 200;
const BUFFERS_MAX = 64;
const BYTES_MAX = 64 << 20;
const DEPTH_MAX = 40;

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && Object.getPrototypeOf(v) === Object.prototype;

/* JSON and nothing else, not too deep. */
function isPlain(v: unknown, depth = 0): boolean {
  if (v === null || typeof v === "string" || typeof v === "boolean" || typeof v === "number") return true;
  if (depth >= DEPTH_MAX || v === undefined) return false;
  if (Array.isArray(v)) return v.every((x) => isPlain(x, depth + 1));
  return isObject(v) && Object.values(v).every((x) => x === undefined || isPlain(x, depth + 1));
}

/* Addresses that a click in a frame may open; null: none. */
export function linkOf(url: unknown): string | null {
  if (typeof url !== "string" || url.length > URL_MAX) return null;
  try {
    const u = new URL(url);
    return u.protocol === "https:" || u.protocol === "http:" || u.protocol === "mailto:" ? u.href : null;
  } catch {
    return null;
  }
}

function comm(m: Record<string, unknown>): FromFrame | null {
  const { comm: id, data, buffers } = m;
  if (typeof id !== "string" || id.length > ID_MAX || !isObject(data) || !isPlain(data)) return null;
  if (data.method !== "update" && data.method !== "custom" && data.method !== "request_state") return null;
  if (!Array.isArray(buffers) || buffers.length > BUFFERS_MAX || !buffers.every((b) => b instanceof ArrayBuffer)) return null;
  if ((buffers as ArrayBuffer[]).reduce((n, b) => n + b.byteLength, 0) > BYTES_MAX) return null;
  return { carrel: "comm", comm: id, data, buffers: buffers as ArrayBuffer[] };
}

export function fromFrame(m: unknown): FromFrame | null {
  if (!isObject(m)) return null;
  switch (m.carrel) {
    case "ready":
      return { carrel: "ready" };
    case "shown":
      return { carrel: "shown" };
    case "size": {
      const h = m.height;
      return typeof h === "number" && h >= 0 && Number.isFinite(h) ? { carrel: "size", height: Math.min(Math.ceil(h), HEIGHT_MAX) } : null;
    }
    case "open": {
      const url = linkOf(m.url);
      return url ? { carrel: "open", url } : null;
    }
    case "failed":
      return typeof m.text === "string" ? { carrel: "failed", text: m.text.slice(0, 500) } : null;
    case "key":
      return m.key === "Escape" ? { carrel: "key", key: "Escape" } : null;
    case "comm":
      return comm(m);
    default:
      return null;
  }
}

/* Heights that a frame may take one after the other: one that grows by itself for ever is left where it is. */
export class Heights {
  private changes: number[] = [];
  private now_ = 0;

  constructor(private readonly perSecond = 15) {}

  get height(): number {
    return this.now_;
  }

  /* Whether it is taken. */
  take(height: number, at: number): boolean {
    if (Math.abs(height - this.now_) < 2) return false;
    this.changes = this.changes.filter((c) => at - c < 1000);
    if (this.changes.length >= this.perSecond) return false;
    this.changes.push(at);
    this.now_ = height;
    return true;
  }
}
