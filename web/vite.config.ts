/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is hashed under /assets, which the server keeps for ever; index.html alone is not. The theme
 * is set by a small blocking file of its own, so that the content policy needs no inline script.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type Plugin, transformWithEsbuild } from "vite";
import { defineConfig } from "vitest/config";

const COMPRESSIBLE = /\.(html|js|css|svg)$/;

function blockingTheme(): Plugin {
  let name = "";
  return {
    name: "blocking-theme",
    apply: "build",
    async buildStart() {
      const source = readFileSync(new URL("./src/theme-boot.js", import.meta.url), "utf8");
      const { code } = await transformWithEsbuild(source, "theme-boot.js", { minify: true, sourcemap: false });
      name = `assets/theme-${createHash("sha256").update(code).digest("hex").slice(0, 8)}.js`;
      this.emitFile({ type: "asset", fileName: name, source: code });
    },
    transformIndexHtml: () => [{ tag: "script", attrs: { src: `/${name}` }, injectTo: "head-prepend" }],
  };
}

/* Each text also as .br and .gz, for a server that only has to choose. */
function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          if (!COMPRESSIBLE.test(fileName)) continue;
          const bytes = Buffer.from(file.type === "chunk" ? file.code : file.source);
          const br = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
          this.emitFile({ type: "asset", fileName: `${fileName}.br`, source: br });
          this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source: gzipSync(bytes, { level: 9 }) });
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [blockingTheme(), precompress()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    outDir: "dist",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: { output: { manualChunks: undefined, entryFileNames: "assets/[name]-[hash].js", assetFileNames: "assets/[name]-[hash][extname]" } },
  },
  test: { include: ["src/**/*.test.ts", "labextension/**/*.test.ts"], environment: "node" },
});
