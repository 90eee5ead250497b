# SPDX-License-Identifier: Apache-2.0
"""The hub with 10,000 sessions: how soon core is ready and reconciled; durable writes and reads per second, through edge and directly, beside the
physical floor (sqlite3 writing the same rows with fdatasync) and JupyterHub's API; and what a planned restart costs."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from core_alone import BUILD, Core  # noqa: E402
from fake_engine import BOOT_ID, boot_ns  # noqa: E402
from figures import Series, Table, quiet  # noqa: E402
from fillstore import fill  # noqa: E402
from peer_jupyterhub import JupyterHub  # noqa: E402
from product import Hub  # noqa: E402

LOAD = BUILD / "src/edge/bench-load"
CONNS, SECONDS, ROUNDS = 64, int(os.environ.get("BENCH_SECONDS", "4")), int(os.environ.get("BENCH_ROUNDS", "5"))
SESSIONS = 10_000


def load(addr, request):
    r = subprocess.run([str(LOAD), addr, str(CONNS), str(SECONDS)], input=request.encode(), capture_output=True)
    if r.returncode:
        raise SystemExit(f"bench-load: {r.stderr.decode()} {r.stdout.decode()}")
    d = json.loads(r.stdout)
    assert d["errors"] == 0, d
    return d


def median(values):
    return sorted(values)[len(values) // 2]


# --- ready and reconciled ---

def start(core):
    """Milliseconds from exec to the first answer of the API, to ready, to reconciled."""
    log = core.dir / "core.log"
    log.write_bytes(b"")
    began, seen = time.monotonic(), {}
    core.proc = subprocess.Popen([str(BUILD / "src/api/core-alone"), str(core.dir / "db"), str(core.sock), f"unix:{core.dir}/engine.sock"],
                                 stdout=open(log, "ab"), stderr=subprocess.STDOUT)
    while len(seen) < 3:
        for name, path in (("api", "/api/v1/openapi.json"), ("ready", "/readyz")):
            try:
                if name not in seen and core.call("GET", path).status == 200:
                    seen[name] = (time.monotonic() - began) * 1e3
            except OSError:
                pass
        if b"core_reconciled" in log.read_bytes():
            seen["reconciled"] = (time.monotonic() - began) * 1e3
        assert time.monotonic() - began < 60, log.read_text()[-2000:]
        time.sleep(0.001)
    core.stop()
    return seen


def starts(table, live, ended, what):
    folder = Path(tempfile.mkdtemp(prefix="bench-hub-"))
    try:
        core = Core(folder).start()
        core.user()
        core.stop()
        now = boot_ns()
        for session, epoch, volume in fill(folder / "db/carrel.db", live, ended, BOOT_ID, now_boot=now):
            core.engine.volumes[volume] = 1 << 30
            core.engine.running[(session, epoch)] = {"state": "running", "since": now, "extend": 0, "volume_id": volume, "began": now,
                                                     "idle_seconds": 3600, "max_seconds": 43200}
        rounds = []
        for _ in range(ROUNDS):
            quiet()
            rounds.append(start(core))
        for name, goal in (("api", 100), ("ready", 100), ("reconciled", 5000)):
            s = Series(name)
            for r in rounds:
                s.add(r[name])
            table.ratio(f"exec → {name}, {what}", s.p50, goal, "limit", 1.0, note=f"worst of {ROUNDS}: {max(s.values):.0f} ms")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- writes and reads ---

def request(method, path, token, host, body=None):
    text = json.dumps(body) if body is not None else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: token {token}\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    return head + "\r\n" + text


def floor(db_path, group):
    """Rows of one PATCH (workspace, audit, event), `group` of them in a transaction, each transaction on disk before the next: per second."""
    folder = Path(tempfile.mkdtemp(prefix="bench-floor-", dir=db_path.parent))
    try:
        db = sqlite3.connect(folder / "f.db", isolation_level=None, cached_statements=64)
        with sqlite3.connect(f"file:{db_path}?mode=ro", uri=True) as source:
            source.backup(db)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 2000")
        db.execute("PRAGMA synchronous = FULL")
        ws, account = db.execute("SELECT id, account_id FROM workspace LIMIT 1").fetchone()
        n, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            db.execute("BEGIN IMMEDIATE")
            for _ in range(group):
                db.execute("UPDATE workspace SET auto_stop_s = ?, updated_us = ?, version = version + 1 WHERE id = ?", (3600, n, ws))
                db.execute("INSERT INTO audit(at_us, boot_ns, account_id, actor, verb, object, detail, source, request_id, hash)"
                           " VALUES(?,?,?,?,?,?,?,?,?,?)", (n, n, account, account, "workspace.change", ws, "", "local", "r_" + "0" * 26, b"x" * 32))
                db.execute("INSERT INTO event(account_id, at_us, kind, object_id, data) VALUES(?,?,?,?,'')", (account, n, "workspace", ws))
            db.execute("COMMIT")
            n += group
        db.close()
        return n / SECONDS
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rates(table, folder):
    hub = Hub(folder / "state").start()
    peer = JupyterHub.start_if_there(folder)
    try:
        api = hub.login()
        ws = api.workspace("bench")
        db = hub.state / "db/carrel.db"
        # Numbers of one length, so that all answers have one length.
        c = sqlite3.connect(db, timeout=10)
        c.execute("UPDATE workspace SET version = 1000000")
        c.commit()
        c.close()
        host = f"localhost:{hub.port}"
        path = f"/api/v1/workspaces/{ws['id']}"
        edge, core = f"tcp:127.0.0.1:{hub.port}", f"unix:{hub.runtime}/edge/core.sock"
        write = request("PATCH", path, api.token, host, {"auto_stop_seconds": 3600})
        read = request("GET", path, api.token, host)
        rows = {k: [] for k in ("edge", "core", "read", "floor64", "floor1", "hub_write", "hub_read")}
        for _ in range(ROUNDS):
            quiet()
            rows["edge"].append(load(edge, write)["rps"])
            rows["core"].append(load(core, write)["rps"])
            rows["read"].append(load(edge, read)["rps"])
            rows["floor64"].append(floor(db, 64))
            rows["floor1"].append(floor(db, 1))
            if peer:
                rows["hub_write"].append(peer.writes(SECONDS))
                rows["hub_read"].append(peer.reads(SECONDS))
        m = {k: median(v) for k, v in rows.items() if v}
        table.at_least("durable writes through edge (PATCH, 64 connections)", m["edge"], 5000, "goal", 1.0)
        table.at_least("durable writes, core directly", m["core"], m["floor64"], "floor: sqlite3, 64 of them in one fdatasync", 0.2)
        table.at_least("the same against one fdatasync for each", m["core"], m["floor1"], "floor: sqlite3, one at a time", 1.0)
        table.at_least("reads through edge (GET, 64 connections)", m["read"], 5000, "goal", 1.0)
        if peer:
            table.at_least("durable writes through edge", m["edge"], m["hub_write"], "JupyterHub: POST token", 10)
            table.at_least("reads through edge", m["read"], m["hub_read"], "JupyterHub: GET user", 10)
        restarts(table, hub, api, path)
        stopped_files(table, hub, api)
    finally:
        if peer:
            peer.stop()
        hub.stop()


def restarts(table, hub, api, path):
    """Requests all the time on kept connections, while each role gives way to a new one: none fails, and how long one waited at most."""
    worst = Series("pause")
    for what in ("edge", "core", "engine", "all"):
        stop, longest, failed = threading.Event(), [0.0], []

        def client(stop=stop, longest=longest, failed=failed):
            http = requests.Session()
            while not stop.is_set():
                began = time.perf_counter()
                try:
                    r = http.get(hub.url + path, headers={"Authorization": f"token {api.token}"}, timeout=30)
                    if r.status_code != 200:
                        failed.append(r.status_code)
                except requests.RequestException as e:
                    failed.append(repr(e))
                longest[0] = max(longest[0], time.perf_counter() - began)

        threads = [threading.Thread(target=client) for _ in range(4)]
        for t in threads:
            t.start()
        time.sleep(0.5)
        subprocess.run([str(BUILD / "src/daemon/carreld"), "restart", what, *hub.args()], check=True, capture_output=True, timeout=60)
        time.sleep(0.5)
        stop.set()
        for t in threads:
            t.join()
        assert not failed, (what, failed[:3])
        print(f"restart {what}: the longest request took {longest[0] * 1e3:.0f} ms", flush=True)
        worst.add(longest[0] * 1e3)
    table.ratio("planned restart of edge, core, engine, all: the longest that a request took (none failed)", max(worst.values), 1000, "limit", 1.0)


def stopped_files(table, hub, api):
    """The list of a stopped workspace's files, with the process that serves it made for it, and there already."""
    ws = api.workspace("stopped", storage_bytes=64 << 20)
    api.start(ws)
    api.stop(ws)
    path = f"/workspaces/{ws['id']}/files/contents/"
    cold, warm = Series("cold"), Series("warm")
    for _ in range(4 * ROUNDS):
        quiet(3)
        cold.time(lambda: api.call("GET", path, 200))
        warm.time(lambda: api.call("GET", path, 200))
        for p in Path("/proc").iterdir():
            if p.name.isdigit() and f"--files\0{hub.runtime}/" in (p / "cmdline").read_text(errors="replace"):
                os.kill(int(p.name), signal.SIGTERM)
        while os.listdir(f"{hub.runtime}/files"):
            time.sleep(0.01)
    table.ratio("a stopped workspace's file list, its process made for it", cold.p50, 300, "limit", 1.0, note=f"worst of {len(cold.values)}: {max(cold.values):.0f} ms")
    table.ratio("the same, process there already", warm.p50, 20, "limit", 1.0)
    api.delete(ws)


def main():
    table = Table()
    starts(table, SESSIONS, 0, f"{SESSIONS:,} sessions run")
    starts(table, 100, SESSIONS, f"{SESSIONS:,} have ended, 100 run")
    with tempfile.TemporaryDirectory(prefix="bench-hub-", dir=BUILD) as d:
        os.chmod(d, 0o755)
        rates(table, Path(d))
    table.finish()


if __name__ == "__main__":
    main()
