/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A traceback as frames: which are the user's and which a library's, so that the second can be folded. IPython gives
 * each frame as an entry of its own; other kernels give lines, which are shown as they are.
 */
import { strip } from "./ansi";

export interface Frame {
  text: string; /* with its colours */
  library: string | null; /* numpy, or python for the standard library */
  cell: string | null; /* 13 of "Cell In[13]" */
}

const CELL = /^(?:Cell |Input )In ?\[(\d+)\]/m;
const FILE = /^(?:File )?(.+?)(?::(\d+), in |:(\d+)$| in )/m;
const PACKAGE = /(?:^|[\\/])(?:site|dist)-packages[\\/]([^\\/]+)/;
const STANDARD = /[\\/]lib[\\/](?:python|pypy)[\d.]+[\\/]/;

function library(head: string): string | null {
  const path = FILE.exec(head)?.[1] ?? head.split("\n", 1)[0]!;
  const pack = PACKAGE.exec(path)?.[1];
  if (pack) return pack.replace(/\.py$/, "").replace(/^_+/, "");
  return STANDARD.test(path) || /^File <frozen /.test(head) ? "python" : null;
}

/* Heads that say nothing which the summary does not: the rule, the name again. */
function isFrill(text: string, ename: string): boolean {
  const plain = strip(text).trim();
  return plain === "" || /^-{10,}$/.test(plain) || (plain.startsWith(ename) && plain.endsWith("Traceback (most recent call last)"));
}

export function framesOf(ename: string, evalue: string, traceback: readonly string[]): Frame[] {
  const frames: Frame[] = [];
  traceback.forEach((entry, i) => {
    const plain = strip(entry);
    if (isFrill(entry, ename)) return;
    /* The last entry says again what the summary says. */
    if (i === traceback.length - 1 && i > 0 && plain.trim() === `${ename}: ${evalue}`.trim()) return;
    const text = entry.replace(/^\n+|\n+$/g, "");
    frames.push({ text, library: library(plain.trimStart()), cell: CELL.exec(plain)?.[1] ?? null });
  });
  return frames;
}

export interface Group {
  folded: boolean;
  frames: Frame[];
}

/* Neighbouring frames of libraries are one group. */
export function groups(frames: readonly Frame[]): Group[] {
  const all: Group[] = [];
  for (const f of frames) {
    const folded = f.library !== null;
    const last = all.at(-1);
    if (last?.folded === folded) last.frames.push(f);
    else all.push({ folded, frames: [f] });
  }
  return all;
}

export function librariesOf(frames: readonly Frame[]): string[] {
  return [...new Set(frames.flatMap((f) => (f.library ? [f.library] : [])))];
}
