/* SPDX-License-Identifier: Apache-2.0 */
/* Invented files and figures for dev/server.mjs, behind the routes of doc/internals/files.md and search.md. */
import { randomBytes, createHash } from "node:crypto";

const MB = 1024 * 1024;
const days = (n) => new Date(Date.now() - n * 864e5).toISOString();
const PNG = "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwCAIAAADYYG7QAAAAQ0lEQVR42u3OMQEAAAgDoK1/aM3h4QMJaCbvVCIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIpcFvJ4B8Xq+VxUAAAAASUVORK5CYII=";
const notebook = {
  nbformat: 4, nbformat_minor: 5, metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } },
  cells: [
    { cell_type: "markdown", metadata: {}, source: "# Ensemble forecast\n\nRunoff for the **Elbe headwaters**, 51 members. See [the method](https://example.org/method).\n\n- rain from the radar\n- snow from the model\n\n| gauge | members |\n|---|---|\n| Dresden | 51 |\n\n<script>alert(1)</script> [bad](javascript:alert(1))" },
    { cell_type: "code", metadata: {}, execution_count: 1, source: "import pandas as pd\ndf = pd.read_csv('data/runoff.csv')\ndf.head()  # the first rows", outputs: [{ output_type: "execute_result", execution_count: 1, metadata: {}, data: { "text/plain": "   q", "text/html": "<table><thead><tr><th></th><th>gauge</th><th>q</th></tr></thead><tbody><tr><th>0</th><td>Dresden</td><td>312.4</td></tr><tr><th>1</th><td>Meissen</td><td>298.1</td></tr></tbody></table>" } }] },
    { cell_type: "code", metadata: {}, execution_count: 2, source: "for i in range(200):\n    print('member', i)", outputs: [{ output_type: "stream", name: "stdout", text: Array.from({ length: 200 }, (_, i) => `member ${i}\n`) }] },
    { cell_type: "code", metadata: {}, execution_count: 3, source: "df.plot()", outputs: [{ output_type: "display_data", metadata: {}, data: { "image/png": PNG, "text/plain": "<Figure>" } }] },
    { cell_type: "code", metadata: {}, execution_count: 4, source: "1 / 0", outputs: [{ output_type: "error", ename: "ZeroDivisionError", evalue: "division by zero", traceback: ["\u001b[0;31mZeroDivisionError\u001b[0m: division by zero"] }] },
  ],
};
const csv = "time,gauge,q,level\n" + Array.from({ length: 12_500 }, (_, i) => `2026-11-${String(1 + (i % 28)).padStart(2, "0")},Dresden,${(300 + 40 * Math.sin(i / 50)).toFixed(1)},${i % 9}`).join("\n") + "\n";

