# SPDX-License-Identifier: Apache-2.0
"""Calendars, warnings, notices, activity and the administrator's view: core with the fake engine, and a wall clock that steps."""

import os
import sqlite3
import struct
import time
from datetime import datetime, timedelta, timezone

import pytest

import fake_engine
import judged
from core_alone import BUILD, Core, User, wait_for
from core_fixtures import own

S = 10**9
UTC = timezone.utc


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def problem(r, status, slug, field=None):
    assert r.status == status and slug in r.json["type"], r
    assert field is None or r.json["field"] == field, r
    return r.json["detail"]


def daily(when):
    return when.astimezone(UTC).strftime("%H:%M")


def deadlines(core, s):
    return [d for d in core.engine.verbs("SESSION_DEADLINE") if d["session"] == s["id"]]


def activity(u, s):
    return u.ok("GET", f"/sessions/{s['id']}/activity")


def clock_of(u, s, kind):
    found = [k["at"] for k in activity(u, s)["clocks"] if k["kind"] == kind]
    return datetime.fromisoformat(found[0].replace("Z", "+00:00")) if found else None


@pytest.fixture
def quick(tmp_path):
    """A minute lasts a second, warnings come 6 s and 2 s before a stop."""
    c = Core(tmp_path, "auto_stop_min=2", "warn=2", "minute=1").start()
    yield c
    c.stop()


@pytest.fixture
def stepping(tmp_path):
    """The wall clock of this core is what step() says."""
    lib, file = BUILD / "test/integration/libclockstep.so", tmp_path / "step"
    file.write_bytes(struct.pack("<qq", 0, 0))
    c = Core(tmp_path, "auto_stop_min=2", "warn=300")
    c.prefix = ["env", f"LD_PRELOAD={lib}", f"CLOCKSTEP_FILE={file}"]

    def step(seconds, boot=0):
        with open(file, "r+b") as f:
            f.write(struct.pack("<qq", int(seconds), boot))

    c.step = step
    c.start()
    yield c
    c.stop()


# --- calendars ---


def test_a_calendar_is_checked_in_words_and_kept_in_one_form(own):
    u = own.user()
    ws = u.workspace(stop_calendar=" 9:05 FRI-Mon   Europe/Berlin ;12:00", max_seconds=7200)
    assert ws["stop_calendar"] == "09:05 mon,fri-sun Europe/Berlin; 12:00 UTC" and ws["max_seconds"] == 7200
    at = f"/workspaces/{ws['id']}"
    for bad, word in (("noon", "noon"), ("25:00", "25:00"), ("19:00 Europe/Atlantis", "Atlantis"), ("19:00 mon-fri sat UTC", "one word too many"),
                      ("19:00 ../../etc/passwd", "time zone"), (";", "missing")):
        for method, path, body in (("PATCH", at, {}), ("POST", "/workspaces", {"name": "x"})):
            words = problem(u.call(method, path, {**body, "stop_calendar": bad}), 400, "invalid-field", "stop_calendar")
            assert word in words, (bad, words)
    for bad in (1, 10**6):
        assert "plan" in problem(u.call("PATCH", at, {"max_seconds": bad}), 400, "invalid-field", "max_seconds")
    ws = u.ok("PATCH", at, {"stop_calendar": "", "max_seconds": 0})
    assert ws["stop_calendar"] == "" and ws["max_seconds"] == 0
    assert u.start(ws)["max_seconds"] == 43200


def test_the_shim_has_the_calendar_from_the_start_and_every_change_of_it(own):
    u = own.user()
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=3)
    ws = u.workspace(stop_calendar=daily(at), max_seconds=7 * 3600, auto_stop_seconds=6 * 3600)
    s = u.start(ws)
    want = boot_ns() + int((at - datetime.now(UTC)).total_seconds() * S)
    begin = own.engine.verbs("SESSION_START")[-1]
    assert abs(begin["calendar_at_boot_ns"] - want) < 2 * S and begin["max_seconds"] == 7 * 3600
    wait_for("calendar", lambda: clock_of(u, s, "calendar"))
    assert abs((clock_of(u, s, "calendar") - at).total_seconds()) < 2
    assert abs((clock_of(u, s, "max") - at).total_seconds() - 4 * 3600) < 60
    wait_for("the shim's word", lambda: u.session(s["id"])["stop_why"] == "calendar")
    n = len(deadlines(own, s))
    # Later, elsewhere in the world, and none: each is sent, once.
    later = at + timedelta(hours=1)
    for text, expect in ((daily(later), 3600), (f"{(later + timedelta(hours=5, minutes=30)).strftime('%H:%M')} Asia/Kolkata", None), ("", 0)):
        u.ok("PATCH", f"/workspaces/{ws['id']}", {"stop_calendar": text})
        if expect is None:  # the same moment in other words
            time.sleep(0.5)
            assert len(deadlines(own, s)) == n
            continue
        n += 1
        sent = wait_for("change", lambda: len(deadlines(own, s)) == n and deadlines(own, s)[-1])
        assert abs(sent["calendar_at_boot_ns"] - (want + expect * S if expect else 0)) < 2 * S
        assert sent["idle_seconds"] == 6 * 3600 and sent["max_at_boot_ns"] == 0
    wait_for("no calendar", lambda: u.session(s["id"])["stop_why"] == "idle")
    assert clock_of(u, s, "calendar") is None
    time.sleep(1.2)
    assert len(deadlines(own, s)) == n


