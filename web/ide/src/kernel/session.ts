/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session of one notebook, which JupyterLab beside it shares: which kernel it has, that kernel's state, the line to it,
 * and why there is none. What runs in it is kernel.ts's.
 *
 *   open ──> connecting ──> starting, busy, idle        offline <── no answer; tried again
 *                 ^              │ restarting, dead (the model says why), none (somebody ended it)
 *                 └──────────────┘ choose, restart, or the next run
 */
import type { Wrote } from "../../../shared/run/runs";
import type { JsonObject, NotebookModel } from "../model/types";
import { t } from "../text/index";
import { type KernelInfo, Refused, type SessionInfo, type Specs, kernels } from "./api";
import { Link } from "./link";
import type { KernelStatus } from "./types";
import type { Message } from "./wire";

export interface KernelOptions {
  path: () => string; /* a file can get another name */
  model: NotebookModel;
  /* The agent wrote outputs into the file while no page was there; `base` is the file it began with. */
  wrote?: (w: Wrote) => void;
  /* A cell was run: the file should hold its source soon, for then the agent finds it there. */
  ran?: (cell: string) => void;
  /* Memory ran out, say: words for the reader, once. */
  notice?: (text: string) => void;
  spec?: string; /* where the notebook names none */
}

const UNSURE = new Set<KernelStatus>(["connecting", "starting", "restarting"]);
const AGAIN_MS = 5000;

export abstract class KernelSession {
  status: KernelStatus = "connecting";
  name = "";
  displayName = "";
  language = "python";
  reason: string | null = null;

  protected readonly model: NotebookModel;
  protected readonly client: string = crypto.randomUUID();
  protected link: Link | null = null;
  protected closed = false;
  private session: SessionInfo | null = null;
  private known: Promise<Specs> | null = null;
  private starting: Promise<void> | null = null;
  private readonly watchers = new Set<(what: { cells?: readonly string[] }) => void>();

  /* A notebook that names no kernel gets its name once it is worked in: to look at a file changes nothing of it. */
  private worked = false;
  private nameless = false;
  private readonly unwatch: () => void;

  constructor(protected readonly options: KernelOptions) {
    this.model = options.model;
    this.unwatch = this.model.watch(({ origin }) => {
      if (origin === "user" && !this.worked) queueMicrotask(() => this.used()); /* after all who hear of this change */
    });
  }

  protected used(): void {
    this.worked = true;
    if (!this.nameless || this.closed) return;
    this.nameless = false;
    this.writeSpec();
  }

  protected abstract opened(again: boolean): void;
  protected abstract message(m: Message): void;
  protected abstract hello(): void; /* anything that the kernel answers */
  protected abstract forget(): void; /* nothing of what ran runs on */
  protected abstract unqueue(): void; /* nor what was to run */

  get id(): string | null {
    return this.session?.kernel?.id ?? null;
  }

  get nextTry(): number {
    return this.link?.nextTry ?? 0;
  }

  retry(): void {
    if (this.link) this.link.retry();
    else void this.open();
  }

  specs(): Promise<Specs> {
    this.known ??= kernels.specs().catch((e: unknown) => {
      this.known = null;
      throw e;
    });
    return this.known;
  }

  watch(fn: (what: { cells?: readonly string[] }) => void): () => void {
    this.watchers.add(fn);
    return () => void this.watchers.delete(fn);
  }

  async restart(): Promise<void> {
    if (!this.id) return this.open(true);
    this.unqueue();
    this.set("restarting");
    this.forget();
    try {
      this.took(await kernels.restart(this.id));
    } catch (e) {
      this.fail(e);
      throw e;
    }
    if (!this.link) return this.connect();
    this.set("connecting");
    this.hello();
  }

  async choose(spec: string): Promise<void> {
    this.unqueue();
    if (!this.session) return this.open(true, spec);
    this.set("starting");
    this.forget();
    try {
      this.join(await kernels.choose(this.session.id, spec));
    } catch (e) {
      this.fail(e);
      throw e;
    }
    await this.describe();
    this.writeSpec();
  }

  close(): void {
    this.closed = true;
    this.unwatch();
    this.link?.close();
    this.watchers.clear();
  }

  protected tell(cells?: readonly string[]): void {
    for (const fn of [...this.watchers]) fn(cells ? { cells } : {});
  }

  protected set(status: KernelStatus, reason: string | null = null): void {
    if (this.status === status && this.reason === reason) return;
    this.status = status;
    this.reason = reason;
    this.tell();
  }

