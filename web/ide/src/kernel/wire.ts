/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jupyter's messages in the frames of v1.kernel.websocket.jupyter.org: little-endian 64-bit offsets, the channel's name,
 * four JSON parts, then buffers. https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html
 */
import type { KernelMessage } from "../../../shared/run/types";

export const PROTOCOL = "v1.kernel.websocket.jupyter.org";
const PARTS_MAX = 1024;

export type Channel = "shell" | "control" | "stdin" | "iopub";

export interface Message extends KernelMessage {
  channel: Channel;
  buffers: ArrayBuffer[];
}

export interface Outgoing {
  channel: Channel;
  id: string;
  type: string;
  session: string;
  content: unknown;
  parent?: object;
  metadata?: Record<string, unknown>;
  buffers?: ArrayBuffer[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encode(m: Outgoing): ArrayBuffer {
  const header = {
    msg_id: m.id,
    msg_type: m.type,
    session: m.session,
    username: "",
    version: "5.3",
    date: new Date().toISOString(),
  };
  const parts = [
    encoder.encode(m.channel),
    ...[header, m.parent ?? {}, m.metadata ?? {}, m.content].map((p) => encoder.encode(JSON.stringify(p))),
    ...(m.buffers ?? []).map((b) => new Uint8Array(b)),
  ];
  const head = 8 * (parts.length + 2);
  const all = new Uint8Array(parts.reduce((sum, p) => sum + p.length, head));
  const view = new DataView(all.buffer);
  view.setBigUint64(0, BigInt(parts.length + 1), true);
  let at = head;
  parts.forEach((p, i) => {
    view.setBigUint64(8 * (i + 1), BigInt(at), true);
    all.set(p, at);
    at += p.length;
  });
  view.setBigUint64(8 * (parts.length + 1), BigInt(at), true);
  return all.buffer;
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const CHANNELS = new Set(["shell", "control", "stdin", "iopub"]);

/* null: no message of this protocol. */
export function decode(data: ArrayBuffer): Message | null {
  const offsets = offsetsOf(data);
  if (!offsets) return null;
  const part = (i: number): Uint8Array => new Uint8Array(data, offsets[i]!, offsets[i + 1]! - offsets[i]!);
  try {
    const channel = decoder.decode(part(0));
    const [header, parent, metadata, content] = [1, 2, 3, 4].map((i) => JSON.parse(decoder.decode(part(i))) as unknown);
    if (!CHANNELS.has(channel) || !isObject(header) || !isObject(content)) return null;
    if (typeof header.msg_id !== "string" || typeof header.msg_type !== "string") return null;
    return {
      channel: channel as Channel,
      header: header as unknown as Message["header"],
      parent_header: isObject(parent) ? parent : {},
      metadata: isObject(metadata) ? metadata : {},
      content,
      buffers: offsets.slice(5, -1).map((_, i) => part(i + 5).slice().buffer),
    };
  } catch {
    return null;
  }
}

function offsetsOf(data: ArrayBuffer): number[] | null {
  if (data.byteLength < 8) return null;
  const view = new DataView(data);
  const n = Number(view.getBigUint64(0, true));
  if (!(n >= 6 && n <= PARTS_MAX) || data.byteLength < 8 * (n + 1)) return null;
  const offsets: number[] = [];
  for (let i = 0; i < n; i++) {
    const at = Number(view.getBigUint64(8 * (i + 1), true));
    if (at < (i ? offsets[i - 1]! : 8 * (n + 1)) || at > data.byteLength) return null;
    offsets.push(at);
  }
  return offsets;
}
