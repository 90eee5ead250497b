# SPDX-License-Identifier: Apache-2.0
"""Core by itself: its API, its rules in motion. Bad times are in test_core_crash.py. The engine is test/integration/fake_engine.py."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from core_alone import CONSOLE, Core, Events, User, problem, sanitized, wait_for

ME = {"X-Carrel-CSRF": "1", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    c = Core(tmp_path_factory.mktemp("core")).start()
    yield c
    assert c.stop() == 0


@pytest.fixture(scope="module")
def user(core):
    return core.user()


@pytest.fixture(scope="module")
def other(core):
    return core.user("other@example.org")


@pytest.fixture
def own(tmp_path):
    """A core of its own, for tests that kill it."""
    c = Core(tmp_path, "auto_stop_min=2", "warn=300").start()
    yield c
    c.stop()


def routes(core):
    doc = core.call("GET", "/api/v1/openapi.json").json
    return [(m.upper(), "/api/v1" + p, op) for p, ops in doc["paths"].items() for m, op in ops.items()]


# --- routes ---

def test_the_openapi_document_is_valid_and_whole(core):
    doc = core.call("GET", "/api/v1/openapi.json").json
    assert doc["openapi"] == "3.1.0"
    ids = [op["operationId"] for _, _, op in routes(core)]
    assert len(ids) == len(set(ids)) >= 26
    refs = set()

    def walk(x):
        if isinstance(x, dict):
            if "$ref" in x:
                refs.add(x["$ref"])
            for v in x.values():
                walk(v)
        elif isinstance(x, list):
            for v in x:
                walk(v)
    walk(doc)
    for ref in refs:
        assert ref.rsplit("/", 1)[1] in doc["components"]["schemas"]
    validator = pytest.importorskip("openapi_spec_validator", reason="the OpenAPI validator is not installed")
    validator.validate(doc)


def test_every_route_wants_a_sign_in(core):
    for method, path, op in routes(core):
        if op.get("security") == []:
            continue
        at = path.replace("{id}", "ws_00000000000000000000000000")
        problem(core.call(method, at), 401, "unauthenticated")
        problem(core.call(method, at, headers={"Authorization": "Bearer carrel_pat_nonsense"}), 401, "unauthenticated")
        problem(core.call(method, at, headers={"Cookie": "__Host-s=" + "a" * 43, **ME}), 401, "unauthenticated")


def test_every_route_refuses_what_it_does_not_know(core, user):
    for method, path, op in routes(core):
        if "requestBody" in op:
            at = path.replace("{id}", "x")[len("/api/v1"):]
            problem(user.call(method, at, {"frobnicate": 1}), 400, "unknown-field", "frobnicate")
            problem(user.call(method, at, b"{"), 400, "bad-request")
            problem(user.call(method, at, b"[1]"), 400, "bad-request")
            problem(user.call(method, at, b'{"a":1,"a":2}'), 400)
            problem(user.call(method, at, b"{}", {"Content-Type": "text/plain"}), 415, "media-type")
            problem(user.call(method, at, b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}), 415)
        if method == "GET" and path != "/api/v1/openapi.json":
            problem(user.call(method, path.replace("{id}", "x")[7:] + "?frobnicate=1"), 400, "unknown-field", "frobnicate")
    problem(user.call("POST", "/workspaces", b'{"name":"' + b"x" * 70000 + b'"}'), 413, "too-large")
    problem(user.call("BREW", "/workspaces"), 405)
    assert "POST" in user.call("PUT", "/workspaces").headers["Allow"]
    problem(user.call("GET", "/nothing"), 404)


def test_foreign_ids_are_like_random_ones(core, user, other):
    """P19: for every route with an id, another tenant's thing and no thing at all look the same, in words and in time."""
    ws = user.workspace()
    s = user.start(ws)
    t = user.ok("POST", "/tokens", {"name": "x"})
    random_id = {"ws": "ws_00000000000000000000000000", "s": "s_00000000000000000000000000", "t": "t_00000000000000000000000000"}
    body = {"extend": {"seconds": 60}, "PATCH": {"auto_stop_seconds": 60}}
    times = {"foreign": [], "random": []}
    cells = 0
    for method, path, _ in routes(core):
        if "{id}" not in path:
            continue
        kind, mine = ("s", s["id"]) if "/sessions/" in path else ("t", t["id"]) if "/tokens/" in path else ("ws", ws["id"])
        b = body.get(path.rsplit("/", 1)[1]) or body.get(method) or ({"confirm": ws["name"]} if method == "DELETE" and kind == "ws" else None)
        answers = []
        for which, one in (("foreign", mine), ("random", random_id[kind])):
            t0 = time.perf_counter()
            r = other.call(method, path[7:].replace("{id}", one), b)
            times[which].append(time.perf_counter() - t0)
            p = problem(r, 404, "not-found")
            p.pop("request_id")
            answers.append(p)
        assert answers[0] == answers[1], (method, path)
        cells += 1
    assert cells >= 10
    assert other.ok("GET", "/workspaces")["items"] == [] and other.ok("GET", "/sessions")["items"] == []
    assert other.ok("GET", "/usage")["items"] == []
    user.stop(ws)


