# SPDX-License-Identifier: Apache-2.0
"""Core by itself in bad times: the engine comes and goes, kill -9, stepped clocks; and its books by an independent program."""

import decimal
import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from core_alone import BUILD, Core, problem, sanitized, wait_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own(tmp_path):
    """A core of its own, for tests that kill it."""
    c = Core(tmp_path, "auto_stop_min=2", "warn=300").start()
    yield c
    c.stop()


def test_a_start_can_be_stopped_at_any_moment(tmp_path):
    """It ends by itself or by the signal, never by a fault, and the next start is whole."""
    for ms in range(0, 120, 4):
        c = Core(tmp_path / str(ms))
        with open(c.dir / "core.log", "wb") as log:
            c.proc = subprocess.Popen([str(BUILD / "src/api/core-alone"), str(c.dir / "db"), str(c.sock), f"unix:{c.dir}/engine.sock"],
                                      stdout=log, stderr=log)
        time.sleep(ms / 1000)
        c.proc.terminate()
        assert c.proc.wait(20) in (0, 1, -signal.SIGTERM), (ms, (c.dir / "core.log").read_text()[-3000:])
    c.start()
    assert c.user().token
    assert c.stop() == 0


# --- the engine comes and goes ---

def test_a_start_without_an_engine_waits_for_it(own):
    u = own.user()
    ws = u.workspace()
    own.engine.away()
    wait_for("core to notice", lambda: own.call("GET", "/readyz").status == 503)
    s = u.start(ws, None)
    assert s["state"] == "queued" and s["reason"] == "engine-away" and s["message"]
    assert own.call("GET", "/healthz").status == 200
    own.engine.start()
    s = u.wait_state(s["id"], "running")
    own.engine.away()
    wait_for("core to notice", lambda: own.call("GET", "/readyz").status == 503)
    problem(u.call("POST", f"/sessions/{s['id']}/extend", {"seconds": 60}), 503, "engine-away")
    assert u.stop(ws, None)["state"] == "stopping"
    # It ends while nobody listens; the journal says how.
    own.engine.end(s["id"], s["epoch"], "idle")
    own.engine.start()
    assert u.wait_state(s["id"], "stopped")["reason"] == "idle"
    q = u.workspace()
    own.engine.away()
    wait_for("core to notice", lambda: own.call("GET", "/readyz").status == 503)
    s = u.start(q, None)
    assert u.stop(q, None)["state"] == "stopped"  # never left the queue
    own.engine.start()


def test_orphans_are_ended_and_the_lost_are_found_lost(own):
    u = own.user()
    ws = u.workspace()
    s = u.start(ws)
    own.kill()
    own.engine.on_volume_create("v_x", 1)
    with own.engine.lock:
        own.engine.running[("s_0000000000000000000000orph", 1)] = {"state": "running", "since": 1, "extend": 0, "volume_id": "v_x", "began": 1}
        own.engine.running.pop((s["id"], s["epoch"]))  # gone without a word
    own.start()
    wait_for("end of the orphan", lambda: ("s_0000000000000000000000orph", 1) not in own.engine.running)
    lost = u.wait_state(s["id"], "lost", 30)
    assert lost["reason"] == "shim-lost"
    # Its journal turns up after all: billed, once.
    own.engine._record(s["id"], s["epoch"], 2, "shim-lost", estimated=1)
    line = wait_for("line", lambda: [i for i in u.ok("GET", "/usage")["items"] if i["session_id"] == s["id"]])
    assert len(line) == 1 and line[0]["estimated"] is True
    u.start(ws)


def test_records_that_come_twice_count_once(own):
    u = own.user()
    ws = u.workspace()
    own.engine.lose_acks = True
    s = u.start(ws)
    u.stop(ws)
    for _ in range(3):
        own.engine.away()
        own.engine.start()
        wait_for("engine", lambda: own.call("GET", "/readyz").status == 200)
    own.kill()
    own.start()
    own.engine.lose_acks = False
    own.engine.away()
    own.engine.start()
    wait_for("acknowledgement", lambda: not own.engine.records)
    lines = [i for i in u.ok("GET", "/usage")["items"] if i["session_id"] == s["id"]]
    assert len(lines) == 1


