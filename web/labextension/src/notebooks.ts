/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notebooks whose cells go on without a page. For each open one: cells that run for another page are followed
 * (shared/run/runs.ts); a cell that is run is soon in the file, where the server finds it when this page is gone; and
 * when the server has written outputs while this page was cut off, the page knows, so that its next save is
 * not a conflict with them.
 */
import { Saved, type DiskCell, diskCells, sameSources, saveInTurn, wroteMeanwhile } from "./file";
import type {
  CellModel,
  CodeCellModel,
  FileModel,
  JupyterFrontEnd,
  KernelConnection,
  NotebookContext,
  NotebookTracker,
  Plugin,
  SettingRegistry,
  Shared,
} from "./jupyter";
import { Notices } from "./notices";
import { type Answer, type Run, Runs } from "../../shared/run/runs";

const ID = "@carrel/labextension:plugin";
const SAVE_MS = 1000;

class OpenNotebook {
  private kernel: KernelConnection | null = null;
  private readonly saved = new Saved();
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  private saveFailed = false;
  private readonly runs = new Runs({
    client: () => this.kernel?.clientId ?? "",
    cell: (id) => this.cell(id),
    ask: () => this.ask(),
    answered: (a) => this.answered(a),
  });

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly context: NotebookContext,
    private readonly notices: Notices,
    private readonly isOn: () => boolean,
  ) {
    const sc = context.sessionContext;
    sc.kernelChanged.connect((_, { newValue }) => this.attach(newValue));
    sc.iopubMessage.connect((_, m) => {
      this.notices.message(m, context.path.split("/").at(-1)!);
      this.runs.message(m);
    });
    sc.connectionStatusChanged.connect(() => this.start());
    saveInTurn(context);
    context.saveState.connect((_, state) => this.onSave(state));
    this.attach(sc.session?.kernel ?? null);
    void context.ready.then(() => {
      this.saved.now(this.cells());
      this.start();
    });
  }

  /* Follows what runs, if that can be now. */
  start(): void {
    if (!this.isOn() || !this.context.isReady || this.kernel?.connectionStatus !== "connected") return;
    void this.runs.connected();
  }

  /* A cell is run: what is not yet in the file gets there soon. */
  ran(cell: CellModel): void {
    if (!this.isOn() || this.saveFailed || this.saved.has(cell)) return;
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => void this.save(), SAVE_MS);
  }

  private attach(kernel: KernelConnection | null): void {
    if (kernel === this.kernel) return;
    this.kernel = kernel;
    this.runs.reset();
    kernel?.anyMessage.connect((_, { msg, direction }) => {
      if (direction === "send" && msg.header.msg_type === "execute_request") {
        this.runs.sent(msg.header.msg_id, String(msg.metadata.cellId ?? ""));
      }
    });
    this.start();
  }

  private cells(): CellModel[] {
    return this.context.isDisposed ? [] : [...this.context.model.cells];
  }

  private cell(id: string): CodeCellModel | null {
    const found = this.cells().find((c) => c.id === id);
    return found?.type === "code" ? (found as CodeCellModel) : null;
  }

  private async ask(): Promise<Answer | null> {
    const { context, kernel } = this;
    if (!this.isOn() || context.isDisposed || !kernel || context.path !== context.localPath) return null;
    const url = new URL("api/carrel/runs", this.app.serviceManager.serverSettings.baseUrl);
    url.searchParams.set("path", context.localPath);
    url.searchParams.set("session", kernel.clientId);
    try {
      const r = await fetch(url, { credentials: "same-origin", cache: "no-store" });
      const answer = r.ok ? ((await r.json()) as Answer) : null;
      return answer && answer.kernel_id === this.kernel?.id ? answer : null;
    } catch {
      return null; /* a connection that is lost says so by itself */
    }
  }

  private onSave(state: string): void {
    if (state === "started") this.saved.begin(this.cells());
    else if (state === "failed") this.saved.fail();
    else this.saved.done();
    if (state === "completed") this.saveFailed = false;
  }

  /* In the background: never a dialog. Somebody else's change is for the user's own save to ask about. */
  private async save(): Promise<void> {
    const { context } = this;
    if (context.isDisposed || !context.canSave || context.model.readOnly) return;
    try {
      const disk = await this.app.serviceManager.contents.get(context.path, { content: false, hash: true });
      if (context.isDisposed || disk.hash !== context.contentsModel?.hash) return;
      await context.save();
    } catch {
      this.saveFailed = true;
    }
  }

  private async answered(a: Answer): Promise<void> {
    const { context } = this;
    const ours = context.contentsModel;
    if (context.isDisposed || !a.wrote || !wroteMeanwhile(a.wrote, ours)) return;
    const others = a.runs.filter((r) => r.state === "done" && !this.runs.isMine(r.msg_id));
    const begun = a.wrote.base !== undefined && a.wrote.base === ours?.hash;
    if (begun && !others.length) {
      this.adopt(ours, a);
      return;
    }
    const disk = diskCells(await this.app.serviceManager.contents.get(context.path, { content: true, type: "notebook" }));
    if (context.isDisposed || context.contentsModel?.hash !== ours?.hash) return;
    if (begun) {
      this.complete(others, disk);
      this.adopt(ours, a);
    } else if (sameSources(this.cells(), disk)) {
      await context.revert();
      this.saved.now(this.cells());
      this.runs.disown();
      await this.runs.sync();
    }
  }

  /* What ran for others meanwhile, in cells that are what they were. */
  private complete(done: Run[], disk: Map<string, DiskCell>): void {
    for (const run of done) {
      if (this.cell(run.cell_id)?.sharedModel.getSource() === disk.get(run.cell_id)?.source) this.runs.showDone(run);
    }
  }

  /*
   * The file is what this page saved, and outputs that the page has as well. JupyterLab has no public way to
   * say so; without its own method a save asks, as it does without this extension.
   */
  private adopt(ours: FileModel | null, a: Answer): void {
    const context = this.context as unknown as { _updateContentsModel?: (m: unknown) => void };
    context._updateContentsModel?.({ ...ours, last_modified: a.wrote!.last_modified, hash: a.wrote!.hash });
  }
}