def test_scopes(core, user):
    ws = user.workspace()
    s = user.start(ws)
    read = User(core, user.ok("POST", "/tokens", {"name": "r", "scopes": ["read"]})["token"])
    one = User(core, user.ok("POST", "/tokens", {"name": "s", "scopes": [f"session:{s['id']}"]})["token"])
    assert read.ok("GET", "/me")["account"]["email"] == "admin@localhost"
    problem(read.call("POST", "/workspaces", {"name": "x"}), 403, "forbidden")
    problem(read.call("POST", "/tokens", {"name": "x"}), 403)
    assert one.session(s["id"])["id"] == s["id"]
    problem(one.call("GET", "/sessions/s_00000000000000000000000000"), 404)
    for path in ("/me", "/workspaces", "/sessions", "/usage", "/tokens", "/audit", "/events"):
        problem(one.call("GET", path), 403)

    def program(token, sid=s["id"]):
        return core.call("GET", f"/internal/program?session={sid}", headers={"Authorization": f"token {token}"})
    assert program(one.token).json["socket"] == f"/s/{s['id']}-{s['epoch']}/agent.sock"
    assert program(user.token).status == 200
    problem(program(read.token), 403)
    problem(program("x"), 401)
    problem(program(user.token, "s_00000000000000000000000000"), 404)
    user.stop(ws)
    problem(program(user.token), 404)
    problem(user.call("POST", "/tokens", {"name": "x", "scopes": ["root"]}), 400, "invalid-field", "scopes")
    problem(user.call("POST", "/tokens", {"name": "x", "expires_in_seconds": 91 * 86400}), 400, None, "expires_in_seconds")


# --- signing in ---

def browser(core, **kw):
    r = core.call("POST", "/api/v1/login", kw or {"code": core.code()}, ME)
    assert r.status == 200, r
    cookie = r.headers["Set-Cookie"]
    assert cookie.startswith("__Host-s=") and all(x in cookie for x in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax"))
    return cookie.split(";")[0]


def test_a_code_works_once(core):
    code = core.code()
    assert core.call("POST", "/api/v1/login", {"code": code.lower().replace("-", " ")}).status == 200
    first = problem(core.call("POST", "/api/v1/login", {"code": code}), 401, "bad-credentials")
    wrong = problem(core.call("POST", "/api/v1/login", {"code": "AAAA-AAAA"}), 401, "bad-credentials")
    shape = problem(core.call("POST", "/api/v1/login", {"code": "no code at all"}), 401, "bad-credentials")
    for p in (first, wrong, shape):
        p.pop("request_id")
    assert first == wrong == shape


def test_what_has_expired_is_worth_nothing(tmp_path):
    c = Core(tmp_path, "code_ttl=1").start()
    try:
        u = c.user()
        code = c.code()
        time.sleep(1.1)
        expired = problem(c.call("POST", "/api/v1/login", {"code": code}), 401, "bad-credentials")
        assert "too old" in expired["detail"]
        cookie = {"Cookie": browser(c), **ME}
        u.ok("GET", "/me")
        # Two months go by, by the wall of another boot.
        c.stop()
        db = sqlite3.connect(tmp_path / "db/carrel.db")
        for table in ("token", "login"):
            db.execute(f"UPDATE {table} SET made_us = made_us - 60 * 86400 * 1000000, boot_id = 'another'")
        db.commit()
        db.close()
        c.start()
        problem(u.call("GET", "/me"), 401, "unauthenticated")
        problem(c.call("GET", "/api/v1/me", headers=cookie), 401, "unauthenticated")
    finally:
        c.stop()


def test_cookies_need_our_own_pages(core):
    cookie = {"Cookie": browser(core)}
    assert core.call("GET", "/api/v1/me", headers={**cookie, **ME}).status == 200
    assert core.call("GET", "/api/v1/me", headers={**cookie, "Origin": CONSOLE}).status == 200
    for bad in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
                {"Origin": "http://localhost:8888.evil.example"}, {"Origin": "null"},
                {"Sec-Fetch-Site": "cross-site", "Origin": CONSOLE}):
        problem(core.call("GET", "/api/v1/me", headers={**cookie, **bad, "X-Carrel-CSRF": "1"}), 403, "cross-site")
        problem(core.call("POST", "/api/v1/logout", headers={**cookie, **bad, "X-Carrel-CSRF": "1"}), 403, "cross-site")
    problem(core.call("POST", "/api/v1/logout", headers={**cookie, "Sec-Fetch-Site": "same-origin"}), 403, "cross-site")
    problem(core.call("POST", "/api/v1/login", {"code": core.code()}, {"Sec-Fetch-Site": "cross-site"}), 403, "cross-site")
    r = core.call("POST", "/api/v1/logout", headers={**cookie, **ME})
    assert r.status == 204 and "Max-Age=0" in r.headers["Set-Cookie"]
    problem(core.call("GET", "/api/v1/me", headers={**cookie, **ME}), 401)


