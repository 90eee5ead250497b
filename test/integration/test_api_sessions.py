# SPDX-License-Identifier: Apache-2.0
"""Core by itself: sessions from start to bill, entering them, repeated requests, events."""

import json
import sqlite3
import threading
import time
import uuid

import pytest

from core_alone import CONSOLE, Events, User, problem, wait_for
from core_fixtures import ME, browser, core, other, own, user


# --- sessions ---

def test_a_session_from_start_to_bill(core, user):
    ws = user.workspace("main job", instance_type="small")
    s = user.start(ws)
    assert [p["phase"] for p in s["phases"]] == ["queue", "image", "volume", "container", "server"]
    assert all(p["ended_at"] for p in s["phases"]) and s["phase"] is None
    assert s["url"] == f"http://{ws['label']}.localhost:8888" and s["program_url"] == f"{CONSOLE}/-/s/{s['id']}"
    assert s["stop_at"] > s["started_at"] and s["stop_why"] == "idle" and s["evidence"] == {"last": {"what": "start"}}
    begin = core.engine.verbs("SESSION_START")[-1]
    assert (begin["cpu_milli"], begin["memory_bytes"], begin["idle_seconds"], begin["max_seconds"]) == (1000, 2 << 30, 3600, 43200)
    assert begin["hostname"] == "main-job" and json.loads(begin["env"])["CARREL_SESSION"] == s["id"]
    stats = wait_for("load", lambda: user.session(s["id"])["stats"])
    assert stats["memory_bytes"] == 100 << 20 and stats["pids"] == 7
    assert user.ok("GET", f"/sessions/{s['id']}/logs")["text"] == "hello from the container\n"
    assert user.ok("GET", "/sessions?state=running")["items"][0]["id"] == s["id"]
    assert [x["id"] for x in user.ok("GET", f"/sessions?workspace_id={ws['id']}")["items"]] == [s["id"]]
    assert user.ok("GET", "/sessions?workspace_id=ws_00000000000000000000000000")["items"] == []
    ended = user.stop(ws)
    assert ended["reason"] == "user" and ended["message"] and ended["stopped_at"] and ended["stats"] is None
    line = next(i for i in user.ok("GET", "/usage")["items"] if i["session_id"] == s["id"])
    assert line["price_per_hour"] == "0.06" and line["estimated"] is False and line["segment"] == 0
    assert line["seconds"] == ended["seconds"] > 0 and line["amount"] == ended["cost"]
    w = user.ok("GET", f"/workspaces/{ws['id']}")
    assert w["session"] is None and w["last_session"]["id"] == s["id"]


def test_resize_keeps_the_volume_and_takes_the_new_price(core, user):
    ws = user.workspace("resize")
    a = user.start(ws)
    user.ok("PATCH", f"/workspaces/{ws['id']}", {"instance_type": "medium"})
    assert user.session(a["id"])["instance_type"] == "small"  # fixed at its start
    user.stop(ws)
    b = user.start(ws)
    assert b["instance_type"] == "medium" and b["price_per_hour"] == "0.12" and b["epoch"] == a["epoch"] + 1
    starts = [f for f in core.engine.verbs("SESSION_START") if f["session"] in (a["id"], b["id"])]
    assert starts[0]["volume_id"] == starts[1]["volume_id"]
    user.stop(ws)
    user.ok("PATCH", f"/workspaces/{ws['id']}", {"storage_bytes": 7 << 30})
    user.stop({"id": ws["id"]}, None)
    user.start(ws)
    assert core.engine.volumes[starts[0]["volume_id"]] == 7 << 30
    user.stop(ws)


def test_two_starts_at_once_are_one_session(core, user):
    ws = user.workspace("twice")
    found = []

    def go():
        r = user.call("POST", f"/workspaces/{ws['id']}/start")
        found.append((r.status, r.json["session"]["id"]))
    threads = [threading.Thread(target=go) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(found)) == 1 and found[0][0] == 202
    user.wait_state(found[0][1], "running")
    again = user.ok("POST", f"/workspaces/{ws['id']}/start", expect=202)["session"]
    assert again["id"] == found[0][1] and again["state"] == "running"
    assert len([f for f in core.engine.verbs("SESSION_START") if f["session"] == again["id"]]) == 1
    user.stop(ws)
    assert user.stop(ws, None)["state"] == "stopped"  # stopping what has stopped is not an error