function seed() {
  const f = new Map();
  const add = (path, text, at = 1) => f.set(path, { bytes: Buffer.isBuffer(text) ? text : Buffer.from(text), at: days(at) });
  const dir = (path, at = 1) => f.set(path, { dir: true, at: days(at) });
  dir("data", 0.01); dir("figures", 0.1); dir("many", 3);
  add("data/runoff.csv", csv, 2); add("data/members.json", JSON.stringify({ members: [1, 2, 3], grid: "0.25" }), 2);
  add("figures/map.png", Buffer.from(PNG, "base64"), 0.1); add("figures/hydrograph.svg", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 60"><script>alert(1)</script><path d="M0 50C20 50 30 5 45 8S70 50 100 52" fill="none" stroke="teal" stroke-width="2"/></svg>', 0.1);
  add("01-load.ipynb", JSON.stringify(notebook), 2); add("04-ensemble.ipynb", JSON.stringify(notebook), 0.01); add("broken.ipynb", '{"cells": [', 5);
  add("README.md", "# catchment-forecast\n\nRun the notebooks *in order*.\n\n1. load\n2. clean\n\n```python\nprint('hello')\n```\n", 9); add("model.py", "import numpy as np\n\n\ndef runoff(rain, k=0.3):\n    \"\"\"Linear reservoir.\"\"\"\n    return np.cumsum(rain) * k\n", 4);
  add("long.log", "2026-11-21 10:00:00 info member done\n".repeat(60_000), 0.5);
  for (let i = 0; i < 10_000; i++) add(`many/part-${i}.parquet`, "x", 3);
  return f;
}

const stores = new Map();
const uploads = new Map();
const model = (path, f) => ({ name: path.split("/").pop(), path, type: f.dir ? "directory" : path.endsWith(".ipynb") ? "notebook" : "file", size: f.dir ? null : f.bytes.length, last_modified: f.at, created: f.at, writable: true, mimetype: null, content: null, format: null, hash: f.dir ? null : createHash("sha256").update(f.bytes).digest("hex") });
const inside = (fs, folder) => [...fs].filter(([p]) => (folder ? p.startsWith(folder + "/") && !p.slice(folder.length + 1).includes("/") : !p.includes("/")));

export async function files(req, res, url, ws, rest, raw, send, problem) {
  if (!stores.has(ws)) stores.set(ws, seed());
  const fs = stores.get(ws);
  const body = () => JSON.parse(raw.toString() || "{}");
  const path = rest.slice(1).map(decodeURIComponent).join("/");
  const m = req.method;
  const q = url.searchParams;
  if (rest[0] === "contents") {
    const f = fs.get(path) ?? (path === "" ? { dir: true, at: days(0) } : null);
    if (m === "PUT") {
      const b = body();
      const had = fs.has(path);
      const hash = had && !fs.get(path).dir ? model(path, fs.get(path)).hash : null;
      if (b.base_hash !== undefined && b.base_hash !== hash) return send(res, 409, { message: `${path} was changed by somebody else since it was read`, reason: "changed" });
      fs.set(path, b.type === "directory" ? { dir: true, at: days(0) } : { bytes: Buffer.from(b.content, "utf8"), at: days(0) });
      return send(res, had ? 200 : 201, model(path, fs.get(path)));
    }
    if (!f) return send(res, 404, { message: `There is no ${path}.`, reason: null });
    if (m === "PATCH") {
      const to = body().path;
      if (fs.has(to)) return send(res, 409, { message: `${to} is there already.` });
      for (const [p, x] of [...fs]) if (p === path || p.startsWith(path + "/")) { fs.delete(p); fs.set(to + p.slice(path.length), x); }
      return send(res, 200, model(to, fs.get(to)));
    }
    if (m === "DELETE") { for (const p of [...fs.keys()]) if (p === path || p.startsWith(path + "/")) fs.delete(p); return send(res, 204); }
    if (m === "POST") {
      const b = body();
      const name = b.copy_from ? b.copy_from.replace(/(\.[^.]*)?$/, "-Copy1$1") : `${path ? path + "/" : ""}untitled${b.type === "notebook" ? ".ipynb" : (b.ext ?? "")}`;
      fs.set(name, b.copy_from ? { ...fs.get(b.copy_from) } : { bytes: Buffer.from(b.type === "notebook" ? '{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[]}' : ""), at: days(0) });
      return send(res, 201, model(name, fs.get(name)));
    }
    if (q.has("offset")) {
      const o = Number(q.get("offset"));
      const part = f.bytes.subarray(o, o + Number(q.get("length")));
      const text = q.get("format") !== "base64" && Buffer.from(part.toString("utf8")).equals(part);
      return send(res, 200, { ...model(path, f), type: "file", content: part.toString(text ? "utf8" : "base64"), format: text ? "text" : "base64", offset: o, length: part.length, size: f.bytes.length, more: o + part.length < f.bytes.length });
    }
    if (f.dir && q.get("content") !== "0") return send(res, 200, { ...model(path, f), format: "json", content: inside(fs, path).map(([p, x]) => model(p, { ...x, bytes: x.bytes ?? Buffer.alloc(0) })) });
    return send(res, 200, model(path, f));
  }
  if (rest[0] === "uploads") {
    const u = uploads.get(rest[1]);
    const view = (x) => ({ id: x.id, path: x.path, size: x.size, offset: x.bytes.length, done: x.done, replace: x.replace, created_at: x.at });
    if (!rest[1] && m === "GET") return send(res, 200, { items: [...uploads.values()].filter((x) => x.ws === ws && !x.done).map(view) });
    if (!rest[1]) {
      const b = body();
      if (fs.has(b.path) && !b.replace) return send(res, 409, { message: `${b.path} is there already.` });
      const x = { id: randomBytes(8).toString("hex"), ws, ...b, bytes: Buffer.alloc(0), done: false, at: days(0) };
      uploads.set(x.id, x);
      return send(res, 201, view(x));
    }
    if (!u) return send(res, 404, { message: "There is no such upload." });
    if (m === "DELETE") { uploads.delete(u.id); return send(res, 204); }
    if (m === "PATCH") {
      if (Number(q.get("offset")) !== u.bytes.length) return send(res, 409, view(u));
      u.bytes = Buffer.concat([u.bytes, raw]);
    }
    if (rest[2] === "finish") { u.done = true; fs.set(u.path, { bytes: u.bytes, at: days(0) }); return send(res, 200, model(u.path, fs.get(u.path))); }
    return send(res, 200, view(u));
  }
  if (rest[0] === "disk") return send(res, 200, { size_bytes: 20 * 1024 * MB, used_bytes: 7.4 * 1024 * MB, free_bytes: 12.6 * 1024 * MB, path: "", bytes: 7 * 1024 * MB, truncated: false, items: [{ name: "data", path: "data", type: "directory", bytes: 4.1 * 1024 * MB, files: 31 }, { name: ".local", path: ".local", type: "directory", bytes: 1.9 * 1024 * MB, files: 4100 }, { name: "figures", path: "figures", type: "directory", bytes: 0.8 * 1024 * MB, files: 12 }] });
  if (rest[0] === "environment") {
    const image = ["numpy", "pandas", "matplotlib", "scikit-learn", "scipy", "ipykernel"].map((name, i) => ({ name, version: `2.${i}.1`, where: "image", image_version: null, change: "none" }));
    const more = Array.from({ length: 140 }, (_, i) => ({ name: `library-${i}`, version: `1.${i}`, where: "image", image_version: null, change: "none" }));
    return send(res, 200, { python: "3.11", image_known: true, truncated: false, packages: [...image.filter((p) => p.name !== "numpy"), ...more, { name: "numpy", version: "2.4.0", where: "home", image_version: "2.3.5", change: "changed" }, { name: "xarray", version: "2026.10.0", where: "home", image_version: null, change: "added" }, { name: "zarr", version: "3.1.3", where: "home", image_version: null, change: "added" }].sort((a, b) => a.name.localeCompare(b.name)) });
  }
  return problem(res, 404, "not-found", "There is nothing here.");
}

/* A day's work as waves; a gap of three minutes in it. */
export function metrics(v, url) {
  const to = Math.floor((Date.parse(url.searchParams.get("to") ?? "") || Date.parse(v.stopped_at ?? "") || Date.now()) / 1000);
  const step = Number(url.searchParams.get("step") ?? 10);
  const from = Math.max(Math.floor(Date.parse(url.searchParams.get("from") ?? "") / 1000) || to - 3600, Math.floor(Date.parse(v.started_at) / 1000));
  const t = [];
  for (let x = from; x <= to; x += step) t.push(x);
  const col = (f) => t.map((x) => (to - x > 1500 && to - x < 1680 ? null : f(x)));
  const GB = 1024 * MB;
  return {
    session_id: v.id, from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString(), step, live: !v.stopped_at, limits: { cpu_cores: 2, memory_bytes: 4 * GB, disk_bytes: 20 * GB }, t,
    cpu_cores: col((x) => 1.1 + 0.7 * Math.sin(x / 90) + 0.15 * Math.sin(x * 7.7)), memory_bytes: col((x) => GB * (1.8 + 0.9 * Math.sin(x / 900))), disk_bytes: col((x) => GB * (7.2 + (x - from) / 18000)),
    rx_bytes_per_s: col((x) => MB * Math.max(0, 8 * Math.sin(x / 200))), tx_bytes_per_s: col((x) => MB * Math.max(0, 1.2 * Math.cos(x / 150))), processes: col(() => 12),
    gpu_percent: process.env.DEMO_GPU ? col((x) => 60 + 30 * Math.sin(x / 70)) : null, gpu_memory_bytes: process.env.DEMO_GPU ? col(() => 9 * GB) : null,
  };
}
