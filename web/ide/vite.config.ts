/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notebook IDE: hashed names under assets/, which the agent serves as /ide/assets and for ever. index.html is a
 * template of the agent's: @BASE@ is where the server's addresses begin.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Plugin, defineConfig, transformWithEsbuild } from "vite";
import { precompress } from "../tools/precompress";
import { frames } from "./frame/plugin";
import { usedCss } from "./used-css";

const here = (path: string): URL => new URL(path, import.meta.url);

/* The theme and the page's shape, before the first paint, and the first request. */
function ownFiles(): Plugin {
  let name = "";
  return {
    name: "own-files",
    apply: "build",
    async buildStart() {
      const boot = ["../src/theme-boot.js", "boot.js", "early.js"].map((x) => readFileSync(here(x), "utf8")).join("\n");
      const { code } = await transformWithEsbuild(boot, "boot.js", { minify: true, sourcemap: false });
      name = `assets/theme-${createHash("sha256").update(code).digest("hex").slice(0, 8)}.js`;
      this.emitFile({ type: "asset", fileName: name, source: code });
    },
    /* The page is not compressed: blanks between its elements stay here. Its first script knows the files of later parts. */
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle }) {
        const file = (module: string): string => {
          const chunk = Object.values(bundle ?? {}).find((f) => f.type === "chunk" && f.facadeModuleId?.endsWith(`/ide/src/outputs/${module}`));
          if (!chunk) throw new Error(`${module} is no file of its own any more`);
          return `@BASE@ide/${chunk.fileName}`;
        };
        const attrs = { src: `@BASE@ide/${name}`, "data-area": file("area.tsx"), "data-rich": file("all-rich.ts") };
        return { html: html.replace(/>\s+</g, "><"), tags: [{ tag: "script", attrs, injectTo: "head-prepend" }] };
      },
    },
  };
}

/* What every editor needs, and what colours still text, in files that stay the same from release to release. */
const EDITOR = /node_modules\/(@codemirror\/(view|state|language|commands|lang-python)|@marijn|style-mod|w3c-keyname|crelt)\//;
const COLOURS = /node_modules\/@lezer\/(common|highlight|lr|python)\//;

export default defineConfig({
  root: new URL(".", import.meta.url).pathname,
  publicDir: false,
  plugins: [ownFiles(), frames(), usedCss(), precompress()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === "html" ? `@BASE@ide/${file}` : { relative: true }),
  },
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 6000,
    rollupOptions: {
      output: {
        manualChunks: (id) => (EDITOR.test(id) ? "codemirror" : COLOURS.test(id) ? "colours" : id.includes("@codemirror/autocomplete/") ? "assist" : undefined),
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
});