def test_a_start_waits_for_the_one_before_it(own):
    u = own.user()
    ws = u.workspace()
    a = u.start(ws)
    own.engine.refuse["SESSION_STOP"] = (-11, "not now")
    u.stop(ws, "stopping")
    b = u.start(ws, None)
    assert b["id"] != a["id"] and b["state"] == "queued" and b["reason"] == "predecessor"
    assert u.start(ws, None)["id"] == b["id"]
    own.engine.refuse.clear()
    own.engine.end(a["id"], a["epoch"], "user")
    assert u.wait_state(a["id"], "stopped")["reason"] == "user"
    u.wait_state(b["id"], "running")


def test_a_failed_start_says_why(own):
    u = own.user()
    ws = u.workspace()
    own.engine.hold = True
    s = u.start(ws, "starting")
    wait_for("start verb", lambda: own.engine.verbs("SESSION_START"))
    own.engine.fail(s["id"], s["epoch"], "image", "start-failed", "The image's layer 3 can't be read: disk error.")
    s = u.wait_state(s["id"], "failed")
    assert s["reason"] == "start-failed" and "layer 3" in s["message"] and s["cost"] == "0.00"
    own.engine.refuse["SESSION_START"] = (-12, "There is no memory left on the host for 2 GB more.")
    own.engine.hold = False
    s = u.start(ws, "failed")
    assert "no memory left" in s["message"]
    own.engine.refuse.clear()
    u.start(ws)
    # A busy volume is "not yet", not a failure.
    other = u.workspace()
    own.engine.refuse["SESSION_START"] = (-16, "busy")
    s = u.start(other, "starting")
    wait_for("second try", lambda: len([f for f in own.engine.verbs("SESSION_START") if f["session"] == s["id"]]) >= 2)
    own.engine.refuse.clear()
    u.wait_state(s["id"], "running")


def test_a_session_that_ends_by_itself(own):
    u = own.user()
    for reason, state in (("idle", "stopped"), ("max", "stopped"), ("exit", "failed"), ("oom", "failed"), ("shim-lost", "lost"),
                          ("host-lost", "lost")):
        ws = u.workspace()
        s = u.start(ws)
        own.engine.end(s["id"], s["epoch"], reason, estimated=int(reason.endswith("lost")))
        s = u.wait_state(s["id"], state)
        assert s["reason"] == reason and s["message"] and s["evidence"] == {"last": {"what": "save"}}
        line = u.ok("GET", "/usage")["items"][0]
        assert line["session_id"] == s["id"] and line["estimated"] is reason.endswith("lost")
        u.start(ws)


def test_extend(own):
    u = own.user()
    ws = u.workspace(auto_stop_seconds=60)
    s = u.start(ws)
    at = f"/sessions/{s['id']}/extend"
    longer = u.ok("POST", at, {"seconds": 3600}, expect=200)
    assert longer["stop_at"] > s["stop_at"] and longer["extended_until"]
    sent = own.engine.verbs("SESSION_DEADLINE")[-1]
    assert sent["extend_until_boot_ns"] > 0 and sent["idle_seconds"] == 60 and sent["max_at_boot_ns"] == 0
    assert wait_for("the shim's word", lambda: u.session(s["id"])["stop_at"] >= longer["stop_at"][:19])
    most = u.ok("POST", at, {"seconds": 100 * 3600}, expect=200)
    assert most["stop_why"] == "max"
    problem(u.call("POST", at, {"seconds": 60}), 409, "conflict")
    for bad in ({}, {"seconds": 0}, {"seconds": -5}, {"seconds": "1h"}):
        problem(u.call("POST", at, bad), 400, "invalid-field", "seconds")
    u.stop(ws)
    problem(u.call("POST", at, {"seconds": 60}), 409, "conflict")


def test_auto_stop_follows_the_workspace(own):
    u = own.user()
    ws = u.workspace()
    s = u.start(ws)
    u.ok("PATCH", f"/workspaces/{ws['id']}", {"auto_stop_seconds": 120})
    wait_for("new deadline", lambda: [d for d in own.engine.verbs("SESSION_DEADLINE") if d["idle_seconds"] == 120])
    assert u.session(s["id"])["auto_stop_seconds"] == 120


