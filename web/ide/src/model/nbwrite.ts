/* SPDX-License-Identifier: Apache-2.0 */
/* A notebook's file anew: what did not change as it was read, the rest as nbformat would write it. */
import { goodId, writtenOf, type Written } from "./cells";
import { splitLines } from "./lines";
import type { Form } from "./nbformat";
import { insertPart, type Part, print, printObject, printOver } from "./print";
import { outputText, printSome } from "./printed";
import type { Slices } from "./slices";
import type { Cell, Json, JsonObject, Output } from "./types";

const CELL = 2; /* how deep a cell stands, and its members */
const MEMBER = 3;

export function writeNotebook(form: Form, cells: readonly Cell[], metadata: Readonly<JsonObject>): string {
  const { text } = form;
  const list = sameOrder(form, cells) ? text.slice(form.cells.from, form.cells.to) : writeList(form, cells);
  const pieces: { from: number; to: number; text: string }[] = [{ ...form.cells, text: list }];
  if (metadata !== form.meta) {
    if (form.metadata) {
      const raw = text.slice(form.metadata.from, form.metadata.to);
      pieces.push({ ...form.metadata, text: printOver(raw, metadata as Json, form.indent, 1) });
    } else {
      /* Behind the list of cells, where sorted keys have it. */
      const nl = form.indent ? `\n${form.indent}` : " ";
      pieces[0]!.text += `,${nl}"metadata": ${print(metadata as Json, form.indent, 1)}`;
    }
  }
  pieces.sort((a, b) => a.from - b.from);
  let out = "", at = 0;
  for (const p of pieces) {
    out += text.slice(at, p.from) + p.text;
    at = p.to;
  }
  return out + text.slice(at);
}

/* Prints beforehand what is long, with rests between, so that writeNotebook of the same cells has little to do. */
export async function printAhead(form: Form, cells: readonly Cell[], slices: Slices): Promise<void> {
  for (const cell of cells) {
    const w = writtenOf(cell);
    if (cell.kind !== "code" || (w && sameLazy(cell, w.cell, "outputs"))) continue;
    for (const o of cell.outputs)
      for (let done = false; !done; ) {
        done = printSome(o, form.indent);
        if (slices.over) await slices.rest();
      }
  }
}

function sameOrder(form: Form, cells: readonly Cell[]): boolean {
  return cells.length === form.order.length && cells.every((c, i) => c === form.order[i] && !needsId(writtenOf(c)!, form));
}

/* The file has none, or one that no reader would take. */
function needsId(w: Written, form: Form): boolean {
  return form.minor >= 5 && w.fileId === null;
}

function writeList(form: Form, cells: readonly Cell[]): string {
  if (!cells.length) return "[]";
  const { indent } = form, nl = (level: number): string => (indent ? `\n${indent.repeat(level)}` : "");
  const lead = form.lead || nl(CELL), between = form.gaps.length > 1 ? form.gaps[0]! : `,${indent ? nl(CELL) : " "}`;
  const end = form.gaps.length ? form.gaps[form.gaps.length - 1]! : nl(1);
  return `[${lead}${cells.map((c) => writeCell(form, c)).join(between)}${end}]`;
}

export function writeCell(form: Form, cell: Cell): string {
  const w = writtenOf(cell);
  if (!w || !w.members) return w && unchanged(w, cell) ? w.text : printObject(freshParts(form, cell), form.indent, CELL);
  if (unchanged(w, cell) && !needsId(w, form)) return w.text;
  return printObject(changedParts(form, cell, w), form.indent, CELL);
}

function unchanged(w: Written, cell: Cell): boolean {
  const was = w.cell;
  if (cell === was) return true;
  return (
    cell.id === was.id && cell.kind === was.kind && cell.source === was.source && cell.count === was.count &&
    sameLazy(cell, was, "outputs") && sameLazy(cell, was, "metadata") && cell.attachments === was.attachments
  );
}

/* One that nobody has looked at is the same, and is not looked at for this. */
function sameLazy(cell: Cell, was: Cell, key: "outputs" | "metadata"): boolean {
  const a = Object.getOwnPropertyDescriptor(cell, key), b = Object.getOwnPropertyDescriptor(was, key);
  if (a?.get && a.get === b?.get) return true;
  return cell[key] === was[key];
}

