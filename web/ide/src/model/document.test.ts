/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { NotebookDocument } from "./document";
import { readNotebook } from "./nbformat";
import { writeNotebook } from "./nbwrite";
import { dice, sample } from "./samples";
import type { CellKind, Op, Output } from "./types";

const kinds: CellKind[] = ["code", "markdown", "raw"];

function randomOp(doc: NotebookDocument, roll: (n: number) => number): Op {
  const cell = doc.cells[roll(Math.max(1, doc.cells.length))];
  if (!cell || roll(8) === 0) return { op: "insert", at: roll(doc.cells.length + 1), cell: doc.newCell(kinds[roll(3)]!, "new\n".repeat(roll(3))) };
  const output: Output = { output_type: "stream", name: roll(2) ? "stdout" : "stderr", text: `line ${roll(100)}\n` };
  switch (roll(7)) {
    case 0:
      return { op: "remove", id: cell.id };
    case 1:
      return { op: "move", id: cell.id, to: roll(doc.cells.length) };
    case 2:
      return { op: "kind", id: cell.id, kind: kinds[roll(3)]! };
    case 3:
      return cell.kind === "code" ? { op: "append", id: cell.id, output } : { op: "metadata", id: cell.id, metadata: { n: roll(9) } };
    case 4:
      return { op: "metadata", id: roll(2) ? cell.id : null, metadata: { n: roll(9) } };
    case 5:
      return cell.kind === "code" ? { op: "outputs", id: cell.id, outputs: [output] } : { op: "remove", id: cell.id };
    default: {
      const from = roll(cell.source.length + 1), to = from + roll(cell.source.length - from + 1);
      return { op: "text", id: cell.id, changes: [{ from, to, insert: "abc\n".slice(roll(4)) }] };
    }
  }
}

const opened = (text = sample) => {
  const read = readNotebook(text);
  return { read, doc: new NotebookDocument("x", read.cells, read.metadata) };
};

describe("operations", () => {
  it("random ones and their undoing give the start again, byte for byte; redo gives the end", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { read, doc } = opened(), roll = dice(seed * 7919), n = 1 + roll(60);
      for (let i = 0; i < n; i++) doc.apply([randomOp(doc, roll)], { origin: "user" });
      const end = writeNotebook(read.form, doc.cells, doc.metadata);
      expect(() => JSON.parse(end), `seed ${seed}`).not.toThrow();
      while (doc.canUndo) doc.undo();
      expect(writeNotebook(read.form, doc.cells, doc.metadata), `seed ${seed}`).toBe(sample);
      while (doc.canRedo) doc.redo();
      expect(writeNotebook(read.form, doc.cells, doc.metadata), `seed ${seed}`).toBe(end);
    }
  });

  it("what was written and read again is the same notebook", () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { read, doc } = opened(), roll = dice(seed * 104729);
      for (let i = 0; i < 40; i++) doc.apply([randomOp(doc, roll)], { origin: "user" });
      const again = opened(writeNotebook(read.form, doc.cells, doc.metadata)).doc;
      const plain = (d: NotebookDocument) => d.cells.map((c) => ({ id: c.id, kind: c.kind, source: c.source, count: c.count, outputs: c.outputs, metadata: c.metadata }));
      expect(plain(again), `seed ${seed}`).toEqual(plain(doc));
    }
  });

  it("are done all or none", () => {
    const { doc } = opened(), before = doc.cells;
    expect(() => doc.apply([{ op: "remove", id: "intro" }, { op: "remove", id: "nobody" }], { origin: "user" })).toThrow("nobody");
    expect(doc.cells).toBe(before);
    expect(doc.canUndo).toBe(false);
  });

  it("one that did not change is the same object, and the change says which did", () => {
    const { doc } = opened(), before = doc.cells;
    let touched: string[] = [];
    doc.watch((c) => (touched = [...c.touched]));
    doc.apply([{ op: "count", id: "code-1", count: 9 }], { origin: "kernel" });
    expect(touched).toEqual(["code-1"]);
    expect([doc.cells[0] === before[0], doc.cells[1] === before[1]]).toEqual([true, false]);
    expect(doc.canUndo).toBe(false);
  });

  it("typing in one cell is one step, and the selection comes back", () => {
    const { doc } = opened(), at = { cell: "raw_1", anchor: 0, head: 0 };
    for (let i = 0; i < 5; i++) doc.apply([{ op: "text", id: "raw_1", changes: [{ from: i, to: i, insert: "x" }] }], { origin: "user", join: "type:raw_1", selection: at });
    expect(doc.get("raw_1")!.source).toBe("xxxxx");
    expect(doc.undo()).toEqual(at);
    expect([doc.get("raw_1")!.source, doc.canUndo]).toEqual(["", false]);
  });

  it("outputs of the kernel stay when a text is undone; a cell that the file took away is passed over", () => {
    const { doc } = opened();
    doc.apply([{ op: "text", id: "code-1", changes: [{ from: 0, to: 0, insert: "a" }] }], { origin: "user" });
    doc.apply([{ op: "append", id: "code-1", output: { output_type: "stream", name: "stderr", text: "e" } }], { origin: "kernel" });
    doc.undo();
    expect(doc.get("code-1")!.outputs).toHaveLength(3);
    doc.apply([{ op: "metadata", id: "intro", metadata: {} }], { origin: "user" });
    doc.apply([{ op: "remove", id: "intro" }], { origin: "file" });
    doc.undo();
    expect(doc.get("intro")).toBeUndefined();
  });

  it("undo takes away no cell that holds what somebody else wrote, or the rest of a text that it can't give back", () => {
    const { doc } = opened();
    const mine = doc.newCell("code", "mine"), type = (id: string, insert: string) => ({ op: "text" as const, id, changes: [{ from: 0, to: 0, insert }] });
    doc.apply([{ op: "insert", at: 0, cell: mine }], { origin: "user" });
    doc.apply([type(mine.id, "theirs, ")], { origin: "file" });
    expect(doc.canUndo).toBe(false);
    expect(doc.get(mine.id)!.source).toBe("theirs, mine");

    const [first, rest] = [doc.newCell("code", "one\ntwo"), doc.newCell("code", "two")];
    doc.apply([{ op: "insert", at: 0, cell: first }], { origin: "kernel" });
    doc.apply([{ op: "text", id: first.id, changes: [{ from: 3, to: 7, insert: "" }] }, { op: "insert", at: 1, cell: rest }], { origin: "user" });
    doc.apply([type(first.id, "# ")], { origin: "file" });
    while (doc.canUndo) doc.undo();
    expect([doc.get(first.id)?.source, doc.get(rest.id)?.source]).toEqual(["# one", "two"]);
  });

  it("attachments are changed and changed back", () => {
    const { read, doc } = opened(), intro = doc.get("intro")!;
    doc.apply([{ op: "attachments", id: "intro", attachments: { "p.png": { "image/png": "AA==" } } }], { origin: "user" });
    expect(writeNotebook(read.form, doc.cells, doc.metadata)).toContain("AA==");
    doc.undo();
    expect(doc.get("intro")!.attachments).toBe(intro.attachments);
    expect(writeNotebook(read.form, doc.cells, doc.metadata)).toBe(sample);
  });
});
