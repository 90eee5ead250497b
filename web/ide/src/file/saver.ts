/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open file: what stands in it and what stands here. Saves a moment after a change, only ever over the bytes that it knows
 * (base_hash); when they are others by now, both are merged first. Until it is saved, what changed is kept in this browser.
 *
 *   saved ──change──> dirty ──pause──> saving ──200──> saved
 *                       ^                 │──409──> theirs are read ──> merged: saving again │ conflict: the user chooses
 *                       └──── line back ──│──no answer──> offline   │──else──> failed: the next change or click tries again
 */
import { Slices, whenIdle } from "../model/slices";
import type { OpenFile, SaveState } from "../model/types";
import { type TextFile, isChanged, look, readText, writeText } from "./contents";
import { drop, keep, tab } from "./drafts";
import { onWake } from "../../../src/lib/wake";
import { HttpError } from "./http";
import { heard, net, noted } from "./net";

export type Took = "same" | "merged" | "conflict";

interface Sent {
  text: string;
  snapshot: unknown;
}

const QUIET_MS = 1000; /* after the last change */
const LATEST_MS = 5000; /* after the first */
const KERNEL_MS = 3000; /* outputs come in floods */
const DRAFT_MS = 300;
const LOOK_MS = 10_000;
const ROUNDS_MAX = 5;
const SHARE = 10; /* a save that takes a second is not made more often than every ten */

const open = new Set<FileSaver>();
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("carrel.ide");
channel?.addEventListener("message", (e: MessageEvent<{ path: string; hash: string }>) => {
  for (const f of open) if (f.path === e.data.path && f.fileHash !== e.data.hash) void f.check(true);
});

/* A rename or delete made in this page. */
export function filesMoved(from: string, to: string | null): void {
  for (const f of open) {
    if (f.path !== from && !f.path.startsWith(`${from}/`)) continue;
    if (to !== null) f.moved(to + f.path.slice(from.length));
  }
}

/* Before the session goes: false when something is not in its file yet. */
export async function saveAll(): Promise<boolean> {
  await Promise.all([...open].map((f) => f.flush()));
  return ![...open].some((f) => f.unsaved);
}

export abstract class FileSaver implements OpenFile {
  save: SaveState = { state: "saved", at: 0 };
  private readonly watchers = new Set<() => void>();
  private readonly adopted: string[] = []; /* tabs whose drafts are in here */
  private seen = ""; /* last_modified and size of the bytes we know */
  private made = "";
  protected hash: string | null = null;
  private version = 0;
  private savedVersion = 0;
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  private draftTimer: ReturnType<typeof setTimeout> | undefined;
  private lookTimer: ReturnType<typeof setInterval> | undefined;
  private firstChange = 0;
  private took_ms = 0;
  private draft_ms = 0;
  private draftAt = Infinity;
  private flight: Promise<void> | null = null;
  private closed = false;
  private kept = false;
  private stopNet: (() => void) | null = null;
  private unwake: (() => void) | null = null;

  constructor(public path: string) {}

  /* ---- what the two kinds of files bring ---- */
  protected abstract snapshot(): unknown;
  protected abstract write(snapshot: unknown): string;
  protected ahead(_snapshot: unknown, _slices: Slices): Promise<void> | void {} /* what write() would take long for */
  protected abstract tookPlace(snapshot: unknown): void; /* it stands in the file */
  protected ready(): Promise<unknown> | void {} /* what take() works with */
  protected abstract take(theirs: TextFile): Took; /* throws what makes it unreadable */
  protected abstract readonly undecided: boolean; /* a conflict waits */
  protected abstract draft(): unknown; /* null: nothing differs from the file */

  get fileHash(): string | null {
    return this.hash;
  }

  protected begin(file: TextFile): void {
    this.know(file);
    this.hash = file.hash;
    this.save = { state: "saved", at: Date.parse(file.last_modified) || 0 };
    open.add(this);
    this.lookTimer = setInterval(() => void this.check(false), LOOK_MS);
    addEventListener("focus", this.onFocus);
    addEventListener("pagehide", this.onHide);
    document.addEventListener("visibilitychange", this.onHide);
    this.unwake = onWake(this.onFocus);
    this.stopNet = net.watch(() => {
      if (net.get().online && this.save.state === "offline") void this.flush();
    });
  }

  private know(e: Pick<TextFile, "last_modified" | "size" | "created">): void {
    this.seen = `${e.last_modified} ${e.size}`;
    this.made = e.created;
  }

