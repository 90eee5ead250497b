# SPDX-License-Identifier: Apache-2.0
"""The checker itself: each promise that it judges has a violation planted, which it must see, and it sees nothing in a sound store."""

import shutil
import sqlite3
import struct
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

import checker
from clientlog import Log, boot_ns
from rig import Rig

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A store with some of everything, its log and its facts, taken while one session runs."""
    r = Rig(tmp_path_factory.mktemp("sound") / "state").start().sign_in()
    try:
        done, there, gone = r.workspace(), r.workspace(), r.workspace()
        for ws in (done, gone):
            asked = r.running(ws)
            at = boot_ns()
            r.stop_session(ws)
            r.wait(lambda s=asked: r.get(f"/sessions/{s['id']}")["state"] == "stopped", "end")
            r.log.seen("ended", session=asked["id"], asked_stop=at)
        r.act("workspace.delete", "DELETE", f"/workspaces/{gone['id']}", {"confirm": gone["name"]}, object=f"workspace:{gone['name']}",
              claim=lambda a: ["SELECT count(*) FROM workspace WHERE id = ? AND deleted_us IS NULL", [gone["id"]], 0])
        r.running(there)
        r.remember()
        r.settle()
        facts = r.facts()
        facts["pids"] = []
        yield r.dir, r.log.entries, facts
    finally:
        r.stop()


class Copy:
    """The sound store, to be spoiled."""

    def __init__(self, sound, folder):
        self.dir, self.log, facts = folder / "copy", [dict(x) for x in sound[1]], sound[2]
        self.facts = {k: [dict(x) if isinstance(x, dict) else x for x in v] for k, v in facts.items()}
        shutil.copytree(sound[0], self.dir, ignore=lambda d, names: [n for n in names if n.endswith((".sock", ".reserve"))])

    def sql(self, *statements):
        db = sqlite3.connect(self.dir / "db/carrel.db")
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for s in statements:
            db.execute(s)
        db.commit()
        db.close()

    def seen(self, what, **fields):
        self.log.append({"type": "seen", "at": boot_ns(), "what": what, **fields})

    def verdicts(self, secrets=()):
        e = checker.Evidence(self.dir, self.log, self.facts, secrets)
        try:
            return checker.judge(e)
        finally:
            e.close()


@pytest.fixture
def copy(sound, tmp_path):
    return Copy(sound, tmp_path)


def rewrite(path, n, **change):
    """A journal's record with other values and a right checksum: somebody's forgery, or a clock's fault."""
    data = bytearray(path.read_bytes())
    at = n * 512
    for name, value in change.items():
        offset, form = {"boot": (64, "<Q"), "exit_status": (100, "<i"), "reason": (144, "<32s")}[name]
        struct.pack_into(form, data, at + offset, value)
    data[at + 504:at + 512] = sha256(bytes(data[at:at + 504])).digest()[:8]
    path.write_bytes(data)


def done_journal(copy):
    return sorted((copy.dir / "journal/done").glob("*.journal"))[0]


def test_a_sound_store_has_no_finding(copy):
    v = copy.verdicts(["carrel_pat_nobody"])
    assert not [x for x in v.items() if x[1][0] == "broken"], v
    assert {n for n, x in v.items() if x[0] == "held"} >= {"P1", "P2", "P3", "P5", "P13", "P16", "P17", "P19", "P20", "P22", "P23"}, v


def lose_session(c):
    c.facts["containers"] = []


def another_pid(c):
    c.facts["containers"][0]["pid"] = 77


def counter_back(c):
    for v in (1, 2, 2):
        c.seen("counter", kernel="k", value=v)


def orphan(c):
    c.facts["containers"].append({"session": "s_0000000000000000000000orph", "epoch": 1, "pid": 5, "start": 5})


def stuck(c):
    c.sql(f"UPDATE session SET state = 'stopping', state_boot = {time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 70 * 10**9} WHERE state = 'running'")


def left_cgroup(c):
    c.facts["cgroups"] = ["/sys/fs/cgroup/carrel-0/s_000000000000000000000gone-1"]


