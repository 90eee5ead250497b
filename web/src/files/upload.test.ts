/* SPDX-License-Identifier: Apache-2.0 */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../lib/api";
import type { Upload } from "./api";
import { type Source, Uploads, freePath } from "./upload";
import type { Wire } from "./wire";

const MB = 1024 * 1024;
const kept = new Map<string, string>();
vi.stubGlobal("localStorage", { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k) });

const file = (name: string, size: number, lastModified = 7): Source => ({ name, size, lastModified, slice: (a, b) => ({ size: b - a }) as Blob });

/* The other side: it keeps what came before a cut, as the real one does. */
class Far implements Wire {
  uploads = new Map<string, Upload>();
  files = new Set<string>();
  folders: string[] = [];
  cuts: number[] = []; /* at these offsets the line breaks in the middle of a piece */
  pieces: [number, number][] = [];
  private n = 0;
  async list() { return [...this.uploads.values()].map((u) => ({ ...u })); }
  async begin(path: string, size: number, replace: boolean) {
    if (this.files.has(path) && !replace) throw new ApiError(409, "", "There is a file of that name.", "", "", "", 0);
    const u: Upload = { id: `u${++this.n}`, path, size, offset: 0, done: false, replace, created_at: "" };
    this.uploads.set(u.id, u);
    return { ...u };
  }
  async state(id: string) { return { ...this.uploads.get(id)! }; }
  async piece(id: string, offset: number, bytes: Blob, onSent: (n: number) => void, signal: AbortSignal) {
    const u = this.uploads.get(id)!;
    if (signal.aborted) throw new ApiError(0, "", "", "cancelled", "", "", 0);
    if (offset !== u.offset) throw new ApiError(409, "", "", "", "", "", 0, { ...u });
    this.pieces.push([offset, bytes.size]);
    if (this.cuts.length && offset >= this.cuts[0]!) {
      this.cuts.shift();
      u.offset += Math.floor(bytes.size / 2);
      throw new ApiError(0, "", "", "unreachable", "", "", 0);
    }
    onSent(bytes.size);
    u.offset += bytes.size;
    return { ...u };
  }
  async finish(id: string) { this.uploads.get(id)!.done = true; this.files.add(this.uploads.get(id)!.path); }
  async drop(id: string) { this.uploads.delete(id); }
  async folder(path: string) { this.folders.push(path); }
}

const settled = async (u: Uploads) => {
  for (let i = 0; i < 200 && u.items.some((x) => ["waiting", "sending", "stalled"].includes(x.state)); i++) await new Promise((r) => setTimeout(r, 1));
};
const make = (far: Far) => new Uploads(far, () => {}, () => {}, async () => {});

