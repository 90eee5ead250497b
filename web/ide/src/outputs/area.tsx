/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell has put out, and the field in which its input() is answered. */
import { useEffect, useState } from "preact/hooks";
import type { Kernel } from "../kernel/types";
import type { Cell, OpenNotebook, Output } from "../model/types";
import { useLater } from "../later";
import { t } from "../text/index";
import { ErrorOutput } from "./error";
import { InputField } from "./input";
import "./outputs.css";
import { isText } from "./plain-data";
import { Plain } from "./plain";
import { rich } from "./richly";
import { StreamOutput } from "./stream";
import { textsOf } from "./texts";

const SHOWN = 100; /* outputs; a loop of ten thousand displays must not stop the page */

export interface AreaProps {
  file: OpenNotebook;
  kernel: Kernel;
  cell: string;
}

/* The cell's snapshot, renewed when it is touched. */
function useCell(file: OpenNotebook, id: string): Cell | undefined {
  const { model } = file;
  const [, again] = useState({});
  useEffect(() => model.watch((c) => c.touched.has(id) && again({})), [model, id]);
  return model.get(id);
}

function useInput(kernel: Kernel, cell: string): Kernel["input"] {
  const [, again] = useState({});
  useEffect(() => kernel.watch((what) => (what.cells?.includes(cell) || !what.cells) && again({})), [kernel, cell]);
  return kernel.input?.cell === cell ? kernel.input : null;
}

function One({ file, kernel, cell, output, index }: AreaProps & { output: Output; index: number }) {
  switch (output.output_type) {
    case "stream":
      return <StreamOutput text={textsOf(file.model).get(cell, index, output)} name={output.name} of={output} />;
    case "error":
      return <ErrorOutput error={output} file={file} />;
    default:
      return isText(output.data) ? <Plain text={output.data["text/plain"] as string} output={output} /> : <Display file={file} kernel={kernel} cell={cell} output={output} />;
  }
}

type Displayed = Exclude<Output, { output_type: "stream" | "error" }>;

/* Richer than text: what draws it may still be on its way. */
function Display({ file, kernel, cell, output }: AreaProps & { output: Displayed }) {
  const all = useLater(rich);
  return all ? <all.Rich output={output} file={file} kernel={kernel} cell={cell} /> : null;
}

export function OutputArea({ file, kernel, cell: id }: AreaProps) {
  const cell = useCell(file, id);
  const input = useInput(kernel, id);
  const [all, setAll] = useState(false);
  if (!cell || (cell.outputs.length === 0 && !input)) return null;
  const shown = all ? cell.outputs : cell.outputs.slice(0, SHOWN);
  return (
    <div class="out" data-cell={id}>
      {shown.map((output, i) => (
        <One key={`${i}-${output.output_type}`} file={file} kernel={kernel} cell={id} output={output} index={i} />
      ))}
      {shown.length < cell.outputs.length && (
        <button type="button" class="btn btn-s" data-kind="quiet" onClick={() => setAll(true)}>
          {t.run.tooMany(cell.outputs.length - shown.length)}
        </button>
      )}
      {input && <InputField kernel={kernel} key={`${input.prompt}-${input.password}`} prompt={input.prompt} password={input.password} />}
    </div>
  );
}

export default OutputArea;
