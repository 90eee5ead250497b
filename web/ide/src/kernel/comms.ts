/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The comms of widgets: the page keeps each model's latest state, so that a frame made later (a cell scrolled into view,
 * a view shown twice) begins with it, and passes messages between the kernel and all frames.
 */
import { outputOf } from "./collect";
import type { Message, Outgoing } from "./wire";

const TARGET = "jupyter.widget";
const MODELS_MAX = 20_000;

export interface WidgetModel {
  state: Record<string, unknown>;
  buffers: { path: (string | number)[]; data: ArrayBuffer }[];
}

export interface WidgetEvent {
  comm: string;
  kind: "open" | "msg" | "close";
  data: Record<string, unknown>;
  buffers: ArrayBuffer[];
}

type Send = (m: Omit<Outgoing, "session" | "id"> & { id?: string }) => string;
const object = (v: unknown): Record<string, unknown> =>
  typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Record<string, unknown>) : {};

function pathsOf(data: Record<string, unknown>): (string | number)[][] {
  const paths = data.buffer_paths;
  return Array.isArray(paths) ? (paths as (string | number)[][]).filter(Array.isArray) : [];
}

export class Comms {
  readonly models = new Map<string, WidgetModel>();
  private readonly frames = new Set<(e: WidgetEvent) => void>();
  private readonly captured = new Map<string, string>(); /* a request: the Output widget that takes what it puts out */
  private asked: Promise<void> | null = null;
  private infos = new Map<string, (ids: string[]) => void>();

  constructor(
    private readonly sendMessage: Send,
    private readonly client: () => string,
  ) {}

  /* A frame that shows widgets. */
  watch(fn: (e: WidgetEvent) => void): () => void {
    this.frames.add(fn);
    return () => void this.frames.delete(fn);
  }

  /* From a frame to the kernel, and to the other frames: the kernel need not echo it. */
  send(from: (e: WidgetEvent) => void, comm: string, data: Record<string, unknown>, buffers: ArrayBuffer[]): void {
    if (!this.models.has(comm)) return;
    this.sendMessage({ channel: "shell", type: "comm_msg", content: { comm_id: comm, data }, buffers });
    if (data.method !== "update") return;
    this.merge(comm, data, buffers);
    const e: WidgetEvent = { comm, kind: "msg", data, buffers };
    for (const fn of this.frames) if (fn !== from) fn(e);
  }

  /* Models that the kernel has and this page does not know: it was reloaded. */
  find(): Promise<void> {
    this.asked ??= this.request().finally(() => (this.asked = null));
    return this.asked;
  }

  take(m: Message, _cell: string | null): void {
    const type = m.header.msg_type;
    const comm = String(m.content.comm_id ?? "");
    const data = object(m.content.data);
    if (type === "comm_info_reply") {
      this.infos.get(m.parent_header.msg_id ?? "")?.(Object.keys(object(m.content.comms)));
    } else if (type === "comm_open") {
      if (m.content.target_name !== TARGET || this.models.size >= MODELS_MAX) return;
      this.models.set(comm, { state: {}, buffers: [] });
      this.merge(comm, data, m.buffers);
      this.pass({ comm, kind: "open", data, buffers: m.buffers });
    } else if (type === "comm_msg") {
      if (!this.models.has(comm)) return;
      if (data.method === "update") this.merge(comm, data, m.buffers);
      if (data.method !== "echo_update") this.pass({ comm, kind: "msg", data, buffers: m.buffers });
    } else if (type === "comm_close" && this.models.delete(comm)) {
      this.pass({ comm, kind: "close", data, buffers: [] });
    }
  }

  /* An Output widget takes what a request puts out while its msg_id names it. */
  captures(m: Message): boolean {
    const widget = this.captured.get(m.parent_header.msg_id ?? "");
    const model = widget ? this.models.get(widget) : undefined;
    if (!widget || !model) return false;
    const type = m.header.msg_type;
    const before = Array.isArray(model.state.outputs) ? (model.state.outputs as unknown[]) : [];
    if (type === "clear_output") {
      this.setOutputs(widget, []);
      return true;
    }
    const output = outputOf({ ...m.content, output_type: type });
    if (!output) return false;
    const last = before.at(-1) as Record<string, unknown> | undefined;
    const joins = output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name;
    this.setOutputs(
      widget,
      joins ? [...before.slice(0, -1), { ...output, text: String(last.text) + output.text }] : [...before, output],
    );
    return true;
  }

  forget(): void {
    for (const comm of [...this.models.keys()]) this.pass({ comm, kind: "close", data: {}, buffers: [] });
    this.models.clear();
    this.captured.clear();
    this.asked = null;
  }

  private setOutputs(widget: string, outputs: unknown[]): void {
    const data = { method: "update", state: { outputs }, buffer_paths: [] };
    this.sendMessage({ channel: "shell", type: "comm_msg", content: { comm_id: widget, data } });
    this.merge(widget, data, []);
    this.pass({ comm: widget, kind: "msg", data, buffers: [] });
  }

  private merge(comm: string, data: Record<string, unknown>, buffers: ArrayBuffer[]): void {
    const model = this.models.get(comm)!;
    const state = object(data.state);
    const paths = pathsOf(data);
    const tops = new Set([...Object.keys(state), ...paths.map((p) => String(p[0]))]);
    Object.assign(model.state, state);
    model.buffers = [
      ...model.buffers.filter((b) => !tops.has(String(b.path[0]))),
      ...paths.flatMap((path, i) => (buffers[i] ? [{ path, data: buffers[i] }] : [])),
    ];
    if (model.state._model_name === "OutputModel" && "msg_id" in state) this.capture(comm, String(state.msg_id ?? ""));
  }

  private capture(widget: string, request: string): void {
    for (const [id, w] of this.captured) if (w === widget) this.captured.delete(id);
    if (request) this.captured.set(request, widget);
  }

  private pass(e: WidgetEvent): void {
    for (const fn of this.frames) fn(e);
  }

  private async request(): Promise<void> {
    const id = crypto.randomUUID();
    const ids = await new Promise<string[]>((done) => {
      this.infos.set(id, done);
      setTimeout(() => done([]), 5000);
      if (!this.client() || !this.sendMessage({ id, channel: "shell", type: "comm_info_request", content: { target_name: TARGET } })) done([]);
    });
    this.infos.delete(id);
    const fresh = ids.filter((comm) => !this.models.has(comm)).slice(0, MODELS_MAX);
    for (const comm of fresh) {
      this.models.set(comm, { state: {}, buffers: [] });
      this.sendMessage({ channel: "shell", type: "comm_msg", content: { comm_id: comm, data: { method: "request_state" } } });
    }
    for (let i = 0; i < 50 && fresh.some((c) => this.models.has(c) && !this.models.get(c)!.state._model_name); i++) {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}
