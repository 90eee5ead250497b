/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the frame of outputs: frame.html, whole in one file for it can fetch nothing, and the libraries that the page
 * fetches as text and hands over. `virtual:frame-libraries` says their names.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type BuildOptions, build } from "esbuild";
import type { Plugin } from "vite";

const ID = "virtual:frame-libraries";
const here = (path: string): string => new URL(path, import.meta.url).pathname;

const options: BuildOptions = {
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "error",
  outdir: here("."),
  loader: { ".woff2": "dataurl", ".woff": "empty", ".ttf": "empty", ".eot": "empty", ".svg": "dataurl", ".png": "dataurl" },
  define: { "process.env.NODE_ENV": '"production"', "process.env": "{}", global: "globalThis" },
};

/* One script; its styles, if it has any, are put into the page by it. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({ ...options, entryPoints: [here(entry)] });
  const text = (end: string): string => outputFiles!.find((f) => f.path.endsWith(end))?.text ?? "";
  const css = text(".css");
  const add = css ? `{const s=document.createElement("style");s.textContent=${JSON.stringify(css)};document.head.append(s)}` : "";
  return add + text(".js");
}

async function page(): Promise<string> {
  const css = readFileSync(here("frame.css"), "utf8").replace(/\/\*.*?\*\//gs, "").trim();
  const script = (await bundle("boot.ts")).replaceAll("</script", "<\\/script");
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Output</title><style>${css}</style></head><body><script>${script}</script></body></html>\n`;
}

export function frames(): Plugin {
  let names: Record<string, string> = {};
  return {
    name: "frames",
    apply: "build",
    async buildStart() {
      const plotly = createRequire(import.meta.url).resolve("plotly.js-dist-min");
      const made: [string, string][] = [
        ["plotly", readFileSync(plotly, "utf8")],
        ["vega", await bundle("vega.ts")],
        ["widget", await bundle("widgets.ts")],
      ];
      names = {};
      for (const [name, source] of made) {
        const file = `assets/frame-${name}-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.js`;
        names[name] = file;
        this.emitFile({ type: "asset", fileName: file, source });
      }
      this.emitFile({ type: "asset", fileName: "frame.html", source: await page() });
    },
    resolveId: (id) => (id === ID ? `\0${ID}` : null),
    load: (id) => (id === `\0${ID}` ? `export default ${JSON.stringify(names)}` : null),
  };
}
