/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import { NotebookDocument } from "../model/document";
import type { Cell, CellKind, Op } from "../model/types";
import { changeKind, fold, heading, insertAt, isFolded, merge, moveBy, moveTo, paste, remove, split } from "./edits";
import { COLLAPSED, hiddenCells } from "./headings";

const cell = (id: string, source = "", kind: CellKind = "code", metadata: Cell["metadata"] = {}): Cell => ({ id, kind, source, outputs: [], count: null, metadata });
const doc = (...cells: (string | Cell)[]): NotebookDocument => new NotebookDocument("n.ipynb", cells.map((c) => (typeof c === "string" ? cell(c, c) : c)), {});
const order = (d: NotebookDocument): string => d.cells.map((c) => c.id).join("");
const does = (d: NotebookDocument, ops: readonly Op[]): NotebookDocument => {
  d.apply(ops, { origin: "user" });
  return d;
};

test("each move brings the block where it belongs, and one undo brings it back", () => {
  const all = "abcdef";
  for (let from = 0; from < 6; from++)
    for (let to = from + 1; to <= 6; to++)
      for (let at = 0; at <= 6; at++) {
        const d = doc(...all);
        const block = all.slice(from, to);
        const rest = [...all].filter((c) => !block.includes(c));
        const before = [...all.slice(0, at)].filter((c) => !block.includes(c)).length;
        const ops = moveTo(d, [...block], at);
        if (ops.length) does(d, ops);
        expect(order(d)).toBe(rest.slice(0, before).join("") + block + rest.slice(before).join(""));
        if (ops.length) d.undo();
        expect(order(d)).toBe(all);
      }
});

test("a step up or down stays inside and passes what a heading hides", () => {
  const d = doc("a", "b", cell("h", "# H", "markdown", { [COLLAPSED]: true }), "x", "y");
  expect(moveBy(d, ["a"], -1, new Map())).toEqual([]);
  expect(order(does(d, moveBy(d, ["b"], 1, hiddenCells(d.cells))))).toBe("ahxyb");
  expect(moveBy(d, ["b"], 1, new Map())).toEqual([]);
  expect(order(does(d, moveBy(d, ["b"], -1, new Map())))).toBe("ahxby");
});

test("the last cell that is deleted leaves an empty one", () => {
  const d = doc("a", "b");
  const e = remove(d, ["a", "b"]);
  does(d, e.ops);
  expect(d.cells).toHaveLength(1);
  expect(d.cells[0]).toMatchObject({ id: e.active, kind: "code", source: "" });
  d.undo();
  expect(order(d)).toBe("ab");
});

test("a cell that may not be deleted stays", () => {
  const d = doc("a", cell("b", "b", "code", { deletable: false }), "c");
  const e = remove(d, ["b", "c"]);
  expect(order(does(d, e.ops))).toBe("ab");
  expect(e.active).toBe("b");
});

test("pasted cells are new ones, in order", () => {
  const d = doc("a", "b");
  const e = paste(d, 1, [cell("a", "1"), cell("a", "2")]);
  does(d, e.ops);
  expect(d.cells.map((c) => c.source)).toEqual(["a", "1", "2", "b"]);
  expect(new Set(d.cells.map((c) => c.id)).size).toBe(4);
  expect([e.anchor, e.active]).toEqual([d.cells[1]!.id, d.cells[2]!.id]);
});

test("split at cursors loses nothing but the line ends between", () => {
  const d = doc(cell("a", "one\ntwo\nthree"));
  const e = split(d, "a", [8, 4, 4]);
  does(d, e.ops);
  expect(d.cells.map((c) => c.source)).toEqual(["one", "two", "three"]);
  expect(e.active).toBe(d.cells[2]!.id);
  d.undo();
  expect(d.cells.map((c) => c.source)).toEqual(["one\ntwo\nthree"]);
  expect(split(d, "a", [0]).ops).toEqual([]);
  does(d, split(d, "a", [5]).ops);
  expect(d.cells.map((c) => c.source)).toEqual(["one\nt", "wo\nthree"]);
});

test("merge joins the selected, or with the next one", () => {
  const d = doc("a", "b", "c");
  does(d, merge(d, ["a", "b", "c"]).ops);
  expect(d.cells.map((c) => c.source)).toEqual(["a\nb\nc"]);
  d.undo();
  does(d, merge(d, ["b"]).ops);
  expect(d.cells.map((c) => c.source)).toEqual(["a", "b\nc"]);
  expect(merge(d, ["b"]).ops).toEqual([]);
});

test("merged text cells keep their pictures", () => {
  const d = doc(cell("a", "x", "markdown"), { ...cell("b", "![](attachment:p.png)", "markdown"), attachments: { "p.png": { "image/png": "AA==" } } });
  const e = merge(d, ["a", "b"]);
  does(d, e.ops);
  expect(d.cells).toHaveLength(1);
  expect(d.cells[0]).toMatchObject({ id: e.active, source: "x\n\n![](attachment:p.png)", attachments: { "p.png": { "image/png": "AA==" } } });
});

test("headings and kinds", () => {
  const d = doc("title", cell("m", "### old", "markdown"));
  does(d, heading(d, ["title", "m"], 2));
  expect(d.cells.map((c) => [c.kind, c.source])).toEqual([["markdown", "## title"], ["markdown", "## old"]]);
  expect(changeKind(d, ["m"], "markdown")).toEqual([]);
});

test("folds as JupyterLab writes them, and back without a trace", () => {
  const d = doc(cell("a", "", "code", { tags: ["x"] }));
  does(d, fold(d, ["a"], "outputs"));
  expect(d.cells[0]!.metadata).toEqual({ tags: ["x"], collapsed: true, jupyter: { outputs_hidden: true } });
  does(d, fold(d, ["a"], "source"));
  expect(isFolded(d.cells[0]!, "source")).toBe(true);
  does(d, fold(d, ["a"], "outputs"));
  expect(d.cells[0]!.metadata).toEqual({ tags: ["x"], jupyter: { source_hidden: true } });
  does(d, fold(d, ["a"], "source"));
  expect(d.cells[0]!.metadata).toEqual({ tags: ["x"] });
});

test("an inserted cell is the active one", () => {
  const d = doc("a");
  const e = insertAt(d, 0, "markdown", "# x");
  does(d, e.ops);
  expect(d.cells[0]).toMatchObject({ id: e.active, kind: "markdown", source: "# x" });
});
