# SPDX-License-Identifier: Apache-2.0
"""The catalogue: one document with a version, prices with the moment from which they hold, and nothing taken away from what runs."""

import copy
import datetime
import json
import sqlite3

import pytest

from core_alone import Core, problem

pytest_plugins = ["core_fixtures"]


def catalogue(user):
    return user.ok("GET", "/admin/catalogue")


def named(items, wanted):
    return next(x for x in items if x["id"] == wanted)


def put(user, doc, dry=False, **headers):
    return user.call("PUT", "/admin/catalogue" + ("?dry_run=true" if dry else ""), doc, headers)


def apply(user, doc, dry=False):
    r = put(user, doc, dry)
    assert r.status == 200, r
    assert r.headers["ETag"] == f'"{r.json["version"]}"'
    return r.json


def later(days):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def test_what_a_new_site_begins_with(core, user):
    doc = catalogue(user)
    assert [(t["id"], t["price_per_hour"]) for t in doc["instance_types"]] == [
        ("free", "0.00"), ("small", "0.06"), ("medium", "0.12"), ("large", "0.24")]
    assert doc["storage"] == {"price_per_gb_month": "0.00", "next_prices": []}
    assert [p["id"] for p in doc["plans"]] == ["free", "standard", "pro", "team"]
    assert [p["id"] for p in doc["plans"] if p["default"]] == ["standard"]
    assert named(doc["plans"], "free")["types"] == ["free"]
    standard = named(doc["plans"], "standard")
    assert standard["types"] == ["*"] and standard["storage_bytes_max"] == 0 and standard["free_seconds_per_month"] == 0
    me = user.ok("GET", "/me")
    assert me["plan"] == standard and me["use"] == {"sessions": 0, "storage_bytes": 0}
    assert user.ok("GET", "/plans")["items"] == doc["plans"]
    small = named(user.ok("GET", "/instance-types")["items"], "small")
    assert small["allowed"] and small["next_price"] is None and small["gpu"] == 0 and small["gpu_class"] is None and not small["preemptible"]
    assert small["plans"] == ["Standard", "Pro", "Team"]


def test_what_export_writes_changes_nothing(core, user):
    doc = catalogue(user)
    r = apply(user, doc)
    assert r["changes"] == [] and r["touches"] == [] and not r["applied"] and r["version"] == doc["version"]
    assert r["catalogue"] == doc


def test_an_administrator_only(core, user, other):
    doc = catalogue(user)
    for method, path, body in (("GET", "/admin/catalogue", None), ("PUT", "/admin/catalogue", doc), ("GET", "/admin/accounts", None),
                               ("PATCH", f"/admin/accounts/{other.ok('GET', '/me')['account']['id']}", {"plan": "team"})):
        problem(other.call(method, path, body), 403, "forbidden")
    read = core.user()
    token = read.ok("POST", "/tokens", {"name": "r", "scopes": ["read"]})["token"]
    assert core.call("GET", "/api/v1/admin/catalogue", headers={"Authorization": f"Bearer {token}"}).status == 200
    problem(core.call("PUT", "/api/v1/admin/catalogue", doc, {"Authorization": f"Bearer {token}"}), 403, "forbidden")


def test_a_price_changes_for_what_starts_and_not_for_what_runs(core, user):
    ws, ws2 = user.workspace(instance_type="small"), user.workspace(instance_type="small")
    before = user.start(ws)
    doc = catalogue(user)
    named(doc["instance_types"], "small")["price_per_hour"] = "0.123456"
    said = apply(user, doc, dry=True)
    assert not said["applied"] and said["version"] == doc["version"]
    assert [c["text"] for c in said["changes"]] == ["Instance type small: price_per_hour 0.06 → 0.123456"]
    assert said["changes"][0]["from"] == "0.06" and said["changes"][0]["to"] == "0.123456"
    assert said["touches"] == [{"thing": "instance_type", "id": "small", "accounts": 1, "workspaces": 2, "sessions": 1}]
    assert catalogue(user)["version"] == doc["version"]
    done = apply(user, doc)
    assert done["applied"] and done["version"] == doc["version"] + 1
    assert user.session(before["id"])["price_per_hour"] == "0.06"
    assert user.start(ws2)["price_per_hour"] == "0.123456"
    assert user.ok("GET", f"/workspaces/{ws['id']}")["price_per_hour"] == "0.123456"
    row = next(a for a in user.ok("GET", "/audit?all=true")["items"] if a["verb"] == "catalogue.change")
    assert row["detail"]["changes"] == ["Instance type small: price_per_hour 0.06 → 0.123456"] and row["detail"]["version"] == done["version"]
    for w in (ws, ws2):
        user.stop(w)
    named(done["catalogue"]["instance_types"], "small")["price_per_hour"] = "0.06"
    apply(user, done["catalogue"])


