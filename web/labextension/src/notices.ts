/* SPDX-License-Identifier: Apache-2.0 */
/* Two things that a user should hear at once and in words: memory ran out, the disk is full. */
import type { JupyterFrontEnd, KernelMessage, Plugin, Shared } from "./jupyter";

const FULL = 507; /* Insufficient Storage */

/* Why a kernel was ended, when it was for its memory (the agent's own words); else null. */
export function memoryWords(m: KernelMessage): string | null {
  const { ename, evalue, traceback } = m.content;
  if (m.header.msg_type !== "error" || ename !== "OutOfMemory" || !Array.isArray(traceback)) return null;
  /* A program's own exception of that name comes with the lines that raised it. */
  return traceback.length <= 1 ? String(evalue) : null;
}

export class Notices {
  private readonly told = new Set<string>();
  private full: string | null = null;

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly shared: Shared,
  ) {}

  /* Several pages' parts may see the same message. */
  message(m: KernelMessage, name: string): void {
    const words = memoryWords(m);
    if (!words || this.told.has(m.header.msg_id)) return;
    this.told.add(m.header.msg_id);
    this.shared["@jupyterlab/apputils"].Notification.error(`${name}: ${words}`, { autoClose: false });
  }

  /* Every document and upload is saved through here. */
  watchSaves(): void {
    const { contents } = this.app.serviceManager;
    const save = contents.save.bind(contents);
    contents.save = async (path, options) => {
      try {
        const model = await save(path, options);
        this.notFull();
        return model;
      } catch (e) {
        const { response, message } = e as { response?: Response; message?: string };
        if (response?.status === FULL) this.isFull(message ?? `The disk is full: ${path} was not saved.`);
        throw e;
      }
    };
  }

  private isFull(words: string): void {
    const { Notification } = this.shared["@jupyterlab/apputils"];
    this.notFull();
    this.full = Notification.error(words, {
      autoClose: false,
      actions: [
        { label: "Open a terminal", displayType: "accent", callback: () => void this.app.commands.execute("terminal:create-new") },
      ],
    });
  }

  private notFull(): void {
    if (this.full) this.shared["@jupyterlab/apputils"].Notification.dismiss(this.full);
    this.full = null;
  }
}

export function makeNotices(shared: Shared): Plugin<never> {
  return {
    id: "@carrel/labextension:notices",
    description: "Says in words when the disk is full.",
    autoStart: true,
    requires: [],
    optional: [],
    activate(app) {
      new Notices(app, shared).watchSaves();
    },
  };
}
