/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { NotebookDocument } from "./document";
import { readNotebook } from "./nbformat";
import { printAhead, writeNotebook } from "./nbwrite";
import { outputOut } from "./outputs-form";
import { print } from "./print";
import { OUTPUT, outputText, printSome, printed } from "./printed";
import { dice, sample } from "./samples";
import { Slices } from "./slices";
import type { Output } from "./types";

const stream = (text: string): Output => ({ output_type: "stream", name: "stdout", text });
const plainly = (o: Output, indent: string): string => print(outputOut(o), indent, OUTPUT);

/* Lines of all lengths and ends, some longer than a piece. */
function flood(seed: number, size: number): string {
  const roll = dice(seed), ends = ["\n", "\n", "\n", "\r\n", "\r", "\u2028", "\x0b", ""];
  let text = "";
  while (text.length < size) text += `${"é\"\\x𝒳\u0007".repeat(roll(roll(60) ? 12 : 15_000))}${ends[roll(ends.length)]!}`;
  return text;
}

describe("outputs are printed once and a piece at a time", () => {
  it("as they would be at once", () => {
    for (const indent of [" ", "  ", "\t", ""])
      for (const text of ["", "a", "\n", "a\nb", "x".repeat(200_000), `${"x".repeat(100)}\n`.repeat(3000), flood(7, 500_000), `${flood(8, 300_000)}\n`]) {
        const o = stream(text);
        while (!printSome(o, indent));
        expect(outputText(o, indent) === plainly(o, indent)).toBe(true);
      }
    const o: Output = { output_type: "display_data", data: { "text/plain": "a\nb" }, metadata: {} };
    expect(outputText(o, " ")).toBe(plainly(o, " "));
    expect(printed(o)).toBe(plainly(o, " "));
  });

  it("also while they grow, in every snapshot, and when two went on from one", () => {
    const roll = dice(3), read = readNotebook(sample), doc = new NotebookDocument("x.ipynb", read.cells, read.metadata);
    doc.apply([{ op: "outputs", id: "code-1", outputs: [] }], { origin: "kernel" });
    const seen: Output[] = [];
    for (let i = 0; i < 24; i++) {
      doc.apply([{ op: "append", id: "code-1", output: stream(flood(i, roll(30_000))) }], { origin: "kernel" });
      const now = doc.get("code-1")!.outputs[0]!;
      seen.push(now);
      if (roll(3) === 0) while (!printSome(now, " "));
      /* Back to an older one, which then grows in another way. */
      if (roll(6) === 0) doc.apply([{ op: "outputs", id: "code-1", outputs: [seen[roll(seen.length)]!] }], { origin: "file" });
    }
    for (const o of seen) expect(outputText(o, " ") === plainly(o, " ")).toBe(true);
  });

  it("and the file is the same as without", async () => {
    const make = () => {
      const read = readNotebook(sample), doc = new NotebookDocument("x.ipynb", read.cells, read.metadata);
      doc.apply([{ op: "append", id: "code-1", output: stream(flood(5, 400_000)) }], { origin: "kernel" });
      return { read, doc };
    };
    const a = make(), b = make();
    await printAhead(a.read.form, a.doc.cells, new Slices());
    expect(writeNotebook(a.read.form, a.doc.cells, a.doc.metadata) === writeNotebook(b.read.form, b.doc.cells, b.doc.metadata)).toBe(true);
  });
});
