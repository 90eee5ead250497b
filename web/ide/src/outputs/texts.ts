/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streams of a notebook's outputs as long texts. They follow the document by what its operations add, so that a text
 * of millions of characters is not looked at again when a line comes; a cell that is scrolled out and in finds its own.
 */
import type { NotebookModel, Op, Output } from "../model/types";
import { LongText } from "./longtext";

interface Known {
  name: string;
  text: LongText;
  stale: boolean; /* it may be another one now: compare */
}

interface OfCell {
  byIndex: Map<number, Known>;
  count: number; /* of outputs, as the operations seen so far have it */
  lastName: string | null; /* of the stream that the last output is */
}

const nameOf = (o: Output | undefined): string | null => (o?.output_type === "stream" ? o.name : null);

export class Texts {
  private readonly cells = new Map<string, OfCell>();

  constructor(private readonly model: NotebookModel) {
    model.watch((c) => {
      for (const op of c.ops) this.take(op);
    });
  }

  get(cell: string, index: number, output: Output & { output_type: "stream" }): LongText {
    const of = this.cells.get(cell) ?? this.begin(cell);
    const known = of.byIndex.get(index);
    if (known && known.name === output.name) {
      if (known.stale || known.text.length !== output.text.length) known.text.set(output.text);
      known.stale = false;
      return known.text;
    }
    const text = new LongText(output.text);
    of.byIndex.set(index, { name: output.name, text, stale: false });
    return text;
  }

  private begin(cell: string): OfCell {
    const outputs = this.model.get(cell)?.outputs ?? [];
    const of: OfCell = { byIndex: new Map(), count: outputs.length, lastName: nameOf(outputs.at(-1)) };
    this.cells.set(cell, of);
    return of;
  }

  private take(op: Op): void {
    if (op.op === "remove") this.cells.delete(op.id);
    if (op.op !== "append" && op.op !== "outputs") return;
    const of = this.cells.get(op.id);
    if (!of) return;
    if (op.op === "outputs") {
      for (const known of of.byIndex.values()) known.stale = true;
      of.count = op.outputs.length;
      of.lastName = nameOf(op.outputs.at(-1));
    } else if (op.output.output_type === "stream" && op.output.name === of.lastName) {
      of.byIndex.get(of.count - 1)?.text.append(op.output.text);
    } else {
      of.byIndex.delete(of.count);
      of.count++;
      of.lastName = nameOf(op.output);
    }
  }
}

const all = new WeakMap<NotebookModel, Texts>();

export function textsOf(model: NotebookModel): Texts {
  const known = all.get(model);
  if (known) return known;
  const made = new Texts(model);
  all.set(model, made);
  return made;
}
