/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import type { Cell, CellKind } from "../model/types";
import { COLLAPSED, headingsOf, hiddenCells, outline } from "./headings";

let n = 0;
const cell = (kind: CellKind, source: string, collapsed = false): Cell => ({
  id: `c${n++}`, kind, source, outputs: [], count: null, metadata: collapsed ? { [COLLAPSED]: true } : {},
});
const texts = (source: string): [number, string][] => headingsOf(cell("markdown", source)).map((h) => [h.level, h.text]);

test("both forms of headings, without their marks", () => {
  expect(texts("# One\ntext\n### Three ###\nUnder\n=====\nsub\n---")).toEqual([[1, "One"], [3, "Three"], [1, "Under"], [2, "sub"]]);
  expect(texts("## **Bold** `code` [a link](http://x) ![i](y)")).toEqual([[2, "Bold code a link i"]]);
  expect(texts("#hash\n####### seven\n    # indented\n#")).toEqual([]);
});

test("what is in a fence is no heading", () => {
  expect(texts("```\n# no\n```\n# yes\n~~~~\n# no\n~~~\n# no")).toEqual([[1, "yes"]]);
});

test("a list, a table or a rule is no heading", () => {
  expect(texts("- a\n- b\n---\n| a |\n|---|\ntext\n\n---")).toEqual([]);
});

test("code and raw cells have none", () => {
  expect(headingsOf(cell("code", "# a comment"))).toEqual([]);
  expect(headingsOf(cell("raw", "# raw"))).toEqual([]);
});

test("a collapsed section hides to the next heading of its level or above", () => {
  const cells = [cell("markdown", "# A"), cell("markdown", "## B", true), cell("code", "1"), cell("markdown", "### C"), cell("code", "2"),
    cell("markdown", "## D"), cell("code", "3")];
  expect([...hiddenCells(cells).keys()]).toEqual([cells[2]!.id, cells[3]!.id, cells[4]!.id]);
  expect(new Set(hiddenCells(cells).values())).toEqual(new Set([cells[1]!.id]));
});

test("only a heading at the start of a cell makes a section", () => {
  const cells = [cell("markdown", "text\n# later", true), cell("code", "1")];
  expect(hiddenCells(cells).size).toBe(0);
  expect(outline(cells)[0]).toMatchObject({ text: "later", canCollapse: false, collapsed: false });
});

test("the outline knows the code of each section", () => {
  const cells = [cell("code", "0"), cell("markdown", "# A"), cell("code", "1"), cell("code", "2"), cell("markdown", "# B\n## B2"), cell("code", "3")];
  expect(outline(cells).map((o) => [o.text, o.cells])).toEqual([["A", [cells[2]!.id, cells[3]!.id]], ["B", []], ["B2", [cells[5]!.id]]]);
});