def test_a_price_is_planned_and_taken_back(core, user):
    doc = catalogue(user)
    medium = named(doc["instance_types"], "medium")
    moments = later(10), later(20)
    medium["next_prices"] = [{"from": moments[0], "price_per_hour": "0.2"}, {"from": moments[1], "price_per_hour": "0.3"}]
    doc["storage"]["next_prices"] = [{"from": moments[0], "price_per_gb_month": "0.1"}]
    doc = apply(user, doc)["catalogue"]
    shown = named(user.ok("GET", "/instance-types")["items"], "medium")
    assert shown["price_per_hour"] == "0.12" and shown["next_price"] == {"from": moments[0], "price_per_hour": "0.20"}
    assert catalogue(user) == doc and len(named(doc["instance_types"], "medium")["next_prices"]) == 2
    # The first is taken back; the present one changes too, which must not bring the old one back at that moment.
    medium = named(doc["instance_types"], "medium")
    medium["price_per_hour"] = "0.15"
    medium["next_prices"] = medium["next_prices"][1:]
    doc["storage"]["next_prices"] = []
    doc = apply(user, doc)["catalogue"]
    assert catalogue(user) == doc
    assert named(user.ok("GET", "/instance-types")["items"], "medium")["next_price"] == {"from": moments[1], "price_per_hour": "0.30"}
    with sqlite3.connect(f"file:{core.dir}/db/carrel.db?mode=ro", uri=True) as db:
        rows = db.execute("SELECT from_us, rate FROM price WHERE resource = 'type:medium' ORDER BY seq").fetchall()
    assert rows[0] == (0, 120000) and [r[1] for r in rows[1:]] == [200000, 300000, 150000, 150000]
    assert rows[4][0] == rows[1][0]  # what was planned for that moment is what holds before it
    medium = named(doc["instance_types"], "medium")
    medium["price_per_hour"], medium["next_prices"] = "0.12", []
    apply(user, doc)


def test_a_planned_price_begins_to_hold(core, user):
    doc = catalogue(user)
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    named(doc["instance_types"], "large")["next_prices"] = [{"from": soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "price_per_hour": "7"}]
    apply(user, doc)
    ws = user.workspace(instance_type="large")
    assert ws["price_per_hour"] == "0.24"
    from core_alone import wait_for
    wait_for("the new price", lambda: user.ok("GET", f"/workspaces/{ws['id']}")["price_per_hour"] == "7.00")
    assert user.start(ws)["price_per_hour"] == "7.00"
    user.stop(ws)
    doc = catalogue(user)
    assert named(doc["instance_types"], "large")["price_per_hour"] == "7.00" and named(doc["instance_types"], "large")["next_prices"] == []
    named(doc["instance_types"], "large")["price_per_hour"] = "0.24"
    apply(user, doc)


