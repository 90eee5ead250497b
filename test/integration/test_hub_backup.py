# SPDX-License-Identifier: Apache-2.0
"""Backups of a store that is being written to; and one from before put in place while sessions run: they are found again, and booked once."""

import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core_alone import BUILD, Core, wait_for
from oldstore import look

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own(tmp_path):
    c = Core(tmp_path, "auto_stop_min=2").start()
    yield c
    c.stop()


def carreld(*args, timeout=60):
    return subprocess.run([str(BUILD / "src/daemon/carreld"), "--no-config", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout)


def audit(core, *more):
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(core.dir / "db/carrel.db"), str(core.engine.journals), *more],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout


def backup_db(core):
    r = core.call("POST", "/internal/backup")
    assert r.status == 200, r
    return core.dir / "db" / r.json["file"]


def put_back(core, copy):
    """What `carreld restore --replace` does, for a core without its parent: the store, and the journals told again."""
    core.kill()
    db = core.dir / "db/carrel.db"
    for name in ("carrel.db-wal", "carrel.db-shm"):
        (core.dir / "db" / name).unlink(missing_ok=True)
    shutil.copy(copy, db)
    core.engine.tell_again()
    core.start()


def test_a_backup_while_everybody_writes(own):
    u = own.user()
    made, stop = [], threading.Event()

    def writer(n):
        i = 0
        while not stop.is_set():
            made.append(u.workspace(f"w{n}-{i}")["id"])
            i += 1

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(3)]
    for t in threads:
        t.start()
    try:
        for _ in range(6):
            before = set(made)
            copy = backup_db(own)
            after = set(made)
            db = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
            there = {r[0] for r in db.execute("SELECT id FROM workspace")}
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("SELECT count(*) FROM pragma_foreign_key_check").fetchone() == (0,)
            db.close()
            assert before <= there, "what was answered before the backup is in it"
            assert len(there - after) <= 3, "and nothing but what was being written"
            time.sleep(0.05)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert len(made) > 30
    assert own.call("GET", "/internal/backup").status == 405


def test_a_store_from_before_finds_what_runs_and_books_what_has_ended(own):
    """Before the backup: a session that runs on. After it: it ends, another of its workspace starts; one starts and ends; a new workspace with a
    running session; one of a new person."""
    u = own.user()
    old = u.workspace("old")
    first = u.start(old)
    copy = own.dir / "kept.db"
    shutil.copy(backup_db(own), copy)
    u.stop(old)
    second = u.start(old)
    short = u.workspace("short")
    gone = u.start(short)
    u.stop(short)
    new = u.workspace("new")
    third = u.start(new)
    other = own.user("late@example.org")
    theirs = other.workspace("theirs")
    fourth = other.start(theirs)
    running = {x["id"] for x in (second, third, fourth)}
    assert {s for s, _ in own.engine.running} == running
    starts = len(own.engine.verbs("SESSION_START"))

    put_back(own, copy)
    for s in (first, gone, second, third):
        wait_for("what was told again", lambda s=s: u.call("GET", f"/sessions/{s['id']}").status == 200)
    for s in (second, third):
        now = u.wait_state(s["id"], "running", 30)
        assert now["epoch"] == s["epoch"] and now["price_per_hour"] == s["price_per_hour"] and now["created_at"] == s["created_at"]
    assert u.wait_state(first["id"], "stopped")["reason"] == "user"
    assert u.wait_state(gone["id"], "stopped")["reason"] == "user"
    assert {w["name"] for w in u.ok("GET", "/workspaces")["items"]} == {"old", "short", "new"}
    wait_for("their account", lambda: own.call("POST", "/internal/sign-in-code", {"email": "late@example.org"}).status == 200)
    late = own.user("late@example.org")
    assert late.wait_state(fourth["id"], "running")["workspace_id"] == theirs["id"]
    assert {s for s, _ in own.engine.running} == running, "nobody was stopped"
    assert len(own.engine.verbs("SESSION_START")) == starts, "and nobody started twice"
    ws = {w["name"]: w for w in u.ok("GET", "/workspaces")["items"]}
    assert ws["old"]["session"]["id"] == second["id"] and ws["new"]["session"]["id"] == third["id"]
    # They end as ever, and the next run of the workspace is a new one.
    u.stop(ws["old"])
    u.stop(ws["new"])
    late.stop(theirs)
    again = u.start(ws["old"])
    assert again["epoch"] > second["epoch"] and again["id"] != second["id"]
    u.stop(ws["old"])
    wait_for("all booked", lambda: not own.engine.records)
    lines = u.ok("GET", "/usage?from=2000-01-01T00:00:00Z")["items"]
    assert len({x["session_id"] for x in lines}) == len(lines) == 5
    assert "balance" in audit(own)


def test_put_back_twice_nothing_is_booked_twice(own):
    u = own.user()
    copy = own.dir / "kept.db"
    shutil.copy(backup_db(own), copy)
    ws = [u.workspace(f"w{i}") for i in range(4)]
    for w in ws:
        u.start(w)
        u.stop(w)
    for _ in range(2):
        put_back(own, copy)
        u = own.user()
        wait_for("the books", lambda: len(u.ok("GET", "/usage?from=2000-01-01T00:00:00Z")["items"]) == 4, 30)
        wait_for("all booked", lambda: not own.engine.records)
        audit(own)


