/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { NotebookDocument } from "./document";
import { alignIds, merge } from "./merge";
import type { Snapshot } from "./same";
import { dice } from "./samples";
import { matches, mergeText } from "./text-merge";
import type { Cell } from "./types";

/* "a:x b:y!" : cells by id and source; ! is a run with that many. */
function notebook(text: string): Snapshot {
  const cells = text.split(" ").filter(Boolean).map((one): Cell => {
    const [, id, source, run] = /^(\w+):(\w*)(!*)$/.exec(one)!;
    const n = run!.length;
    return { id: id!, kind: "code", source: source!, outputs: n ? [{ output_type: "stream", name: "stdout", text: "o".repeat(n) }] : [], count: n || null, metadata: {} };
  });
  return { cells, metadata: {} };
}

function show(cells: readonly Cell[]): string {
  return cells.map((c) => `${c.id}:${c.source}${"!".repeat(c.count ?? 0)}`).join(" ");
}

function merged(base: string, mine: string, theirs: string): string {
  const m = notebook(mine), doc = new NotebookDocument("x", m.cells, m.metadata);
  const r = merge(notebook(base), m, notebook(theirs));
  doc.apply(r.ops, { origin: "file" });
  const conflicts = r.conflicts.map((c) => c.id).sort().join(",");
  return show(doc.cells) + (conflicts ? ` ? ${conflicts}` : "");
}