def test_extending_moves_the_calendar_and_never_the_maximum(own):
    u = own.user()
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=30)
    ws = u.workspace(stop_calendar=daily(at), max_seconds=2 * 3600, auto_stop_seconds=3600)
    s = u.start(ws)
    wait_for("the shim's word", lambda: u.session(s["id"])["stop_why"] == "calendar")
    before = clock_of(u, s, "calendar")
    longer = u.ok("POST", f"/sessions/{s['id']}/extend", {"seconds": 3600}, expect=200)
    assert longer["stop_why"] == "calendar"
    sent = deadlines(own, s)[-1]
    assert sent["calendar_at_boot_ns"] == sent["extend_until_boot_ns"]
    assert abs((clock_of(u, s, "calendar") - before).total_seconds() - 3600) < 2
    # A core that starts again works it out anew and comes to the same.
    own.kill()
    own.start()
    time.sleep(2.5)
    # It may tell the shim again, but nothing else than before.
    assert {(d["calendar_at_boot_ns"], d["extend_until_boot_ns"]) for d in deadlines(own, s)} == {(sent["calendar_at_boot_ns"],) * 2}
    assert abs((clock_of(u, s, "calendar") - before).total_seconds() - 3600) < 2
    most = u.ok("POST", f"/sessions/{s['id']}/extend", {"seconds": 20 * 3600}, expect=200)
    assert most["stop_why"] == "max" and abs((clock_of(u, s, "max") - clock_of(u, s, "calendar")).total_seconds()) < 1
    problem(u.call("POST", f"/sessions/{s['id']}/extend", {"seconds": 60}), 409, "conflict")


def test_a_wall_clock_that_steps_moves_the_calendar_only(stepping):
    u = stepping.user()
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=5)
    ws = u.workspace(stop_calendar=daily(at), auto_stop_seconds=6 * 3600)
    s = u.start(ws)
    want = boot_ns() + int((at - datetime.now(UTC)).total_seconds() * S)
    wait_for("calendar", lambda: clock_of(u, s, "calendar"))
    for step in (3600, -7200, 0):
        n = len(deadlines(stepping, s))
        stepping.step(step)
        wait_for("a new moment", lambda: len(deadlines(stepping, s)) > n, 5)
        sent = deadlines(stepping, s)[-1]
        assert abs(sent["calendar_at_boot_ns"] - (want - step * S)) < 2 * S
        assert (sent["idle_seconds"], sent["extend_until_boot_ns"], sent["max_at_boot_ns"]) == (6 * 3600, 0, 0)
        time.sleep(1.2)
        assert len(deadlines(stepping, s)) == n + 1
    assert u.session(s["id"])["state"] == "running"
    # A little is drift, and nothing happens. Past the moment: it is due now.
    n = len(deadlines(stepping, s))
    stepping.step(6 * 3600)
    sent = wait_for("the stop that was jumped over", lambda: len(deadlines(stepping, s)) > n and deadlines(stepping, s)[-1], 5)
    assert 0 < sent["calendar_at_boot_ns"] <= boot_ns()


