/* SPDX-License-Identifier: Apache-2.0 */
/* A file to look at, by its kind. Big ones by their first piece, and then as far as one asks. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Entry, PIECE, readBytes, readPart, readText } from "../files/api";
import { IMAGE_MOST, NOTEBOOK_MOST, imageType, viewOf } from "../files/kinds";
import { ApiError } from "../lib/api";
import { size } from "../lib/size";
import { useLoad } from "../lib/use";
import { t } from "../text";
import { ErrorBanner, SkeletonRows } from "../ui/parts";
import { CsvReader, ROWS_MOST } from "./csv";
import { Grid } from "./grid";
import { Markdown } from "./markdown";
import { readNotebook } from "./notebook";
import { NotebookView } from "./notebook-view";
import { Picture } from "./picture";

export interface FileProps {
  ws: string;
  entry: Entry;
  asText: boolean;
  onText: () => void; /* show it as text instead */
}

const JSON_MOST = 2 * 1024 * 1024;
const MARKDOWN_MOST = 1024 * 1024;

export function FileView(p: FileProps): JSX.Element {
  const view = p.asText ? "text" : viewOf(p.entry.name);
  const bytes = p.entry.size ?? 0;
  if (view === "notebook") return bytes > NOTEBOOK_MOST ? <TooBig {...p} most={NOTEBOOK_MOST} /> : <NotebookFile {...p} />;
  if (view === "image") return bytes > IMAGE_MOST ? <TooBig {...p} most={IMAGE_MOST} /> : <ImageFile {...p} />;
  if (view === "csv") return <CsvFile {...p} />;
  if (view === "markdown" && bytes <= MARKDOWN_MOST) return <MarkdownFile {...p} />;
  if (view === "json" && bytes <= JSON_MOST) return <JsonFile {...p} />;
  if (view === "none") return <p class="t2 pv-none">{t.preview.none}</p>;
  return <TextFile {...p} />;
}

function Waiting({ slow }: { slow: boolean }): JSX.Element {
  return slow ? <SkeletonRows rows={5} label={t.preview.loading} /> : <div class="pv-wait" />;
}

function TooBig({ most, onText }: FileProps & { most: number }): JSX.Element {
  return (
    <div class="stack pv-none">
      <p class="t2">{t.preview.tooBig(size(most))}</p>
      <p>
        <button class="btn btn-s" type="button" onClick={onText}>{t.preview.asText}</button>
      </p>
    </div>
  );
}

function NotebookFile({ ws, entry, onText }: FileProps): JSX.Element {
  const read = useLoad(async () => {
    const t = await readText(ws, entry.path, NOTEBOOK_MOST);
    return t ? readNotebook(t.text) : ({ ok: false, why: "json", detail: "" } as const);
  }, [entry.path, entry.last_modified]);
  if (read.error) return <ErrorBanner error={read.error} onRetry={read.reload} />;
  if (!read.data) return <Waiting slow={read.slow} />;
  if (read.data.ok) return <NotebookView notebook={read.data.notebook} />;
  return (
    <div class="stack pv-none" role="alert">
      <p class="t2">{t.preview.broken[read.data.why]!(read.data.detail)}</p>
      <p>
        <button class="btn btn-s" type="button" onClick={onText}>{t.preview.asText}</button>
      </p>
    </div>
  );
}

function ImageFile({ ws, entry, onText }: FileProps): JSX.Element {
  const mime = imageType(entry.name)!;
  const read = useLoad(async () => ({ data: await readBytes(ws, entry.path, IMAGE_MOST) }), [entry.path, entry.last_modified]);
  if (read.error) return <ErrorBanner error={read.error} onRetry={read.reload} />;
  if (!read.data) return <Waiting slow={read.slow} />;
  return (
    <div class="stack">
      <div class="pv-picture">{read.data.data !== null ? <Picture mime={mime} data={read.data.data} alt={entry.name} /> : <p class="t2">{t.preview.tooBig(size(IMAGE_MOST))}</p>}</div>
      {mime === "image/svg+xml" && (
        <p>
          <button class="btn btn-s" type="button" onClick={onText}>{t.preview.asText}</button>
        </p>
      )}
    </div>
  );
}