def test_an_orphan_nobody_knows_is_ended_all_the_same(own):
    own.user()
    with own.engine.lock:
        own.engine.on_volume_create("v_x", 1)
        own.engine.running[("s_0000000000000000000000none", 7)] = {"state": "running", "since": 1, "extend": 0, "volume_id": "v_x", "began": 1}
    own.kill()
    own.start()
    wait_for("its end", lambda: not own.engine.running)


# --- carreld backup and restore ---

def test_carreld_backs_up_and_restores_a_state(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    core = Core(state)
    core.engine.journals = state / "journal"
    (state / "journal/done").mkdir(parents=True, exist_ok=True)
    core.start()
    u = core.user()
    ws = u.workspace("kept")
    u.start(ws)
    u.stop(ws)
    wait_for("acknowledged", lambda: not core.engine.records)
    core.stop()
    out = carreld("backup", str(tmp_path / "b1"), f"state={state}")
    assert out.returncode == 0 and "volumes" in out.stdout, out.stderr
    assert not (state / "db/backup.db").exists() and not (tmp_path / "b1.part").exists()
    manifest = (tmp_path / "b1/MANIFEST").read_text()
    assert manifest.startswith("carrel-backup 1\n") and manifest.endswith("\nend\n") and manifest.count("file ") == 2
    again = carreld("backup", str(tmp_path / "b1"), f"state={state}")
    assert again.returncode == 1, "a backup is never written over another"

    # Work goes on after it.
    core.start()
    u = core.user()
    later = u.workspace("later")
    u.start(later)
    u.stop(later)
    wait_for("acknowledged", lambda: not core.engine.records)
    core.stop()

    refused = carreld("restore", str(tmp_path / "b1"), f"state={state}")
    assert refused.returncode == 1 and "--replace" in refused.stderr
    out = carreld("restore", "--replace", str(tmp_path / "b1"), f"state={state}")
    assert out.returncode == 0, out.stderr
    assert "1 runs since then" in out.stdout and "revoke" in out.stdout
    aside = list((state / "db").glob("replaced-*.db"))
    assert len(aside) == 1 and look(aside[0])[2] == 2
    assert look(state / "db/carrel.db")[2] == 1
    assert len(list((state / "journal").glob("*.journal"))) == 1

    # Into an empty state, on another machine.
    out = carreld("restore", str(tmp_path / "b1"), f"state={tmp_path / 'other'}")
    assert out.returncode == 0, out.stderr
    assert look(tmp_path / "other/db/carrel.db") == look(tmp_path / "b1/carrel.db")
    assert len(list((tmp_path / "other/journal/done").glob("*.journal"))) == 1


def hot_journal(db, victim):
    """A rollback journal that makes whoever opens `db` with SQLite delete the file `victim` (its "super-journal"), with the rights that he has."""
    magic, name = bytes.fromhex("d9d505f920a163d7"), str(victim).encode()
    head = magic + struct.pack(">IIIII", 0, 1, db.stat().st_size // 4096, 512, 4096)
    tail = struct.pack(">I", (1 << 30) // 4096 + 1) + name + struct.pack(">II", len(name), sum(name))
    return head.ljust(512, b"\0") + tail + magic


def test_a_journal_laid_beside_the_store_is_not_acted_on(tmp_path):
    """Core's folder is core's to write; backup and restore are root's."""
    state, victim = tmp_path / "state", tmp_path / "victim"
    state.mkdir()
    core = Core(state).start()
    core.user()
    core.stop()
    store = state / "db/carrel.db"
    journal = hot_journal(store, victim)

    # It is one: SQLite does what it says.
    shutil.copy(store, tmp_path / "copy.db")
    (tmp_path / "copy.db-journal").write_bytes(journal)
    victim.write_text("x")
    assert sqlite3.connect(tmp_path / "copy.db").execute("PRAGMA integrity_check").fetchone()
    assert not victim.exists()

    victim.write_text("x")
    (state / "db/backup.db-journal").write_bytes(journal)
    out = carreld("backup", str(tmp_path / "b"), f"state={state}")
    assert out.returncode == 0 and victim.exists(), out.stderr
    for name in ("restore.db-journal", "carrel.db-journal"):
        (state / "db" / name).write_bytes(journal)
    out = carreld("restore", "--replace", str(tmp_path / "b"), f"state={state}")
    assert out.returncode == 0 and victim.exists(), out.stderr
    assert look(store) == look(tmp_path / "b/carrel.db") and victim.exists()
    assert not list(state.glob("*.db*")) and not (state / "db/carrel.db-journal").exists()


@pytest.mark.parametrize("harm", ["cut", "changed", "missing", "manifest"])
def test_a_backup_that_is_not_whole_is_refused(tmp_path, harm):
    state = tmp_path / "state"
    core = Core(state if state.mkdir() is None else state).start()
    core.user()
    core.stop()
    assert carreld("backup", str(tmp_path / "b"), f"state={state}").returncode == 0
    db = tmp_path / "b/carrel.db"
    match harm:
        case "cut":
            os.truncate(db, db.stat().st_size - 4096)
        case "changed":
            with open(db, "r+b") as f:
                f.seek(5000)
                f.write(b"\xff")
        case "missing":
            db.unlink()
        case "manifest":
            m = (tmp_path / "b/MANIFEST").read_text()
            (tmp_path / "b/MANIFEST").write_text(m[:len(m) // 2])
    out = carreld("restore", str(tmp_path / "b"), f"state={tmp_path / 'new'}")
    assert out.returncode == 1 and out.stderr, out.stdout
    assert not (tmp_path / "new/db/carrel.db").exists()
