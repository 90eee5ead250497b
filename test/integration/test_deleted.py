# SPDX-License-Identifier: Apache-2.0
"""A deleted workspace is kept with its files for a while: brought back, given up, or gone when its time or its room is needed."""

import sqlite3
import time
from datetime import datetime

import pytest

from core_alone import Core, problem, wait_for

pytest_plugins = ["core_fixtures"]

GB = 1 << 30
DAY = 86400


def at(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def delete(u, ws, **more):
    u.ok("DELETE", f"/workspaces/{ws['id']}", {"confirm": ws["name"], **more})


def kept(u):
    return [w["name"] for w in u.ok("GET", "/workspaces?deleted=true")["items"]]


def restore(u, ws, body=None):
    return u.ok("POST", f"/workspaces/{ws['id']}/restore", body, expect=200)


def volume_of(core, s):
    return next(f["volume_id"] for f in core.engine.verbs("SESSION_START") if f["session"] == s["id"])


def test_it_comes_back_with_its_files_and_its_past(core, user):
    assert user.ok("GET", "/me")["limits"]["deleted_kept_seconds"] == 7 * DAY
    ws = user.workspace("by mistake", auto_stop_seconds=1234)
    s = user.start(ws)
    volume = volume_of(core, s)
    user.wait_state(s["id"], "running")
    delete(user, ws, stop=True)
    user.wait_state(s["id"], "stopped")
    problem(user.call("GET", f"/workspaces/{ws['id']}"), 404)
    (one,) = [w for w in user.ok("GET", "/workspaces?deleted=true")["items"] if w["id"] == ws["id"]]
    assert abs(at(one["deleted_at"]) - time.time()) < 30
    assert abs(at(one["kept_until"]) - at(one["deleted_at"]) - 7 * DAY) <= 60
    assert ws["id"] not in [w["id"] for w in user.ok("GET", "/workspaces")["items"]]
    back = restore(user, ws)
    assert back["name"] == "by mistake" and back["auto_stop_seconds"] == 1234 and back["deleted_at"] is None
    assert back["last_session"]["id"] == s["id"] and back["label"] == ws["label"]
    assert volume in core.engine.volumes
    assert restore(user, ws)["id"] == ws["id"], "asked twice is done once"
    again = user.start(back)
    assert volume_of(core, again) == volume
    user.stop(back)
    verbs = [(r["verb"], r["object"]) for r in user.ok("GET", "/audit?limit=50")["items"]]
    assert ("workspace.restore", ws["id"]) in verbs


def test_who_and_what_can_not(core, user, other):
    ws = user.workspace("mine")
    delete(user, ws)
    for who, what in ((other, ws["id"]), (user, "ws_nothing")):
        problem(who.call("POST", f"/workspaces/{what}/restore"), 404, "not-found")
        problem(who.call("DELETE", f"/workspaces/{what}", {"confirm": "mine", "forever": True}), 404, "not-found")
    assert "mine" not in kept(other)
    problem(user.call("DELETE", f"/workspaces/{ws['id']}", {"confirm": "mine"}), 404)
    problem(user.call("POST", f"/workspaces/{ws['id']}/restore", {"name": ""}), 400, "invalid-field", "name")
    user.workspace("mine")
    problem(user.call("POST", f"/workspaces/{ws['id']}/restore"), 409, "name-taken", "name")
    assert restore(user, ws, {"name": "mine (2)"})["name"] == "mine (2)"


def test_given_up_before_its_time(core, user):
    ws = user.workspace("for good")
    s = user.start(ws)
    user.stop(ws)
    volume = volume_of(core, s)
    delete(user, ws)
    problem(user.call("DELETE", f"/workspaces/{ws['id']}", {"confirm": "for bad", "forever": True}), 409, "not-confirmed")
    assert volume in core.engine.volumes
    delete(user, ws, forever=True)
    wait_for("the volume's end", lambda: volume not in core.engine.volumes)
    assert "for good" not in kept(user)
    problem(user.call("POST", f"/workspaces/{ws['id']}/restore"), 404)


def test_its_room_is_needed(core, user):
    """What is kept never takes storage of the plan from what is there; the oldest goes first."""
    them = core.user("room@example.org")
    doc = user.ok("GET", "/admin/catalogue")
    doc["plans"].append({"id": "room", "name": "Room", "sessions_max": 10, "types": ["*"], "storage_bytes_max": 10 * GB})
    user.ok("PUT", "/admin/catalogue", doc)
    user.ok("PATCH", f"/admin/accounts/{them.ok('GET', '/me')['account']['id']}", {"plan": "room"})
    old, new = (them.workspace(n, storage_bytes=4 * GB) for n in ("old", "new"))
    delete(them, old)
    delete(them, new)
    assert sorted(kept(them)) == ["new", "old"]
    there = them.workspace("there", storage_bytes=4 * GB)
    assert kept(them) == ["new"]
    them.ok("PATCH", f"/workspaces/{there['id']}", {"storage_bytes": 7 * GB})
    assert kept(them) == []
    delete(them, there)
    assert kept(them) == ["there"]
    big = them.workspace("big", storage_bytes=3 * GB)
    assert kept(them) == ["there"]
    them.ok("PATCH", f"/workspaces/{big['id']}", {"storage_bytes": 3 * GB})
    restore(them, there)
    problem(them.call("POST", "/workspaces", {"name": "one more", "storage_bytes": GB}), 409, "quota", "storage_bytes")


def test_nothing_is_charged_while_it_is_kept(tmp_path):
    core = Core(tmp_path).start()
    u = core.user()
    ws = u.workspace("stored", storage_bytes=GB)
    u.start(ws)
    u.stop(ws)

    def spans():
        with sqlite3.connect(core.dir / "db/carrel.db") as db:
            return db.execute("SELECT from_us, to_us FROM storage_span ORDER BY seq").fetchall()

    assert [to for _, to in spans()] == [None]
    delete(u, ws)
    time.sleep(1)
    restore(u, ws)
    (_, ended), (began, to) = spans()
    assert to is None and began - ended > 900_000
    # Its time is up while nobody looks: gone at the next start, and its name is in the old bills.
    delete(u, ws)
    assert core.stop() == 0
    with sqlite3.connect(core.dir / "db/carrel.db") as db:
        db.execute("UPDATE volume SET delete_us = delete_us - ?", ((7 * DAY - 30) * 1_000_000,))
    core.start()
    try:
        assert kept(u) == [], "what is nearly up is not offered"
        assert core.engine.volumes
        assert core.stop() == 0
        with sqlite3.connect(core.dir / "db/carrel.db") as db:
            db.execute("UPDATE volume SET delete_us = delete_us - 60000000")
        core.start()
        wait_for("the volume's end", lambda: not core.engine.volumes)
        assert {i["workspace_name"] for i in u.ok("GET", "/usage?all=true")["items"]} == {"stored"}
    finally:
        core.stop()


def test_the_host_needs_the_room(tmp_path):
    """A start that finds no room for its volume takes that of what is kept, the oldest first; only then is it refused."""
    core = Core(tmp_path).start()
    u, v = core.user(), core.user("other@example.org")
    spaces = {}
    for who, name in ((u, "first"), (v, "second"), (u, "third")):
        spaces[name] = who.workspace(name, storage_bytes=4 * GB)
        spaces[name]["volume"] = volume_of(core, who.start(spaces[name]))
        who.stop(spaces[name])
    delete(u, spaces["first"])
    time.sleep(0.01)
    delete(v, spaces["second"])
    core.engine.pool = 12 * GB
    huge = u.workspace("huge", storage_bytes=9 * GB)  # no room even without them: nobody loses anything
    assert "no room" in u.start(huge, state="failed")["message"]
    assert kept(u) == ["first"] and kept(v) == ["second"]
    new = u.workspace("new", storage_bytes=4 * GB)
    u.start(new)
    assert spaces["first"]["volume"] not in core.engine.volumes
    assert kept(u) == [] and kept(v) == ["second"]
    u.stop(new)
    core.engine.pool = 8 * GB
    core.engine.host["pool_bytes_free"] = 1 << 30  # less than is needed for a start: looked at with each round
    assert core.stop() == 0
    core.start()
    wait_for("the second's end", lambda: spaces["second"]["volume"] not in core.engine.volumes)
    assert kept(v) == [] and spaces["third"]["volume"] in core.engine.volumes
    big = u.workspace("big", storage_bytes=4 * GB)
    s = u.start(big, state="failed")
    assert "no room" in s["message"]
    assert core.stop() == 0


@pytest.mark.parametrize("seconds", [0, 30])
def test_a_site_that_keeps_nothing(tmp_path, seconds):
    """0, or less than the minute that a restore leaves."""
    core = Core(tmp_path, f"deleted_kept={seconds}").start()
    u = core.user()
    ws = u.workspace("gone")
    delete(u, ws)
    assert kept(u) == []
    problem(u.call("POST", f"/workspaces/{ws['id']}/restore"), 404)
    assert core.stop() == 0
