/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A notebook as something to look at: every format from 1 to 5, every field doubted. What comes out is text,
 * picture data and tables; no HTML, no script and no address of it goes on from here.
 */
import { type TableData, tableOf } from "./htmltable";

export interface Image {
  kind: "image";
  mime: string;
  data: string; /* base64 */
}
export type Output =
  | { kind: "text"; text: string; error?: boolean }
  | { kind: "error"; name: string; value: string; trace: string }
  | Image
  | { kind: "svg"; text: string }
  | { kind: "table"; table: TableData }
  | { kind: "markdown"; text: string }
  | { kind: "left"; mimes: string[] }; /* there, but only the notebook itself can show it */

export interface Cell {
  kind: "code" | "markdown" | "raw" | "heading";
  level: number;
  source: string;
  count: number | null;
  outputs: Output[];
  images: Record<string, Image>; /* attachments */
}

export interface Notebook {
  format: number;
  language: string;
  cells: Cell[];
}

export type Read = { ok: true; notebook: Notebook } | { ok: false; why: "json" | "object" | "cells" | "format"; detail: string };

type Obj = Record<string, unknown>;
const RASTER = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"];
const OLD: Record<string, string> = { png: "image/png", jpeg: "image/jpeg", svg: "image/svg+xml", html: "text/html", latex: "text/latex", json: "application/json", javascript: "application/javascript", text: "text/plain" };

const isObj = (v: unknown): v is Obj => typeof v === "object" && v !== null && !Array.isArray(v);
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);

/* A text, or a list of its lines. */
export function lines(v: unknown): string {
  if (typeof v === "string") return v;
  return Array.isArray(v) ? v.filter((x): x is string => typeof x === "string").join("") : "";
}

/* What stands in the line when all has been written over it. No regular expression: on a line of megabytes it would never end. */
function overwritten(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === "\r") end--;
  return end ? line.slice(line.lastIndexOf("\r", end - 1) + 1, end) : "";
}

/* What colours a terminal would show; here the words only. */
export function plainText(text: string): string {
  // eslint-disable-next-line no-control-regex
  const words = text.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]/g, "");
  return words.includes("\r") ? words.split("\n").map(overwritten).join("\n") : words;
}

export function readNotebook(text: string): Read {
  let doc: unknown;
  try {
    doc = JSON.parse(text);
  } catch (e) {
    return { ok: false, why: "json", detail: (e as Error).message };
  }
  if (!isObj(doc)) return { ok: false, why: "object", detail: "" };
  const format = typeof doc.nbformat === "number" ? doc.nbformat : isObj(doc.metadata) && Array.isArray(doc.worksheets) ? 3 : Array.isArray(doc.cells) ? 4 : 0;
  if (format < 1 || format > 5) return { ok: false, why: "format", detail: String(doc.nbformat ?? "") };
  const sheets = list(doc.worksheets).filter(isObj);
  const raw = Array.isArray(doc.cells) ? doc.cells : sheets.length ? sheets.flatMap((s) => list(s.cells)) : null;
  if (!raw) return { ok: false, why: "cells", detail: "" };
  const meta = isObj(doc.metadata) ? doc.metadata : {};
  const info = isObj(meta.language_info) ? meta.language_info : {};
  const spec = isObj(meta.kernelspec) ? meta.kernelspec : {};
  const language = [info.name, spec.language].find((x) => typeof x === "string") as string | undefined;
  return { ok: true, notebook: { format, language: (language ?? "python").toLowerCase(), cells: raw.filter(isObj).map(cellOf) } };
}

function cellOf(c: Obj): Cell {
  const type = c.cell_type;
  const kind = type === "code" ? "code" : type === "heading" ? "heading" : type === "raw" || type === "plaintext" ? "raw" : "markdown";
  const count = c.execution_count ?? c.prompt_number;
  return {
    kind,
    level: typeof c.level === "number" ? Math.max(1, Math.min(6, c.level)) : 1,
    source: lines(c.source ?? c.input ?? c.text ?? c.code),
    count: typeof count === "number" && Number.isFinite(count) ? count : null,
    outputs: kind === "code" ? joined(list(c.outputs).filter(isObj).flatMap(outputOf)) : [],
    images: attachments(c.attachments),
  };
}

/* Streams come in many pieces; people see one text. */
function joined(outputs: Output[]): Output[] {
  const out: Output[] = [];
  for (const o of outputs) {
    const last = out[out.length - 1];
    if (o.kind === "text" && last?.kind === "text" && o.error === last.error && o.error !== undefined) last.text += o.text;
    else out.push(o);
  }
  return out;
}

function attachments(v: unknown): Record<string, Image> {
  const out: Record<string, Image> = {};
  if (!isObj(v)) return out;
  for (const [name, bundle] of Object.entries(v)) {
    const image = isObj(bundle) ? imageOf(bundle) : null;
    if (image) out[name] = image;
  }
  return out;
}

/* Only base64, only kinds that hold no script. */
function imageOf(bundle: Obj): Image | null {
  for (const mime of RASTER) {
    const data = lines(bundle[mime]).replace(/\s+/g, "");
    if (data && /^[A-Za-z0-9+/]+={0,2}$/.test(data)) return { kind: "image", mime, data };
  }
  return null;
}

function outputOf(o: Obj): Output[] {
  const type = o.output_type;
  if (type === "stream") return [{ kind: "text", text: lines(o.text), error: o.name === "stderr" || o.stream === "stderr" }];
  if (type === "error" || type === "pyerr")
    return [{ kind: "error", name: lines(o.ename), value: lines(o.evalue), trace: list(o.traceback).filter((x): x is string => typeof x === "string").join("\n") }];
  let bundle: Obj = isObj(o.data) ? o.data : {};
  if (!isObj(o.data)) bundle = Object.fromEntries(Object.entries(OLD).flatMap(([old, mime]) => (o[old] === undefined ? [] : [[mime, o[old]]])));
  const one = richest(bundle);
  return one ? [one] : [];
}

function richest(bundle: Obj): Output | null {
  const image = imageOf(bundle);
  if (image) return image;
  const svg = lines(bundle["image/svg+xml"]);
  if (svg) return { kind: "svg", text: svg };
  const html = lines(bundle["text/html"]);
  const table = html ? tableOf(html) : null;
  if (table) return { kind: "table", table };
  const markdown = lines(bundle["text/markdown"]);
  if (markdown) return { kind: "markdown", text: markdown };
  const text = lines(bundle["text/plain"]) || lines(bundle["text/latex"]);
  const mimes = Object.keys(bundle).filter((m) => m !== "text/plain").slice(0, 8).map((m) => m.slice(0, 80));
  if (text) return { kind: "text", text };
  if (bundle["application/json"] !== undefined) return { kind: "text", text: JSON.stringify(bundle["application/json"], null, 2) };
  return mimes.length ? { kind: "left", mimes } : null;
}