# --- crashes ---

def audit_ledger(core):
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(core.dir / "db/carrel.db"), str(core.dir / "journal")],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout


def test_nothing_acknowledged_is_lost_by_kill_9(own):
    """Clients create, start, stop and delete; core dies at random; what was answered holds, and the books balance."""
    u = own.user()
    acked, deleted, stop, lock = {}, set(), threading.Event(), threading.Lock()
    rng = random.Random(20261121)

    def retry(method, path, body, key):
        while not stop.is_set():
            try:
                r = u.call(method, path, body, {"Idempotency-Key": key} if key else None, timeout=5)
                ending = r.status == 409 and r.json["type"].endswith("/limit")  # a hundred of them
                if r.status < 500 and not ending:
                    return r
            except OSError:
                pass
            time.sleep(0.01)
        return None

    def client(n):
        i = 0
        while not stop.is_set():
            name = f"c{n}-{i}"
            i += 1
            key = str(uuid.uuid4())
            r = retry("POST", "/workspaces", {"name": name}, key)
            if r is None:
                return
            assert r.status == 201, r
            ws = r.json
            with lock:
                acked[ws["id"]] = name
            r = retry("POST", f"/workspaces/{ws['id']}/start", None, str(uuid.uuid4()))
            if r is None:
                return
            assert r.status == 202, r
            retry("POST", f"/workspaces/{ws['id']}/stop", None, str(uuid.uuid4()))
            if i % 3 == 0:
                r = retry("DELETE", f"/workspaces/{ws['id']}", {"confirm": name, "stop": True}, None)
                if r is not None:
                    assert r.status in (204, 404), r  # 404: the first try had gone through
                    with lock:
                        deleted.add(ws["id"])

    threads = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for _ in range(25):
        time.sleep(rng.uniform(0.02, 0.3))
        own.kill()
        own.start(engine=False)
    wait_for("ready", lambda: own.call("GET", "/readyz").status == 200)
    stop.set()
    for t in threads:
        t.join()
    assert len(acked) > 20
    there = set()
    cursor = ""
    while cursor is not None:
        page = u.ok("GET", "/workspaces?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
        there |= {(w["id"], w["name"]) for w in page["items"]}
        cursor = page["next"]
    unsure = {w for w in acked if w not in deleted and (w, acked[w]) not in there}
    # A delete whose answer nobody got may have happened; nothing else may be missing.
    gone = {r["object"] for r in u.ok("GET", "/audit?limit=1000")["items"] if r["verb"] == "workspace.delete"}
    assert unsure <= gone
    assert not {w for w, _ in there} & deleted
    for w in {w for w, _ in there}:
        u.call("POST", f"/workspaces/{w}/stop")
    wait_for("all ended", lambda: not own.engine.running, 60)
    wait_for("all booked", lambda: not own.engine.records, 30)
    live = [s for s in ("queued", "starting", "running", "stopping") if u.ok("GET", f"/sessions?state={s}")["items"]]
    wait_for("nothing left", lambda: not [s for s in ("queued", "starting", "running", "stopping") if u.ok("GET", f"/sessions?state={s}")["items"]], 60)
    assert isinstance(live, list)
    assert "balance" in audit_ledger(own)


def test_sessions_outlive_core(own):
    u = own.user()
    ws = [u.workspace() for _ in range(5)]
    s = [u.start(w) for w in ws]
    for _ in range(10):
        own.kill()
        own.start()
        for x in s:
            now = u.session(x["id"])
            assert now["state"] == "running" and now["started_at"] == x["started_at"]
    assert len(own.engine.verbs("SESSION_START")) == 5 and not own.engine.verbs("SESSION_STOP")
    for w in ws:
        u.stop(w)
    audit_ledger(own)


# --- clocks ---

def test_a_stepped_clock_changes_nothing(tmp_path):
    import ctypes.util
    lib = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
    if not Path(lib).exists() or sanitized():
        pytest.skip("libfaketime is not installed, or can't be loaded before a sanitizer")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    c = Core(tmp_path, "auto_stop_min=2")
    c.prefix = ["env", f"LD_PRELOAD={lib}", f"FAKETIME_TIMESTAMP_FILE={offset}", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1"]
    assert ctypes.util.find_library("c")
    c.start()
    try:
        u = c.user()
        ws = u.workspace(auto_stop_seconds=3600)
        s = u.start(ws)
        for step in ("-3600", "+3600", "+31536000", "-31536000"):
            offset.write_text(step)
            now = u.session(s["id"])
            assert now["state"] == "running" and 0 <= now["seconds"] < 60
            assert u.ok("GET", "/me")
            code = c.code()
            offset.write_text("+0")
            assert c.call("POST", "/api/v1/login", {"code": code}).status == 200
        u.stop(ws)
        line = u.ok("GET", "/usage?from=2000-01-01T00:00:00Z")["items"][0]
        assert 0 < line["seconds"] < 60
        audit_ledger(c)
    finally:
        c.stop()


# --- books ---

def test_the_books_by_an_independent_program(own):
    u = own.user()
    for kind in ("free", "small", "medium"):
        ws = u.workspace(instance_type=kind)
        u.start(ws)
        time.sleep(0.05)
        u.stop(ws)
    usage = u.ok("GET", "/usage")
    lines = usage["items"]
    assert len(lines) == 3
    for line in lines:
        rate = decimal.Decimal(line["price_per_hour"]) * 10**6
        ns = int(decimal.Decimal(repr(line["seconds"])) * 10**9)
        want = (rate * ns / decimal.Decimal(3600 * 10**9)).quantize(decimal.Decimal(1), decimal.ROUND_HALF_EVEN)
        assert decimal.Decimal(line["amount"]) * 10**6 == want
    assert sum(decimal.Decimal(x["amount"]) for x in lines) == decimal.Decimal(usage["total"]["amount"])
    assert "balance" in audit_ledger(own)
    csv = u.call("GET", "/usage?format=csv")
    assert csv.headers["Content-Type"].startswith("text/csv") and "attachment" in csv.headers["Content-Disposition"]
    rows = csv.body.decode().split("\r\n")
    assert rows[0].startswith("session_id,workspace_id,segment") and len(rows) == 5
    first = lines[1]["started_at"]
    assert len(u.ok("GET", f"/usage?from={first}")["items"]) == 2 and len(u.ok("GET", f"/usage?to={first}")["items"]) == 1
    problem(u.call("GET", "/usage?from=yesterday"), 400, "invalid-field", "from")
    # Somebody edits a line: the independent program sees it.
    own.stop()
    db = sqlite3.connect(own.dir / "db/carrel.db")
    db.execute("DROP TRIGGER ledger_no_update")
    db.execute("UPDATE ledger SET amount = amount - 1 WHERE book = 'usage' AND amount > 0")
    db.commit()
    db.close()
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(own.dir / "db/carrel.db"), str(own.dir / "journal")],
                         capture_output=True, text=True)
    assert out.returncode == 1 and "ledger" in out.stdout


def test_every_state_change_has_an_audit_row(own):
    u = own.user()
    ws = u.workspace("audited")
    s = u.start(ws)
    u.stop(ws)
    u.ok("DELETE", f"/workspaces/{ws['id']}", {"confirm": "audited"})
    rows = u.ok("GET", "/audit")["items"]
    verbs = [(r["verb"], r["object"]) for r in rows][::-1]
    for verb in (("workspace.create", ws["id"]), ("session.start", s["id"]), ("session.running", s["id"]), ("session.stop", s["id"]),
                 ("session.stopped", s["id"]), ("workspace.delete", ws["id"])):
        assert verbs.count(verb) == 1, (verb, verbs)
    assert all(r["actor"] and r["at"] and r["source"] is not None for r in rows)
    o = own.user("x@example.org")
    assert ws["id"] not in json.dumps(o.ok("GET", "/audit"))
    problem(o.call("GET", "/audit?all=true"), 403, "forbidden")
    assert ws["id"] in json.dumps(u.ok("GET", "/audit?all=true"))