def test_passwords(core):
    u = core.user("pw@example.org")
    problem(u.call("POST", "/me/password", {"new": "short"}), 400, "invalid-field", "new")
    u.ok("POST", "/me/password", {"new": "correct horse battery"}, expect=204)
    cookie = browser(core, email="PW@example.org", password="correct horse battery")
    problem(u.call("POST", "/me/password", {"new": "another long password"}), 400, "invalid-field", "current")
    u.ok("POST", "/me/password", {"current": "correct horse battery", "new": "another long password"}, expect=204)
    # The login made with the old password is gone.
    problem(core.call("GET", "/api/v1/me", headers={"Cookie": cookie, **ME}), 401)
    assert u.ok("GET", "/me")["account"]["has_password"] is True
    browser(core, email="pw@example.org", password="another long password")


def test_wrong_passwords_look_and_cost_the_same_and_are_limited(core):
    u = core.user("limited@example.org")
    u.ok("POST", "/me/password", {"new": "correct horse battery"}, expect=204)
    answers, times = [], {"known": [], "unknown": []}
    for i in range(5):
        for who, mail in (("known", "limited@example.org"), ("unknown", "nobody@example.org")):
            t0 = time.perf_counter()
            r = core.call("POST", "/api/v1/login", {"email": mail, "password": "wrong password"})
            times[who].append(time.perf_counter() - t0)
            p = problem(r, 401, "bad-credentials")
            p.pop("request_id")
            answers.append(p)
    assert all(a == answers[0] for a in answers)
    assert 0.4 < min(times["known"]) / min(times["unknown"]) < 2.5
    for mail in ("limited@example.org", "nobody@example.org"):
        r = core.call("POST", "/api/v1/login", {"email": mail, "password": "correct horse battery"})
        problem(r, 429, "too-many-attempts")
        assert int(r.headers["Retry-After"]) > 0


def test_internal_is_for_our_own_processes(core):
    # This test is root; another uid gets what the outside gets.
    # It stands in the folder already: the way there may be closed to it.
    script = ("import os,socket,sys;os.chdir(sys.argv[1]);os.setgid(65534);os.setuid(65534);s=socket.socket(socket.AF_UNIX);"
              "s.connect(sys.argv[2]);"
              "s.sendall(b'POST /internal/sign-in-code HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n');"
              "print(s.makefile().readline())")
    core.sock.chmod(0o666)
    core.sock.parent.chmod(0o755)
    out = subprocess.run([sys.executable, "-c", script, str(core.sock.parent), core.sock.name], capture_output=True, text=True)
    assert "404" in out.stdout, out


# --- workspaces ---

GOOD_NAMES = ["a", "Größe № 1 (α)", "数据", "🚀 launch 👩‍🔬", "x" * 64, "🚀" * 64, "...", "a'b\"c<script>"]
BAD_NAMES = ["", " ", " a", "a ", ".", "..", "../", "../../etc", "a/b", "a\\b", "a\nb", "a\x00b", "a\x7f", "a\u202eb", "a\u200bb", "x" * 65, "x" * 10000]


