/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import type { Cell, Output } from "../model/types";
import { Finder, joinTouching, nextHit, NO_QUERY, outputText } from "./find";

const cell = (id: string, source: string, outputs: Output[] = []): Cell => ({ id, kind: "code", source, outputs, count: null, metadata: {} });
const at = (f: Finder, c: Cell): [number, number][] => f.inCell(c).map((h) => [h.from, h.to]);

test("case, word and regular expression", () => {
  const c = cell("a", "Data data dataset");
  expect(at(new Finder({ ...NO_QUERY, text: "data" }), c)).toEqual([[0, 4], [5, 9], [10, 14]]);
  expect(at(new Finder({ ...NO_QUERY, text: "data", matchCase: true }), c)).toEqual([[5, 9], [10, 14]]);
  expect(at(new Finder({ ...NO_QUERY, text: "data", word: true }), c)).toEqual([[0, 4], [5, 9]]);
  expect(at(new Finder({ ...NO_QUERY, text: "d\\w+t", regexp: true, matchCase: true }), c)).toEqual([[5, 8], [10, 17]]);
});

test("what looks like a pattern is plain text unless it is asked to be one", () => {
  const c = cell("a", "x = (a+b)[0] # $");
  expect(at(new Finder({ ...NO_QUERY, text: "(a+b)[0]" }), c)).toEqual([[4, 12]]);
  expect(at(new Finder({ ...NO_QUERY, text: "$" }), c)).toEqual([[15, 16]]);
  expect(at(new Finder({ ...NO_QUERY, text: "ü", word: true }), cell("b", "ü über ü"))).toEqual([[0, 1], [7, 8]]);
});

test("a pattern that is none says why and finds nothing", () => {
  const f = new Finder({ ...NO_QUERY, text: "(", regexp: true });
  expect(f.error).toMatch(/group/i);
  expect(f.all([cell("a", "((((")])).toEqual([]);
});

test("empty matches are no hits and end", () => {
  expect(new Finder({ ...NO_QUERY, text: "x*", regexp: true }).inCell(cell("a", "aaxxa"))).toHaveLength(1);
  expect(new Finder({ ...NO_QUERY, text: "^", regexp: true }).inCell(cell("a", "a\nb"))).toHaveLength(0);
});

test("outputs are searched when asked, and never replaced", () => {
  const c = cell("a", "print('hit')", [{ output_type: "stream", name: "stdout", text: "hit hit\n" }]);
  expect(new Finder({ ...NO_QUERY, text: "hit" }).all([c])).toHaveLength(1);
  const f = new Finder({ ...NO_QUERY, text: "hit", outputs: true });
  expect(f.all([c]).map((h) => h.where)).toEqual(["source", "output", "output"]);
  expect(f.replaceAll([c], "miss")).toEqual({ count: 1, ops: [{ op: "text", id: "a", changes: [{ from: 7, to: 10, insert: "miss" }] }] });
});

test("groups in what replaces", () => {
  const f = new Finder({ ...NO_QUERY, text: "(?<k>\\w)=(\\d)", regexp: true });
  const c = cell("a", "a=1, b=2");
  expect(f.replaceAll([c], "$2=$<k>$$$9").ops).toEqual([{ op: "text", id: "a", changes: [{ from: 0, to: 3, insert: "1=a$$9" }, { from: 5, to: 8, insert: "2=b$$9" }] }]);
  const plain = new Finder({ ...NO_QUERY, text: "a" });
  expect(plain.replaceAll([cell("a", "a")], "$1").ops).toEqual([{ op: "text", id: "a", changes: [{ from: 0, to: 1, insert: "$1" }] }]);
});

test("hits that touch become one change", () => {
  expect(joinTouching([{ from: 0, to: 1, insert: "x" }, { from: 1, to: 2, insert: "y" }, { from: 4, to: 5, insert: "z" }]))
    .toEqual([{ from: 0, to: 2, insert: "xy" }, { from: 4, to: 5, insert: "z" }]);
});

test("a cell that did not change is not searched again", () => {
  const f = new Finder({ ...NO_QUERY, text: "a" });
  const c = cell("a", "aaa");
  expect(f.inCell(c)).toBe(f.inCell(c));
});

test("the next hit goes round", () => {
  const f = new Finder({ ...NO_QUERY, text: "x" });
  const cells = [cell("a", "x x"), cell("b", ""), cell("c", "x")];
  const hits = f.all(cells);
  const order = (id: string): number => cells.findIndex((c) => c.id === id);
  expect(nextHit(hits, order, null, false)).toBe(0);
  expect(nextHit(hits, order, { cell: "a", at: 1 }, false)).toBe(1);
  expect(nextHit(hits, order, { cell: "b", at: 0 }, false)).toBe(2);
  expect(nextHit(hits, order, { cell: "c", at: 1 }, false)).toBe(0);
  expect(nextHit(hits, order, { cell: "a", at: 0 }, true)).toBe(2);
  expect(nextHit(hits, order, { cell: "c", at: 0 }, true)).toBe(1);
  expect(nextHit([], order, null, false)).toBe(-1);
});

test("the text of outputs has an end", () => {
  expect(outputText([{ output_type: "stream", name: "stdout", text: "y".repeat(3_000_000) }])).toHaveLength(1_000_000);
});