def test_a_wall_clock_that_steps_culls_nothing_and_makes_no_sign_in_valid_or_invalid(stepping, monkeypatch):
    """P6. What lasts is measured since boot, which moves here too, by a minute, so that a token ends."""
    log, wall = judged.Log(), {"us": 0}
    monkeypatch.setitem(fake_engine.AHEAD, "ns", 0)
    stepping.engine.wall = lambda: time.time_ns() // 1000 + wall["us"]
    u = stepping.user()
    short = User(stepping, u.ok("POST", "/tokens", {"name": "short", "expires_in_seconds": 60})["token"])
    ws = u.workspace(auto_stop_seconds=3600)
    s = u.start(ws)

    def steps(short_valid, boot=0):
        for seconds in (3600, -7200, 366 * 86400, -366 * 86400, 0):
            stepping.step(seconds, boot)
            wall["us"] = seconds * 10**6
            log.seen("clock-step", seconds=seconds)
            for who, wanted in ((u, True), (short, short_valid)):
                log.seen("sign-in", valid=who.call("GET", "/me").status == 200, wanted=wanted)
            assert u.session(s["id"])["state"] == "running"

    steps(True)
    monkeypatch.setitem(fake_engine.AHEAD, "ns", 61 * S)
    steps(False, boot=61)
    stepping.step(-86400, 61)
    assert u.stop(ws)["reason"] == "user"
    wait_for("the bill", lambda: u.ok("GET", "/usage?from=1970-01-02T00:00:00Z&limit=1000")["items"])
    judged.held(stepping.dir, log, "P3", "P6", "P16")


# --- warnings and notices ---


def test_two_warnings_and_what_is_read_of_them(quick):
    u, other = quick.user(), quick.user("other@example.org")
    ws = u.workspace("nb", auto_stop_seconds=12)
    t0 = time.monotonic()
    s = u.start(ws)
    first = wait_for("early warning", lambda: u.ok("GET", "/notices")["items"], 10)
    assert 4 < time.monotonic() - t0 < 8.5
    assert [n["kind"] for n in first] == ["stops-soon"] and first[0]["data"]["early"] is True
    assert first[0]["data"]["text"].startswith("nb stops in ") and first[0]["object_id"] == s["id"]
    both = wait_for("last warning", lambda: len(u.ok("GET", "/notices")["items"]) == 2 and u.ok("GET", "/notices"), 8)
    assert 8.5 < time.monotonic() - t0 < 12.5
    assert both["unread"] == 2 and both["items"][0]["data"]["early"] is False
    # A restart warns nobody again.
    quick.kill()
    quick.start()
    time.sleep(1.5)
    assert u.ok("GET", "/notices?unread=true")["unread"] == 2
    assert other.ok("GET", "/notices")["items"] == []
    path = f"/notices/{both['items'][0]['id']}/read"
    assert other.call("POST", path).status == 404
    assert u.ok("POST", path, expect=200)["read_at"]
    assert [n["id"] for n in u.ok("GET", "/notices?unread=true")["items"]] == [both["items"][1]["id"]]
    u.ok("POST", "/notices/read", expect=204)
    assert u.ok("GET", "/notices")["unread"] == 0
    problem(u.call("GET", "/notices?unread=yes"), 400, "invalid-field", "unread")


def test_a_long_run_is_told_of_once_for_each_multiple(quick):
    u = quick.user()
    quick.stop()
    with sqlite3.connect(quick.dir / "db/carrel.db") as db:
        db.execute("UPDATE plan SET notice_s = 3")
    quick.start()
    ws = u.workspace("long", auto_stop_seconds=600)
    u.start(ws)

    def told():
        return [n["data"]["seconds"] for n in u.ok("GET", "/notices")["items"] if n["kind"] == "runs-long"]

    wait_for("notice", lambda: told() == [3], 8)
    quick.kill()
    quick.start()
    wait_for("the next", lambda: len(told()) >= 2, 10)
    assert sorted(told()) == sorted(set(told())) and all(n % 3 == 0 for n in told())


# --- activity ---


def test_activity_and_verdict_while_it_runs_and_after(quick):
    u = quick.user()
    ws = u.workspace("nb", auto_stop_seconds=600)
    s = u.start(ws)
    busy = '{"busy":[{"kernel":"k","path":"x/tiles.ipynb","since":"2026-11-20T00:00:00Z"}],"last":{"what":"run","at":"2026-11-20T00:00:00Z"}}'
    quick.engine.activity(s["id"], s["epoch"], busy)
    a = wait_for("minutes", lambda: (lambda a: len(a["minutes"]) >= 2 and a["minutes"][-1]["cpu_cores"] is not None and a)(activity(u, s)), 15)
    assert a["verdict"].startswith("In use: a cell in tiles.ipynb has been busy for ") and a["in_use"] is True
    assert a["minutes"][-1]["why"] == "tiles.ipynb busy" and a["minutes"][-1]["active"] is True
    assert a["evidence"]["busy"][0]["path"] == "x/tiles.ipynb"
    assert {k["kind"] for k in a["clocks"]} == {"idle", "max"}
    # Killed, core knows the minutes that it had written down.
    time.sleep(2.5)
    quick.engine.activity(s["id"], s["epoch"], busy)
    quick.kill()
    quick.start()
    wait_for("minutes of before", lambda: len(activity(u, s)["minutes"]) >= 2, 15)
    quick.engine.end(s["id"], s["epoch"], "calendar")
    s = u.wait_state(s["id"], "stopped")
    assert s["reason"] == "calendar" and "time of day" in s["message"]
    a = activity(u, s)
    assert 2 <= len(a["minutes"]) <= 10 and a["clocks"] == [] and a["in_use"] is None
    assert a["verdict"].startswith("The time of day came")
    times = [m["at"] for m in a["minutes"]]
    assert times == sorted(times)


