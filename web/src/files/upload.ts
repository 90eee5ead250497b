/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads, in pieces. What the other side has is the truth: after a cut line it is asked how far it got, and the upload
 * goes on from there; after the page was loaded again too, when the same file is chosen (its size and time of change
 * are kept in this browser, under the upload's id). A file that is there is never overwritten without being asked.
 */
import { ApiError } from "../lib/api";
import { read, write } from "../lib/keys";
import { type Upload, isTaken, nameOf, parentOf } from "./api";
import type { Wire } from "./wire";

export type State = "waiting" | "sending" | "stalled" | "exists" | "done" | "failed" | "gone";

export interface Source {
  name: string;
  size: number;
  lastModified: number;
  slice(from: number, to: number): Blob;
}

export interface Item {
  key: number;
  path: string;
  source: Source;
  state: State;
  sent: number;
  resumed: number; /* bytes that were there already */
  error: ApiError | null;
}

export interface Sums {
  total: number;
  sent: number;
  rate: number; /* bytes a second, 0 while not known */
  left: number | null; /* seconds */
  busy: number;
}

const PIECE = 4 * 1024 * 1024;
const AT_ONCE = 3;
const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15_000];
const TRIES_MS = 15 * 60_000; /* so long a cut line is waited for */

const recordKey = (id: string) => `carrel.upload.${id}`;
const recordOf = (s: Source) => `${s.size}:${s.lastModified}`;

export class Uploads {
  items: Item[] = [];
  private next = 1;
  private running = new Map<number, AbortController>();
  private folders = new Map<string, Promise<void>>();
  private known: Promise<Upload[]> | null = null;
  private ids = new Map<number, string>();
  private replace = new Set<number>();
  private marks: { at: number; sent: number }[] = [];

  constructor(private wire: Wire, private changed: () => void, private landed: (path: string) => void, private wait: (ms: number, signal: AbortSignal) => Promise<void> = pause) {}

  /* What is there on the other side may be another by now. */
  private forget(): void {
    this.known = null;
    this.folders.clear();
  }

  add(files: { path: string; source: Source }[]): void {
    this.forget();
    for (const f of files) this.items.push({ key: this.next++, path: f.path, source: f.source, state: "waiting", sent: 0, resumed: 0, error: null });
    this.go();
  }

  cancel(key: number): void {
    const item = this.items.find((x) => x.key === key);
    if (!item || item.state === "done") return;
    item.state = "gone";
    this.running.get(key)?.abort();
    this.giveUp(key);
    this.items = this.items.filter((x) => x.key !== key);
    this.go();
  }

  private giveUp(key: number): void {
    const id = this.ids.get(key);
    this.ids.delete(key);
    if (id) void this.drop(id);
  }

  private async drop(id: string): Promise<void> {
    write(recordKey(id), null);
    await this.wire.drop(id).catch(() => {});
  }

  cancelAll(): void {
    for (const i of [...this.items]) this.cancel(i.key);
  }

  /* Of a file whose name is taken: over it, or beside it under another name. */
  overwrite(key: number): void {
    this.replace.add(key);
    this.retry(key);
  }

  beside(key: number, taken: (path: string) => boolean): void {
    const item = this.items.find((x) => x.key === key);
    if (!item) return;
    item.path = freePath(item.path, taken);
    this.retry(key);
  }

  retry(key: number): void {
    const item = this.items.find((x) => x.key === key);
    if (!item || this.running.has(key)) return;
    this.forget();
    Object.assign(item, { state: "waiting", error: null });
    this.go();
  }

  clearDone(): void {
    this.items = this.items.filter((x) => x.state !== "done");
    this.changed();
  }

  sums(now = Date.now()): Sums {
    const open = this.items.filter((x) => x.state !== "failed" && x.state !== "exists");
    const total = open.reduce((a, x) => a + x.source.size, 0);
    const sent = open.reduce((a, x) => a + x.sent, 0);
    const busy = this.items.filter((x) => x.state === "waiting" || x.state === "sending" || x.state === "stalled").length;
    const first = this.marks.find((m) => m.at > now - 10_000);
    const rate = first && now - first.at > 800 ? Math.max(0, ((sent - first.sent) / (now - first.at)) * 1000) : 0;
    return { total, sent, rate, left: rate > 0 && busy ? (total - sent) / rate : null, busy };
  }

  private mark(): void {
    const now = Date.now();
    if (this.marks.length && now - this.marks[this.marks.length - 1]!.at < 250) return;
    this.marks = [...this.marks.filter((m) => m.at > now - 12_000), { at: now, sent: this.sums(now).sent }];
  }

