/* SPDX-License-Identifier: Apache-2.0 */
/* The language of a file, by its name. */
const SUFFIXES: Record<string, string> = {
  py: "python", pyi: "python", md: "markdown", markdown: "markdown", js: "javascript", mjs: "javascript", cjs: "javascript", jsx: "javascript",
  ts: "typescript", tsx: "typescript", json: "json", geojson: "json", html: "html", htm: "html", css: "css", sql: "sql", yaml: "yaml", yml: "yaml",
  r: "r", jl: "julia", sh: "shell", bash: "shell", c: "c", h: "c", cpp: "cpp", cc: "cpp", hpp: "cpp", java: "java", scala: "scala", rs: "rust",
  go: "go", rb: "ruby", lua: "lua", toml: "toml", tex: "latex", sty: "latex", m: "octave", hs: "haskell", diff: "diff", patch: "diff",
};

export function languageOfFile(path: string): string | null {
  const file = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (file === "dockerfile" || file === "containerfile") return "dockerfile";
  const dot = file.lastIndexOf(".");
  const suffix = dot < 0 ? "" : file.slice(dot + 1);
  return Object.hasOwn(SUFFIXES, suffix) ? SUFFIXES[suffix]! : null;
}
