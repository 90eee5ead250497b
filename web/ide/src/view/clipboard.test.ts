/* SPDX-License-Identifier: Apache-2.0 */
import { expect, it } from "vitest";
import { readNotebook } from "../model/nbformat";
import { sample } from "../model/samples";
import { cellsOf, textOf } from "./clipboard";

it("cells come out of a clipboard as they went in", () => {
  const { cells } = readNotebook(sample), text = textOf(cells);
  expect(JSON.parse(text)).toHaveLength(cells.length);
  const back = cellsOf(text);
  expect(back.map((c) => [c.kind, c.source, c.metadata, c.outputs])).toEqual(cells.map((c) => [c.kind, c.source, c.metadata, c.outputs]));
  expect(textOf(back)).toContain("12345678901234567890");
  const made = { id: "n", kind: "markdown" as const, source: "a\nb", outputs: [], count: null, metadata: { tags: ["x"] } };
  expect(JSON.parse(textOf([made]))).toEqual([{ cell_type: "markdown", id: "n", metadata: { tags: ["x"] }, source: ["a\n", "b"] }]);
});

it("what is no list of cells is none", () => {
  for (const text of ["", "x = 1", "[1, 2]", "[{}]", "[{]", '[{"a": 1}]', "[{", '{"cells": []}', `[${'{"cell_type":"raw"},'.repeat(10_000)}{"cell_type":"raw"}]`, `[${"[".repeat(10_000)}`]) expect(cellsOf(text)).toEqual([]);
  expect(cellsOf('[{"cell_type": "code", "source": "x"}]')).toMatchObject([{ kind: "code", source: "x", outputs: [] }]);
});

it("nothing gets out of the list", () => {
  expect(cellsOf('[{"cell_type": "code", "source": "x"}], "metadata": {"a": [1]}')).toHaveLength(0);
});
