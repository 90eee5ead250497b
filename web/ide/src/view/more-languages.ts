/* SPDX-License-Identifier: Apache-2.0 */
/* Where languages other than Python come from. */
import { pythonLanguage } from "@codemirror/lang-python";
import { LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";
import type { Other } from "./languages";

const stream = (parser: StreamParser<unknown>): LanguageSupport => new LanguageSupport(StreamLanguage.define(parser));

/* Each a chunk of its own. */
export const LOADERS: Record<Other, () => Promise<LanguageSupport>> = {
  markdown: async () => (await import("@codemirror/lang-markdown")).markdown({ codeLanguages: (info) => (/^(i?python3?|py)$/i.test(info) ? pythonLanguage : null) }),
  javascript: async () => (await import("@codemirror/lang-javascript")).javascript({ jsx: true }),
  typescript: async () => (await import("@codemirror/lang-javascript")).javascript({ jsx: true, typescript: true }),
  json: async () => (await import("@codemirror/lang-json")).json(),
  html: async () => (await import("@codemirror/lang-html")).html(),
  css: async () => (await import("@codemirror/lang-css")).css(),
  sql: async () => (await import("@codemirror/lang-sql")).sql(),
  yaml: async () => (await import("@codemirror/lang-yaml")).yaml(),
  r: async () => stream((await import("@codemirror/legacy-modes/mode/r")).r),
  julia: async () => stream((await import("@codemirror/legacy-modes/mode/julia")).julia),
  shell: async () => stream((await import("@codemirror/legacy-modes/mode/shell")).shell),
  c: async () => stream((await import("@codemirror/legacy-modes/mode/clike")).c),
  cpp: async () => stream((await import("@codemirror/legacy-modes/mode/clike")).cpp),
  java: async () => stream((await import("@codemirror/legacy-modes/mode/clike")).java),
  scala: async () => stream((await import("@codemirror/legacy-modes/mode/clike")).scala),
  rust: async () => stream((await import("@codemirror/legacy-modes/mode/rust")).rust),
  go: async () => stream((await import("@codemirror/legacy-modes/mode/go")).go),
  ruby: async () => stream((await import("@codemirror/legacy-modes/mode/ruby")).ruby),
  lua: async () => stream((await import("@codemirror/legacy-modes/mode/lua")).lua),
  toml: async () => stream((await import("@codemirror/legacy-modes/mode/toml")).toml),
  latex: async () => stream((await import("@codemirror/legacy-modes/mode/stex")).stex),
  dockerfile: async () => stream((await import("@codemirror/legacy-modes/mode/dockerfile")).dockerFile),
  octave: async () => stream((await import("@codemirror/legacy-modes/mode/octave")).octave),
  haskell: async () => stream((await import("@codemirror/legacy-modes/mode/haskell")).haskell),
  diff: async () => stream((await import("@codemirror/legacy-modes/mode/diff")).diff),
};
