/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import type { Op, Output } from "../model/types";
import { CellOutputs } from "./collect";
import { StreamText } from "./stream";

const out = (text: string, name = "stdout"): { output_type: string; name: string; text: string } => ({ output_type: "stream", name, text });

/* What a document makes of the operations. */
function applied(before: readonly Output[], ops: Op[]): Output[] {
  let list = [...before];
  for (const op of ops) {
    if (op.op === "outputs") list = [...op.outputs];
    if (op.op !== "append") continue;
    const last = list.at(-1);
    const { output } = op;
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
      list[list.length - 1] = { ...last, text: last.text + output.text };
    } else {
      list.push(output);
    }
  }
  return list;
}

function fixture(start: Output[] = []): { cell: CellOutputs; doc: () => Output[]; ops: Op[][]; asked: () => number } {
  let asked = 0;
  const cell = new CellOutputs("c", { ask: () => asked++ }, start);
  let list = [...start];
  const ops: Op[][] = [];
  const doc = (): Output[] => {
    const batch = cell.take();
    ops.push(batch);
    return (list = applied(list, batch));
  };
  return { cell, doc, ops, asked: () => asked };
}

describe("a stream's text", () => {
  it("carries out carriage returns and backspaces as a terminal's line", () => {
    const s = new StreamText();
    expect(s.write("10%")).toBe("10%");
    expect(s.write("\r20%")).toBeNull();
    expect(s.write("\r100%\ndone")).toBeNull();
    expect(s.text).toBe("100%\ndone");
    expect(s.write("abc\b\bX")).toBe("aX");
    expect(s.text).toBe("100%\ndoneaX");
    expect(s.write("\n")).toBe("\n");
  });
});

describe("what a cell puts out", () => {
  it("between two frames is one operation", () => {
    const { cell, doc, ops } = fixture();
    for (let i = 0; i < 1000; i++) cell.add(out(`${i}\n`));
    doc();
    expect(ops[0]).toHaveLength(1);
    for (let i = 0; i < 1000; i++) cell.add(out("x"));
    expect(doc()[0]).toMatchObject({ text: expect.stringMatching(/^0\n1\n[^]*999\nx{1000}$/) });
    expect(ops[1]).toEqual([{ op: "append", id: "c", output: { output_type: "stream", name: "stdout", text: "x".repeat(1000) } }]);
    expect(cell.take()).toEqual([]);
  });

  it("is the same in the document, in whatever pieces it is taken", () => {
    const calls: ((c: CellOutputs) => void)[] = [
      (c) => c.add(out("a\n")),
      (c) => c.add(out("b")),
      (c) => c.add(out("\rB\n")),
      (c) => c.add(out("warn\n", "stderr")),
      (c) => c.add({ output_type: "display_data", data: { "text/plain": ["x", "y"] }, metadata: {} }),
      (c) => c.add(out("after")),
      (c) => c.set(2, { output_type: "display_data", data: { "text/plain": "z" }, metadata: {} }),
      (c) => c.add(out(" more")),
      (c) => c.clear(true),
      (c) => c.add({ output_type: "error", ename: "E", evalue: "v", traceback: ["t"] }),
      (c) => c.add(out("end")),
    ];
    const once = fixture();
    for (const call of calls) call(once.cell);
    const wanted = once.doc();
    for (let mask = 0; mask < 1 << calls.length; mask += 7) {
      const f = fixture();
      calls.forEach((call, i) => {
        call(f.cell);
        if (mask & (1 << i)) f.doc();
      });
      expect(f.doc()).toEqual(wanted);
    }
    expect(wanted).toEqual([
      { output_type: "error", ename: "E", evalue: "v", traceback: ["t"] },
      { output_type: "stream", name: "stdout", text: "end" },
    ]);
  });

  it("of a new run takes the place of the old with its first output, or at the end", () => {
    const old: Output[] = [{ output_type: "stream", name: "stdout", text: "old" }];
    const a = fixture(old);
    a.cell.begin();
    expect(a.doc()).toEqual(old);
    a.cell.add(out("new"));
    expect(a.doc()).toEqual([{ output_type: "stream", name: "stdout", text: "new" }]);
    const b = fixture(old);
    b.cell.begin();
    b.cell.cleared();
    expect(b.doc()).toEqual([]);
    const c = fixture(old);
    c.cell.begin();
    c.cell.keep();
    c.cell.cleared();
    expect(c.doc()).toEqual(old);
  });

  it("goes on behind what somebody else has set in the document", () => {
    const f = fixture();
    f.cell.add(out("one"));
    f.doc();
    f.cell.adopt([]);
    f.cell.add(out("two"));
    expect(applied([], f.cell.take())).toEqual([{ output_type: "stream", name: "stdout", text: "two" }]);
  });

  it("that nbformat does not know is passed over", () => {
    const f = fixture();
    f.cell.add({ output_type: "nonsense", data: 1 });
    f.cell.add({ output_type: "display_data", data: "no object", metadata: null as never });
    expect(f.doc()).toEqual([{ output_type: "display_data", data: {}, metadata: {} }]);
  });
});
