/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A notebook file into cells and back. The text of each cell and of all that is no cell is kept, and written again as it was
 * unless it changed (cells.ts: Written). Outputs and metadata are read when somebody looks at them.
 * https://nbformat.readthedocs.io/en/latest/format_description.html
 */
import { type Written, goodId, kinds, setWritten } from "./cells";
import { JsonError, type Member, Scan, type Span, parseText } from "./json-scan";
import { joinLines } from "./lines";
import { outputIn } from "./outputs-form";
import { setPrinted } from "./printed";
import { sha256 } from "./sha256";
import type { Cell, CellKind, JsonObject, Output } from "./types";

/* All that is no cell, as it was read. */
export interface Form {
  readonly text: string;
  readonly minor: number;
  readonly indent: string; /* "": all in one line */
  readonly cells: Span; /* of the list, with its brackets */
  readonly lead: string; /* between the bracket and the first cell */
  readonly gaps: readonly string[]; /* what stands behind the n-th cell, up to the next */
  readonly metadata: Span | null;
  readonly order: readonly Cell[]; /* as read */
  readonly meta: Readonly<JsonObject>;
}

export interface ReadNotebook {
  cells: Cell[];
  metadata: Readonly<JsonObject>;
  form: Form;
}

export type Unreadable =
  | { kind: "json"; why: string }
  | { kind: "shape"; why: string }
  | { kind: "old"; version: string }
  | { kind: "new"; version: string };

export class NotebookError extends Error {
  constructor(readonly what: Unreadable) {
    super(what.kind);
  }
}

/* Beyond it, what stands inside of outputs is not looked at before it is shown. */
const CHECKED_MAX = 4 << 20;

const shape = (why: string): never => {
  throw new NotebookError({ kind: "shape", why });
};

function top(text: string): Member[] {
  const scan = new Scan(text);
  try {
    const members = scan.object();
    if (!members) {
      scan.value();
      scan.end();
      return shape("it is no object");
    }
    scan.end();
    if (text.length <= CHECKED_MAX) parseText(scan.text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    return members;
  } catch (e) {
    if (e instanceof NotebookError) throw e;
    throw new NotebookError({ kind: "json", why: e instanceof JsonError || e instanceof SyntaxError ? e.message : String(e) });
  }
}

/* Of two of a name the last, as Python has it. */
function find(members: readonly Member[], key: string): Member | undefined {
  for (let i = members.length - 1; i >= 0; i--) if (members[i]!.key === key) return members[i];
  return undefined;
}

function numberOf(text: string, m: Member | undefined): number | null {
  const n = m ? Number(text.slice(m.value.from, m.value.to)) : NaN;
  return Number.isInteger(n) ? n : null;
}

export function readNotebook(text: string): ReadNotebook {
  const members = top(text);
  const major = numberOf(text, find(members, "nbformat")), minor = numberOf(text, find(members, "nbformat_minor")) ?? 0;
  if (major === null) return shape("it has no nbformat number");
  if (major < 4) throw new NotebookError({ kind: "old", version: `${major}.${minor}` });
  if (major > 4) throw new NotebookError({ kind: "new", version: `${major}.${minor}` });
  const list = find(members, "cells");
  if (!list) return shape("it has no list of cells");
  const scan = new Scan(text);
  scan.at = list.value.from;
  const spans = scan.list() ?? shape("its cells are no list");
  const meta = find(members, "metadata"), indent = indentOf(text, members);
  const taken = new Set<string>();
  const cells = spans.map((s, i) => readCell(text.slice(s.from, s.to), i, minor, taken));
  const metadata = meta ? objectIn(text.slice(meta.value.from, meta.value.to)) : {};
  const form: Form = {
    text, minor, indent, metadata: meta?.value ?? null, cells: list.value, order: cells, meta: metadata,
    lead: spans.length ? text.slice(list.value.from + 1, spans[0]!.from) : "",
    gaps: spans.map((s, i) => text.slice(s.to, spans[i + 1]?.from ?? list.value.to - 1)),
  };
  return { cells, metadata, form };
}

/* Of the first member; nbformat's own is one space. */
function indentOf(text: string, members: readonly Member[]): string {
  const gap = members.length ? text.slice(text.indexOf("{") + 1, members[0]!.value.from) : "";
  const m = /\n([ \t]*)"/.exec(gap);
  return m ? m[1]! || " " : "";
}

function objectIn(raw: string): JsonObject {
  try {
    const v = parseText(raw);
    return typeof v === "object" && v !== null && !Array.isArray(v) ? (v as JsonObject) : {};
  } catch {
    return {};
  }
}

/* As the agent repairs ids: from place and text, so that all who read the file agree. */
function repairedId(at: number, source: string, taken: Set<string>): string {
  for (let salt = 0; ; salt++) {
    const id = sha256(`${at} ${salt} ${source}`).slice(0, 8);
    if (!taken.has(id)) return id;
  }
}

const lazy = <T>(make: () => T): (() => T) => {
  let value: T | undefined;
  return () => (value ??= make());
};

function readCell(raw: string, at: number, minor: number, taken: Set<string>): Cell {
  const members = new Scan(raw).object();
  const part = (key: string): string | undefined => {
    const m = members ? find(members, key) : undefined;
    return m && raw.slice(m.value.from, m.value.to);
  };
  const value = (key: string): unknown => {
    const p = part(key);
    try {
      return p === undefined ? undefined : parseText(p);
    } catch {
      return undefined;
    }
  };
  const type = value("cell_type"), kind: CellKind = kinds.includes(type as CellKind) ? (type as CellKind) : "raw";
  const source = members ? joinLines(value("source")) : raw;
  const idText = part("id"), said = idText && idText.length < 80 ? value("id") : undefined;
  const fileId = goodId(said) && !taken.has(said) ? said : null;
  const id = fileId ?? repairedId(at, source, taken);
  taken.add(id);
  const count = value("execution_count");
  const outputs = lazy(() => (kind === "code" ? readOutputs(part("outputs")) : []));
  const metadata = lazy(() => objectIn(part("metadata") ?? "{}"));
  const attachments = part("attachments");
  const cell: Cell = {
    id, kind, source,
    count: kind === "code" && typeof count === "number" ? count : null,
    get outputs() {
      return outputs();
    },
    get metadata() {
      return metadata();
    },
    ...(attachments === undefined ? {} : { attachments: objectIn(attachments) }),
  };
  const written: Written = {
    text: raw, cell, fileId: minor >= 5 ? fileId : id,
    members: members && members.map((m) => ({ key: m.key, rawKey: m.rawKey, raw: raw.slice(m.value.from, m.value.to) })),
  };
  setWritten(cell, written);
  return cell;
}

function readOutputs(raw: string | undefined): readonly Output[] {
  if (raw === undefined) return [];
  try {
    const list = new Scan(raw).list() ?? [];
    return list.map((s) => {
      const one = raw.slice(s.from, s.to), o = outputIn(parseText(one));
      setPrinted(o, one);
      return o;
    });
  } catch (e) {
    return [{ output_type: "error", ename: "Unreadable", evalue: String((e as Error).message), traceback: [] }];
  }
}
