# SPDX-License-Identifier: Apache-2.0
"""Core by itself: its API, its rules in motion. Bad times are in test_core_crash.py. The engine is test/integration/fake_engine.py."""

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import judged
from core_alone import CONSOLE, Core, User, problem, sanitized, wait_for
from core_fixtures import ME, browser, core, other, own, user


def routes(core):
    doc = core.call("GET", "/api/v1/openapi.json").json
    # A workspace's files are served by edge and agents, not by core: test_files_stopped.py.
    return [(m.upper(), "/api/v1" + p, op) for p, ops in doc["paths"].items() for m, op in ops.items() if "/{id}/files/" not in p]


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
    log, times = judged.Log(), {"foreign": [], "random": []}
    cells = 0
    for method, path, _ in routes(core):
        if "{id}" not in path:
            continue
        if "/admin/" in path:  # not theirs at all, whatever the id
            problem(other.call(method, path[7:].replace("{id}", random_id["ws"]), {}), 403, "forbidden")
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
        log.seen("foreign", method=method, path=path, status=answers[0]["status"], same=answers[0] == answers[1])
        cells += 1
    assert cells >= 10 and len(log.entries) == cells
    judged.held(core.dir, log, "P19")
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
    user.ok("DELETE", at, {"confirm": "to delete", "stop": True, "forever": True})
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


# --- the rest ---

def test_health_metrics_console(core, user):
    text = core.call("GET", "/metrics").body.decode()
    assert "jupyterhub_running_servers" in text and "carrel_store_commits_total" in text
    for line in text.strip().split("\n"):
        assert line.startswith("#") or len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) >= 0
    for far in ("203.0.113.7", "forwarded"):
        problem(core.call("GET", "/metrics", headers={"X-Carrel-Peer": far}), 401)
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