describe("uploads", () => {
  beforeEach(() => kept.clear());

  it("goes in pieces, makes folders once, and ends", async () => {
    const far = new Far();
    const u = make(far);
    u.add([{ path: "d/e/a.bin", source: file("a.bin", 9 * MB) }, { path: "d/e/b.bin", source: file("b.bin", 0) }]);
    await settled(u);
    expect(u.items.map((x) => x.state)).toEqual(["done", "done"]);
    expect(far.pieces.map(([, n]) => n)).toEqual([4 * MB, 4 * MB, MB]);
    expect(far.folders).toEqual(["d", "d/e"]);
    expect(kept.size).toBe(0);
    expect(u.sums().sent).toBe(9 * MB);
  });

  it("goes on where the other side stands after a cut", async () => {
    const far = new Far();
    far.cuts = [4 * MB, 6 * MB];
    const u = make(far);
    u.add([{ path: "a.bin", source: file("a.bin", 12 * MB) }]);
    await settled(u);
    expect(u.items[0]!.state).toBe("done");
    expect([...far.uploads.values()][0]!.offset).toBe(12 * MB);
    expect(far.pieces.map(([o]) => o)).toEqual([0, 4 * MB, 6 * MB, 8 * MB]);
  });

  it("resumes after a reload when the same file is chosen, and only then", async () => {
    const far = new Far();
    const old = await far.begin("a.bin", 8 * MB, false);
    far.uploads.get(old.id)!.offset = 5 * MB;
    kept.set(`carrel.upload.${old.id}`, `${8 * MB}:7`);
    const u = make(far);
    u.add([{ path: "a.bin", source: file("a.bin", 8 * MB, 7) }]);
    await settled(u);
    expect(u.items[0]).toMatchObject({ state: "done", resumed: 5 * MB });
    expect(far.pieces).toEqual([[5 * MB, 3 * MB]]);
    const other = new Far();
    const begun = await other.begin("a.bin", 8 * MB, false);
    other.uploads.get(begun.id)!.offset = 5 * MB;
    kept.set(`carrel.upload.${begun.id}`, `${8 * MB}:6`);
    const v = make(other);
    v.add([{ path: "a.bin", source: file("a.bin", 8 * MB, 7) }]);
    await settled(v);
    expect(v.items[0]!.resumed).toBe(0);
    expect(other.pieces[0]).toEqual([0, 4 * MB]);
  });

  it("asks before it overwrites", async () => {
    const far = new Far();
    far.files.add("a.txt");
    const u = make(far);
    u.add([{ path: "a.txt", source: file("a.txt", 5) }, { path: "b.txt", source: file("b.txt", 5) }]);
    await settled(u);
    expect(u.items.map((x) => x.state)).toEqual(["exists", "done"]);
    u.beside(u.items[0]!.key, (p) => far.files.has(p));
    await settled(u);
    expect(far.files.has("a (2).txt")).toBe(true);
    u.add([{ path: "a.txt", source: file("a.txt", 5) }]);
    await settled(u);
    u.overwrite(u.items[2]!.key);
    await settled(u);
    expect(u.items[2]!.state).toBe("done");
  });

  it("says why it failed, and a cancel takes everything away", async () => {
    const far = new Far();
    far.piece = async () => { throw new ApiError(507, "", "The volume is full.", "", "", "", 0); };
    const u = make(far);
    u.add([{ path: "a.txt", source: file("a.txt", 5) }]);
    await settled(u);
    expect(u.items[0]).toMatchObject({ state: "failed", error: { detail: "The volume is full." } });
    u.cancel(u.items[0]!.key);
    expect(u.items).toEqual([]);
    expect(far.uploads.size).toBe(0);
  });

  it("cancelled before it was begun it leaves nothing behind", async () => {
    const far = new Far();
    const begin = far.begin.bind(far);
    let begun = () => {};
    far.begin = async (...a) => {
      await new Promise<void>((done) => (begun = done));
      return begin(...a);
    };
    const u = make(far);
    u.add([{ path: "a.bin", source: file("a.bin", 9 * MB) }]);
    await new Promise((r) => setTimeout(r, 1));
    u.cancel(u.items[0]!.key);
    begun();
    await new Promise((r) => setTimeout(r, 1));
    expect([u.items, far.uploads.size, far.pieces, kept.size]).toEqual([[], 0, [], 0]);
  });

  it("begins anew to overwrite what came while it was sent", async () => {
    const far = new Far();
    const finish = far.finish.bind(far);
    far.finish = async (id) => {
      const at = far.uploads.get(id)!;
      if (far.files.has(at.path) && !at.replace) throw new ApiError(409, "", "There is a file of that name.", "", "", "", 0);
      await finish(id);
    };
    const piece = far.piece.bind(far);
    far.piece = async (...a) => {
      far.files.add("a.txt");
      return piece(...a);
    };
    const u = make(far);
    u.add([{ path: "a.txt", source: file("a.txt", 5) }]);
    await settled(u);
    expect(u.items[0]!.state).toBe("exists");
    u.overwrite(u.items[0]!.key);
    await settled(u);
    expect(u.items[0]).toMatchObject({ state: "done", resumed: 0 });
    expect([...far.uploads.values()].map((x) => [x.replace, x.done])).toEqual([[true, true]]);
  });

  it("makes a folder again that was deleted meanwhile", async () => {
    const far = new Far();
    const u = make(far);
    for (const name of ["a.txt", "b.txt"]) {
      u.add([{ path: `d/${name}`, source: file(name, 1) }]);
      await settled(u);
    }
    expect(far.folders).toEqual(["d", "d"]);
  });

  it("offers to overwrite only where a file is in the way", async () => {
    const far = new Far();
    far.begin = async () => { throw new ApiError(409, "This can't be done now.", "This workspace has no files yet.", "conflict", "", "", 0); };
    const u = make(far);
    u.add([{ path: "a.txt", source: file("a.txt", 5) }]);
    await settled(u);
    expect(u.items[0]!.state).toBe("failed");
  });

  it("finds a free name", () => {
    const taken = new Set(["d/a.tar", "d/a (2).tar"]);
    expect(freePath("d/a.tar", (p) => taken.has(p))).toBe("d/a (3).tar");
    expect(freePath("Makefile", () => false)).toBe("Makefile (2)");
  });
});
