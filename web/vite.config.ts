/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is hashed under /assets, which the server keeps for ever; index.html alone is not. The theme
 * is set by a small blocking file of its own, so that the content policy needs no inline script.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Plugin, transformWithEsbuild } from "vite";
import { defineConfig } from "vitest/config";
import { precompress } from "./tools/precompress";

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
  test: { include: ["{src,shared,ide,labextension}/**/*.test.ts"], environment: "node", testTimeout: 60_000 },
});
