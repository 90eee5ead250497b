/* SPDX-License-Identifier: Apache-2.0 */
/* A widget of the kernel: its models go into a frame, changes go both ways. */
import { useEffect, useState } from "preact/hooks";
import type { Comms, WidgetEvent } from "../kernel/comms";
import type { Kernel } from "../kernel/types";
import type { JsonObject, OpenNotebook } from "../model/types";
import { t } from "../text/index";
import { FrameOutput } from "./frame";
import { reachable } from "./models";
import type { ToFrame, WidgetState } from "./protocol";

const STATE = "application/vnd.jupyter.widget-state+json";

function live(comms: Comms, model: string): WidgetState[] {
  return reachable(model, (id) => comms.models.get(id)?.state).map((id) => {
    const m = comms.models.get(id)!;
    return { comm: id, state: structuredClone(m.state), paths: m.buffers.map((b) => b.path), buffers: m.buffers.map((b) => b.data) };
  });
}

/* What the notebook keeps of widgets whose kernel is gone. */
function kept(file: OpenNotebook, model: string): WidgetState[] {
  const widgets = file.model.metadata.widgets as JsonObject | undefined;
  const all = (widgets?.[STATE] as JsonObject | undefined)?.state as Record<string, { model_name?: string; model_module?: string; model_module_version?: string; state?: JsonObject }> | undefined;
  if (!all || typeof all !== "object") return [];
  return reachable(model, (id) => all[id]?.state).map((id) => {
    const m = all[id]!;
    const state = { ...m.state, _model_name: m.model_name, _model_module: m.model_module, _model_module_version: m.model_module_version };
    return { comm: id, state: structuredClone(state) as WidgetState["state"], paths: [], buffers: [] };
  });
}

const hasComms = (kernel: Kernel): kernel is Kernel & { comms: Comms } => "comms" in kernel;

export function WidgetOutput({ model, file, kernel, name }: { model: string; file: OpenNotebook; kernel: Kernel; name: string }) {
  const [data, setData] = useState<{ model: string; models: WidgetState[] } | null | "gone">(null);
  const comms = hasComms(kernel) ? kernel.comms : null;
  useEffect(() => {
    let over = false;
    let shown = false;
    let busy = false;
    const show = async (): Promise<void> => {
      if (busy || shown || over) return;
      busy = true;
      if (comms && !comms.models.has(model)) await comms.find();
      const models = comms?.models.has(model) ? live(comms, model) : kept(file, model);
      busy = false;
      shown = models.length > 0;
      const known = kernel.status === "idle" || kernel.status === "none" || kernel.status === "dead";
      if (!over && (shown || known)) setData(shown ? { model, models } : "gone");
    };
    void show();
    /* Asked again when the kernel can answer. */
    const unwatch = kernel.watch((what) => !what.cells && kernel.status === "idle" && void show());
    return () => {
      over = true;
      unwatch();
    };
  }, [model, comms]);
  if (data === "gone") return <p class="out-note">{t.run.widgetGone}</p>;
  if (!data) return <p class="out-note t3">{t.run.widgetLoading}</p>;
  return (
    <FrameOutput
      kind="widget"
      data={data}
      name={name}
      connect={(post) => {
        const told = (e: WidgetEvent): void => post({ carrel: "comm", ...e } satisfies ToFrame);
        const close = comms?.watch(told);
        return { take: (m) => comms?.send(told, m.comm, m.data, m.buffers), close: () => close?.() };
      }}
    />
  );
}