  private go(): void {
    for (const item of this.items) {
      if (this.running.size >= AT_ONCE) break;
      if (item.state === "waiting" && !this.running.has(item.key)) void this.run(item);
    }
    this.changed();
  }

  private async run(item: Item): Promise<void> {
    const stop = new AbortController();
    this.running.set(item.key, stop);
    item.state = "sending";
    try {
      await this.parents(parentOf(item.path));
      await this.transfer(item, await this.place(item), stop.signal);
      item.state = "done";
      this.landed(item.path);
    } catch (e) {
      if (stop.signal.aborted) this.giveUp(item.key); /* it was begun after it had been cancelled */
      else Object.assign(item, { error: e as ApiError, state: isTaken(e) ? "exists" : "failed" });
    }
    this.running.delete(item.key);
    this.go();
  }

  private parents(folder: string): Promise<void> {
    if (!folder) return Promise.resolve();
    const had = this.folders.get(folder);
    if (had) return had;
    const made = this.parents(parentOf(folder)).then(() => this.wire.folder(folder));
    this.folders.set(folder, made);
    made.catch(() => this.folders.delete(folder));
    return made;
  }

  /* Begun here before with this very file, and not what another line of the list is sending just now. */
  private isOwn(u: Upload, item: Item): boolean {
    if ([...this.ids].some(([key, id]) => id === u.id && key !== item.key && this.running.has(key))) return false;
    if (this.ids.get(item.key) === u.id) return true;
    return u.path === item.path && u.size === item.source.size && read(recordKey(u.id)) === recordOf(item.source);
  }

  /* One's own from before, or a new one. */
  private async place(item: Item): Promise<Upload> {
    const replace = this.replace.has(item.key);
    this.known ??= this.wire.list().catch(() => []);
    const own = (await this.known).filter((u) => !u.done && this.isOwn(u, item));
    const same = own.find((u) => u.path === item.path && u.replace === replace);
    /* One that may not do what is asked now never will: its bytes only take up room. */
    for (const u of own) if (u !== same) await this.drop(u.id);
    let up = same;
    if (same) {
      up = await this.wire.state(same.id).catch(() => undefined);
      if (up?.done) up = undefined;
    }
    up ??= await this.wire.begin(item.path, item.source.size, replace);
    item.resumed = item.sent = up.offset;
    this.ids.set(item.key, up.id);
    write(recordKey(up.id), recordOf(item.source));
    return up;
  }

  private async transfer(item: Item, up: Upload, signal: AbortSignal): Promise<void> {
    let offset = up.offset;
    let failedSince = 0;
    let fails = 0;
    const progress = (to: number) => {
      item.sent = to;
      this.mark();
      this.changed();
    };
    const again = async (e: unknown) => {
      if (signal.aborted || !(e instanceof ApiError) || !(e.away || e.status === 429)) throw e;
      failedSince ||= Date.now();
      if (Date.now() - failedSince > TRIES_MS) throw e;
      item.state = "stalled";
      this.changed();
      await this.wait(e.retryAfter ? e.retryAfter * 1000 : WAITS_MS[Math.min(fails++, WAITS_MS.length - 1)]!, signal);
      if (signal.aborted) throw e;
    };
    for (;;) {
      if (signal.aborted) throw new ApiError(0, "", "", "cancelled", "", "", 0);
      try {
        if (fails) offset = (await this.wire.state(up.id)).offset;
        if (offset >= item.source.size) {
          await this.wire.finish(up.id);
          break;
        }
        item.state = "sending";
        progress(offset);
        const end = Math.min(offset + PIECE, item.source.size);
        const from = offset;
        offset = (await this.wire.piece(up.id, from, item.source.slice(from, end), (n) => progress(from + n), signal)).offset;
        fails = failedSince = 0;
      } catch (e) {
        const told = e instanceof ApiError && e.status === 409 ? (e.data as Upload | null) : null;
        if (told && typeof told.offset === "number" && told.offset !== offset) offset = told.offset;
        else await again(e);
      }
    }
    progress(item.source.size);
    write(recordKey(up.id), null);
  }
}

/* "a.txt", "a (2).txt", "a (3).txt": the first that is free. */
export function freePath(path: string, taken: (path: string) => boolean): string {
  const name = nameOf(path);
  const folder = path.slice(0, path.length - name.length);
  const dot = name.lastIndexOf(".");
  const [stem, ext] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  for (let i = 2; ; i++) {
    const to = `${folder}${stem} (${i})${ext}`;
    if (!taken(to)) return to;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      done();
    };
    const timer = setTimeout(end, ms);
    addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}