  /* One that runs already is taken as it is. A notebook that is only looked at starts a kernel too, as JupyterLab does it,
   * so that the first cell does not wait. */
  protected open(again = false, spec?: string): Promise<void> {
    if (this.starting && !again) return this.starting;
    this.set("connecting");
    this.starting = this.begin(spec)
      .catch((e: unknown) => this.fail(e))
      .finally(() => (this.starting = null));
    return this.starting;
  }

  private async begin(spec?: string): Promise<void> {
    const named = (this.model.metadata.kernelspec as JsonObject | undefined)?.name;
    const wanted = spec ?? (typeof named === "string" ? named : this.options.spec);
    const name = wanted ?? (await this.specs()).default;
    const session = await kernels.open(this.options.path(), name);
    if (this.closed) return;
    this.join(session);
    await this.describe();
    this.nameless = !named;
    if (this.worked) this.used();
  }

  /* A run where nothing is: what is dead is started again. */
  protected async beginAnew(): Promise<void> {
    if (!this.id || this.status !== "dead") return this.open(true);
    this.set("starting");
    try {
      this.took(await kernels.restart(this.id));
      this.connect();
    } catch (e) {
      this.fail(e);
    }
  }

  private join(session: SessionInfo): void {
    const before = this.id;
    this.session = session;
    this.name = session.kernel?.name ?? "";
    if (before !== this.id) {
      this.link?.close();
      this.link = null;
    }
    if (session.kernel) this.took(session.kernel);
    if (!this.link) this.connect();
  }

  private took(k: KernelInfo): void {
    if (k.execution_state === "dead") this.set("dead", k.reason ?? t.run.ended);
    else if (!this.link?.open) this.set(k.execution_state === "starting" ? "starting" : "connecting");
  }

  private async describe(): Promise<void> {
    const spec = await this.specs().then(
      (s) => s.kernelspecs[this.name]?.spec,
      () => undefined,
    );
    this.displayName = spec?.display_name ?? this.name;
    this.language = (spec?.language ?? "python").toLowerCase();
    this.tell();
  }

  private writeSpec(): void {
    const { metadata } = this.model;
    const before = metadata.kernelspec as JsonObject | undefined;
    if (before?.name === this.name && before.display_name === this.displayName) return;
    const kernelspec = { display_name: this.displayName, language: this.language, name: this.name };
    this.model.apply([{ op: "metadata", id: null, metadata: { ...metadata, kernelspec } }], { origin: "kernel" });
  }

  private connect(): void {
    const { id } = this;
    if (!id || this.closed) return;
    this.link = new Link(
      id,
      this.client,
      {
        opened: (again) => this.opened(again),
        message: (m) => this.message(m),
        lost: () => this.status !== "dead" && this.set("offline"),
        ended: () => void this.gone(),
      },
      () => this.hello(),
    );
  }

  /* What a busy kernel last said is not said again. */
  protected async state(answered = false): Promise<void> {
    if (!this.id || !UNSURE.has(this.status)) return;
    const k = await kernels.look(this.id).catch(() => null);
    if (!k || !UNSURE.has(this.status) || !this.link?.open) return;
    this.took(k);
    if (k.execution_state === "dead") return;
    this.set(k.execution_state === "busy" ? "busy" : k.execution_state === "starting" && !answered ? "starting" : "idle");
  }

  /* Dead, or nothing of it is left: the model says why, if there is one. */
  protected async gone(): Promise<void> {
    this.link?.close();
    this.link = null;
    const k = this.id ? await kernels.look(this.id).catch((e: unknown) => (e instanceof Refused ? null : undefined)) : null;
    if (k === undefined) return this.fail(new TypeError());
    this.forget();
    this.unqueue();
    if (k) {
      this.set("dead", k.reason ?? t.run.ended);
      return;
    }
    /* JupyterLab beside it has chosen another kernel, or somebody ended it: then the next run begins a new one. */
    const now = (await kernels.sessions().catch(() => [])).find((s) => s.path === this.options.path());
    this.session = null;
    if (now?.kernel && !this.closed) {
      this.join(now);
      return this.describe();
    }
    this.set("none", t.run.gone);
  }

  private fail(e: unknown): void {
    if (e instanceof Refused) {
      this.unqueue();
      this.set("dead", e.message);
    } else {
      this.set("offline");
      setTimeout(() => !this.closed && !this.link && void this.open(), AGAIN_MS);
    }
  }
}
