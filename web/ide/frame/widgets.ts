/* SPDX-License-Identifier: Apache-2.0 */
/* Jupyter's widgets, with comms that go by messages through the page to the kernel. */
import "@fortawesome/fontawesome-free/css/all.min.css";
import "@fortawesome/fontawesome-free/css/v4-shims.min.css";
import "@jupyter-widgets/controls/css/widgets-base.css";
import "@lumino/widgets/style/index.css";
import { put_buffers } from "@jupyter-widgets/base";
import { HTMLManager } from "@jupyter-widgets/html-manager/lib/htmlmanager";
import type { FromFrame, ToFrame, WidgetState } from "../src/outputs/protocol";

type CommEvent = ToFrame & { carrel: "comm" };
type Handler = (m: unknown) => void;
type Callbacks = { iopub?: { status?: Handler } } | undefined;
type Post = (m: FromFrame) => void;

const bytes = (b: ArrayBuffer | ArrayBufferView): ArrayBuffer =>
  ArrayBuffer.isView(b) ? (b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength) as ArrayBuffer) : b.slice(0);

class FrameComm {
  readonly target_name = "jupyter.widget";
  private handler: Handler = () => undefined;
  private closing: Handler = () => undefined;

  constructor(
    readonly comm_id: string,
    private readonly post: Post,
  ) {}

  open(): string {
    return "";
  }

  /* The manager sends the next change when the kernel has dealt with the last: a slider does not flood it. */
  send(data: Record<string, unknown>, callbacks?: Callbacks, _metadata?: unknown, buffers: (ArrayBuffer | ArrayBufferView)[] = []): string {
    this.post({ carrel: "comm", comm: this.comm_id, data: JSON.parse(JSON.stringify(data)) as Record<string, unknown>, buffers: buffers.map(bytes) });
    setTimeout(() => callbacks?.iopub?.status?.({ content: { execution_state: "idle" } }), 40);
    return "";
  }

  close(): string {
    return "";
  }

  on_msg(fn: Handler): void {
    this.handler = fn;
  }

  on_close(fn: Handler): void {
    this.closing = fn;
  }

  take(e: CommEvent): void {
    const content = { comm_id: this.comm_id, data: e.data };
    const message = { content, buffers: e.buffers.map((b) => new DataView(b)), metadata: {} };
    if (e.kind === "close") this.closing(message);
    else this.handler(message);
  }
}

class FrameManager extends HTMLManager {
  readonly comms = new Map<string, FrameComm>();

  constructor(private readonly post: Post) {
    super();
  }

  add(w: WidgetState): void {
    const { state } = w;
    put_buffers(state as never, w.paths, w.buffers.map((b) => new DataView(b)));
    const comm = new FrameComm(w.comm, this.post);
    this.comms.set(w.comm, comm);
    const options = {
      model_name: String(state._model_name),
      model_module: String(state._model_module),
      model_module_version: String(state._model_module_version),
      comm: comm as never,
    };
    this.new_model(options, state as never).catch((e: unknown) => this.post({ carrel: "failed", text: String(e).slice(0, 300) }));
  }

  take(e: CommEvent): void {
    if (e.kind !== "open") {
      this.comms.get(e.comm)?.take(e);
      return;
    }
    if (this.comms.has(e.comm)) return;
    this.add({ comm: e.comm, state: e.data.state as Record<string, unknown>, paths: (e.data.buffer_paths as never) ?? [], buffers: e.buffers });
  }
}

window.carrelWidgets = async (el, data, post) => {
  const { model, models } = data as { model: string; models: WidgetState[] };
  const manager = new FrameManager(post);
  for (const w of models) manager.add(w);
  const shown = await manager.get_model(model);
  await manager.display_view(manager.create_view(shown), el);
  return (e) => manager.take(e);
};
