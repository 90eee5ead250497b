/* SPDX-License-Identifier: Apache-2.0 */
/* Headings of Markdown cells: what the outline lists, and what a collapsed section hides. */
import type { Cell } from "../model/types";

export interface Heading {
  cell: string;
  level: number; /* 1 to 6 */
  text: string;
  line: number; /* in the cell's source */
}

/* JupyterLab's name, so that a section collapsed here is collapsed there. */
export const COLLAPSED = "jp-MarkdownHeadingCollapsed";

const kept = new WeakMap<Cell, Heading[]>();

function plain(text: string): string {
  return text
    .replace(/\s+#+\s*$/, "")
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/<[^>]{1,200}>/g, "")
    .replace(/(\*\*|__|\*|`|~~)/g, "")
    .trim();
}

export function headingsOf(cell: Cell): Heading[] {
  if (cell.kind !== "markdown") return [];
  const had = kept.get(cell);
  if (had) return had;
  const found: Heading[] = [];
  let fence: string | null = null;
  const lines = cell.source.split("\n");
  lines.forEach((line, i) => {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark && (fence === null || (line.trim() === mark && mark.startsWith(fence)))) {
      fence = fence === null ? mark : null;
      return;
    }
    if (fence !== null) return;
    const m = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/.exec(line);
    if (m) found.push({ cell: cell.id, level: m[1]!.length, text: plain(m[2] ?? ""), line: i });
    else if (/^ {0,3}(=+|-{2,})\s*$/.test(line) && i > 0 && /^ {0,3}[^\s#>*+\-|`~]/.test(lines[i - 1]!))
      found.push({ cell: cell.id, level: line.trim().startsWith("=") ? 1 : 2, text: plain(lines[i - 1]!), line: i - 1 });
  });
  const out = found.filter((h) => h.text !== "");
  kept.set(cell, out);
  return out;
}

/* The level of the section that a cell begins: only a heading at its very start does. */
export function sectionLevel(cell: Cell): number {
  if (cell.kind !== "markdown") return 0;
  const first = headingsOf(cell)[0];
  return first && cell.source.split("\n", first.line).every((l) => l.trim() === "") ? first.level : 0;
}

export const isCollapsed = (cell: Cell): boolean => cell.metadata[COLLAPSED] === true && sectionLevel(cell) > 0;

/* Cells below collapsed headings, each with the heading that hides it. */
export function hiddenCells(cells: readonly Cell[]): Map<string, string> {
  const hidden = new Map<string, string>();
  let by: string | null = null;
  let level = 0;
  for (const cell of cells) {
    const own = cell.kind === "markdown" ? sectionLevel(cell) : 0;
    if (by !== null && own > 0 && own <= level) by = null;
    if (by !== null) hidden.set(cell.id, by);
    else if (own > 0 && isCollapsed(cell)) {
      by = cell.id;
      level = own;
    }
  }
  return hidden;
}

export interface OutlineItem extends Heading {
  cells: string[]; /* code cells of its section, up to the next heading of any level */
  collapsed: boolean;
  canCollapse: boolean;
}

export function outline(cells: readonly Cell[]): OutlineItem[] {
  const items: OutlineItem[] = [];
  for (const cell of cells) {
    if (cell.kind === "code") items[items.length - 1]?.cells.push(cell.id);
    headingsOf(cell).forEach((h, i) => {
      const first = i === 0 && sectionLevel(cell) > 0;
      items.push({ ...h, cells: [], collapsed: first && isCollapsed(cell), canCollapse: first });
    });
  }
  return items;
}