  adoptedDraft(owner: string): void {
    if (owner !== tab) this.adopted.push(owner);
    this.kept = true;
  }

  watch(fn: () => void): () => void {
    this.watchers.add(fn);
    return () => void this.watchers.delete(fn);
  }

  private tell(save?: SaveState): void {
    if (save) this.save = save;
    for (const fn of [...this.watchers]) fn();
  }

  moved(to: string): void {
    if (this.kept) drop(tab, this.path);
    this.path = to;
    if (this.version !== this.savedVersion) this.changed(false);
    this.tell();
  }

  /* ---- changes ---- */

  protected changed(byKernel: boolean): void {
    this.version++;
    const now = performance.now();
    this.firstChange ||= now;
    if (this.save.state === "saved" || this.save.state === "failed") this.tell({ state: "dirty" });
    this.draftSoon(byKernel ? KERNEL_MS : DRAFT_MS);
    if (this.save.state === "offline" || this.undecided) return;
    const quiet = Math.max(byKernel ? KERNEL_MS : QUIET_MS, this.took_ms * SHARE);
    const most = Math.max(byKernel ? 2 * LATEST_MS : LATEST_MS, this.took_ms * SHARE);
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => void this.flush(), Math.max(0, Math.min(quiet, this.firstChange + most - now)));
  }

  get unsaved(): boolean {
    return this.version !== this.savedVersion;
  }

  /* Not put off by what comes after: while lines come in a flood, what is typed is kept all the same. */
  private draftSoon(wait_ms: number): void {
    const at = performance.now() + Math.max(wait_ms, this.draft_ms * SHARE);
    if (at >= this.draftAt) return;
    clearTimeout(this.draftTimer);
    this.draftAt = at;
    this.draftTimer = setTimeout(() => whenIdle(() => this.draftAt === at && void this.keepDraft(), DRAFT_MS), at - performance.now());
  }

  private noDraft(): void {
    clearTimeout(this.draftTimer);
    this.draftAt = Infinity;
  }

  private async keepDraft(): Promise<void> {
    this.noDraft();
    if (!this.unsaved) return;
    const from = performance.now(), data = this.draft();
    this.kept = true;
    const done = data === null ? null : keep(this.path, this.hash, this.made, data);
    this.draft_ms = performance.now() - from;
    await done;
  }

  private dropDrafts(): void {
    this.noDraft();
    if (!this.kept) return;
    this.kept = false;
    drop(tab, this.path);
    for (const owner of this.adopted.splice(0)) drop(owner, this.path);
  }

  private readonly onFocus = (): void => void this.check(false);

  private readonly onHide = (e: Event): void => {
    if (!this.unsaved || (e.type === "visibilitychange" && !document.hidden)) return;
    void this.keepDraft();
    if (!this.undecided && this.save.state !== "offline") void this.flush();
  };

  /* ---- saving ---- */

  async saveNow(): Promise<void> {
    if (this.save.state === "saved" && !this.unsaved) return this.check(true);
    if (this.save.state === "failed" && !this.unsaved) this.version++; /* nothing was typed, and yet it does not stand in the file */
    this.forced = true;
    await this.flush();
  }

  private lost: Sent[] = []; /* no answer came: one of them may be what stands in the file */
  private full = false; /* the disk was, and may have room again */
  private forced = false; /* asked for by the user: a file that is gone is made anew */

  flush(): Promise<void> {
    clearTimeout(this.saveTimer);
    this.flight ??= this.saveAll().finally(() => {
      this.flight = null;
      if (this.unsaved && this.save.state === "dirty" && !this.closed) this.changedAgain();
    });
    return this.flight;
  }

  private changedAgain(): void {
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => void this.flush(), Math.max(QUIET_MS, this.took_ms * SHARE));
  }

  private async saveAll(): Promise<void> {
    if (this.undecided || !this.unsaved) {
      this.forced = false;
      return;
    }
    this.tell({ state: "saving" });
    this.firstChange = 0;
    try {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        if (await this.saveOnce()) return;
        if (this.undecided) return this.tell({ state: "conflict" });
        if (!this.unsaved) return this.clean();
      }
      this.tell({ state: "dirty" });
    } catch (e) {
      noted(e);
      this.full = e instanceof HttpError && e.status === 507;
      void this.keepDraft();
      if (e instanceof HttpError && e.offline) this.tell({ state: "offline" });
      else this.tell({ state: "failed", why: e instanceof Error ? e.message : String(e) });
    } finally {
      this.forced = false;
    }
  }

  /* false: the file was another one; what stands in it is taken in now. */
  private async saveOnce(): Promise<boolean> {
    const version = this.version, snapshot = this.snapshot(), slices = new Slices();
    await this.ahead(snapshot, slices);
    const text = this.write(snapshot), from = performance.now();
    if (slices.over) await slices.rest();
    try {
      const saved = await writeText(this.path, text, this.hash, slices);
      heard();
      this.took_ms = performance.now() - from;
      this.know(saved);
      this.hash = saved.hash;
      this.lost = [];
      this.tookPlace(snapshot);
      this.savedVersion = version;
      channel?.postMessage({ path: this.path, hash: saved.hash });
      if (this.unsaved) this.tell({ state: "dirty" });
      else this.clean();
      return true;
    } catch (e) {
      /* The first of them and the last: once one has come through, those after it are refused. */
      if (e instanceof HttpError && e.offline) this.lost = [...this.lost.slice(0, 1), { text, snapshot }];
      if (!isChanged(e)) throw e;
    }
    await this.takeTheirs({ text, snapshot });
    return false;
  }

  private clean(): void {
    this.savedVersion = this.version;
    this.dropDrafts();
    this.tell({ state: "saved", at: Date.now() });
  }

  /* sent: what we tried to write. If just that stands there, or what was sent before, an answer was lost and nothing else happened. */
  private async takeTheirs(sent: Sent | null): Promise<Took> {
    let theirs: TextFile;
    try {
      theirs = await readText(this.path);
    } catch (e) {
      if (!(e instanceof HttpError && e.status === 404)) throw e;
      if (!this.forced) throw new Error(this.goneText());
      this.hash = null;
      return "merged";
    }
    heard();
    this.know(theirs);
    if (theirs.hash === this.hash) return "same";
    const ours = [...(sent ? [sent] : []), ...this.lost].find((s) => s.text === theirs.content);
    if (ours) {
      this.hash = theirs.hash;
      this.lost = [];
      this.tookPlace(ours.snapshot);
      return ours === sent ? "same" : "merged"; /* what came after it is still to be saved */
    }
    await this.ready();
    const took = this.take(theirs);
    this.hash = theirs.hash;
    this.lost = [];
    if (took === "same") this.savedVersion = this.version;
    else if (!this.unsaved) this.version++;
    return took;
  }

  protected goneText(): string {
    return "404";
  }

  /* ---- others ---- */

  written(hash: string): void {
    if (hash !== this.hash) void this.check(true);
  }

  /* Did somebody else write the file? sure: they said so. */
  async check(sure: boolean): Promise<void> {
    if (this.closed || this.flight || !net.get().online || (!sure && document.hidden) || this.hash === null) return;
    if (this.save.state === "failed" && this.full) return this.flush();
    if (this.save.state === "offline" || this.save.state === "failed") return;
    try {
      const now = sure ? null : await look(this.path);
      if (now && `${now.last_modified} ${now.size}` === this.seen) return this.know(now);
      if (this.flight || this.closed) return;
      this.flight = this.takeIn().finally(() => (this.flight = null));
      await this.flight;
      if (this.unsaved && !this.undecided) await this.flush();
    } catch (e) {
      noted(e);
      if (e instanceof HttpError && e.status === 404) this.tell({ state: "failed", why: this.goneText() });
      else if (!(e instanceof HttpError)) this.tell({ state: "failed", why: e instanceof Error ? e.message : String(e) });
    }
  }

  private async takeIn(): Promise<void> {
    const before = this.hash, took = await this.takeTheirs(null);
    if (this.undecided) return this.tell({ state: "conflict" });
    if (took === "same" && this.hash !== before) this.clean();
    else if (this.unsaved) this.tell({ state: "dirty" });
  }

  /* After somebody chose. */
  protected decided(): Promise<void> {
    this.version++;
    this.tell({ state: "dirty" });
    return this.flush();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    if (this.unsaved && !this.undecided) {
      await this.keepDraft();
      await this.flush().catch(() => undefined);
      /* What was under way began before the last edits. */
      if (this.unsaved && this.save.state === "dirty") await this.flush().catch(() => undefined);
    }
    this.closed = true;
    open.delete(this);
    clearTimeout(this.saveTimer);
    this.noDraft();
    clearInterval(this.lookTimer);
    removeEventListener("focus", this.onFocus);
    removeEventListener("pagehide", this.onHide);
    document.removeEventListener("visibilitychange", this.onHide);
    this.stopNet?.();
    this.unwake?.();
    this.watchers.clear();
  }
}
