/* SPDX-License-Identifier: Apache-2.0 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { copyCell } from "./cells";
import { NotebookDocument } from "./document";
import { splitLines } from "./lines";
import { NotebookError, readNotebook } from "./nbformat";
import { writeNotebook } from "./nbwrite";
import { dice, sample } from "./samples";
import { sha256 } from "./sha256";
import type { Op } from "./types";

function open(text: string) {
  const read = readNotebook(text), doc = new NotebookDocument("x.ipynb", read.cells, read.metadata);
  return { read, doc, write: () => writeNotebook(read.form, doc.cells, doc.metadata), apply: (...ops: Op[]) => doc.apply(ops, { origin: "user" }) };
}

const refusal = (text: string) => {
  try {
    readNotebook(text);
  } catch (e) {
    return (e as NotebookError).what;
  }
  return null;
};

describe("a notebook's bytes", () => {
  it("stay when nothing changed", () => {
    const n = open(sample);
    expect(n.write()).toBe(sample);
    expect(n.doc.cells.map((c) => [c.id, c.kind, c.source.length > 0])).toEqual([["intro", "markdown", true], ["code-1", "code", true], ["raw_1", "raw", false]]);
    expect(n.doc.cells[1]!.outputs[0]).toEqual({ output_type: "stream", name: "stdout", text: "one\ntwo\n" });
    expect(n.write()).toBe(sample);
  });

  it("stay in all that an edit does not touch", () => {
    const n = open(sample);
    n.apply({ op: "text", id: "code-1", changes: [{ from: 0, to: 0, insert: "# new\n" }] });
    expect(n.write()).toBe(sample.replace(`"source": [\n    "print('one')\\n",`, `"source": [\n    "# new\\n",\n    "print('one')\\n",`));
    n.doc.undo();
    expect(n.write()).toBe(sample);
  });

  it("number forms stay in metadata and outputs beside a change", () => {
    const n = open(sample);
    n.apply(
      { op: "metadata", id: null, metadata: { ...n.doc.metadata, added: true } },
      { op: "metadata", id: "intro", metadata: { ...n.doc.get("intro")!.metadata, tags: ["b"] } },
      { op: "append", id: "code-1", output: { output_type: "stream", name: "stderr", text: "e" } },
    );
    const text = n.write();
    expect(text).toContain(`"own": 2.50`);
    expect(text).toContain(`"x": 1.0`);
    expect(text).toContain(`"big": 12345678901234567890,\n       "one": 1.0`);
    expect(text).toContain(`"own": {"kept": 1e3}`);
    expect(JSON.parse(text).metadata.added).toBe(true);
    expect(JSON.parse(text).cells[1].outputs).toHaveLength(3);
  });

  it("new cells look as nbformat writes them", () => {
    const n = open(sample), cell = { ...n.doc.newCell("code", "a\nb"), id: "fresh001" };
    n.apply({ op: "insert", at: 3, cell });
    const piece = `{\n   "cell_type": "code",\n   "execution_count": null,\n   "id": "fresh001",\n   "metadata": {},\n   "outputs": [],\n   "source": [\n    "a\\n",\n    "b"\n   ]\n  }`;
    expect(n.write()).toBe(sample.replace(`"source": []\n  }\n ]`, `"source": []\n  },\n  ${piece}\n ]`));
  });

  it("an empty list takes cells and gives them back", () => {
    const empty = `{\n "cells": [],\n "metadata": {},\n "nbformat": 4,\n "nbformat_minor": 5\n}\n`, n = open(empty);
    n.apply({ op: "insert", at: 0, cell: n.doc.newCell("markdown", "x") });
    expect(JSON.parse(n.write()).cells[0].source).toEqual(["x"]);
    n.doc.undo();
    expect(n.write()).toBe(empty);
  });

  it("formats before 4.5 get no ids, and the same ones at each reading", () => {
    const old = sample.replace('"nbformat_minor": 5', '"nbformat_minor": 2').replace(/ {3}"id": .*\n/g, "");
    const n = open(old), again = open(old);
    expect(n.doc.cells.map((c) => c.id)).toEqual(again.doc.cells.map((c) => c.id));
    expect(new Set(n.doc.cells.map((c) => c.id)).size).toBe(3);
    n.apply({ op: "insert", at: 0, cell: n.doc.newCell("code", "1") }, { op: "text", id: n.doc.cells[2]!.id, changes: [{ from: 0, to: 0, insert: "z" }] });
    expect(n.write()).not.toContain('"id"');
  });

  it("an id that can't stay is mended, and only that", () => {
    const n = open(sample.replace('"raw_1"', '"intro"')), ids = n.doc.cells.map((c) => c.id);
    expect(new Set(ids).size).toBe(3);
    n.apply({ op: "text", id: "code-1", changes: [{ from: 0, to: 0, insert: " " }] });
    expect(JSON.parse(n.write()).cells.map((c: { id: string }) => c.id)).toEqual(ids);
    const huge = open(sample.replace('"raw_1"', JSON.stringify("i".repeat(1 << 20))));
    expect(huge.doc.cells[2]!.id).toHaveLength(8);
  });

  it("code that becomes text loses its outputs, and undo brings them back", () => {
    const n = open(sample);
    n.apply({ op: "kind", id: "code-1", kind: "markdown" });
    const cell = JSON.parse(n.write()).cells[1];
    expect(Object.keys(cell)).toEqual(["cell_type", "id", "metadata", "own", "source"]);
    n.doc.undo();
    expect(n.write()).toBe(sample);
  });

  it("what a cell of its kind may not have stays with it", () => {
    const odd = sample.replace('"id": "raw_1",', '"id": "raw_1",\n   "outputs": [{"output_type": "stream", "name": "stdout", "text": "kept", "own": 1.0}],\n   "execution_count": 7,\n   "mine": 2.50,')
      .replace('"id": "code-1",', '"id": "code-1",\n   "attachments": {"a.png": {"image/png": "AAAA"}},');
    const n = open(odd);
    n.apply({ op: "text", id: "raw_1", changes: [{ from: 0, to: 0, insert: "x" }] }, { op: "text", id: "code-1", changes: [{ from: 0, to: 0, insert: "y" }] });
    const text = n.write();
    for (const piece of ['"outputs": [{"output_type": "stream", "name": "stdout", "text": "kept", "own": 1.0}]', '"execution_count": 7', '"mine": 2.50', '"attachments": {"a.png": {"image/png": "AAAA"}}']) expect(text).toContain(piece);
    n.doc.undo();
    expect(n.write()).toBe(odd);
    n.apply({ op: "kind", id: "raw_1", kind: "markdown" });
    expect(Object.keys(JSON.parse(n.write()).cells[2])).toEqual(["cell_type", "id", "mine", "metadata", "source"]);
  });

  it("a copy has all that the cell has, but the id", () => {
    const n = open(sample), old = open(sample.replace('"nbformat_minor": 5', '"nbformat_minor": 2').replace(/ {3}"id": .*\n/g, ""));
    const copy = copyCell(n.doc.get("code-1")!, { id: "other001" });
    n.apply({ op: "insert", at: 3, cell: copy });
    const [was, is] = [1, 3].map((i) => JSON.parse(n.write()).cells[i]);
    expect(is).toEqual({ ...was, id: "other001" });
    old.apply({ op: "insert", at: 0, cell: copy });
    expect(old.write()).not.toContain('"id"');
  });

  it("one line stays one line", () => {
    const flat = JSON.stringify(JSON.parse(sample.replace("12345678901234567890", "1")));
    const n = open(flat);
    expect(n.write()).toBe(flat);
    n.apply({ op: "text", id: "raw_1", changes: [{ from: 0, to: 0, insert: "x" }] });
    expect(n.write().split("\n")).toHaveLength(1);
    expect(JSON.parse(n.write()).cells[2].source).toEqual(["x"]);
  });

  it("takes Python's NaN", () => {
    const n = open(sample.replace('"one": 1.0', '"one": NaN'));
    expect(n.doc.cells[1]!.outputs[1]).toMatchObject({ data: { "application/json": { one: null } } });
    n.apply({ op: "text", id: "intro", changes: [{ from: 0, to: 1, insert: "" }] });
    expect(n.write()).toContain('"one": NaN');
  });
});

describe("what is no notebook", () => {
  it("says what is wrong", () => {
    expect(refusal("{")).toEqual({ kind: "json", why: "the text ends too early, line 1, column 2" });
    expect(refusal(sample.replace('"id": "intro",', '"id": "intro"'))).toMatchObject({ kind: "json", why: expect.stringContaining("line 6") });
    expect(refusal("[]")).toEqual({ kind: "shape", why: "it is no object" });
    expect(refusal("{}")).toEqual({ kind: "shape", why: "it has no nbformat number" });
    expect(refusal('{"nbformat": 4}')).toEqual({ kind: "shape", why: "it has no list of cells" });
    expect(refusal('{"nbformat": 4, "cells": {}}')).toEqual({ kind: "shape", why: "its cells are no list" });
    expect(refusal('{"nbformat": 3, "nbformat_minor": 0, "worksheets": []}')).toEqual({ kind: "old", version: "3.0" });
    expect(refusal('{"nbformat": 5, "cells": []}')).toEqual({ kind: "new", version: "5.0" });
    expect(refusal("[".repeat(100_000))).toMatchObject({ kind: "json" });
  });

  it("odd cells are shown, and stay as they are", () => {
    const odd = `{"nbformat": 4, "nbformat_minor": 5, "metadata": 7, "cells": [5, {"cell_type": "heading", "source": 3}, {"cell_type": "code", "outputs": [{"output_type": "pyout"}, 1], "__proto__": {"a": 1}}]}`;
    const n = open(odd);
    expect(n.doc.cells.map((c) => c.kind)).toEqual(["raw", "raw", "code"]);
    expect(n.doc.cells[2]!.outputs).toHaveLength(2);
    expect(({} as { a?: number }).a).toBeUndefined();
  });
});

describe("large notebooks", () => {
  it("10,000 cells and 100 MB of outputs are read without looking into the outputs", () => {
    const image = "A".repeat(1 << 20);
    const cell = (i: number) => `{"cell_type": "code", "execution_count": ${i}, "id": "c${i}", "metadata": {}, "outputs": [${i % 100 ? "" : `{"output_type": "display_data", "data": {"image/png": "${image}"}, "metadata": {}}`}], "source": ["x = ${i}"]}`;
    const text = `{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [${Array.from({ length: 10_000 }, (_, i) => cell(i)).join(", ")}]}`;
    expect(text.length).toBeGreaterThan(100 << 20);
    const n = open(text);
    n.apply({ op: "text", id: "c5000", changes: [{ from: 0, to: 1, insert: "y" }] });
    const out = n.write();
    expect(out.length).toBe(text.length);
    expect(out.includes('"y = 5000"')).toBe(true);
  });
});

describe("parts", () => {
  it("lines are Python's", () => {
    expect(splitLines("a\r\nb\rc\x0bd\u2028e\x1cf\n\n")).toEqual(["a\r\n", "b\r", "c\x0b", "d\u2028", "e\x1c", "f\n", "\n"]);
    expect(splitLines("")).toEqual([]);
  });
  it("sha256 is sha256", () => {
    const roll = dice(5);
    for (const n of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
      const text = Array.from({ length: n }, () => String.fromCharCode(32 + roll(500))).join("");
      expect(sha256(text)).toBe(createHash("sha256").update(text).digest("hex"));
    }
  });
});