export function makeNotebooks(shared: Shared): Plugin<NotebookTracker, SettingRegistry> {
  return {
    id: ID,
    description: "Follows cells that run for another page, and keeps the file ready for outputs without one.",
    autoStart: true,
    requires: [],
    optional: [shared["@jupyterlab/notebook"].INotebookTracker, shared["@jupyterlab/settingregistry"].ISettingRegistry],
    activate(app, tracker, settings) {
      const open = new Map<NotebookContext, OpenNotebook>();
      const notices = new Notices(app, shared);
      let isOn = !settings;
      const add = (context: NotebookContext): void => {
        for (const c of open.keys()) if (c.isDisposed) open.delete(c);
        if (!open.has(context)) open.set(context, new OpenNotebook(app, context, notices, () => isOn));
      };
      const turn = (on: boolean): void => {
        const before = isOn;
        isOn = on;
        if (on && !before) for (const n of open.values()) n.start();
      };

      if (!tracker) return;
      tracker.forEach((p) => add(p.context));
      tracker.widgetAdded.connect((_, p) => add(p.context));
      shared["@jupyterlab/notebook"].NotebookActions.executionScheduled.connect((_, { notebook, cell }) => {
        const panel = tracker.find((p) => p.content === notebook);
        if (panel && cell.model.type === "code") open.get(panel.context)?.ran(cell.model);
      });
      void settings?.load(ID).then(
        (s) => {
          turn(s.composite.followRuns !== false);
          s.changed.connect(() => turn(s.composite.followRuns !== false));
        },
        () => turn(true),
      );
    },
  };
}