def test_the_warning_comes_before_the_stop(own):
    u = own.user()
    ws = u.workspace(auto_stop_seconds=4)
    ev = Events(u)
    s = u.start(ws)
    t0 = time.monotonic()
    w = ev.next("warning")
    assert 1.5 < time.monotonic() - t0 < 3.5  # at half of a short limit
    assert w["session_id"] == s["id"] and w["workspace_name"] == ws["name"] and w["why"] == "idle" and 0 < w["seconds"] <= 2
    own.engine.activity(s["id"], s["epoch"])  # somebody came back: a new stop, and a new warning before it
    w2 = ev.next("warning")
    assert w2["stop_at"] > w["stop_at"]
    ev.close()


# --- entering ---

def enter(core, user, sid):
    return user.ok("POST", f"/sessions/{sid}/enter", expect=200)


def route(core, label, ticket=None, **headers):
    return core.call("GET", f"/internal/route?host={label}", headers={**({"X-Carrel-Ticket": ticket} if ticket else {}), **headers})


def test_entering_a_session(core, user, other):
    ws, ws2 = user.workspace(), user.workspace()
    problem(user.call("POST", "/sessions/s_00000000000000000000000000/enter"), 404)
    s = user.start(ws)
    label = ws["label"]
    assert route(core, "0" * 26).status == 404
    assert route(core, label).json == {"console": CONSOLE + "/"} and route(core, label).status == 401
    e = enter(core, user, s["id"])
    assert e["url"] == s["url"]
    # For another host the code is worthless, and used up.
    problem(core.call("POST", "/internal/enter", {"host": ws2["label"], "code": e["code"]}), 400)
    problem(core.call("POST", "/internal/enter", {"host": label, "code": e["code"]}), 400)
    code = enter(core, user, s["id"])["code"]
    t = core.call("POST", "/internal/enter", {"host": label, "code": code}).json
    assert t["next"] == "/lab"
    problem(core.call("POST", "/internal/enter", {"host": label, "code": code}), 400)
    r = route(core, label, t["ticket"])
    assert r.status == 200 and r.json["socket"] == f"/s/{s['id']}-{s['epoch']}/agent.sock" and r.json["name"] == "admin"
    assert r.json["workspace"] == ws["name"]
    user.ok("PATCH", f"/workspaces/{ws['id']}", {"name": "called otherwise"}, expect=200)
    assert route(core, label, t["ticket"]).json["workspace"] == "called otherwise"
    assert route(core, ws2["label"], t["ticket"]).status == 401
    assert core.call("GET", f"/internal/route?host={label}", headers={"Authorization": f"token {user.token}"}).status == 200
    assert core.call("GET", f"/internal/route?host={label}", headers={"Authorization": f"token {other.token}"}).status == 401
    x = core.call("POST", "/internal/extend", {"host": label, "seconds": 60}, {"X-Carrel-Ticket": t["ticket"]})
    assert x.status == 200 and x.json["stop_at"]
    assert core.call("POST", "/internal/extend", {"host": label, "seconds": 60}).status == 401
    user.stop(ws)
    assert route(core, label, t["ticket"]).json["state"] == "stopped"
    problem(user.call("POST", f"/sessions/{s['id']}/enter"), 409)


def test_a_ticket_dies_with_its_login(core, user):
    ws = user.workspace()
    s = user.start(ws)
    cookie = {"Cookie": browser(core), **ME}
    code = core.call("POST", f"/api/v1/sessions/{s['id']}/enter", headers=cookie).json["code"]
    t = core.call("POST", "/internal/enter", {"host": ws["label"], "code": code}).json["ticket"]
    assert route(core, ws["label"], t).status == 200
    assert core.call("POST", "/api/v1/logout", headers=cookie).status == 204
    assert route(core, ws["label"], t).status == 401
    user.stop(ws)


def test_starting_sessions_say_so_to_edge(own):
    u = own.user()
    ws = u.workspace()
    first = u.start(ws)
    code = u.ok("POST", f"/sessions/{first['id']}/enter", expect=200)["code"]
    t = own.call("POST", "/internal/enter", {"host": ws["label"], "code": code}).json["ticket"]
    u.stop(ws)
    own.engine.hold = True
    s = u.start(ws, "starting")
    r = route(own, ws["label"], t)
    assert r.status == 503 and r.json == {"state": "starting"}
    r = own.call("GET", f"/internal/program?session={s['id']}", headers={"Authorization": f"token {u.token}"})
    assert r.status == 503 and r.json == {"state": "starting"}


