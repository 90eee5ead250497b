/* SPDX-License-Identifier: Apache-2.0 */
/* Languages by name, and the parsers that colour still text. Python's comes with the page, the others when a document wants them. */
import type { LanguageSupport } from "@codemirror/language";
import type { Parser } from "@lezer/common";
import { parser as python } from "@lezer/python";
import { later } from "../later";

const OTHERS = [
  "markdown", "javascript", "typescript", "json", "html", "css", "sql", "yaml", "r", "julia", "shell", "c", "cpp",
  "java", "scala", "rust", "go", "ruby", "lua", "toml", "latex", "dockerfile", "octave", "haskell", "diff",
] as const;
export type Other = (typeof OTHERS)[number];
const more = later(() => import("./more-languages"));

const ALIASES: Record<string, string> = {
  ipython: "python", python3: "python", py: "python", js: "javascript", node: "javascript", ts: "typescript", bash: "shell", sh: "shell", zsh: "shell",
  "c++": "cpp", tex: "latex", matlab: "octave", md: "markdown", yml: "yaml", ipythongfm: "markdown", ir: "r",
};

export function languageName(name: string): string | null {
  const lower = name.toLowerCase();
  const known = ALIASES[lower] ?? lower;
  return known === "python" || OTHERS.includes(known as Other) ? known : null;
}

const loaded = new Map<string, LanguageSupport>();
const loading = new Map<string, Promise<LanguageSupport | null>>();

/* What is here already, without waiting; never Python, which each user has in its own form. */
export function otherNow(name: string | null): LanguageSupport | null {
  return (name && loaded.get(name)) || null;
}

export function loadOther(name: string | null): Promise<LanguageSupport | null> {
  const known = name && languageName(name);
  if (!known || known === "python") return Promise.resolve(null);
  const here = loaded.get(known);
  if (here) return Promise.resolve(here);
  const under = loading.get(known);
  if (under) return under;
  const coming = more.get().then((m) => m.LOADERS[known as Other]()).then(
    (l) => {
      loaded.set(known, l);
      return l;
    },
    () => {
      loading.delete(known); /* no network: plain text now, another try later */
      return null;
    },
  );
  loading.set(known, coming);
  return coming;
}

export function parserNow(name: string | null): Parser | null {
  return name === "python" ? python : (otherNow(name)?.language.parser ?? null);
}

export async function loadParser(name: string | null): Promise<Parser | null> {
  return parserNow(name) ?? (await loadOther(name))?.language.parser ?? null;
}
