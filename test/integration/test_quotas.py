# SPDX-License-Identifier: Apache-2.0
"""Quotas are asked in the transaction that creates: two hundred at once at the edge get what is allowed and not one more."""

import threading

import pytest

from core_alone import problem

pytest_plugins = ["core_fixtures"]

GB = 1 << 30


@pytest.fixture(scope="module")
def plan(core, user):
    """Gives `other` a plan of its own, and changes it."""
    def change(**limits):
        doc = user.ok("GET", "/admin/catalogue")
        doc["plans"] = [p for p in doc["plans"] if p["id"] != "edge"]
        doc["plans"].append({"id": "edge", "name": "Edge", "sessions_max": 100, "types": ["*"], **limits})
        user.ok("PUT", "/admin/catalogue", doc)
    return change


@pytest.fixture(scope="module")
def them(core, user, other, plan):
    plan()
    user.ok("PATCH", f"/admin/accounts/{other.ok('GET', '/me')['account']['id']}", {"plan": "edge"})
    return other


@pytest.fixture(autouse=True)
def none_left(request):
    yield
    them = request.getfixturevalue("them")
    for w in them.ok("GET", "/workspaces?limit=1000")["items"]:
        them.ok("DELETE", f"/workspaces/{w['id']}", {"confirm": w["name"], "stop": True})


