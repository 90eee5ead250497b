/* SPDX-License-Identifier: Apache-2.0 */
import type { TextChange } from "./types";

/* Ranges of the text before; they ascend and do not overlap. */
export function applyText(text: string, changes: readonly TextChange[]): { text: string; inverse: TextChange[] } {
  const inverse: TextChange[] = [];
  let out = "", at = 0;
  for (const c of changes) {
    if (c.from < at || c.to < c.from || c.to > text.length) throw new Error("a change lies outside of its text");
    out += text.slice(at, c.from);
    inverse.push({ from: out.length, to: out.length + c.insert.length, insert: text.slice(c.from, c.to) });
    out += c.insert;
    at = c.to;
  }
  return { text: out + text.slice(at), inverse };
}

/* The smallest single range that makes b of a; none if they are the same. */
export function difference(a: string, b: string): TextChange[] {
  if (a === b) return [];
  const most = Math.min(a.length, b.length);
  let head = 0, tail = 0;
  while (head < most && a.charCodeAt(head) === b.charCodeAt(head)) head++;
  while (tail < most - head && a.charCodeAt(a.length - 1 - tail) === b.charCodeAt(b.length - 1 - tail)) tail++;
  return [{ from: head, to: a.length - tail, insert: b.slice(head, b.length - tail) }];
}