def test_names(user):
    for name in GOOD_NAMES:
        ws = user.workspace(name)
        assert ws["name"] == name and user.ok("GET", f"/workspaces/{ws['id']}")["name"] == name
    for name in BAD_NAMES:
        problem(user.call("POST", "/workspaces", {"name": name}), 400, "invalid-field", "name")
    problem(user.call("POST", "/workspaces", b'{"name":"\xff"}'), 400)
    problem(user.call("POST", "/workspaces", {"name": "a"}), 409, "name-taken", "name")


@pytest.mark.parametrize("field,value", [
    ("image", "no-such-image"), ("instance_type", "gigantic"), ("storage_bytes", 1), ("storage_bytes", 1 << 60), ("storage_bytes", "1"),
    ("storage_bytes", -1), ("storage_bytes", 1.5), ("auto_stop_seconds", 59), ("auto_stop_seconds", 86401), ("auto_stop_seconds", 0),
    ("auto_stop_seconds", True), ("name", 7), ("name", ["a"])])
def test_bad_values_are_named(user, field, value):
    problem(user.call("POST", "/workspaces", {"name": "bad", field: value}), 400, "invalid-field", field)


def test_defaults_and_changes(user):
    ws = user.workspace("defaults")
    assert (ws["image"], ws["instance_type"], ws["auto_stop_seconds"], ws["storage_bytes"]) == ("default", "small", 3600, 5 << 30)
    assert ws["price_per_hour"] == "0.06" and ws["session"] is None and ws["last_session"] is None
    at = f"/workspaces/{ws['id']}"
    r = user.call("GET", at)
    assert r.headers["ETag"] == ws["etag"]
    changed = user.call("PATCH", at, {"instance_type": "medium", "auto_stop_seconds": 60}, {"If-Match": ws["etag"]})
    assert changed.status == 200 and changed.json["instance_type"] == "medium" and changed.json["etag"] != ws["etag"]
    problem(user.call("PATCH", at, {"name": "late"}, {"If-Match": ws["etag"]}), 412, "changed")
    problem(user.call("PATCH", at, {"storage_bytes": 1 << 30}), 400, "invalid-field", "storage_bytes")
    assert user.ok("PATCH", at, {"storage_bytes": 6 << 30})["storage_bytes"] == 6 << 30
    assert user.ok("PATCH", at, {"name": "renamed"})["name"] == "renamed"
    user.workspace("taken")
    problem(user.call("PATCH", at, {"name": "taken"}), 409, "name-taken", "name")
    assert user.ok("GET", f"/workspaces?label={ws['label']}")["items"][0]["id"] == ws["id"]


