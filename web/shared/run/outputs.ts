/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outputs of a cell that this page did not start: set from what the server has, then moved on by the
 * kernel's messages just as JupyterLab's own output area does it for cells that the page has started.
 */
import type { KernelMessage, Output, RunCell } from "./types";

/* What the server knows of a cell's outputs; the last four so that the next message finds them as it would
 * have found them in the page that started the cell. */
export interface Snapshot {
  outputs: Output[];
  clear?: boolean; /* the next output takes the place of all of these */
  stream?: string; /* the stream that the last output is */
  cursor?: number; /* in its last line */
  ids?: [string, number][]; /* display ids, and where they are shown */
}

const SHOWN = new Set(["stream", "display_data", "execute_result", "error"]);
const MADE_OF = new Set([...SHOWN, "update_display_data", "clear_output"]);

export const makesOutput = (m: KernelMessage): boolean => MADE_OF.has(m.header.msg_type);

/* A cursor that stands within the last line is put there by typing the line's beginning once more. */
export function withCursor(text: string, cursor: number): string {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  return cursor < line.length ? `${text}\r${line.slice(0, cursor)}` : text;
}

function prepared(s: Snapshot): Output[] {
  const last = s.outputs.at(-1);
  if (!last || s.stream === undefined || s.cursor === undefined || last.output_type !== "stream") return s.outputs;
  const text = Array.isArray(last.text) ? last.text.join("") : String(last.text ?? "");
  return [...s.outputs.slice(0, -1), { ...last, text: withCursor(text, s.cursor) }];
}

const displayId = (m: KernelMessage): string => {
  const transient = m.content.transient as Record<string, unknown> | undefined;
  return typeof transient?.display_id === "string" ? transient.display_id : "";
};

export class Area {
  private readonly displays = new Map<string, number[]>();
  private clearNext = false;

  constructor(readonly cell: RunCell) {}

  set(s: Snapshot): void {
    this.clear();
    this.cell.outputs.fromJSON(prepared(s));
    for (const [id, index] of s.ids ?? []) this.remember(id, index);
    if (s.clear) this.clear(true);
  }

  /* The cell shows this already. */
  adopt(s: Snapshot): boolean {
    if (!s.ids?.length || this.cell.outputs.length !== s.outputs.length) return false;
    for (const [id, index] of s.ids) this.remember(id, index);
    return true;
  }

  /* Updates of displays reach every area of a kernel: see update(). */
  take(m: KernelMessage): void {
    const type = m.header.msg_type;
    if (type === "clear_output") this.clear(m.content.wait === true);
    else if (SHOWN.has(type)) this.add(m);
  }

  /* A display that is shown anew under its id changes where it was shown before, too. */
  update(m: KernelMessage): void {
    const id = displayId(m);
    if (this.cell.isDisposed || !id || !["display_data", "execute_result", "update_display_data"].includes(m.header.msg_type)) return;
    const { outputs } = this.cell;
    for (const i of this.displays.get(id) ?? []) {
      if (i < outputs.length) outputs.set(i, { ...m.content, output_type: "display_data" });
    }
  }

  private add(m: KernelMessage): void {
    const { outputs } = this.cell;
    if (this.clearNext) this.displays.clear();
    this.clearNext = false;
    outputs.add({ ...m.content, output_type: m.header.msg_type });
    if (m.header.msg_type === "display_data") this.remember(displayId(m), outputs.length - 1);
  }

  private clear(wait = false): void {
    this.clearNext = wait;
    if (!wait) this.displays.clear();
    this.cell.outputs.clear(wait);
  }

  private remember(id: string, index: number): void {
    if (id) this.displays.set(id, [...(this.displays.get(id) ?? []), index]);
  }
}
