/* SPDX-License-Identifier: Apache-2.0 */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import * as contents from "./contents";
import { HttpError } from "./http";
import { FileSaver, type Took } from "./saver";

vi.mock("./contents", async (original) => ({ ...(await original<typeof contents>()), readText: vi.fn(), writeText: vi.fn() }));
vi.mock("./drafts", () => ({ tab: "me", keep: vi.fn(async () => true), drop: vi.fn() }));
vi.mock("./net", () => ({ heard: () => undefined, noted: (e: unknown) => e, net: { get: () => ({ online: true }), watch: () => () => undefined } }));

const about = { name: "saver", path: "saver", type: "file" as const, last_modified: "", created: "then", size: 0, writable: true, mimetype: null };

/* The file on the server; its text is its hash. */
let there: string | null;
let answer: () => Promise<void>; /* comes before each answer to a save */

beforeAll(() => {
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
  vi.stubGlobal("document", { addEventListener: () => undefined, removeEventListener: () => undefined, hidden: false });
  vi.mocked(contents.readText).mockImplementation(async () => {
    if (there === null) throw new HttpError(404, "gone");
    return { ...about, content: there, hash: there };
  });
  vi.mocked(contents.writeText).mockImplementation(async (_path, text, base) => {
    if (base !== there) throw new HttpError(409, "changed", "changed");
    there = text;
    await answer();
    return { ...about, hash: text };
  });
});
afterAll(() => void vi.unstubAllGlobals());
beforeEach(() => {
  there = "";
  answer = () => Promise.resolve();
});

class Sample extends FileSaver {
  text = "";
  base = "";
  taken: string[] = [];
  constructor() {
    super("saver");
    this.begin({ ...about, content: "", hash: "" });
  }
  type(text: string): void {
    this.text += text;
    this.changed(false);
  }
  protected snapshot(): string {
    return this.text;
  }
  protected write(snapshot: unknown): string {
    return snapshot as string;
  }
  protected tookPlace(snapshot: unknown): void {
    this.base = snapshot as string;
  }
  protected take(theirs: contents.TextFile): Took {
    this.taken.push(theirs.content);
    return "merged";
  }
  protected readonly undecided = false;
  protected draft(): unknown {
    return this.text === this.base ? null : this.text;
  }
}

it("what was typed while a save was under way is in the file when it is closed", async () => {
  const file = new Sample();
  let go = (): void => undefined;
  answer = () => new Promise((resolve) => (go = resolve));
  file.type("a");
  const saving = file.flush();
  await vi.waitFor(() => expect(there).toBe("a"));
  file.type("b");
  const closing = file.close();
  answer = () => Promise.resolve();
  go();
  await Promise.all([saving, closing]);
  expect([there, file.unsaved]).toEqual(["ab", false]);
});

it("a save whose answer was lost is no conflict with what was typed since", async () => {
  const file = new Sample();
  answer = () => Promise.reject(new HttpError(0, "no answer"));
  file.type("a");
  await file.flush();
  expect(file.save.state).toBe("offline");
  file.type("b");
  await file.flush(); /* refused: then known for its own, saved, and lost again */
  expect([there, file.save.state]).toEqual(["ab", "offline"]);
  file.type("c");
  answer = () => Promise.resolve();
  await file.flush();
  expect([there, file.save.state, file.unsaved, file.taken]).toEqual(["abc", "saved", false, []]);
  await file.close();
});

it("a file that is gone is made anew by a save, also when nothing was typed, and only by that one", async () => {
  const file = new Sample();
  file.type("a");
  await file.flush();
  there = null;
  await file.check(true);
  expect([file.save.state, file.unsaved]).toEqual(["failed", false]);
  await file.saveNow();
  expect([there, file.save.state]).toEqual(["a", "saved"]);
  there = null;
  file.type("b");
  await file.flush();
  expect([there, file.save.state]).toEqual([null, "failed"]);
  await file.close();
});
