/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { Saved, diskCells, sameSources, saveInTurn, wroteMeanwhile } from "./file";
import type { CellModel } from "./jupyter";

const cell = (id: string, source: string, type = "code"): CellModel => ({ id, type, isDisposed: false, sharedModel: { getSource: () => source } });

describe("the file behind a notebook", () => {
  it("holds what was saved, not what a failed save would have put there", () => {
    const s = new Saved();
    s.now([cell("a", "1")]);
    expect(s.has(cell("a", "1"))).toBe(true);
    expect(s.has(cell("a", "2"))).toBe(false);
    s.begin([cell("a", "2")]);
    s.fail();
    s.done();
    expect(s.has(cell("a", "1"))).toBe(true);
    s.begin([cell("a", "2"), cell("b", "")]);
    s.done();
    expect(s.has(cell("a", "2"))).toBe(true);
    expect(s.has(cell("b", ""))).toBe(true);
  });

  it("is compared cell by cell, in order", () => {
    const disk = diskCells({
      last_modified: "",
      content: { cells: [{ id: "a", cell_type: "code", source: ["x\n", "y"] }, { id: "b", cell_type: "markdown", source: "z" }] },
    });
    expect(sameSources([cell("a", "x\ny"), cell("b", "z", "markdown")], disk)).toBe(true);
    expect(sameSources([cell("b", "z", "markdown"), cell("a", "x\ny")], disk)).toBe(false);
    expect(sameSources([cell("a", "x\ny"), cell("b", "z")], disk)).toBe(false);
    expect(sameSources([cell("a", "x\ny")], disk)).toBe(false);
  });

  it("is another one when its hash, else its time, says so", () => {
    const wrote = { hash: "h2", last_modified: "2026-11-21T10:00:01Z" };
    expect(wroteMeanwhile(wrote, { hash: "h1", last_modified: "2026-11-21T10:00:02Z" })).toBe(true);
    expect(wroteMeanwhile(wrote, { hash: "h2", last_modified: "2026-11-21T10:00:00Z" })).toBe(false);
    expect(wroteMeanwhile(wrote, { last_modified: "2026-11-21T10:00:00Z" })).toBe(true);
    expect(wroteMeanwhile(wrote, { last_modified: "2026-11-21T10:00:01Z" })).toBe(false);
    expect(wroteMeanwhile(wrote, null)).toBe(false);
  });

  it("is saved by one save after the other, also after one that failed", async () => {
    const log: string[] = [];
    let fail = true;
    const context = {
      save: async () => {
        log.push("begin");
        await Promise.resolve();
        log.push("end");
        if (fail) throw new Error("no");
      },
    };
    saveInTurn(context);
    const first = context.save().catch(() => log.push("failed"));
    const second = context.save().catch(() => undefined);
    await first;
    fail = false;
    await second;
    expect(log.filter((l) => l !== "failed")).toEqual(["begin", "end", "begin", "end"]);
  });
});
