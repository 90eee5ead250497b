/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { NotebookDocument } from "../model/document";
import type { Cell, Output } from "../model/types";
import { Cells } from "./cells";

const text = (t: string): Output => ({ output_type: "stream", name: "stdout", text: t });

function running(follows: boolean): { shown: () => string; theirs: (t: string) => void } {
  const cell: Cell = { id: "c", kind: "code", source: "", outputs: [text("1 2")], count: 1, metadata: {} };
  const model = new NotebookDocument("a.ipynb", [cell], {});
  const cells = new Cells(model, () => undefined, () => NaN, () => true, () => follows);
  cells.get("c");
  cells.set("c", { state: "running", since: 0, elsewhere: false });
  return {
    shown: () => {
      cells.flush();
      return model.get("c")!.outputs.map((o) => (o.output_type === "stream" ? o.text : "")).join();
    },
    theirs: (t) => model.apply([{ op: "outputs", id: "c", outputs: [text(t)] }], { origin: "file" }),
  };
}

describe("the file's account of a cell that runs", () => {
  it("is older than the page's while the page hears the kernel", () => {
    const c = running(true);
    c.theirs("1");
    expect(c.shown()).toBe("1 2");
  });

  it("is taken when the line broke: the server wrote it without the page", () => {
    const c = running(false);
    c.theirs("1 2 3");
    expect(c.shown()).toBe("1 2 3");
  });
});
