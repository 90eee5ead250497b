/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import type { FileModel, JupyterFrontEnd, KernelMessage, NotificationOptions, Shared } from "./jupyter";
import { Notices, memoryWords } from "./notices";

const error = (content: Record<string, unknown>, id = "e"): KernelMessage => ({
  channel: "iopub",
  header: { msg_id: id, msg_type: "error", session: "k" },
  parent_header: {},
  metadata: {},
  content,
});
const oom = error({ ename: "OutOfMemory", evalue: "It needed more than 2 GB.", traceback: ["It needed more than 2 GB."] });

function desk(save: () => Promise<FileModel>): { notices: Notices; said: string[]; app: JupyterFrontEnd; run: string[]; options: NotificationOptions[] } {
  const said: string[] = [];
  const run: string[] = [];
  const options: NotificationOptions[] = [];
  const Notification = {
    error: (text: string, o: NotificationOptions) => {
      options.push(o);
      return String(said.push(text));
    },
    dismiss: (id: string) => said.push(`dismissed ${id}`),
  };
  const app = {
    serviceManager: { contents: { save } },
    commands: { execute: (id: string) => Promise.resolve(run.push(id)) },
  } as unknown as JupyterFrontEnd;
  const shared = { "@jupyterlab/apputils": { Notification } } as unknown as Shared;
  return { notices: new Notices(app, shared), said, app, run, options };
}

describe("notices", () => {
  it("say once why a kernel was ended for its memory", () => {
    const { notices, said } = desk(() => Promise.reject(new Error()));
    notices.message(oom, "a.ipynb");
    notices.message(oom, "a.ipynb");
    expect(said).toEqual(["a.ipynb: It needed more than 2 GB."]);
  });

  it("leave a program's own errors alone", () => {
    expect(memoryWords(error({ ename: "OutOfMemory", evalue: "mine", traceback: ["--", "line 1", "mine"] }))).toBeNull();
    expect(memoryWords(error({ ename: "MemoryError", evalue: "", traceback: [] }))).toBeNull();
  });

  it("say that the disk is full until something could be saved", async () => {
    let full = true;
    const { notices, said, app, run, options } = desk(() =>
      full ? Promise.reject(Object.assign(new Error("Delete big.bin (90 MB)."), { response: { status: 507 } })) : Promise.resolve({ last_modified: "" }),
    );
    notices.watchSaves();
    const { contents } = app.serviceManager;
    await expect(contents.save("a", {})).rejects.toThrow("big.bin");
    expect(said).toEqual(["Delete big.bin (90 MB)."]);
    options[0]!.actions![0]!.callback({} as MouseEvent);
    expect(run).toEqual(["terminal:create-new"]);
    full = false;
    await contents.save("a", {});
    expect(said.at(-1)).toBe("dismissed 1");
  });

  it("do not speak of other failures", async () => {
    const { notices, said, app } = desk(() => Promise.reject(Object.assign(new Error("no"), { response: { status: 403 } })));
    notices.watchSaves();
    await expect(app.serviceManager.contents.save("a", {})).rejects.toThrow("no");
    expect(said).toEqual([]);
  });
});
