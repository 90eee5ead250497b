/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the platform, for working on the console's looks alone: node dev/server.mjs [port].
 * It serves dist/ under the product's content policy and keeps invented data in memory. No test of the
 * product uses it. Sign in with the code DEVE-LOPR or any e-mail with the password "password".
 */
import { randomBytes } from "node:crypto";
import { readFileSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { files, metrics } from "./files.mjs";

const port = Number(process.argv[2] ?? process.env.PORT ?? 5180);
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const FULL = process.env.DEMO !== "empty";
const GB = 1024 ** 3;
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8" };
const CSP = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self' http://*.localhost:${port}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;

const id = (p) => p + randomBytes(13).toString("hex");
const iso = (ms) => (ms ? new Date(ms).toISOString().replace("Z", "000Z") : null);
const types = [["free", "Free", 0.5, 1, "0"], ["small", "Small", 1, 2, "0.06"], ["medium", "Medium", 2, 4, "0.12"], ["large", "Large", 4, 8, "0.24"]].map(
  ([i, name, cpu, mem, price]) => ({ id: i, name, cpu, memory_bytes: mem * GB, gpu: null, price_per_hour: price, currency: "USD", available: i !== "large" }),
);
const images = [{ id: "default", name: "Python 3", description: "Python 3.11 with NumPy, pandas, Matplotlib, scikit-learn, git and a C compiler", digest: "sha256:0", size_bytes: 1.6 * GB, ready: true }];
const me = { account: { id: "a_1", email: "admin@localhost", name: "Mara Lindqvist", admin: true, has_password: false, theme: "system" }, currency: "USD", warnings: ["The kernel here has no cgroup v2; limits use v1."], version: "0.1.0" };
const login = { on: process.env.DEMO_IN === "1" };
let workspaces = [];
let sessions = [];
let tokens = [];
let away = false;
const streams = new Set();
let seq = 0;

const micro = (price, s) => ((BigInt(Math.round(Number(price) * 1e6)) * BigInt(Math.floor(s))) / 3600n).toString().padStart(7, "0").replace(/(\d{6})$/, ".$1");
function view(s) {
  const running = s.state === "running" || s.state === "stopping";
  const sec = s.started ? ((running ? Date.now() : s.stopped) - s.started) / 1000 : 0;
  const ty = types.find((x) => x.id === s.type);
  const w = workspaces.find((x) => x.id === s.ws);
  const wave = 0.5 + 0.3 * Math.sin(Date.now() / 9000) + 0.15 * Math.random();
  return {
    id: s.id, workspace_id: s.ws, workspace_name: w?.name, state: s.state, phase: s.phase ?? null, phases: s.phases.map((p) => ({ phase: p.phase, started_at: iso(p.a), ended_at: iso(p.b) })),
    reason: s.reason ?? null, message: s.message ?? null, evidence: s.evidence ?? {}, url: `http://${s.label}.localhost:${port}/`, program_url: `http://localhost:${port}/-/s/${s.id}/`,
    instance_type: s.type, image: "default", epoch: s.epoch, started_at: iso(s.started), stopped_at: running ? null : iso(s.stopped), stop_at: running ? iso(s.stopAt) : null, stop_why: "idle",
    auto_stop_seconds: w?.auto_stop_seconds ?? 3600, max_seconds: 43200, cost: micro(ty.price_per_hour, sec), price_per_hour: ty.price_per_hour, currency: "USD", seconds: sec,
    stats: running ? { cpu_cores_used: ty.cpu * wave, memory_bytes: ty.memory_bytes * (0.3 + wave / 4), memory_limit_bytes: ty.memory_bytes, disk_used_bytes: 1.2 * GB, disk_size_bytes: w?.storage_bytes ?? 5 * GB, pids: 12 } : null,
  };
}
function wview(w) {
  const s = sessions.filter((x) => x.ws === w.id);
  const on = s.find((x) => !["stopped", "failed", "lost"].includes(x.state));
  const last = s.filter((x) => ["stopped", "failed", "lost"].includes(x.state)).pop();
  return { ...w, created_at: iso(w.created), updated_at: iso(w.created), session: on ? view(on) : null, last_session: last ? view(last) : null, price_per_hour: types.find((x) => x.id === w.instance_type).price_per_hour, currency: "USD", etag: `"${w.version}"` };
}
function emit(event, data) {
  seq++;
  for (const r of streams) r.write(`id: ${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
const tell = (s) => emit("session", view(s));
function make(name, o = {}) {
  const w = { id: id("w_"), name, image: "default", instance_type: o.type ?? "small", storage_bytes: (o.storage ?? 5) * GB, auto_stop_seconds: o.stop ?? 3600, created: Date.now() - 9 * 864e5, version: 1 };
  workspaces.push(w);
  return w;
}
function past(w, hoursAgo, hours, o = {}) {
  const a = Date.now() - hoursAgo * 36e5;
  const s = { id: id("s_"), ws: w.id, label: w.id.slice(2), state: o.state ?? "stopped", reason: o.reason ?? "idle", message: o.message, type: o.type ?? w.instance_type, epoch: 1, started: a, stopped: a + hours * 36e5, stopAt: 0, phases: [{ phase: "image", a: a - 2400, b: a - 2100 }, { phase: "volume", a: a - 2100, b: a - 1300 }, { phase: "container", a: a - 1300, b: a - 400 }, { phase: "server", a: a - 400, b: a }], evidence: { last: { what: "run", at: iso(a + hours * 3e6) } } };
  sessions.push(s);
  return s;
}
function begin(w) {
  const s = { id: id("s_"), ws: w.id, label: w.id.slice(2), state: "queued", type: w.instance_type, epoch: 1, started: 0, stopped: 0, stopAt: 0, phases: [], evidence: {} };
  sessions.push(s);
  const fail = w.name.includes("fail");
  const steps = ["queue", "image", "volume", "container", "server"];
  let i = 0;
  const next = () => {
    if (!sessions.includes(s) || ["stopped", "failed"].includes(s.state)) return;
    const now = Date.now();
    if (s.phases.length) s.phases[s.phases.length - 1].b = now;
    if (fail && i === 4) {
      Object.assign(s, { state: "failed", reason: "start-failed", stopped: now, phase: null, message: "The image has no user with id 1000. The container ended by itself." });
      return tell(s);
    }
    if (i === steps.length) {
      Object.assign(s, { state: "running", phase: null, started: now, stopAt: now + w.auto_stop_seconds * 1000, evidence: { last: { what: "start", at: iso(now) } } });
      return tell(s);
    }
    s.state = "starting";
    s.phase = steps[i];
    s.phases.push({ phase: steps[i++], a: now, b: 0 });
    tell(s);
    setTimeout(next, 200 + 600 * Math.random() * Number(process.env.SLOW ?? 1));
  };
  setTimeout(next, 100);
  return s;
}
if (FULL) {
  const a = make("catchment-forecast", { type: "medium", storage: 20 });
  past(a, 60, 5.5); past(a, 30, 2.7, { reason: "user" }); past(a, 100, 1.2, { state: "failed", reason: "oom" });
  const run = { ...past(a, 2.68, 0), state: "running", stopAt: Date.now() + 3.1e6 };
  run.evidence = { busy: [{ kernel: "k", name: "python3", path: "work/04-ensemble.ipynb", since: iso(Date.now() - 72e4) }], last: { what: "run", at: iso(Date.now() - 72e4) } };
  sessions[sessions.length - 1] = run;
  const b = make("sensor-cleaning");
  past(b, 70, 7.03);
  const idle = { ...past(b, 1.87, 0), state: "running", stopAt: Date.now() + (process.env.WARN ? 28e4 : 11e5) };
  idle.evidence = { last: { what: "save", at: iso(Date.now() - 26e5) } };
  sessions[sessions.length - 1] = idle;
  past(make("rainfall-bayes", { type: "large" }), 100, 2.7);
  past(make("groundwater-tracer"), 20, 0, { state: "failed", reason: "start-failed", message: "The volume is full: 5.0 of 5 GiB." });
  make("teaching week 47 — Übungen", { type: "free" });
  past(workspaces[4], 90, 3.1, { reason: "max" });
  tokens = [{ id: "t_1", name: "laptop", scopes: ["account"], created_at: iso(Date.now() - 8e8), expires_at: iso(Date.now() + 2e9), last_used_at: iso(Date.now() - 4e6) }, { id: "t_2", name: "nightly script", scopes: ["read"], created_at: iso(Date.now() - 8e9), expires_at: iso(Date.now() - 2e8), last_used_at: null }];
}

function send(res, status, body, headers = {}) {
  const type = status >= 400 ? "application/problem+json" : "application/json";
  res.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store", ...headers });
  res.end(body === undefined ? "" : JSON.stringify(body));
}
const problem = (res, status, slug, title, detail = "", field) => send(res, status, { type: `https://carrel.dev/problems/${slug}`, title, status, detail, request_id: "r_" + seq, field });
const bytes = (req) => new Promise((done) => { const all = []; req.on("data", (c) => all.push(c)); req.on("end", () => done(Buffer.concat(all))); });
const body = (req) => new Promise((done) => { let t = ""; req.on("data", (c) => (t += c)); req.on("end", () => { try { done(JSON.parse(t || "{}")); } catch { done({}); } }); });

async function api(req, res, url) {
  const path = url.pathname.slice("/api/v1".length);
  const parts = path.split("/").filter(Boolean);
  const m = req.method;
  if (away) return problem(res, 503, "away", "Carrel is restarting.");
  if (path === "/login") {
    const b = await body(req);
    if (b.code === "DEVE-LOPR" || b.password === "password") { login.on = true; return send(res, 200, me); }
    return problem(res, 401, "wrong", "The sign-in failed.", b.code !== undefined ? "" : "");
  }
  if (!login.on) return problem(res, 401, "signed-out", "Sign in first.");
  if (path === "/logout") { login.on = false; return send(res, 204); }
  if (path === "/me" && m === "GET") return send(res, 200, me);
  if (path === "/me") { const b = await body(req); for (const k of ["language", "one_key", "tour_done", "app"]) if (k in b) { (me.prefs ??= { language: "system", one_key: true, tour_done: false })[k] = b[k]; delete b[k]; } Object.assign(me.account, b); return send(res, 200, me); }
  if (path === "/me/password") { me.account.has_password = true; return send(res, 204); }
  if (path === "/instance-types") return send(res, 200, { items: types, next: null });
  if (path === "/images") return send(res, 200, { items: images, next: null });
  if (path === "/events") {
    res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    res.write(`id: ${seq}\nevent: hello\ndata: {}\n\n`);
    streams.add(res);
    req.on("close", () => streams.delete(res));
    return;
  }
  const recents = () => workspaces.slice(0, 5).flatMap((w, i) => (i < 4 ? [{ workspace_id: w.id, workspace_name: w.name, label: w.id.slice(2), path: ["04-ensemble.ipynb", "gap-filling.ipynb", "sensitivity.ipynb", "train_unet.py"][i], name: ["04-ensemble.ipynb", "gap-filling.ipynb", "sensitivity.ipynb", "train_unet.py"][i], kind: i < 3 ? "notebook" : "file", what: ["run", "saved", "opened", "saved"][i], at: iso(Date.now() - [2 * 6e4, 44 * 6e4, 26 * 36e5, 70 * 36e5][i]), running: !!wview(w).session, kernel: i ? "none" : "busy" }] : []));
  const balance = { month: "2026-11", month_ends_at: iso(Date.now() + 9 * 864e5), currency: "USD", used: "41.87", open: "0", credit: "0", free_seconds_left: 0, burn_per_hour: "0.33", budget: { amount: "80", hard: true, by_admin: false, left: "38.13", percent: 52, until: null }, ends_at: null, ends_by: null };
  if (path === "/balance") return send(res, 200, balance);
  if (path === "/home") return send(res, 200, { continue: recents(), month: { ...balance, expected: "59.82" }, first_run: !workspaces.length });
  if (path === "/recent") return send(res, 200, { items: recents() });
  if (path === "/notices") {
    const told = FULL ? [["budget", "Your November budget is half used: $40.00 of $80.00.", 40, null], ["stopped", "rainfall-bayes stopped after 1 h idle. It ran 2 h 46 min and cost $1.22.", 100, iso(Date.now())]] : [];
    return send(res, 200, { items: told.map(([kind, text, h, read], i) => ({ id: "n" + i, kind, object_id: "b", data: { text, workspace_id: workspaces[0]?.id }, at: iso(Date.now() - h * 36e5), read_at: read })), next: null, unread: told.length ? 1 : 0 });
  }
  if (path === "/search") {
    const q = (url.searchParams.get("q") ?? "").toLowerCase().replace(/type:\S+/g, "").trim();
    const mark = (text) => { const at = q ? text.toLowerCase().indexOf(q) : -1; return at < 0 ? [{ text, match: false }] : [[text.slice(0, at), false], [text.slice(at, at + q.length), true], [text.slice(at + q.length), false]].filter(([x]) => x).map(([x, match]) => ({ text: x, match })); };
    const items = recents().filter((r) => r.name.includes(q)).map((r) => ({ ...r, title: "Ensemble runs", where: "name", updated_at: r.at, name_parts: mark(r.name), snippet: mark(`… the ${q} of all members, drawn against the gauge at the weir …`) }));
    return send(res, 200, { q, items: q ? items : [], more: false, documents: 1234, catching_up: false });
  }
  if (path === "/usage") {
    const items = sessions.filter((s) => s.started).map((s) => { const v = view(s); return { session_id: s.id, workspace_id: s.ws, workspace_name: v.workspace_name, segment: 1, instance_type: s.type, started_at: v.started_at, stopped_at: v.stopped_at, seconds: v.seconds, price_per_hour: v.price_per_hour, amount: v.cost, estimated: false }; });
    const total = items.reduce((a, i) => a + BigInt(i.amount.replace(".", "")), 0n).toString().padStart(7, "0").replace(/(\d{6})$/, ".$1");
    return send(res, 200, { items, next: null, total: { amount: total, seconds: items.reduce((a, i) => a + i.seconds, 0), currency: "USD" } });
  }
  if (parts[0] === "tokens") {
    if (m === "GET") return send(res, 200, { items: tokens, next: null });
    if (m === "DELETE") { tokens = tokens.filter((t) => t.id !== parts[1]); return send(res, 204); }
    const b = await body(req);
    const t = { id: id("t_"), name: b.name, scopes: b.scopes, created_at: iso(Date.now()), expires_at: iso(Date.now() + b.expires_in_seconds * 1000), last_used_at: null };
    tokens.push(t);
    return send(res, 201, { ...t, token: "ct_" + randomBytes(24).toString("base64url") });
  }
  if (parts[0] === "sessions" && parts.length === 1) return send(res, 200, { items: sessions.map(view).reverse(), next: null });
  if (parts[0] === "sessions") {
    const s = sessions.find((x) => x.id === parts[1]);
    if (!s) return problem(res, 404, "not-found", "There is no such session.");
    if (parts[2] === "metrics") return send(res, 200, metrics(view(s), url));
    if (parts[2] === "extend") { s.stopAt += (await body(req)).seconds * 1000; tell(s); return send(res, 200, view(s)); }
    if (parts[2] === "enter") return send(res, 200, { code: "c", url: view(s).url, expires_at: iso(Date.now() + 3e4) });
    if (parts[2] === "logs") return send(res, 200, { text: "carrel-shim: session " + s.id + "\ncarrel-agent: listening on /run/carrel/agent.sock\ncarrel-agent: kernel python3 started\n" });
    return send(res, 200, view(s));
  }
  if (parts[0] === "workspaces" && parts.length === 1 && m === "GET") return send(res, 200, { items: workspaces.map(wview), next: null });
  if (parts[0] === "workspaces" && parts.length === 1) {
    const b = await body(req);
    if (b.name.includes("/")) return problem(res, 422, "invalid", "The name is not allowed.", "A name holds no '/' and no '\\'.", "name");
    const w = make(b.name);
    Object.assign(w, { instance_type: b.instance_type, storage_bytes: b.storage_bytes, auto_stop_seconds: b.auto_stop_seconds, created: Date.now() });
    emit("workspace", wview(w));
    return send(res, 201, wview(w));
  }
  const w = workspaces.find((x) => x.id === parts[1]);
  if (!w) return problem(res, 404, "not-found", "There is nothing here.");
  const on = sessions.find((s) => s.ws === w.id && !["stopped", "failed", "lost"].includes(s.state));
  if (parts[2] === "files") return files(req, res, url, w.id, parts.slice(3), await bytes(req), send, problem);
  if (parts[2] === "enter") return send(res, 200, { code: "c", url: `http://${w.id.slice(2)}.localhost:${port}/`, expires_at: iso(Date.now() + 3e4) });
  if (parts[2] === "start") { const s = on ?? begin(w); return send(res, 202, { session: view(s) }); }
  if (parts[2] === "stop") {
    if (on) {
      Object.assign(on, { state: "stopping", reason: "user" });
      tell(on);
      setTimeout(() => { Object.assign(on, { state: "stopped", phase: null, stopped: Date.now() }); tell(on); }, 1500);
    }
    return send(res, 202, { session: on ? view(on) : null });
  }
  if (m === "PATCH") { Object.assign(w, await body(req)); w.version++; emit("workspace", wview(w)); return send(res, 200, wview(w)); }
  if (m === "DELETE") { workspaces = workspaces.filter((x) => x !== w); sessions = sessions.filter((s) => s.ws !== w.id); emit("workspace", { id: w.id, deleted: true }); return send(res, 204); }
  return send(res, 200, wview(w));
}

createServer((req, res) => {
  const url = new URL(req.url, `http://${req.headers.host}`);
  if (req.headers.host !== `localhost:${port}`) { res.writeHead(200, { "Content-Type": "text/html" }); return res.end("<title>session</title><h1>JupyterLab would be here</h1>"); }
  if (url.pathname === "/dev/away") { away = !away; for (const r of streams) if (away) r.destroy(); return send(res, 200, { away }); }
  if (url.pathname.startsWith("/api/")) return void api(req, res, url);
  const file = join(dist, normalize(url.pathname));
  const path = url.pathname.startsWith("/assets/") && file.startsWith(dist) && existsSync(file) ? file : join(dist, "index.html");
  res.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream", "Content-Security-Policy": CSP, "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store" });
  res.end(readFileSync(path));
}).listen(port, "127.0.0.1", () => console.log(`http://localhost:${port}/`));
