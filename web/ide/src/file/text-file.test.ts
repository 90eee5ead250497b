/* SPDX-License-Identifier: Apache-2.0 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as contents from "./contents";
import * as drafts from "./drafts";
import { TextDocument } from "./text-file";
import { textIn, textOut } from "./text-form";

vi.mock("./contents", async (original) => ({ ...(await original<typeof contents>()), writeText: vi.fn() }));
vi.mock("./drafts", () => ({ tab: "me", keep: vi.fn(async () => true), drop: vi.fn() }));

describe("drafts of one text", () => {
  beforeAll(() => {
    vi.stubGlobal("addEventListener", () => undefined);
    vi.stubGlobal("removeEventListener", () => undefined);
    vi.stubGlobal("document", { addEventListener: () => undefined, removeEventListener: () => undefined, hidden: false });
  });
  afterAll(() => void vi.unstubAllGlobals());

  it("those that fit are brought together, one that does not stays where it is", async () => {
    const about = { name: "text", path: "text", type: "file" as const, last_modified: "", created: "then", size: 4, writable: true, mimetype: null };
    vi.mocked(contents.writeText).mockResolvedValue({ ...about, hash: "new" });
    const draft = (tab: string, mine: string): drafts.Draft => ({ path: "text", tab, at: 0, hash: "h", data: { base: "a\nb\nc\n", mine } });
    const file = new TextDocument({ ...about, content: "a\nb\nc\n", hash: "h" }, [draft("me", "A\nb\nc\n"), draft("gone", "X\nb\nc\n"), draft("other", "a\nb\nC\n")]);
    expect(file.text).toBe("A\nb\nC\n");
    await file.flush();
    expect(file.save.state).toBe("saved");
    expect(vi.mocked(drafts.drop).mock.calls.map(([owner]) => owner)).toEqual(["me", "other"]);
    await file.close();
  });
});

describe("a text's form", () => {
  it.each(["", "a", "a\nb\n", "a\r\nb\r\n", "a\r\nb\n", "\ufeffa\r\n", "\r\n", "a\rb\r\n", "\n\r\n"])("%j is written as it was read", (raw) => {
    const { text, form } = textIn(raw);
    expect(textOut(text, form)).toBe(raw);
  });
  it("lines that all end in CRLF are shown with LF", () => {
    expect(textIn("a\r\nb\r\n")).toEqual({ text: "a\nb\n", form: { crlf: true, bom: false } });
    expect(textIn("a\r\nb\n").form.crlf).toBe(false);
  });
});