def bill_twice(c):
    c.sql("INSERT INTO segment SELECT NULL, session_id, workspace_id, account_id, epoch, segment + 1, instance_type, started_us, stopped_us, ns,"
          " price_per_hour, amount, estimated, reason FROM segment LIMIT 1")


def lose_segment(c):
    c.sql("DELETE FROM segment WHERE seq = 1")


def bill_more(c):
    """Journal and store agree, and the client knows better."""
    path = done_journal(c)
    boot = struct.unpack_from("<Q", path.read_bytes(), 512 + 64)[0]
    rewrite(path, 1, boot=boot + 60 * 10**9)
    c.sql("UPDATE segment SET ns = ns + 60000000000 WHERE session_id || '-' || epoch = '" + path.stem + "'")


def lose_write(c):
    c.sql("DELETE FROM workspace WHERE deleted_us IS NULL AND session_id IS NULL")


def undo_delete(c):
    c.sql("UPDATE workspace SET deleted_us = NULL")


def clock_bills(c):
    c.seen("clock-step", seconds=3600)
    c.sql("UPDATE segment SET ns = ns + 3600000000000 WHERE seq = 1")


def clock_signs_out(c):
    c.seen("clock-step", seconds=3600)
    c.seen("sign-in", valid=False, wanted=True)


def server_dies(c):
    c.seen("oom", agent_before=10, agent_after=11, reason="killed: out of memory")


def no_reason(c):
    c.seen("oom", agent_before=10, agent_after=10, reason="")


def two_results(c):
    ok = next(x for x in c.log if x["type"] == "ok" and x["op"] == "workspace.create")
    c.log.append({**ok, "id": "w_other"})


def two_effects(c):
    c.sql("INSERT INTO audit SELECT NULL, at_us, boot_ns, account_id, actor, verb, object, detail, source, request_id, hash FROM audit"
          " WHERE verb = 'workspace.create' LIMIT 1")


def over_quota(c):
    c.sql("DELETE FROM plan", "INSERT INTO plan(id, name, sessions_max, storage_bytes_max, session_max_s, auto_stop_min_s, auto_stop_max_s, types,"
          " private, free_s_month, credit_new, priority, price_mode, notice_s, hold_s, is_default, retired, updated_us)"
          " VALUES('p','P',1,0,0,0,0,'*',1,0,0,0,'keep',0,0,1,0,0)",
          "UPDATE audit SET verb = 'nothing' WHERE verb IN ('session.stop','session.stopping','session.stopped')")


def over_budget(c):
    c.sql("DELETE FROM charge WHERE month = '2026-01'",
          "INSERT INTO charge(id, account_id, kind, month, workspace_id, session_id, epoch, segment, part, volume_id, resource, from_us, to_us, ns,"
          " bytes, rate, free, amount, estimated, reason, at_us) SELECT 'ch_x', id, 'compute', '2026-01', '', 'x', 1, 0, 0, '', 'small', 1, 2, 1, 0, 0,"
          " 0, 900000000, 0, '', 2 FROM account LIMIT 1",
          "INSERT INTO budget(id, account_id, amount, hard, alerted, version, updated_us) SELECT 'b', id, 1000000, 1, '', 1, 0"
          " FROM account LIMIT 1")


def early_stop(c):
    rewrite(done_journal(c), 1, reason=b"idle")


def busy_stop(c):
    path = done_journal(c)
    boot = struct.unpack_from("<Q", path.read_bytes(), 64)[0]
    session = path.stem.rsplit("-", 1)[0]
    rewrite(path, 1, reason=b"idle", boot=boot + 90000 * 10**9)
    c.seen("busy", **{"session": session, "from": boot, "to": boot + 91000 * 10**9})


def lose_status(c):
    rewrite(done_journal(c), 1, exit_status=9)


def no_end_reason(c):
    c.sql("UPDATE session SET reason = '' WHERE state = 'stopped'")


def two_owners(c):
    c.sql("PRAGMA foreign_keys = OFF", "INSERT INTO account SELECT 'a_other', 'o@x', 'o', '', '', 0, 1, '' FROM account LIMIT 1",
          "UPDATE volume SET account_id = 'a_other'")


