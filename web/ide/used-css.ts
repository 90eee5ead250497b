/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The design's style sheets are the console's too. At build time the rules go whose classes nothing in the IDE names: neither
 * its page nor a word of its sources. Whatever is in doubt stays.
 */
import { readFileSync, readdirSync } from "node:fs";
import type { Plugin } from "vite";

/* The end of the string or character that begins at i. There are no comments any more. */
function skip(css: string, i: number): number {
  const c = css[i]!;
  if (c === '"' || c === "'") {
    for (i++; css[i] !== c; i++) if (css[i] === "\\") i++;
    return i + 1;
  }
  if (c === "\\") return i + 2;
  return i + 1;
}

/* Up to one of these characters, outside of strings and brackets. */
function until(css: string, i: number, ends: string): number {
  for (let depth = 0; i < css.length; i = skip(css, i)) {
    const c = css[i]!;
    if (depth === 0 && ends.includes(c)) return i;
    if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
  }
  return i;
}

function split(text: string, by: string): string[] {
  const parts: string[] = [];
  for (let i = 0; i <= text.length; ) {
    const end = until(text, i, by);
    parts.push(text.slice(i, end));
    i = end + 1;
  }
  return parts;
}

/* Classes that an element must have for the selector to fit: not those within :not(), :is() and the like. */
function classesOf(selector: string): string[] {
  let flat = "";
  for (let i = 0; i < selector.length; ) {
    const c = selector[i]!;
    if (c === "(" || c === "[") {
      i = until(selector, i + 1, c === "(" ? ")" : "]") + 1;
    } else {
      flat += c;
      i++;
    }
  }
  return [...flat.matchAll(/\.(-?[a-zA-Z_][\w-]*)/g)].map((m) => m[1]!);
}

export function keepUsed(css: string, used: (name: string) => boolean): string {
  let out = "";
  for (let i = 0; i < css.length; ) {
    const at = until(css, i, "{;}");
    const head = css.slice(i, at);
    if (css[at] !== "{") {
      out += css.slice(i, at + 1); /* @import and the like */
      i = at + 1;
      continue;
    }
    const end = until(css, at + 1, "}");
    const body = css.slice(at + 1, end);
    i = end + 1;
    if (/^\s*@(media|supports|layer|container)\b/.test(head)) {
      const inner = keepUsed(body, used);
      if (inner.trim()) out += `${head}{${inner}}`;
    } else if (/^\s*@/.test(head)) out += `${head}{${body}}`;
    else {
      const fit = split(head, ",").filter((s) => classesOf(s).every(used));
      if (fit.length) out += `${fit.join(",")}{${body}}`;
    }
  }
  return out;
}

/* Names are words of the sources; a word that ends or begins with a hyphen may be a part of one. */
export function usedIn(texts: readonly string[]): (name: string) => boolean {
  const words = new Set<string>();
  for (const text of texts) for (const m of text.matchAll(/[\w-]+/g)) words.add(m[0]);
  const begins = [...words].filter((w) => /^[a-z][\w-]*-$/i.test(w));
  return (name) => words.has(name) || begins.some((b) => name.startsWith(b));
}

const SOURCES = [new URL("./src/", import.meta.url), new URL("../shared/", import.meta.url), new URL("../src/lib/", import.meta.url)];
const PAGES = [new URL("./index.html", import.meta.url), new URL("./boot.js", import.meta.url)];

function textsBelow(folder: URL): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    if (e.isDirectory()) return textsBelow(new URL(`${e.name}/`, folder));
    return /\.(tsx?|css)$/.test(e.name) ? [readFileSync(new URL(e.name, folder), "utf8")] : [];
  });
}

/* Before anything is named by what it holds: a sheet that is kept for ever must not be two. */
export function usedCss(): Plugin {
  let used: (name: string) => boolean = () => true;
  return {
    name: "used-css",
    apply: "build",
    enforce: "pre",
    buildStart() {
      used = usedIn([...SOURCES.flatMap(textsBelow), ...PAGES.map((p) => readFileSync(p, "utf8"))]);
    },
    transform: (code, id) => (/\/src\/ui\/components\.css$/.test(id) ? { code: keepUsed(code.replace(/\/\*[^]*?\*\//g, ""), used), map: null } : null),
  };
}
