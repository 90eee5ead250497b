/* SPDX-License-Identifier: Apache-2.0 */
/* Builds dist/@carrel/labextension as JupyterLab finds it: package.json and static/remoteEntry.<hash>.js. */
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = `${here}dist/@carrel/labextension`;
const { version, license } = JSON.parse(readFileSync(`${here}../package.json`, "utf8"));

const { outputFiles } = await build({
  entryPoints: [`${here}src/container.ts`],
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: "es2021",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
});
const code = outputFiles[0].contents;
const entry = `static/remoteEntry.${createHash("sha256").update(code).digest("hex").slice(0, 20)}.js`;

rmSync(`${here}dist`, { recursive: true, force: true });
mkdirSync(`${out}/static`, { recursive: true });
writeFileSync(`${out}/${entry}`, code);
writeFileSync(`${out}/${entry}.br`, brotliCompressSync(code));
writeFileSync(`${out}/${entry}.gz`, gzipSync(code, { level: 9 }));
cpSync(`${here}schema`, `${out}/schemas/@carrel/labextension`, { recursive: true });
writeFileSync(
  `${out}/package.json`,
  JSON.stringify(
    {
      name: "@carrel/labextension",
      version,
      description: "JupyterLab in a Carrel session: running cells of other pages, what the session uses, when it stops.",
      license,
      jupyterlab: { extension: true, outputDir: ".", _build: { load: entry, extension: "./extension" } },
    },
    null,
    2,
  ) + "\n",
);
console.log(`labextension ${entry} ${code.length} bytes`);