type Named = Part & { key: string };
const named = (key: string, raw: string): Named => ({ key, rawKey: JSON.stringify(key), raw });

function sourceText(form: Form, cell: Cell, was: string | undefined): string {
  const whole = was?.startsWith('"') ?? false;
  return print(whole ? cell.source : splitLines(cell.source), form.indent, MEMBER);
}

function outputsText(form: Form, outputs: readonly Output[]): string {
  if (!outputs.length) return "[]";
  const nl = (level: number): string => (form.indent ? `\n${form.indent.repeat(level)}` : "");
  const all = outputs.map((o) => outputText(o, form.indent));
  return `[${nl(MEMBER + 1)}${all.join(form.indent ? `,${nl(MEMBER + 1)}` : ", ")}${nl(MEMBER)}]`;
}

function freshParts(form: Form, cell: Cell): Named[] {
  const parts: Named[] = [
    named("cell_type", JSON.stringify(cell.kind)),
    named("metadata", print(cell.metadata as Json, form.indent, MEMBER)),
    named("source", sourceText(form, cell, undefined)),
  ];
  if (form.minor >= 5) insertPart(parts, named("id", JSON.stringify(cell.id)));
  if (cell.attachments && cell.kind !== "code") insertPart(parts, named("attachments", print(cell.attachments as Json, form.indent, MEMBER)));
  if (cell.kind === "code") {
    insertPart(parts, named("execution_count", JSON.stringify(cell.count)));
    insertPart(parts, named("outputs", outputsText(form, cell.outputs)));
  }
  return parts;
}

/* The members that the file had, in their order; the last of two of a name. */
function changedParts(form: Form, cell: Cell, w: Written): Named[] {
  const was = w.cell, parts: Named[] = [];
  for (const m of w.members!) {
    const there = parts.findIndex((p) => p.key === m.key);
    if (there >= 0) parts.splice(there, 1);
    parts.push({ key: m.key, rawKey: m.rawKey, raw: m.raw });
  }
  const raw = (key: string): string | undefined => parts.find((p) => p.key === key)?.raw;
  const put = (key: string, text: string): void => {
    const p = parts.find((x) => x.key === key);
    if (p) p.raw = text;
    else insertPart(parts, named(key, text));
  };
  const drop = (key: string): void => {
    const i = parts.findIndex((p) => p.key === key);
    if (i >= 0) parts.splice(i, 1);
  };
  if (cell.kind !== was.kind || raw("cell_type") === undefined) put("cell_type", JSON.stringify(cell.kind));
  if (cell.source !== was.source || raw("source") === undefined) put("source", sourceText(form, cell, raw("source")));
  if (raw("metadata") === undefined) put("metadata", print(cell.metadata as Json, form.indent, MEMBER));
  else if (!sameLazy(cell, was, "metadata")) put("metadata", printOver(raw("metadata")!, cell.metadata as Json, form.indent, MEMBER));
  if (form.minor >= 5 && (cell.id !== w.fileId || !goodId(cell.id))) put("id", JSON.stringify(cell.id));
  else if (form.minor < 5 && cell.id !== w.fileId) drop("id"); /* a copy from a notebook that has ids */
  /* What a cell may not have of its kind stays where somebody put it; a cell that changes its kind leaves it behind. */
  const turned = cell.kind !== was.kind;
  if (turned && cell.kind === "code") drop("attachments");
  else if (cell.attachments !== was.attachments && cell.attachments) put("attachments", print(cell.attachments as Json, form.indent, MEMBER));
  else if (!cell.attachments) drop("attachments");
  if (cell.kind !== "code") {
    if (turned) for (const key of ["outputs", "execution_count"]) drop(key);
    return parts;
  }
  if (cell.count !== was.count || raw("execution_count") === undefined) put("execution_count", JSON.stringify(cell.count));
  if (raw("outputs") === undefined || !sameLazy(cell, was, "outputs")) put("outputs", outputsText(form, cell.outputs));
  return parts;
}