# --- idempotency ---

def test_the_same_key_gives_the_same_answer(core, user):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    a = user.call("POST", "/workspaces", {"name": "idem"}, key)
    b = user.call("POST", "/workspaces", {"name": "idem"}, key)
    assert a.status == b.status == 201 and a.body == b.body and a.headers["ETag"] == b.headers["ETag"]
    assert b.headers["Idempotent-Replayed"] == "true"
    problem(user.call("POST", "/workspaces", {"name": "idem2"}, key), 422, "idempotency-key-reused")
    problem(user.call("POST", "/tokens", {"name": "idem"}, key), 422)
    problem(user.call("POST", "/workspaces", {"name": "x"}, {"Idempotency-Key": "k" * 256}), 400)
    t = {"Idempotency-Key": str(uuid.uuid4())}
    one = user.call("POST", "/tokens", {"name": "secret"}, t).json["token"]
    assert user.call("POST", "/tokens", {"name": "secret"}, t).json["token"] == one
    db = sqlite3.connect(f"file:{core.dir}/db/carrel.db?mode=ro", uri=True)
    for (blob,) in db.execute("SELECT answer FROM idempotency"):
        assert one.encode() not in bytes(blob)
    code = core.code()
    login = {"Idempotency-Key": str(uuid.uuid4())}
    first = core.call("POST", "/api/v1/login", {"code": code, "grant": "token"}, login)
    assert first.status == 201 and core.call("POST", "/api/v1/login", {"code": code, "grant": "token"}, login).body == first.body
    # Whatever has become of things since: the same answer.
    p = core.user("idem-pw@example.org")
    pk = {"Idempotency-Key": str(uuid.uuid4())}
    p.ok("POST", "/me/password", {"new": "the first password"}, expect=204)
    for _ in range(3):
        assert p.call("POST", "/me/password", {"current": "the first password", "new": "the second password"}, pk).status == 204
    # A failure is not kept: what was wrong may be put right.
    k = {"Idempotency-Key": str(uuid.uuid4())}
    problem(user.call("POST", "/workspaces", {"name": "idem"}, k), 409)


def test_a_hundred_repeats_in_parallel_have_one_effect(user):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    bodies = []

    def go():
        for _ in range(10):
            r = user.call("POST", "/workspaces", {"name": "hundred"}, key)
            bodies.append((r.status, r.body))
    threads = [threading.Thread(target=go) for _ in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(bodies) == 100 and len(set(bodies)) == 1 and bodies[0][0] == 201


# --- events ---

def test_events_are_sent_and_resumed(own):
    u = own.user()
    ev = Events(u)
    assert ev.hello == {}
    ws = u.workspace("seen")
    assert ev.next("workspace")["id"] == ws["id"]
    s = u.start(ws)
    assert ev.next("session", lambda d: d["state"] == "running")["id"] == s["id"]
    at = ev.last_id
    ev.close()
    u.stop(ws)
    u.ok("DELETE", f"/workspaces/{ws['id']}", {"confirm": "seen"})
    late = Events(u, at)
    assert late.hello == {"resumed": True}
    assert late.next("session", lambda d: d["state"] == "stopped")["id"] == s["id"]
    assert late.next("workspace") == {"id": ws["id"], "deleted": True}
    end = late.last_id
    late.close()
    # Across a crash of core: nothing is lost, nothing comes twice.
    own.kill()
    own.start()
    again = Events(u, end)
    assert again.hello == {"resumed": True}
    other = u.workspace("after the crash")
    assert again.next("workspace")["id"] == other["id"]
    again.close()
    assert Events(u, 10**9).hello == {}  # a number that we never gave: begin anew


def test_events_are_ones_own(core, user, other):
    ev = Events(other)
    user.workspace()
    mine = other.workspace()
    assert ev.next()["id"] == mine["id"]
    ev.close()


def test_a_revoked_token_ends_its_event_stream(core, user):
    t = user.ok("POST", "/tokens", {"name": "watcher", "scopes": ["read"]})
    ev = Events(User(core, t["token"]))
    user.ok("DELETE", f"/tokens/{t['id']}")
    t0 = time.monotonic()
    with pytest.raises((EOFError, OSError)):
        while True:
            ev.next()
    assert time.monotonic() - t0 < 6
    problem(core.call("GET", "/api/v1/me", headers={"Authorization": f"Bearer {t['token']}"}), 401)
