/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells that were cut or copied: for this page as they are, for others as JSON of nbformat in the system's clipboard, under the
 * name that JupyterLab gives such a list. Ctrl C and Ctrl V speak with that clipboard; the keys C and V alone would have to ask
 * for the right to read it, so between tabs of one workspace the browser's storage carries cells as well.
 */
import { read, write } from "../../../src/lib/storage";
import { writtenOf } from "../model/cells";
import { Scan } from "../model/json-scan";
import { readNotebook } from "../model/nbformat";
import { writeCell } from "../model/nbwrite";
import type { Cell } from "../model/types";

export const CELLS = "application/vnd.jupyter.cells";

const KEPT = "carrel.ide.cells";
const KEPT_MAX = 500_000; /* characters: the storage holds some 5 million for all */
const TEXT_MAX = 16 << 20;
const CELLS_MAX = 10_000;

const book = (cells: string): string => `{\n "cells": ${cells},\n "metadata": {},\n "nbformat": 4,\n "nbformat_minor": 5\n}`;
const { form } = readNotebook(book("[]"));

let here: { cells: readonly Cell[]; text: string } = { cells: [], text: "" };

/* As the file of a notebook has them. "": too much for a clipboard. */
export function textOf(cells: readonly Cell[]): string {
  let size = 0;
  const parts: string[] = [];
  for (const c of cells) {
    parts.push(writeCell(form, c));
    size += parts[parts.length - 1]!.length;
    if (size > TEXT_MAX) return "";
  }
  return `[${parts.join(",")}]`;
}

const isCell = (c: Cell): boolean => writtenOf(c)?.members?.some((m) => m.key === "cell_type") ?? false;

/* Another program's word: what is no list of cells is none. */
export function cellsOf(text: string): readonly Cell[] {
  if (text.length > TEXT_MAX || !/^\s*\[\s*\{/.test(text)) return [];
  if (text === here.text) return here.cells;
  try {
    const scan = new Scan(text);
    scan.list();
    scan.end();
    const { cells } = readNotebook(book(text));
    return cells.length <= CELLS_MAX && cells.every(isCell) ? cells : [];
  } catch {
    return [];
  }
}

/* For V: what was taken last, here or in another tab. */
export function held(): readonly Cell[] {
  const kept = read(KEPT);
  return kept && kept !== here.text ? cellsOf(kept) : here.cells;
}

export function hold(cells: readonly Cell[]): void {
  here = { cells, text: textOf(cells) };
  write(KEPT, null); /* so that nothing older stands there when the storage is full */
  if (here.text && here.text.length <= KEPT_MAX) write(KEPT, here.text);
}

export const holds = (): boolean => here.cells.length > 0 || read(KEPT) !== null;

function fill(data: DataTransfer): void {
  data.setData("text/plain", here.cells.map((c) => c.source).join("\n\n"));
  if (here.text) data.setData(CELLS, here.text);
}

let filling = false;

/* The browser asks what to copy or cut: `take` holds it. */
export function answer(e: ClipboardEvent, take: () => void): void {
  filling = true;
  try {
    take();
  } finally {
    filling = false;
  }
  if (e.clipboardData) fill(e.clipboardData);
  e.preventDefault();
  e.stopImmediatePropagation();
}

/* Into the system's clipboard too, while a key or click is being answered. */
export function offer(): void {
  if (filling) return;
  const onCopy = (e: ClipboardEvent): void => answer(e, () => undefined);
  document.addEventListener("copy", onCopy, true);
  document.execCommand("copy"); /* where a browser does not let us, the cells are in this page and its storage */
  document.removeEventListener("copy", onCopy, true);
}
