/* SPDX-License-Identifier: Apache-2.0 */
import { expect, it } from "vitest";
import type { TextFile } from "./contents";
import type { Draft } from "./drafts";
import { isOf } from "./kinship";

const file = (content: string, hash = "h", created = "then"): TextFile => ({ name: "x", path: "x", type: "file", last_modified: "", created, size: content.length, writable: true, mimetype: null, content, hash });
const draft = (data: unknown, more: Partial<Draft> = {}): Draft => ({ path: "x", tab: "t", at: 0, hash: "h", made: "then", data, ...more });
const cell = (id: string, source: string): object => ({ id, kind: "code", source, outputs: [], count: null, metadata: {} });
const book = (minor: number, ...cells: [string, string][]): string =>
  JSON.stringify({ cells: cells.map(([id, source]) => ({ cell_type: "code", ...(minor > 4 ? { id } : {}), metadata: {}, outputs: [], execution_count: null, source })), metadata: {}, nbformat: 4, nbformat_minor: minor });

it("a text's draft is of the file that it was made from, or of one with a line of it", () => {
  const empty = draft({ base: "", mine: "typed" });
  expect(isOf(empty, file(""), false)).toBe(true);
  expect(isOf(empty, file("", "h", "later"), false)).toBe(false); /* made anew, and as empty */
  expect(isOf(draft({ base: "a\n  b\n", mine: "" }), file("\n\tb\r\nc", "other", "later"), false)).toBe(true);
  expect(isOf(draft({ base: "a\n\nb", mine: "" }), file("\n\nc", "other", "later"), false)).toBe(false);
  expect(isOf(draft({ base: "", mine: "x" }, { made: undefined }), file(""), false)).toBe(false);
});

it("a notebook's is of one with a cell of it, by its id or its words", () => {
  const d = draft({ order: { base: ["one"], mine: ["one"] }, base: [cell("one", "x = 1")], mine: [cell("one", "x = 2")], metadata: null }, { hash: "old" });
  expect(isOf(d, file(book(5, ["one", "y"])), true)).toBe(true);
  expect(isOf(d, file(book(5, ["two", "x = 1"])), true)).toBe(true);
  expect(isOf(d, file(book(5, ["two", ""])), true)).toBe(false);
  expect(isOf(d, file(book(4, ["", "x = 1"], ["", ""])), true)).toBe(true);
  expect(isOf(d, file(book(4, ["", ""])), true)).toBe(false);
  expect(isOf({ ...d, hash: "h" }, file(book(4, ["", ""])), true)).toBe(true);
});