function CsvFile({ ws, entry, onText }: FileProps): JSX.Element {
  const [state, set] = useState<{ rows: string[][]; offset: number; end: boolean; full: boolean }>({ rows: [], offset: 0, end: false, full: false });
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  const [text, setText] = useState(true);
  useEffect(() => {
    let gone = false;
    const reader = new CsvReader(entry.name.toLowerCase().endsWith(".tsv") ? "\t" : null);
    const run = async () => {
      let offset = 0;
      for (;;) {
        const p = await readPart(ws, entry.path, offset, offset ? PIECE : PIECE / 4);
        if (gone) return;
        if (p.format !== "text") return setText(false);
        reader.put(p.content);
        offset += p.length;
        const end = !p.more || !p.length;
        if (end) reader.end();
        set({ rows: [...reader.rows], offset, end, full: reader.full });
        if (end || reader.full) return;
      }
    };
    setError(null);
    run().catch((e: ApiError) => !gone && setError(e));
    return () => void (gone = true);
  }, [ws, entry.path, entry.last_modified, turn]);
  if (!text) return <p class="t2 pv-none">{t.preview.none}</p>;
  const count = Math.max(0, state.rows.length - 1);
  return (
    <div class="stack">
      <ErrorBanner error={error} onRetry={() => setTurn(turn + 1)} />
      {state.rows.length > 0 && <Grid rows={state.rows} label={t.preview.rowsOf(entry.name)} />}
      <p class="t3 small num" role="status">
        {state.full ? t.preview.firstRows(ROWS_MOST, size(entry.size ?? 0)) : state.end ? (count || state.rows.length ? t.preview.rows(count) : t.preview.empty) : error ? "" : t.preview.reading(size(state.offset), size(entry.size ?? 0))}
        {" "}
        <button class="link small" type="button" onClick={onText}>{t.preview.asText}</button>
      </p>
    </div>
  );
}

function MarkdownFile({ ws, entry }: FileProps): JSX.Element {
  const read = useLoad(async () => ({ text: (await readText(ws, entry.path, MARKDOWN_MOST))?.text ?? null }), [entry.path, entry.last_modified]);
  if (read.error) return <ErrorBanner error={read.error} onRetry={read.reload} />;
  if (!read.data) return <Waiting slow={read.slow} />;
  if (read.data.text === null) return <p class="t2 pv-none">{t.preview.none}</p>;
  return <div class="pv-page">{read.data.text ? <Markdown text={read.data.text} /> : <p class="t3">{t.preview.empty}</p>}</div>;
}

function JsonFile(p: FileProps): JSX.Element {
  const { ws, entry } = p;
  const read = useLoad(async () => {
    const t = await readText(ws, entry.path, JSON_MOST);
    if (!t) return { text: null, fault: "" };
    try {
      return { text: JSON.stringify(JSON.parse(t.text), null, 2), fault: "" };
    } catch (e) {
      return { text: t.text, fault: (e as Error).message };
    }
  }, [entry.path, entry.last_modified]);
  if (read.error) return <ErrorBanner error={read.error} onRetry={read.reload} />;
  if (!read.data) return <Waiting slow={read.slow} />;
  if (read.data.text === null) return <p class="t2 pv-none">{t.preview.none}</p>;
  return (
    <div class="stack">
      {read.data.fault && <p class="t2 small">{t.preview.brokenJson(read.data.fault)}</p>}
      <pre class="code pv-file" tabIndex={0} aria-label={entry.name}>{read.data.text}</pre>
    </div>
  );
}

/* A piece at a time: a file of gigabytes is as quick to open as a small one. */
function TextFile({ ws, entry }: FileProps): JSX.Element {
  const [parts, setParts] = useState<string[]>([]);
  const [end, setEnd] = useState<{ offset: number; more: boolean; size: number } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [text, setText] = useState(true);
  const busy = useRef(false);
  const more = async (offset: number) => {
    if (busy.current) return;
    busy.current = true;
    setError(null);
    try {
      const p = await readPart(ws, entry.path, offset, offset ? PIECE : PIECE / 4);
      if (p.format !== "text") return setText(false);
      setParts((all) => (offset ? [...all, p.content] : [p.content]));
      setEnd({ offset: offset + p.length, more: p.more && p.length > 0, size: p.size });
    } catch (e) {
      setError(e as ApiError);
    } finally {
      busy.current = false;
    }
  };
  useEffect(() => void more(0), [ws, entry.path, entry.last_modified]);
  if (!text) return <p class="t2 pv-none">{t.preview.none}</p>;
  return (
    <div class="stack">
      <ErrorBanner error={error} onRetry={() => void more(end?.offset ?? 0)} />
      {end && (end.size === 0 ? <p class="t3 pv-none">{t.preview.empty}</p> : <pre class="code pv-file" tabIndex={0} aria-label={entry.name}>{parts.join("")}</pre>)}
      {end?.more && (
        <p class="t3 small num">
          {t.preview.firstOf(size(end.offset), size(end.size))}{" "}
          <button class="link small" type="button" onClick={() => void more(end.offset)}>{t.preview.more}</button>
        </p>
      )}
    </div>
  );
}