def at_once(calls):
    """All of them let go at the same moment; the answers."""
    gate, out = threading.Barrier(len(calls)), [None] * len(calls)

    def one(i, fn):
        gate.wait(30)
        out[i] = fn()

    threads = [threading.Thread(target=one, args=(i, fn)) for i, fn in enumerate(calls)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert all(r is not None for r in out)
    return out


def counts(answers, ok):
    fine = [r for r in answers if r.status == ok]
    for r in answers:
        if r.status != ok:
            problem(r, 409, "quota")
    return len(fine)


def test_200_starts_at_the_edge(them, plan):
    plan(sessions_max=7)
    wss = [them.workspace() for _ in range(200)]
    answers = at_once([lambda w=w: them.call("POST", f"/workspaces/{w['id']}/start") for w in wss])
    assert counts(answers, 202) == 7
    assert them.ok("GET", "/me")["use"]["sessions"] == 7
    p = problem(next(r for r in answers if r.status == 409), 409, "quota")
    assert p["detail"] == ("The plan Edge allows 7 sessions at once, and 7 of yours are under way. Stop one, "
                           "or ask an administrator for another plan.")
    assert p["data"] == {"plan": "edge", "limit": "sessions_max", "allowed": 7, "used": 7}
    # One that ends makes room for one.
    running = [w for w, r in zip(wss, answers) if r.status == 202]
    waiting = [w for w, r in zip(wss, answers) if r.status == 409]
    them.stop(running[0])
    answers = at_once([lambda w=w: them.call("POST", f"/workspaces/{w['id']}/start") for w in waiting[:50]])
    assert counts(answers, 202) == 1


def test_200_workspaces_at_the_edge(them, plan):
    plan(storage_bytes_max=10 * GB)
    answers = at_once([lambda i=i: them.call("POST", "/workspaces", {"name": f"w{i}", "storage_bytes": GB}) for i in range(200)])
    assert counts(answers, 201) == 10
    assert them.ok("GET", "/me")["use"]["storage_bytes"] == 10 * GB
    p = problem(next(r for r in answers if r.status == 409), 409, "quota", "storage_bytes")
    assert "allows 10 GiB of storage over all workspaces; yours have 10 GiB, and this is 1 GiB more" in p["detail"]
    assert p["data"] == {"plan": "edge", "limit": "storage_bytes_max", "allowed": 10 * GB, "used": 10 * GB}


def test_200_that_grow_at_the_edge(them, plan):
    plan(storage_bytes_max=0)
    wss = [them.workspace(storage_bytes=GB) for _ in range(200)]
    plan(storage_bytes_max=203 * GB)
    answers = at_once([lambda w=w: them.call("PATCH", f"/workspaces/{w['id']}", {"storage_bytes": 2 * GB}) for w in wss])
    assert counts(answers, 200) == 3
    assert them.ok("GET", "/me")["use"]["storage_bytes"] == 203 * GB


def test_the_same_key_takes_one_place(them, plan):
    """A repeated request is the same request, at the edge too."""
    plan(storage_bytes_max=5 * GB)
    body = {"name": "once", "storage_bytes": 5 * GB}
    answers = at_once([lambda: them.call("POST", "/workspaces", body, {"Idempotency-Key": "k1"}) for _ in range(30)])
    assert {r.status for r in answers} == {201} and len({r.json["id"] for r in answers}) == 1


def test_types_and_times(them, plan):
    plan(types=["free", "small"], auto_stop_min_seconds=600, auto_stop_max_seconds=1200, session_max_seconds=3000)
    p = problem(them.call("POST", "/workspaces", {"name": "x", "instance_type": "large"}), 409, "quota", "instance_type")
    assert p["detail"].startswith("The plan Edge does not include the instance type large. Choose another type")
    for s in (599, 1201):
        p = problem(them.call("POST", "/workspaces", {"name": "x", "auto_stop_seconds": s}), 409, "quota", "auto_stop_seconds")
        assert f"600 to 1200 seconds here, not {s}" in p["detail"]
    problem(them.call("POST", "/workspaces", {"name": "x", "auto_stop_seconds": 1}), 400, "invalid-field", "auto_stop_seconds")
    limits = them.ok("GET", "/me")["limits"]
    assert (limits["auto_stop_min_seconds"], limits["auto_stop_max_seconds"], limits["session_max_seconds"]) == (600, 1200, 3000)
    assert limits["auto_stop_default_seconds"] == 1200
    # What is not asked for is chosen within the plan.
    ws = them.workspace()
    assert ws["auto_stop_seconds"] == 1200 and ws["instance_type"] == "small"
    problem(them.call("PATCH", f"/workspaces/{ws['id']}", {"instance_type": "medium"}), 409, "quota", "instance_type")
    problem(them.call("PATCH", f"/workspaces/{ws['id']}", {"auto_stop_seconds": 3600}), 409, "quota", "auto_stop_seconds")
    problem(them.call("POST", f"/workspaces/{ws['id']}/start", {"instance_type": "medium"}), 409, "quota", "instance_type")
    s = them.start(ws)
    assert s["auto_stop_seconds"] == 1200 and s["max_seconds"] == 3000
    them.stop(ws)


def test_a_smaller_plan_takes_nothing(them, plan):
    plan()
    ws = them.workspace(storage_bytes=8 * GB, auto_stop_seconds=7200)
    s = them.start(ws)
    plan(storage_bytes_max=2 * GB, auto_stop_max_seconds=600, types=["free"])
    assert them.session(s["id"])["state"] == "running"
    # It can be renamed, and shown as it is; not grown.
    ws = them.ok("PATCH", f"/workspaces/{ws['id']}", {"name": "kept", "auto_stop_seconds": 7200, "instance_type": ws["instance_type"]})
    assert ws["storage_bytes"] == 8 * GB
    problem(them.call("PATCH", f"/workspaces/{ws['id']}", {"storage_bytes": 9 * GB}), 409, "quota", "storage_bytes")
    them.stop(ws)
    ws = them.ok("PATCH", f"/workspaces/{ws['id']}", {"instance_type": "free"})
    assert them.start(ws)["auto_stop_seconds"] == 600  # the next run keeps to the plan
    them.stop(ws)


def test_the_default_type_that_a_plan_has_not(them, plan):
    plan(types=["medium", "large"])
    assert them.workspace()["instance_type"] == "medium"
    assert them.ok("GET", "/me")["limits"]["default_type"] == "medium"
    plan(types=[])
    p = problem(them.call("POST", "/workspaces", {"name": "x"}), 400, "invalid-field", "instance_type")
    assert "Choose" in p["detail"]
