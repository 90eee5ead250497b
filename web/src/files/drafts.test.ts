/* SPDX-License-Identifier: Apache-2.0 */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { dropDrafts, readDraft, writeDraft } from "./drafts";

/* As a browser's: what is kept are its own keys, the methods are not. */
class Storage {
  [key: string]: unknown;
}
let full = false;
const methods = {
  getItem(this: Storage, k: string) { return (this[k] as string | undefined) ?? null; },
  setItem(this: Storage, k: string, v: string) {
    if (full) throw new Error("QuotaExceededError");
    this[k] = v;
  },
  removeItem(this: Storage, k: string) { delete this[k]; },
};

beforeEach(() => {
  full = false;
  vi.stubGlobal("sessionStorage", Object.create(methods));
});

describe("drafts", () => {
  it("come back for the same file with the same hash alone", () => {
    writeDraft("w1", "a/b.py", "h1", "mine");
    expect(readDraft("w1", "a/b.py", "h1")).toBe("mine");
    expect(readDraft("w1", "a/b.py", "h2")).toBeNull();
    expect(readDraft("w2", "a/b.py", "h1")).toBeNull();
    expect(readDraft("w1", "b.py", "h1")).toBeNull();
    writeDraft("w1", "a/b.py", "h1", null);
    expect(readDraft("w1", "a/b.py", "h1")).toBeNull();
  });

  it("keep what was there when there is no room, and nothing without a hash", () => {
    writeDraft("w1", "a", "h", "mine");
    writeDraft("w1", "a", "h", "x".repeat((1 << 20) + 1));
    expect(readDraft("w1", "a", "h")).toBe("mine");
    full = true;
    writeDraft("w1", "a", "h", "more");
    expect(readDraft("w1", "a", "h")).toBe("mine");
    full = false;
    writeDraft("w1", "a", null, "mine");
    expect(readDraft("w1", "a", null)).toBeNull();
  });

  it("are gone after signing out, and nothing else is", () => {
    writeDraft("w1", "a", "h", "mine");
    writeDraft("w2", "b", "h", "mine");
    sessionStorage.setItem("other", "stays");
    dropDrafts();
    expect(Object.keys(sessionStorage)).toEqual(["other"]);
  });

  it("harm nothing where storage is closed", () => {
    vi.stubGlobal("sessionStorage", undefined);
    writeDraft("w1", "a", "h", "mine");
    dropDrafts();
    expect(readDraft("w1", "a", "h")).toBeNull();
  });
});
