# SPDX-License-Identifier: Apache-2.0
"""What core says to edge about a workspace's files: who may, and where (doc/internals/files.md)."""

import pytest

from core_alone import Core, problem


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    c = Core(tmp_path_factory.mktemp("core")).start()
    yield c
    c.stop()


def where(core, token, ws):
    return core.call("GET", f"/internal/files?workspace={ws['id']}", headers={"Authorization": f"token {token}"} if token else {})


def test_where_they_are_at_each_time(core):
    u = core.user()
    ws = u.workspace("life")
    problem(where(core, u.token, ws), 409, "conflict")  # nothing was made for looking
    assert not core.engine.verbs("FILES_START")
    s = u.start(ws)
    at = where(core, u.token, ws).json
    assert (at["session"], at["state"], at["write"]) == (s["id"], "running", True) and at["socket"] == f"/s/{s['id']}-1/agent.sock"
    u.stop(ws)
    at = where(core, u.token, ws).json
    volume = core.engine.verbs("FILES_START")[-1]["volume_id"]
    assert at["state"] == "stopped" and at["socket"] == f"/f/{volume}-1/agent.sock" and at["session"] == f"{volume}-1"


def test_who_may(core):
    u, other = core.user("one@example.org"), core.user("two@example.org")
    ws = u.workspace("mine")
    u.start(ws)
    assert where(core, None, ws).status == 401
    assert where(core, "carrel_pat_nonsense", ws).status == 401
    assert where(core, other.token, ws).status == 404
    assert where(core, u.token, {"id": "ws_nothing"}).status == 404
    read = u.ok("POST", "/tokens", {"name": "r", "scopes": ["read"]}, 201)["token"]
    assert where(core, read, ws).json["write"] is False
    narrow = u.ok("POST", "/tokens", {"name": "s", "scopes": ["session:s_" + "0" * 26]}, 201)["token"]
    assert where(core, narrow, ws).status == 403


def test_a_refusal_of_the_engine_is_said_in_words(core):
    u = core.user()
    ws = u.workspace("refused")
    u.start(ws)
    u.stop(ws)
    for code, status, slug in ((-5, 423, "volume-broken"), (-28, 507, "disk-full"), (-11, 503, "busy")):
        core.engine.refuse["FILES_START"] = (code, "so and so")
        problem(where(core, u.token, ws), status, slug)
    core.engine.refuse.clear()
    assert where(core, u.token, ws).status == 200


def test_a_volume_that_is_just_let_go_is_waited_for(core):
    u = core.user()
    ws = u.workspace("just-gone")
    u.start(ws)
    u.stop(ws)
    core.engine.refuse["FILES_START"] = (-16, "a session has the volume")
    import threading
    t = threading.Timer(0.5, core.engine.refuse.clear)
    t.start()
    assert where(core, u.token, ws).status == 200
    t.join()


def test_entering_a_stopped_workspace(core):
    u = core.user()
    ws = u.workspace("enter")
    e = u.ok("POST", f"/workspaces/{ws['id']}/enter", {}, 200)
    r = core.call("POST", "/internal/enter", {"host": ws["label"], "code": e["code"]})
    assert r.status == 200 and r.json["ticket"]
    assert core.user("three@example.org").call("POST", f"/workspaces/{ws['id']}/enter", {}).status == 404
    ticket = {"X-Carrel-Ticket": r.json["ticket"]}
    r = core.call("GET", f"/internal/route?host={ws['label']}", headers=ticket)
    assert r.status == 401 and r.json["state"] == "stopped"
    problem(core.call("GET", f"/internal/route?files=1&host={ws['label']}", headers=ticket), 409, "conflict")
    u.start(ws)
    u.stop(ws)
    r = core.call("GET", f"/internal/route?files=1&host={ws['label']}", headers=ticket)
    assert r.status == 200 and r.json["socket"].startswith("/f/")