def test_two_at_once(core, user):
    mine = catalogue(user)
    theirs = copy.deepcopy(mine)
    named(theirs["plans"], "pro")["sessions_max"] = 6
    named(mine["plans"], "pro")["sessions_max"] = 7
    apply(user, theirs)
    for dry in (False, True):
        p = problem(put(user, mine, dry), 412, "changed")
        assert p["data"]["version"] == theirs["version"] + 1 and f"version {theirs['version'] + 1}" in p["detail"]
        assert named(p["data"]["catalogue"]["plans"], "pro")["sessions_max"] == 6
        assert [(c["from"], c["to"]) for c in p["data"]["changes"]] == [("6", "7")]
    # With the header: it wins over what the document says.
    problem(put(user, mine, **{"If-Match": '"1"'}), 412, "changed")
    assert put(user, mine, **{"If-Match": f'"{theirs["version"] + 1}"'}).json["applied"]
    assert named(catalogue(user)["plans"], "pro")["sessions_max"] == 7
    assert put(user, theirs, **{"If-Match": "*"}).status == 200
    del mine["version"]
    problem(put(user, mine), 400, "invalid-field", "version")


def edit(path, value):
    def fn(doc):
        at = doc
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
    return fn


T, P = ("instance_types", 1), ("plans", 1)
BAD = [
    (edit([*T, "price_per_hour"], "0.0000001"), "instance_types.1.price_per_hour", "7 decimals"),
    (edit([*T, "price_per_hour"], 0.06), "instance_types.1.price_per_hour", "in quotes"),
    (edit([*T, "price_per_hour"], "-0.06"), "instance_types.1.price_per_hour", "negative"),
    (edit([*T, "price_per_hour"], "1e3"), "instance_types.1.price_per_hour", "decimal number"),
    (edit([*T, "price_per_hour"], ""), "instance_types.1.price_per_hour", "decimal number"),
    (edit([*T, "price_per_hour"], "1000001"), "instance_types.1.price_per_hour", "at most 1000000"),
    (edit([*T, "price_per_hour"], "9" * 400), "instance_types.1.price_per_hour", "at most"),
    (edit([*T, "price_per_hour"], None), "instance_types.1.price_per_hour", "missing"),
    (edit([*T, "memory_bytes"], -1), "instance_types.1.memory_bytes", "whole number"),
    (edit([*T, "memory_bytes"], 1 << 62), "instance_types.1.memory_bytes", "whole number"),
    (edit([*T, "cpu"], 0), "instance_types.1.cpu", "0.05 to 1024"),
    (edit([*T, "cpu"], 1.0005), "instance_types.1.cpu", "3 decimals"),
    (edit([*T, "id"], "Big One"), "instance_types.1.id", "a-z"),
    (edit([*T, "id"], "free"), "instance_types.1.id", "twice"),
    (edit([*T, "name"], ""), "instance_types.1.name", "1 to 256"),
    (edit([*T, "gpu_count"], 2), "instance_types.1.gpu_class", "both"),
    (edit([*T, "next_prices"], [{"from": "2020-01-01T00:00:00Z", "price_per_hour": "1"}]), "instance_types.1.next_prices.0.from", "future"),
    (edit([*T, "next_prices"], [{"from": "tomorrow", "price_per_hour": "1"}]), "instance_types.1.next_prices.0.from", "time such as"),
    (edit([*T, "next_prices"], [{"from": "2999-01-01T00:00:00Z", "price": "1"}]), "instance_types.1.next_prices.0.price", "does not exist"),
    (edit([*T, "prise_per_hour"], "1"), "instance_types.1.prise_per_hour", "does not exist"),
    (edit(["instance_types", 1], []), "instance_types.1", "must be an object"),
    (edit([*P, "sessions_max"], -1), "plans.1.sessions_max", "from 1 to 100000"),
    (edit([*P, "sessions_max"], 10**9), "plans.1.sessions_max", "from 1 to 100000"),
    (edit([*P, "sessions_max"], 1.5), "plans.1.sessions_max", "whole number"),
    (edit([*P, "storage_bytes_max"], -5), "plans.1.storage_bytes_max", "or 0 for none"),
    (edit([*P, "session_max_seconds"], 10**10), "plans.1.session_max_seconds", "2592000"),
    (edit([*P, "auto_stop_min_seconds"], 90000), "plans.1.auto_stop_min_seconds", "longer than"),
    (edit([*P, "types"], ["small", "nope"]), "plans.1.types", "no instance type nope"),
    (edit([*P, "types"], "small"), "plans.1.types", "must be a list"),
    (edit([*P, "price_mode"], "sometimes"), "plans.1.price_mode", "keep"),
    (edit([*P, "credit_new"], "-1"), "plans.1.credit_new", "negative"),
    (edit([*P, "default"], False), "plans", "One plan is the default"),
    (edit([*P, "private"], "yes"), "plans.1.private", "true or false"),
    (edit(["storage"], {}), "storage.price_per_gb_month", "missing"),
    (edit(["currency"], "EUR"), "currency", "USD"),
    (edit(["plans"], {}), "plans", "must be a list"),
    (edit(["extra"], 1), "extra", "no field"),
]


