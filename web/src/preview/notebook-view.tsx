/* SPDX-License-Identifier: Apache-2.0 */
/* A notebook to read: made of elements from parsed JSON, a hundred cells at a time. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { t } from "../text";
import { Code } from "./code";
import type { TableData } from "./htmltable";
import { Markdown } from "./markdown";
import { type Cell, type Notebook, type Output, plainText } from "./notebook";
import { Picture, svgData } from "./picture";

const CELLS = 100;
const LINES = 40;
const TEXT = 20_000;
const SOURCE = 100_000;

export function NotebookView({ notebook }: { notebook: Notebook }): JSX.Element {
  const [shown, setShown] = useState(CELLS);
  const left = notebook.cells.length - shown;
  return (
    <div class="pv-nb">
      {!notebook.cells.length && <p class="t3">{t.preview.noCells}</p>}
      {notebook.cells.slice(0, shown).map((c, i) => (
        <CellView key={i} cell={c} language={notebook.language} />
      ))}
      {left > 0 && (
        <p>
          <button class="btn btn-s" type="button" onClick={() => setShown(shown + 5 * CELLS)}>{t.preview.moreCells(left)}</button>
        </p>
      )}
    </div>
  );
}

function CellView({ cell, language }: { cell: Cell; language: string }): JSX.Element {
  if (cell.kind === "heading") return <div class="pv-h pv-cell" role="heading" aria-level={Math.min(6, cell.level + 2)} data-depth={cell.level}>{cell.source}</div>;
  if (cell.kind === "markdown") return <div class="pv-cell"><Markdown text={cell.source} images={cell.images} /></div>;
  return (
    <div class="pv-cell pv-code">
      <span class="pv-count num t3">{cell.kind === "code" ? `[${cell.count ?? " "}]` : ""}</span>
      <div class="stack">
        {cell.source && <Code text={cell.source.slice(0, SOURCE)} language={cell.kind === "code" ? language : ""} />}
        {cell.outputs.map((o, i) => (
          <OutputView key={i} output={o} />
        ))}
      </div>
    </div>
  );
}

function OutputView({ output: o }: { output: Output }): JSX.Element {
  switch (o.kind) {
    case "image":
      return <Picture mime={o.mime} data={o.data} alt={t.preview.figure} />;
    case "svg":
      return <Picture mime="image/svg+xml" data={svgData(o.text)} alt={t.preview.figure} />;
    case "table":
      return <DataTable table={o.table} />;
    case "markdown":
      return <Markdown text={o.text} />;
    case "error":
      return <Long text={plainText(o.trace || `${o.name}: ${o.value}`)} error />;
    case "left":
      return <p class="t3 small">{t.preview.left(o.mimes.join(", "))}</p>;
    default:
      return <Long text={plainText(o.text)} error={o.error === true} />;
  }
}

/* Forty lines, and the rest when it is asked for, in parts that a page can bear. */
function Long({ text, error }: { text: string; error?: boolean }): JSX.Element {
  const [most, setMost] = useState(LINES);
  const lines = useMemo(() => text.replace(/\n$/, "").split("\n"), [text]);
  const part = lines.slice(0, most).join("\n");
  const cut = part.length > TEXT * Math.max(1, most / LINES) ? part.slice(0, TEXT) : part;
  const left = lines.length - most;
  return (
    <div class="pv-out" data-kind={error ? "error" : undefined}>
      <pre tabIndex={0} role="region" aria-label={error ? t.preview.errorText : t.preview.outputText}>{cut}{cut.length < part.length ? "…" : ""}</pre>
      {left > 0 && <button class="link small" type="button" onClick={() => setMost(most * 10)}>{t.preview.moreLines(left)}</button>}
    </div>
  );
}

function DataTable({ table }: { table: TableData }): JSX.Element {
  return (
    <div class="pv-scroll" tabIndex={0} role="region" aria-label={t.preview.table}>
      <table class="pv-table">
        <thead>
          {table.head.map((r, i) => (
            <tr key={i}>{r.map((c, k) => (c ? <th scope="col" key={k}>{c}</th> : <td key={k} />))}</tr>
          ))}
        </thead>
        <tbody>
          {table.rows.map((r, i) => (
            <tr key={i}>{r.map((c, k) => <td key={k} class="num">{c}</td>)}</tr>
          ))}
        </tbody>
      </table>
      {table.cut && <p class="t3 small">{t.preview.tableCut}</p>}
    </div>
  );
}
