/* SPDX-License-Identifier: Apache-2.0 */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Cell } from "../model/types";
import * as contents from "./contents";
import { NotebookFile, merging } from "./notebook-file";

vi.mock("./contents", async (original) => ({ ...(await original<typeof contents>()), writeText: vi.fn() }));
vi.mock("./drafts", () => ({ tab: "me", keep: vi.fn(async () => true), drop: vi.fn() }));

beforeAll(() => {
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
  vi.stubGlobal("document", { addEventListener: () => undefined, removeEventListener: () => undefined, hidden: false });
});
afterAll(() => void vi.unstubAllGlobals());

it("who takes theirs takes their pictures", async () => {
  const about = { name: "n.ipynb", path: "n.ipynb", type: "file" as const, last_modified: "", created: "then", size: 4, writable: true, mimetype: null };
  vi.mocked(contents.writeText).mockResolvedValue({ ...about, hash: "new" });
  const cell = (source: string, picture: string): Cell => ({ id: "a", kind: "markdown", source, outputs: [], count: null, metadata: {}, attachments: { p: { "image/png": picture } } });
  const content = JSON.stringify({ cells: [{ attachments: { p: { "image/png": "theirs" } }, cell_type: "markdown", id: "a", metadata: {}, source: "theirs" }], metadata: {}, nbformat: 4, nbformat_minor: 5 });
  await merging.get();
  const data = { order: { base: ["a"], mine: ["a"] }, base: [cell("base", "base")], mine: [cell("mine", "mine")], metadata: null };
  const file = new NotebookFile({ ...about, content, hash: "h" }, [{ path: "n.ipynb", tab: "me", at: 0, hash: "old", data }]);
  expect(file.conflicts.map((c) => c.id)).toEqual(["a"]);
  expect(file.model.get("a")).toMatchObject({ source: "mine", attachments: { p: { "image/png": "mine" } } });
  await file.resolve(new Map([["a", { take: "theirs" }]]));
  expect(file.model.get("a")).toMatchObject({ source: "theirs", attachments: { p: { "image/png": "theirs" } } });
  expect(JSON.parse(vi.mocked(contents.writeText).mock.calls.at(-1)![1])).toEqual(JSON.parse(content));
  await file.close();
});
