# SPDX-License-Identifier: Apache-2.0
"""Intent against facts: what comes back from the past is ended within a minute and changes nothing; and bad luck with clocks and journals, in the books."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

import judged
from core_alone import Core, sanitized, wait_for
from fake_engine import BOOT_ID, boot_ns

ROOT = Path(__file__).resolve().parents[2]
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
YEAR = 365 * 86400


@pytest.fixture
def own(tmp_path):
    c = Core(tmp_path, "auto_stop_min=2").start()
    yield c
    c.stop()


def audit(core):
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(core.dir / "db/carrel.db"), str(core.dir / "journal")],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr


def lines(u):
    return u.ok("GET", "/usage?from=1970-01-02T00:00:00Z&limit=1000")["items"]


def appears(engine, session, epoch, volume, state="running"):
    """A container of the past, with a shim that nobody asked back."""
    now = boot_ns()
    engine.volumes[volume] = 1 << 30
    engine.running[(session, epoch)] = {"state": state, "since": now, "extend": 0, "volume_id": volume, "began": now, "idle_seconds": 60,
                                        "max_seconds": 600}


def test_a_list_of_images_that_did_not_come_is_asked_for_again_soon(tmp_path):
    """Not in 30 s; and until it is there nobody hears that an image does not exist."""
    c = Core(tmp_path, "auto_stop_min=2")
    c.engine.refuse["IMAGE_LIST"] = (-12, "no memory")
    c.start()
    try:
        u = c.user()
        wait_for("the host is known", lambda: any(name == "HOST_FACTS" for name, _ in c.engine.calls))
        assert u.ok("GET", "/images")["items"] == []
        ws = u.workspace("early")
        s = u.start(ws, state=None)
        asked = sum(name == "IMAGE_LIST" for name, _ in c.engine.calls)
        wait_for("asked again", lambda: sum(name == "IMAGE_LIST" for name, _ in c.engine.calls) >= asked + 3, 15)
        with c.engine.lock:
            c.engine.refuse.clear()
        wait_for("the list", lambda: u.ok("GET", "/images")["items"], 10)
        u.wait_state(s["id"], "running")
        r = u.call("POST", "/workspaces", {"name": "later", "image": "nothing-of-it"})
        assert r.status == 400 and "no such image" in r.json["detail"], r
        # From here on it is asked for as seldom as the rest.
        asked = sum(name == "IMAGE_LIST" for name, _ in c.engine.calls)
        time.sleep(5)
        assert sum(name == "IMAGE_LIST" for name, _ in c.engine.calls) <= asked + 1
    finally:
        c.stop()


def test_what_comes_back_from_the_past_is_ended_within_a_minute(own):
    """By the list, which core asks for every 30 s and after each stop: no reconnect is needed."""
    u = own.user()
    kept, ended, deleted = (u.workspace(n) for n in ("kept", "ended", "deleted"))
    now = u.start(kept)
    past = u.start(ended)
    u.stop(ended)
    gone = u.start(deleted)
    u.stop(deleted)
    u.ok("DELETE", f"/workspaces/{deleted['id']}", {"confirm": "deleted"})
    wait_for("acknowledged", lambda: set(own.engine.records) == {(now["id"], now["epoch"])})
    before = u.session(past["id"])
    with own.engine.lock:
        appears(own.engine, now["id"], now["epoch"] + 7, "v_1")            # of an epoch that never was
        appears(own.engine, past["id"], past["epoch"], "v_2")              # ended long ago
        appears(own.engine, past["id"], past["epoch"] + 1, "v_3", "starting")
        appears(own.engine, gone["id"], gone["epoch"], "v_4")              # its workspace is no more
        appears(own.engine, "s_00000000000000000000000000", 1, "v_5")      # nobody's
        # What it says of itself counts for nothing.
        own.engine.event("EV_READY", session=now["id"], epoch=now["epoch"] + 7)
        own.engine.event("EV_ACTIVITY", session=past["id"], epoch=past["epoch"], last_active_boot_ns=boot_ns(), stop_at_boot_ns=boot_ns() + 10**12,
                         stop_why="idle", evidence="{}")
        own.engine.event("EV_FAILED", session=now["id"], epoch=now["epoch"] + 7, phase="server", reason="start-failed", message="x")
    began = time.monotonic()
    wait_for("only what is meant", lambda: set(own.engine.running) == {(now["id"], now["epoch"])}, 60)
    print(f"after {time.monotonic() - began:.1f} s")
    assert u.session(now["id"])["state"] == "running"
    assert u.session(past["id"]) == before
    assert not [f for f in own.engine.verbs("SESSION_STOP") if (f["session"], f["epoch"]) == (now["id"], now["epoch"])]
    u.stop(kept)


def test_records_of_another_epoch_are_booked_and_change_nothing_else(own):
    u = own.user()
    ws = u.workspace("w")
    s = u.start(ws)
    with own.engine.lock:
        own.engine._record(s["id"], s["epoch"] + 1, 1, at=boot_ns() - 60 * 10**9)
        own.engine._record(s["id"], s["epoch"] + 1, 2, "idle", at=boot_ns() - 50 * 10**9)
    wait_for("both epochs", lambda: len(lines(u)) == 1)
    assert u.session(s["id"])["state"] == "running"
    u.stop(ws)
    wait_for("both lines", lambda: len(lines(u)) == 2)
    audit(own)


# --- journals ---

def test_a_journal_of_another_boot_bills_nothing_and_says_so(own):
    u = own.user()
    ws = u.workspace("w")
    s = u.start(ws)
    with own.engine.lock:
        r = own.engine.running.pop((s["id"], s["epoch"]))
        assert r
        import fake_engine
        fake_engine.BOOT_ID = "11111111-2222-3333-4444-555555555555"
        try:
            own.engine._record(s["id"], s["epoch"], 2, "host-lost", at=77, estimated=1)
        finally:
            fake_engine.BOOT_ID = BOOT_ID
    assert u.wait_state(s["id"], "lost")["reason"] == "host-lost"
    line = wait_for("line", lambda: lines(u))[0]
    assert float(line["seconds"]) == 0 and line["estimated"]
    audit(own)


def test_a_start_without_its_stop_is_open_until_the_stop_comes(own):
    """The end of a journal was cut: its first record is booked when the engine has written another end (by the beat)."""
    u = own.user()
    ws = u.workspace("w")
    s = u.start(ws)
    began = own.engine.running[(s["id"], s["epoch"])]["began"]
    own.engine.away()
    with own.engine.lock:
        own.engine.running.pop((s["id"], s["epoch"]))
        path = own.engine.journals / f"{s['id']}-{s['epoch']}.journal"
        with open(path, "ab") as f:
            f.write(path.read_bytes()[:300])  # a record that never became whole
    own.engine.start()
    time.sleep(0.3)
    assert not lines(u)
    with own.engine.lock:
        data = path.read_bytes()
        path.write_bytes(data[:len(data) // 512 * 512])  # the shim's successor cuts it off before it writes
        own.engine._record(s["id"], s["epoch"], 2, "shim-lost", at=began + 3 * 10**9, estimated=1)
    assert u.wait_state(s["id"], "lost")["reason"] == "shim-lost"
    line = wait_for("line", lambda: lines(u))[0]
    assert line["estimated"] and 2.9 < float(line["seconds"]) < 3.2
    audit(own)


# --- clocks ---

@pytest.mark.parametrize("step, what", [(-1, "a leap second"), (1, "a second that is left out"), (-3 * YEAR, "back by years"), (30 * YEAR, "on by years")])
def test_a_clock_that_steps_within_a_session_bills_what_it_ran(tmp_path, step, what):
    if not Path(FAKETIME).exists() or sanitized():
        pytest.skip("libfaketime is not installed, or can't be loaded before a sanitizer")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    c, log = Core(tmp_path), judged.Log()
    c.prefix = ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={offset}", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1"]
    real = time.time_ns
    c.start()
    try:
        u = c.user()
        ws = u.workspace("w")
        s = u.start(ws)
        time.sleep(0.5)
        offset.write_text(f"{step:+d}")
        time.time_ns = lambda: real() + step * 10**9  # the shim's clock is the same one
        time.sleep(0.5)
        c.kill()
        c.start()
        log.seen("clock-step", seconds=step)
        log.seen("sign-in", valid=u.call("GET", "/me").status == 200, wanted=True)
        u = c.user()
        assert u.session(s["id"])["state"] == "running"
        stopped = u.stop(ws)
        assert stopped["reason"] == "user"
        got = wait_for("line", lambda: lines(u))
        assert len(got) <= 3, f"{what}: {len(got)} lines for a second of use"
        assert 0.9 < sum(float(x["seconds"]) for x in got) < 10
        judged.held(c.dir, log, "P3", "P6")
    finally:
        time.time_ns = real
        c.stop()