@pytest.mark.parametrize("change, field, words", BAD, ids=[f"{b[1]}-{i}" for i, b in enumerate(BAD)])
def test_a_mistake_is_named_and_changes_nothing(core, user, change, field, words):
    before = catalogue(user)
    doc = copy.deepcopy(before)
    named(doc["plans"], "standard")["auto_stop_max_seconds"] = 86400
    change(doc)
    p = problem(put(user, doc), 400, "unknown-field" if words in ("does not exist", "no field") else "invalid-field", field)
    assert words in p["detail"], p
    assert catalogue(user) == before


def test_not_json(core, user):
    problem(user.call("PUT", "/admin/catalogue", b"{", {"Content-Type": "application/json"}), 400, "bad-request")
    problem(user.call("PUT", "/admin/catalogue", {"version": 1}), 400, "invalid-field", "storage")


def test_what_is_retired_goes_on_and_comes_back(core, user):
    ws = user.workspace(instance_type="medium")
    s = user.start(ws)
    doc = catalogue(user)
    gone = named(doc["instance_types"], "medium")
    doc["instance_types"].remove(gone)
    said = apply(user, doc)
    assert [c["text"] for c in said["changes"]] == ["Instance type medium: not offered any more"]
    assert named(said["touches"], "medium")["sessions"] == 1
    assert user.session(s["id"])["state"] == "running"
    assert "medium" not in [t["id"] for t in user.ok("GET", "/instance-types")["items"]]
    user.stop(ws)
    p = problem(user.call("POST", f"/workspaces/{ws['id']}/start"), 409, "conflict", "instance_type")
    assert "medium is not offered any more" in p["detail"]
    problem(user.call("POST", "/workspaces", {"name": "m", "instance_type": "medium"}), 400, "invalid-field", "instance_type")
    doc = said["catalogue"]
    doc["instance_types"].append(gone)
    apply(user, doc)
    assert user.start(ws)["price_per_hour"] == "0.12"
    user.stop(ws)


def test_a_machine_with_gpus(core, user):
    doc = catalogue(user)
    doc["instance_types"].append({"id": "gpu-t4", "name": "T4", "cpu": 4, "memory_bytes": 16 << 30, "gpu_class": "t4", "gpu_count": 2,
                                  "preemptible": True, "price_per_hour": "0.7364"})
    named(doc["plans"], "free")["types"] = ["free", "gpu-t4"]
    doc = apply(user, doc)["catalogue"]
    t = named(user.ok("GET", "/instance-types")["items"], "gpu-t4")
    assert (t["gpu"], t["gpu_class"], t["preemptible"], t["price_per_hour"]) == (2, "t4", True, "0.7364")
    # A plan that names it keeps it from going.
    doc["instance_types"].remove(named(doc["instance_types"], "gpu-t4"))
    problem(put(user, doc), 400, "invalid-field", "plans.0.types")
    named(doc["plans"], "free")["types"] = ["free"]
    apply(user, doc)