describe("merge by cell", () => {
  const table: [what: string, base: string, mine: string, theirs: string, result: string][] = [
    ["nothing", "a:1 b:2", "a:1 b:2", "a:1 b:2", "a:1 b:2"],
    ["theirs alone", "a:1 b:2", "a:1 b:2", "a:1 b:3 c:4", "a:1 b:3 c:4"],
    ["mine alone", "a:1 b:2", "a:9 c:4 b:2", "a:1 b:2", "a:9 c:4 b:2"],
    ["other cells", "a:1 b:2", "a:9 b:2", "a:1 b:8", "a:9 b:8"],
    ["the same change", "a:1 b:2", "a:9 b:2", "a:9 b:2", "a:9 b:2"],
    ["one cell, both", "a:1 b:2", "a:9 b:2", "a:8 b:2", "a:9 b:2 ? a"],
    ["I removed, they did nothing", "a:1 b:2", "a:1", "a:1 b:2", "a:1"],
    ["they removed, I did nothing", "a:1 b:2", "a:1 b:2", "a:1", "a:1"],
    ["both removed", "a:1 b:2", "a:1", "a:1", "a:1"],
    ["I removed what they changed", "a:1 b:2", "a:1", "a:1 b:9", "a:1 ? b"],
    ["they removed what I changed", "a:1 b:2", "a:1 b:9", "a:1", "a:1 b:9 ? b"],
    ["both put in", "a:1 b:2", "a:1 x:5 b:2", "a:1 b:2 y:6", "a:1 x:5 b:2 y:6"],
    ["both put in at one place", "a:1 b:2", "a:1 x:5 b:2", "a:1 y:6 b:2", "a:1 y:6 x:5 b:2"],
    ["the same one put in", "a:1", "a:1 x:5", "a:1 x:5", "a:1 x:5"],
    ["the same id with other text", "a:1", "a:1 x:5", "a:1 x:6", "a:1 x:5 ? x"],
    ["they moved, I typed", "a:1 b:2 c:3", "a:1 b:9 c:3", "c:3 a:1 b:2", "c:3 a:1 b:9"],
    ["I moved, they typed", "a:1 b:2 c:3", "c:3 a:1 b:2", "a:1 b:9 c:3", "c:3 a:1 b:9"],
    ["they moved, I put in", "a:1 b:2 c:3", "a:1 b:2 x:5 c:3", "c:3 b:2 a:1", "c:3 b:2 x:5 a:1"],
    ["all cells are others'", "a:1", "a:1", "z:1 y:2", "z:1 y:2"],
    ["outputs of theirs, text of mine", "a:1 b:2", "a:9 b:2", "a:1 b:2!!", "a:9 b:2!!"],
    ["outputs of theirs in the cell that I typed in", "a:1", "a:9", "a:1!!", "a:9!!"],
    ["outputs of both: the later run's", "a:1", "a:1!", "a:1!!!", "a:1!!!"],
    ["outputs of both: mine are later", "a:1", "a:1!!!", "a:1!", "a:1!!!"],
    ["outputs cleared elsewhere", "a:1!!", "a:1!!", "a:1", "a:1"],
  ];
  it.each(table)("%s", (_what, base, mine, theirs, result) => expect(merged(base, mine, theirs)).toBe(result));

  it("loses no cell that anybody wrote, in 2,000 random ones", () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const roll = dice(seed * 31337), base = Array.from({ length: 1 + roll(6) }, (_, i) => `c${i}:s${i}`);
      const change = (who: string) => {
        const cells = [...base];
        for (let i = roll(4); i > 0; i--) {
          const at = roll(cells.length + 1);
          const what = roll(4);
          if (what === 0) cells.splice(at, 0, `${who}${i}:new${who}`);
          else if (what === 1 && at < cells.length) cells[at] = `${cells[at]!.split(":")[0]}:by${who}`;
          else if (what === 2 && at < cells.length) cells.splice(at, 1);
          else if (at < cells.length) cells.splice(roll(cells.length), 0, ...cells.splice(at, 1));
        }
        return cells;
      };
      const mine = change("m"), theirs = change("t");
      const [result, open = ""] = merged(base.join(" "), mine.join(" "), theirs.join(" ")).split(" ? ");
      const sources = (result ?? "").split(" ");
      for (const c of mine) if (/:(bym|newm)$/.test(c)) expect(sources, `seed ${seed}`).toContain(c);
      for (const c of theirs) {
        if (!/:(byt|newt)$/.test(c)) continue;
        expect(sources.includes(c) || open.split(",").includes(c.split(":")[0]!), `seed ${seed}: ${c}`).toBe(true);
      }
      expect(new Set(sources.map((c) => c.split(":")[0])).size, `seed ${seed}`).toBe(sources.length);
    }
  });

  const after = (base: Cell, mine: Cell, theirs: Cell): Cell => {
    const doc = new NotebookDocument("x", [mine], {});
    doc.apply(merge({ cells: [base], metadata: {} }, { cells: [mine], metadata: {} }, { cells: [theirs], metadata: {} }).ops, { origin: "file" });
    return doc.cells[0]!;
  };

  it("pictures of both come in, and go with who took them away", () => {
    const base: Cell = { id: "a", kind: "markdown", source: "x", outputs: [], count: null, metadata: {} };
    expect(after(base, { ...base, source: "y" }, { ...base, attachments: { p: {} } })).toMatchObject({ source: "y", attachments: { p: {} } });
    expect(after(base, { ...base, attachments: { m: {} } }, { ...base, attachments: { p: {} } }).attachments).toEqual({ m: {}, p: {} });
    const had = { ...base, attachments: { p: {} } };
    expect(after(had, { ...had, source: "y" }, base).attachments).toBeUndefined();
    expect(after(had, base, { ...had, source: "y" })).toMatchObject({ source: "y" });
    expect(after(had, base, { ...had, source: "y" }).attachments).toBeUndefined();
  });

  it("text that they made code and ran comes with what it put out", () => {
    const base: Cell = { id: "a", kind: "markdown", source: "x", outputs: [], count: null, metadata: {} };
    const run: Cell = { ...base, kind: "code", outputs: [{ output_type: "stream", name: "stdout", text: "o" }], count: 3 };
    expect(after(base, base, run)).toEqual(run);
    expect(after(run, run, base)).toEqual(base);
  });

  it("cells without ids are known again by their text", () => {
    const base = notebook("a:1 b:2 c:3"), theirs = notebook("p:0 q:1 r:2 s:9");
    expect(show(alignIds(base, theirs.cells))).toBe("p:0 a:1 b:2 s:9");
    expect(show(alignIds(base, notebook("p:1 q:7 r:3").cells))).toBe("a:1 b:7 c:3");
  });
});

describe("merge by lines", () => {
  it.each([
    ["a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"],
    ["a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n", null],
    ["a\nb\n", "a\nb\n", "b\n", "b\n"],
    ["a\n", "a\nm\n", "a\nt\n", null],
    ["a\nb\nc", "x\na\nb\nc", "a\nb\nc\ny", "x\na\nb\nc\ny"],
    ["", "m", "m", "m"],
    ["a\nb\nc\nd\n", "a\nc\nd\n", "a\nb\nc\nD\n", "a\nc\nD\n"],
  ])("%j", (base, mine, theirs, want) => expect(mergeText(base, mine, theirs)).toBe(want));

  it("equal lines are found, and are equal", () => {
    for (let seed = 1; seed < 300; seed++) {
      const roll = dice(seed * 17), text = () => Array.from({ length: roll(30) }, () => "abcd"[roll(4)]!);
      const a = text(), b = text();
      let i = 0, j = 0;
      for (const r of matches(a, b)) {
        expect(r.i >= i && r.j >= j).toBe(true);
        for (let k = 0; k < r.n; k++) expect(a[r.i + k]).toBe(b[r.j + k]);
        i = r.i + r.n;
        j = r.j + r.n;
      }
      expect(mergeText(a.join("\n"), a.join("\n"), b.join("\n"))).toBe(b.join("\n"));
    }
  });
});