def test_pages(core):
    u = core.user("pages@example.org")
    names = [f"p{i:03}" for i in range(37)]
    for n in names:
        u.workspace(n)
    seen, cursor = [], None
    while True:
        page = u.ok("GET", "/workspaces?limit=10" + (f"&cursor={cursor}" if cursor else ""))
        seen += [w["name"] for w in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
        assert len(page["items"]) == 10
        u.workspace(f"later{len(seen)}")  # what is made meanwhile neither hides nor doubles a row
    assert seen == names[::-1]
    assert u.ok("GET", "/workspaces?limit=40")["next"] is None
    problem(u.call("GET", "/workspaces?limit=0"), 400, None, "limit")
    problem(u.call("GET", "/workspaces?limit=9999"), 400, None, "limit")
    problem(u.call("GET", "/workspaces?cursor=abc"), 400, None, "cursor")


def test_delete(core, user):
    ws = user.workspace("to delete")
    at = f"/workspaces/{ws['id']}"
    problem(user.call("DELETE", at), 409, "not-confirmed")
    problem(user.call("DELETE", at, {"confirm": "To delete"}), 409, "not-confirmed")
    s = user.start(ws)
    problem(user.call("DELETE", at, {"confirm": "to delete"}), 409, "conflict")
    assert len(core.engine.volumes) >= 1
    user.ok("DELETE", at, {"confirm": "to delete", "stop": True})
    problem(user.call("GET", at), 404)
    ended = user.wait_state(s["id"], "stopped")
    assert ended["reason"] == "delete"
    volume = next(f["volume_id"] for f in core.engine.verbs("SESSION_START") if f["session"] == s["id"])
    wait_for("deleted volume", lambda: volume not in core.engine.volumes)
    # The bill keeps its line, and the name is free again.
    assert any(i["session_id"] == s["id"] and i["workspace_name"] == "to delete" for i in user.ok("GET", "/usage")["items"])
    again = user.workspace("to delete")
    assert user.call("DELETE", f"/workspaces/{again['id']}", headers={"X-Confirm": "to delete"}).status == 204
    emoji = user.workspace("löschen 🗑")
    assert user.call("DELETE", f"/workspaces/{emoji['id']}", headers={"X-Confirm": "l%C3%B6schen%20%F0%9F%97%91"}).status == 204


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


# --- the rest ---

def test_health_metrics_console(core, user):
    text = core.call("GET", "/metrics").body.decode()
    assert "jupyterhub_running_servers" in text and "carrel_store_commits_total" in text
    for line in text.strip().split("\n"):
        assert line.startswith("#") or len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) >= 0
    problem(core.call("GET", "/metrics", headers={"X-Carrel-Peer": "203.0.113.7"}), 401)
    assert core.call("GET", "/metrics", headers={"X-Carrel-Peer": "203.0.113.7", "Authorization": f"Bearer {user.token}"}).status == 200
    page = core.call("GET", "/workspaces/anything")
    assert page.status == 200 and page.headers["Content-Type"].startswith("text/html")
    csp = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp and "frame-ancestors 'none'" in csp and "unsafe" not in csp
    assert "form-action 'self' http://*.localhost:8888" in csp
    assert core.call("GET", "/", headers={"If-None-Match": page.headers["ETag"]}).status == 304
    for path in ("/api/nothing", "/internal/nothing", "/assets/nothing.js", "/.carrel/x", "/-/s/x"):
        problem(core.call("GET", path), 404)
    problem(core.call("POST", "/"), 404)


def test_no_byte_of_a_user_leaves_but_as_json(core, user):
    """T1: with a mark in every text a user can set, all routes are read; only JSON and event streams may hold it."""
    mark = "m4rk<script>alert(1)</script>".replace("/", "")
    ws = user.workspace(mark)
    core.engine.log_text = mark
    user.ok("PATCH", "/me", {"name": mark})
    s = user.start(ws)
    t = user.ok("POST", "/tokens", {"name": mark})
    ids = {"workspaces": ws["id"], "sessions": s["id"], "tokens": t["id"]}
    paths = [p.replace("{id}", ids.get(p.split("/")[3], "x")) for m, p, _ in routes(core) if m == "GET" and not p.endswith("/events")]
    found = 0
    for path in paths + ["/api/v1/usage?format=csv", "/metrics", "/", "/healthz", "/readyz", f"/open/{ws['label']}"]:
        r = core.call("GET", path, headers={"Authorization": f"Bearer {user.token}"})
        assert r.headers["X-Content-Type-Options"] == "nosniff" and r.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        if b"m4rk" in r.body:
            found += 1
            assert r.headers["Content-Type"] in ("application/json", "application/problem+json"), path
    assert found >= 5
    user.ok("PATCH", "/me", {"name": "admin"})
    core.engine.log_text = ""
    user.stop(ws)


def test_no_secret_is_in_the_log_or_the_store(core, user):
    code = core.code()
    token = core.call("POST", "/api/v1/login", {"code": code, "grant": "token"}).json["token"]
    cookie = browser(core)
    User(core, token).ok("GET", "/me")
    wanted = [code.encode(), token.encode(), token.split("_")[3].encode(), cookie.split("=")[1].encode(), user.token.encode()]
    for path in [core.dir / "core.log", *(core.dir / "db").iterdir()]:
        data = path.read_bytes()
        assert not [w for w in wanted if w in data], path


def test_memory_stays_small_with_a_thousand_workspaces(own):
    u = own.user()
    for i in range(1000):
        u.workspace(f"w{i}")
    for _ in range(20):
        u.ok("GET", "/workspaces?limit=100")
    rss = next(int(x.split()[1]) for x in Path(f"/proc/{own.proc.pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    assert rss < 30 * 1024 or sanitized(), f"{rss} KiB"


def test_core_ends_on_sigterm_and_starts_again(own):
    u = own.user()
    ws = u.workspace()
    s = u.start(ws)
    own.proc.send_signal(signal.SIGTERM)
    assert own.proc.wait(10) == 0
    own.start()
    assert u.session(s["id"])["state"] == "running"