def test_plans_of_accounts(core, user, other):
    them = other.ok("GET", "/me")["account"]["id"]
    ws = other.workspace(instance_type="small", storage_bytes=6 << 30)
    s = other.start(ws)
    a = user.ok("PATCH", f"/admin/accounts/{them}", {"plan": "free"})
    assert a["plan"] == "free" and not a["by_default"] and a["sessions"] == 1 and a["storage_bytes"] == 6 << 30
    assert len(a["over"]) == 2 and "nothing is deleted" in a["over"][0] and "1 of the workspaces has an instance type" in a["over"][1]
    assert named(user.ok("GET", "/admin/accounts")["items"], them) == a
    # Nothing is taken away; nothing more is given.
    assert other.session(s["id"])["state"] == "running"
    me = other.ok("GET", "/me")
    assert me["plan"]["id"] == "free" and me["limits"]["default_type"] == "free" and me["limits"]["auto_stop_max_seconds"] == 7200
    assert not named(other.ok("GET", "/instance-types")["items"], "small")["allowed"]
    assert other.ok("PATCH", f"/workspaces/{ws['id']}", {"name": "renamed"})["name"] == "renamed"
    other.stop(ws)
    p = problem(other.call("POST", f"/workspaces/{ws['id']}/start"), 409, "quota", "instance_type")
    assert "The plan Free does not include the instance type small" in p["detail"]
    assert user.ok("PATCH", f"/admin/accounts/{them}", {"plan": ""})["by_default"]
    assert other.ok("GET", "/me")["plan"]["id"] == "standard"
    problem(user.call("PATCH", f"/admin/accounts/{them}", {"plan": "gold"}), 400, "invalid-field", "plan")
    problem(user.call("PATCH", "/admin/accounts/a_nobody", {"plan": "free"}), 404, "not-found")
    row = next(x for x in user.ok("GET", "/audit?all=true")["items"] if x["verb"] == "account.plan" and x["object"] == them)
    assert row["detail"] == {"from": "free", "to": ""}


def test_a_plan_that_becomes_too_small_is_said_before(core, user, other):
    wss = [other.workspace() for _ in range(2)]
    for w in wss:
        other.start(w)
    doc = catalogue(user)
    named(doc["plans"], "standard")["sessions_max"] = 1
    said = apply(user, doc, dry=True)
    assert any("1 account has more than it will allow. Nothing is stopped or deleted" in w for w in said["warnings"])
    assert named(said["touches"], "standard")["sessions"] == 2
    for w in wss:
        other.stop(w)


def test_the_file_is_followed_until_somebody_edits(tmp_path):
    core = Core(tmp_path).start()
    try:
        user = core.user()
        v = catalogue(user)["version"]
        core.stop()
        core.settings = ("small_price=70000", "ntypes=3")
        core.start()
        doc = catalogue(core.user())
        assert doc["version"] == v + 1 and [t["id"] for t in doc["instance_types"]] == ["free", "small", "medium"]
        assert named(doc["instance_types"], "small")["price_per_hour"] == "0.07"
        named(doc["instance_types"], "small")["price_per_hour"] = "0.09"
        apply(core.user(), doc)
        # A plan that names a type which the file has lost: what is exported can be applied all the same.
        doc = catalogue(core.user())
        named(doc["plans"], "free")["types"] = ["free", "medium"]
        apply(core.user(), doc)
        core.stop()
        core.settings = ("ntypes=2",)
        core.start()
        doc = catalogue(core.user())
        assert named(doc["plans"], "free")["types"] == ["free"] and not apply(core.user(), doc)["applied"]
        core.stop()
        core.settings = ("small_price=50000",)
        core.start()
        doc = catalogue(core.user())
        assert {t["id"]: t["price_per_hour"] for t in doc["instance_types"]} == {
            "free": "0.00", "small": "0.09", "medium": "0.12", "large": "0.24"}
        core.stop()
        core.start()
        assert catalogue(core.user())["version"] == doc["version"]
        with sqlite3.connect(f"file:{core.dir}/db/carrel.db?mode=ro", uri=True) as db:
            assert [r[0] for r in db.execute("SELECT rate FROM price WHERE resource = 'type:small' ORDER BY seq")] == [60000, 70000, 90000]
    finally:
        core.stop()


def test_openapi_names_it(core, user):
    doc = core.call("GET", "/api/v1/openapi.json").json
    op = doc["paths"]["/admin/catalogue"]["put"]
    assert "If-Match" in [p["name"] for p in op["parameters"]]
    assert json.dumps(doc["components"]["schemas"]["Catalogue"])