def test_a_gap_is_said_to_be_not_known(stepping):
    u = stepping.user()
    s = u.start(u.workspace(auto_stop_seconds=6000))
    stepping.stop()
    stepping.settings = ("auto_stop_min=2", "minute=1")
    stepping.start()
    stepping.engine.activity(s["id"], s["epoch"])
    wait_for("a minute", lambda: [m for m in activity(u, s)["minutes"] if m["active"]], 8)
    stepping.step(240)
    gap = wait_for("the gap", lambda: [m for m in activity(u, s)["minutes"][1:] if m["active"] is None], 6)
    assert len(gap) == 3 and all(m["cpu_cores"] is None and m["why"] == "" for m in gap)


# --- the administrator ---


def test_the_administrator_sees_all_and_stops_with_a_reason(own):
    root, ann, ben = own.user(), own.user("ann@example.org"), own.user("ben@example.org")
    a, b = ann.start(ann.workspace("lidar")), ben.start(ben.workspace("rivers"))
    for u in (ann, ben):
        assert u.call("GET", "/admin/sessions").status == 403
        assert u.call("POST", f"/admin/sessions/{a['id']}/stop", {"reason": "x"}).status == 403
        assert u.call("GET", f"/sessions/{(a if u is ben else b)['id']}/activity").status == 404

    def ids(query=""):
        return [i["session"]["id"] for i in root.ok("GET", f"/admin/sessions{query}")["items"]]

    assert set(ids()) == {a["id"], b["id"]}
    assert ids("?q=LIDAR") == [a["id"]] and ids("?q=ben@") == [b["id"]] and ids("?state=queued") == []
    item = root.ok("GET", f"/admin/sessions?q={b['id']}")["items"][0]
    assert item["account"]["email"] == "ben@example.org" and item["session"]["workspace_name"] == "rivers"
    assert item["verdict"] and {k["kind"] for k in item["clocks"]} == {"idle", "max"}
    assert ids(f"?account={item['account']['id']}") == [b["id"]]
    first = root.ok("GET", "/admin/sessions?limit=1")
    assert len(first["items"]) == 1 and ids(f"?limit=1&cursor={first['next']}") == [a["id"]]
    problem(root.call("GET", "/admin/sessions?state=odd"), 400, "invalid-field", "state")
    for bad in ({}, {"reason": "  "}, {"reason": "x" * 900}):
        problem(root.call("POST", f"/admin/sessions/{a['id']}/stop", bad), 400, "invalid-field", "reason")
    problem(root.call("POST", "/admin/sessions/s_nothing/stop", {"reason": "x"}), 404, "not-found")
    root.ok("POST", f"/admin/sessions/{a['id']}/stop", {"reason": "The node is mended at noon."}, expect=200)
    s = ann.wait_state(a["id"], "stopped")
    assert s["reason"] == "admin" and s["message"] == "Stopped by an administrator: The node is mended at noon."
    notice = ann.ok("GET", "/notices")["items"][0]
    assert notice["kind"] == "stopped-by-admin" and "lidar was stopped by an administrator: The node is mended" in notice["data"]["text"]
    assert own.engine.verbs("SESSION_STOP")[-1]["reason"] == "admin"
    problem(root.call("POST", f"/admin/sessions/{a['id']}/stop", {"reason": "again"}), 409, "conflict")
    assert set(ids("?state=all")) == {a["id"], b["id"]} and ids() == [b["id"]]
    row = next(r for r in root.ok("GET", "/audit?all=true")["items"] if r["verb"] == "session.stop")
    assert row["detail"]["reason"].startswith("The node") and row["object"] == a["id"]