def foreign_seen(c):
    c.seen("foreign", method="GET", path="/workspaces/w_x", status=403)


def secret_in_log(c):
    with open(c.dir / "core.log", "a") as f:
        f.write("token=carrel_pat_nobody\n")


def secret_in_answer(c):
    c.seen("answer", path="/me", body='{"x":"carrel_pat_nobody"}')


def broken_page(c):
    path = c.dir / "db/carrel.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'workspace'").fetchone()[0]
    size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    data = bytearray(path.read_bytes())
    data[(root - 1) * size:(root - 1) * size + 64] = bytes(64)
    path.write_bytes(data)


def journal_hole(c):
    path = done_journal(c)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def changed_ledger(c):
    c.sql("UPDATE ledger SET at_us = at_us + 1 WHERE seq = 1")


def audit_row_gone(c):
    c.sql("DELETE FROM audit WHERE verb = 'workspace.create'")


def audit_row_changed(c):
    c.sql("UPDATE audit SET actor = 'nobody' WHERE seq = 2")


def last_audit_row_gone(c):
    c.sql("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit WHERE verb = 'session.start')")


PLANTED = [
    ("P1", lose_session), ("P1", another_pid), ("P1", counter_back), ("P2", orphan), ("P2", lose_session), ("P2", stuck), ("P2", left_cgroup),
    ("P3", bill_twice), ("P3", lose_segment), ("P3", bill_more), ("P5", lose_write), ("P5", undo_delete), ("P6", clock_bills),
    ("P6", clock_signs_out), ("P9", server_dies), ("P9", no_reason), ("P13", two_results), ("P13", two_effects), ("P14", over_quota),
    ("P14", over_budget), ("P16", early_stop), ("P16", busy_stop), ("P17", lose_status), ("P17", no_end_reason), ("P19", two_owners),
    ("P19", foreign_seen), ("P20", secret_in_log), ("P20", secret_in_answer), ("P22", broken_page), ("P22", journal_hole),
    ("P22", changed_ledger), ("P23", audit_row_gone), ("P23", audit_row_changed), ("P23", last_audit_row_gone),
]


@pytest.mark.parametrize("promise,plant", PLANTED, ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_violation_is_seen(copy, promise, plant):
    plant(copy)
    verdict, found = copy.verdicts(["carrel_pat_nobody"])[promise]
    assert verdict == "broken", (verdict, found)


def test_every_judge_has_a_planted_violation():
    assert {p for p, _ in PLANTED} == set(checker.JUDGES)


def test_what_can_not_be_judged_says_why(copy):
    copy.log, copy.facts = [], {}
    v = copy.verdicts()
    assert {v[p][0] for p in ("P1", "P2", "P5", "P6", "P9", "P13", "P20")} == {"not judged"}
    assert all(found[0] for verdict, found in v.values() if verdict == "not judged")


def test_the_program_prints_a_line_for_each_promise(copy):
    def ask():
        return subprocess.run([sys.executable, str(HERE / "checker.py"), str(copy.dir)], capture_output=True, text=True, check=False)

    out = ask()
    assert out.returncode == 0, out.stdout + out.stderr
    assert [line.split()[0] for line in out.stdout.splitlines()] == list(checker.JUDGES)
    audit_row_changed(copy)
    out = ask()
    assert out.returncode == 1 and "P23  BROKEN" in out.stdout


def test_an_unknown_call_may_have_happened_or_not(copy):
    log = Log()
    claim = ["SELECT count(*) FROM workspace WHERE name = ?", ["nobody"], 1]
    copy.log = log.entries
    log.put("ok", op="x", object="o", key=None, id=None, claim=claim)
    assert copy.verdicts()["P5"][0] == "broken"
    log.put("unknown", op="x", object="o", key="k")
    assert copy.verdicts()["P5"][0] == "held"
    log.put("ok", op="x", object="o", key="k", id=None, claim=claim)
    assert copy.verdicts()["P5"][0] == "broken"
