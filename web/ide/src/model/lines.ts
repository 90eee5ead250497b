/* SPDX-License-Identifier: Apache-2.0 */
/* Texts as lists of lines, as Python's splitlines(True) makes them and so as every Jupyter program writes them. */

/* The end of a line: what Python's str.splitlines takes for one. */
const END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

export function splitLines(text: string): string[] {
  const all: string[] = [];
  let from = 0;
  END.lastIndex = 0;
  for (let m = END.exec(text); m; m = END.exec(text)) {
    all.push(text.slice(from, END.lastIndex));
    from = END.lastIndex;
  }
  if (from < text.length) all.push(text.slice(from));
  return all;
}

export function joinLines(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.filter((x) => typeof x === "string").join("") : "";
}
