/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a draft of the file that has its name now? Yes, when the file is the very one that it was made from, or when they have
 * something in common: a cell, a line. Else the file was deleted and made anew, and nobody wants the old text in it unasked.
 */
import { writtenOf } from "../model/cells";
import { readNotebook } from "../model/nbformat";
import type { TextFile } from "./contents";
import type { Draft } from "./drafts";
import type { NotebookDraft } from "./notebook-file";
import { textIn } from "./text-form";
import type { TextDraft } from "./text-file";

export function isOf(draft: Draft, file: TextFile, notebook: boolean): boolean {
  if (draft.hash === file.hash && draft.made !== undefined && draft.made === file.created) return true;
  return notebook ? sharesCell(draft.data as NotebookDraft, file.content) : sharesLine(draft.data as TextDraft, textIn(file.content).text);
}

/* An id that stands in the file; one that is made from place and text says nothing of an empty cell. */
function sharesCell(draft: NotebookDraft, content: string): boolean {
  const { cells } = readNotebook(content), ids = new Set<string>(), sources = new Set<string>();
  for (const c of cells) {
    const stated = writtenOf(c)?.members?.some((m) => m.key === "id") ?? false;
    if (stated || c.source.trim()) ids.add(c.id);
    if (c.source.trim()) sources.add(c.source);
  }
  return draft.order.base.some((id) => ids.has(id)) || draft.base.some((c) => sources.has(c.source));
}

function sharesLine(draft: TextDraft, text: string): boolean {
  const lines = new Set(text.split("\n").map((l) => l.trim()));
  return draft.base.split("\n").some((l) => l.trim() !== "" && lines.has(l.trim()));
}
