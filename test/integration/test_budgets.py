# SPDX-License-Identifier: Apache-2.0
"""Budgets on core by itself: leases before starts, refusals, alerts, and what the books say when the shims have fired them."""

import datetime
import decimal
import re
import threading
import time

import pytest

from core_alone import Core, problem, wait_for
from core_fixtures import core, other, user
from fake_engine import boot_ns

D = decimal.Decimal
LARGE = D("0.24")  # per hour, as shipped
S = 10**9


class Shims(threading.Thread):
    """Fires the leases that sessions hold, as shims do, whether core lives or not."""

    def __init__(self, engine):
        super().__init__(daemon=True)
        self.engine = engine
        self.fired = {}
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.01):
            with self.engine.lock:
                due = [k for k, r in self.engine.running.items() if r.get("began") and 0 < r["lease_until_boot_ns"] <= boot_ns()]
                for key in due:
                    self.fired[key[0]] = boot_ns()
                    self.engine.end(*key, "budget")

    def close(self):
        self.over.set()
        self.join()


@pytest.fixture
def own(tmp_path):
    """A core of its own on a host where everything fits: who waits for room is not this file's matter."""
    c = Core(tmp_path, "auto_stop_min=2")
    c.engine.on_host_facts = lambda: ("HOST_FACTS_OK", {"cpu_milli": 4_000_000, "memory_bytes": 8 << 40, "pool_bytes_total": 1 << 45,
                                                        "pool_bytes_free": 1 << 45, "warnings": "[]"})
    yield c.start()
    c.stop()


@pytest.fixture
def shims(own):
    s = Shims(own.engine)
    yield s
    s.close()


def lease(core, session):
    with core.engine.lock:
        r = core.engine.running.get((session["id"], session["epoch"]))
        return r["lease_until_boot_ns"] if r else None


def seconds_left(core, session):
    at = lease(core, session)
    return (at - boot_ns()) / S if at else None


def used(user):
    return sum(D(i["amount"]) for i in user.ok("GET", "/usage?limit=1000")["items"])


def budget_for(seconds, rate=LARGE, sessions=1):
    """An amount that lasts so long."""
    return str((rate * sessions * D(seconds) / 3600).quantize(D("0.000001")))


def test_a_budget_is_set_read_changed_and_removed(core, user):
    none = user.ok("GET", "/budget")
    assert none["amount"] is None and none["left"] is None and none["etag"] is None
    b = user.ok("PUT", "/budget", {"amount": "25"})
    assert (b["amount"], b["hard"], b["by_admin"]) == ("25.00", True, False)  # one's own, also an administrator's
    assert b["left"] == "25.00" and b["percent"] == 0
    problem(user.call("PUT", "/budget", {"amount": "30"}, {"If-Match": '"b_other.1"'}), 412, "changed")
    c = user.ok("PUT", "/budget", {"amount": "12.345678", "hard": False}, headers={"If-Match": b["etag"]})
    assert c["amount"] == "12.345678" and c["hard"] is False and c["etag"] != b["etag"]
    assert user.ok("GET", "/budget")["etag"] == c["etag"]
    problem(user.call("DELETE", "/budget", headers={"If-Match": b["etag"]}), 412, "changed")
    user.ok("DELETE", "/budget")
    assert user.ok("GET", "/budget")["amount"] is None
    user.ok("DELETE", "/budget")  # again: nothing to do


@pytest.mark.parametrize("amount", ["-1", "", "a lot", "1e3", "0.1234567", "1000000001", "1,50", "NaN"])
def test_absurd_amounts_are_refused_by_name(user, amount):
    problem(user.call("PUT", "/budget", {"amount": amount}), 400, "invalid-field", "amount")


def test_what_an_administrator_set_its_owner_cannot_change(core, user, other):
    me = other.ok("GET", "/me")["account"]["id"]
    problem(other.call("PUT", f"/admin/budgets/{me}", {"amount": "1"}), 403, "forbidden")
    problem(other.call("GET", "/admin/budgets"), 403, "forbidden")
    user.ok("PUT", f"/admin/budgets/{me}", {"amount": "5"})
    assert other.ok("GET", "/budget")["by_admin"] is True
    assert "administrator" in problem(other.call("PUT", "/budget", {"amount": "50"}), 403, "forbidden")["detail"]
    problem(other.call("DELETE", "/budget"), 403, "forbidden")
    user.ok("PUT", "/admin/budgets/site", {"amount": "1000", "hard": False})
    rows = user.ok("GET", "/admin/budgets")["items"]
    assert [r["account_id"] for r in rows] == ["site", me] and rows[1]["email"] == "other@example.org"
    user.ok("DELETE", "/admin/budgets/site")
    user.ok("DELETE", f"/admin/budgets/{me}")
    assert user.ok("GET", "/admin/budgets")["items"] == []
    problem(user.call("PUT", "/admin/budgets/a_nobody", {"amount": "5"}), 404, "not-found")
    other.ok("PUT", "/budget", {"amount": "5"})
    assert other.ok("GET", "/budget")["by_admin"] is False
    other.ok("DELETE", "/budget")


def test_balance_and_estimate_say_what_a_start_would_do(own):
    u = own.user()
    ws = u.workspace("estimate", instance_type="large")
    e = u.ok("GET", f"/workspaces/{ws['id']}/estimate")
    assert e["price_per_hour"] == "0.24" and e["until_auto_stop"] == "0.24" and e["until_maximum"] == "2.88"
    assert e["over_budget"] is False and e["ends_at"] is None and e["budget_left"] is None
    u.ok("PUT", "/budget", {"amount": "1"})
    e = u.ok("GET", f"/workspaces/{ws['id']}/estimate")
    assert e["over_budget"] is True and e["ends_by"] == "budget" and e["budget_left"] == "1.00" and "stop" in e["note"]
    cheap = u.ok("GET", f"/workspaces/{ws['id']}/estimate?instance_type=free")
    assert cheap["over_budget"] is False and "nothing" in cheap["note"]
    assert u.ok("GET", "/estimate?instance_type=small&storage_bytes=1000000000")["until_maximum"] == "0.72"
    problem(u.call("GET", "/estimate?instance_type=huge"), 400, "invalid-field", "instance_type")
    problem(own.user("b@example.org").call("GET", f"/workspaces/{ws['id']}/estimate"), 404, "not-found")
    s = u.start(ws)
    b = wait_for("burn", lambda: (lambda x: x if x["burn_per_hour"] == "0.24" else None)(u.ok("GET", "/balance")))
    assert b["budget"]["amount"] == "1.00" and b["ends_by"] == "budget" and b["ends_at"]
    assert b["used"] == "0.00" and D(b["open"]) < D("0.01")
    u.stop(ws)
    b = u.ok("GET", "/balance")
    assert D(b["used"]) == used(u) == D(u.session(s["id"])["cost"]) and b["open"] == "0.00" and b["burn_per_hour"] == "0.00"


def test_a_start_first_shortens_the_leases_of_the_others(own):
    u = own.user()
    a, b = (u.workspace(n, instance_type="large") for n in "ab")
    u.ok("PUT", "/budget", {"amount": budget_for(1000)})
    first = u.start(a)
    assert 990 < seconds_left(own, first) < 997  # 4 s for the orderly end
    alone = lease(own, first)
    second = u.start(b)
    calls = own.engine.calls
    begun = next(i for i, (n, f) in enumerate(calls) if n == "SESSION_START" and f["session"] == second["id"])
    shared = [f for n, f in calls[:begun] if n == "SESSION_DEADLINE" and f["session"] == first["id"]][-1]["lease_until_boot_ns"]
    assert shared < alone - 480 * S
    for s in (first, second):
        wait_for("halved lease", lambda s=s: 490 < seconds_left(own, s) < 500)
    u.stop(b)
    wait_for("lease of one", lambda: seconds_left(own, first) > 980)
    # The row moves with it, so that a restart knows.
    u.ok("PUT", "/budget", {"amount": budget_for(2000)})
    wait_for("raised", lambda: seconds_left(own, first) > 1980)
    u.ok("PUT", "/budget", {"amount": budget_for(2000), "hard": False})
    wait_for("no lease", lambda: lease(own, first) == 0)
    u.ok("PUT", "/budget", {"amount": budget_for(2000)})
    wait_for("lease again", lambda: lease(own, first))
    u.ok("DELETE", "/budget")
    wait_for("no lease again", lambda: lease(own, first) == 0)
    u.stop(a)


def test_a_lost_engine_is_told_again(own):
    u = own.user()
    ws = u.workspace(instance_type="large")
    s = u.start(ws)
    own.engine.away()
    u.ok("PUT", "/budget", {"amount": budget_for(1000)})
    assert lease(own, s) == 0
    own.engine.start()
    wait_for("lease", lambda: lease(own, s))
    u.stop(ws)


def test_the_cap_holds_with_core_dead(own, shims):
    u = own.user("u@example.org")
    pair = [u.workspace(n, instance_type="large") for n in "ab"]
    amount = budget_for(18, sessions=2)
    u.ok("PUT", "/budget", {"amount": amount})
    sessions = [u.start(w) for w in pair]
    limit = max(lease(own, s) for s in sessions)
    own.kill()
    wait_for("both ended", lambda: len(shims.fired) == 2, timeout=30)
    assert all(at - limit < S for at in shims.fired.values())
    own.start()
    for s in sessions:
        ended = u.wait_state(s["id"], "stopped")
        assert ended["reason"] == "budget" and "budget" in ended["message"]
    assert D(amount) * D("0.5") < used(u) <= D(amount)
    left = u.ok("GET", "/budget")
    assert D(left["used"]) == used(u)
    told = [n["data"] for n in u.ok("GET", "/notices")["items"] if n["kind"] == "stopped"]
    # Sentences have cents, what programs read is exact.
    assert len(told) == 2 and all(re.search(r" for \d+\.\d\d USD\.", n["text"]) for n in told), told
    assert sum(D(n["cost"]) for n in told) == used(u) and all(D(n["cost"]) > 0 for n in told)
    p = problem(u.call("POST", f"/workspaces/{pair[0]['id']}/start"), 409, "budget-used-up")
    assert "0.0024 USD" in p["detail"] and "Raise it" in p["detail"]
    free = u.workspace(instance_type="free")
    s = u.start(free)  # what costs nothing starts, and is not stopped
    assert lease(own, s) == 0
    u.stop(free)


def test_a_lowered_budget_stops_at_once(own, shims):
    u = own.user()
    ws = u.workspace(instance_type="large")
    u.ok("PUT", "/budget", {"amount": "10"})
    s = u.start(ws)
    time.sleep(0.5)
    u.ok("PUT", "/budget", {"amount": "0"})
    assert u.wait_state(s["id"], "stopped", timeout=5)["reason"] == "budget"
    problem(u.call("POST", f"/workspaces/{ws['id']}/start"), 409, "budget-used-up")
    u.ok("PUT", "/budget", {"amount": "10"})
    u.start(ws)
    u.stop(ws)


def test_two_hundred_starts_at_the_edge_overshoot_by_nothing(own, shims):
    admin = own.user()
    people = [own.user(f"p{i}@example.org") for i in range(4)]
    spaces = [(p, p.workspace(instance_type="large")) for p in people for _ in range(50)]
    amount = budget_for(150)  # one session's: for ten of them it is 15 s
    admin.ok("PUT", "/admin/budgets/site", {"amount": amount})
    answers = []

    def start(p, ws):
        answers.append((p, p.call("POST", f"/workspaces/{ws['id']}/start", {}, timeout=60)))

    threads = [threading.Thread(target=start, args=x) for x in spaces]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    ok = [(p, a.json["session"]["id"]) for p, a in answers if a.status == 202]
    refused = [a for _, a in answers if a.status == 409]
    assert len(ok) + len(refused) == 200 and 1 <= len(ok) <= 11, len(ok)
    assert all(a.json["type"].endswith("budget-used-up") and "site" in a.json["detail"] for a in refused)
    for p, sid in ok:
        assert wait_for("end", lambda p=p, sid=sid: (lambda s: s if s["state"] in ("stopped", "failed") else None)(p.session(sid)), 40)["reason"] == "budget"
    total = D(admin.ok("GET", "/usage?all=true")["total"]["amount"])
    assert D(amount) / 3 < total <= D(amount), (total, amount)


def test_alerts_come_once_each_and_again_for_more(own):
    u = own.user()
    ws = u.workspace(instance_type="large")
    u.start(ws)
    time.sleep(0.2)
    u.stop(ws)
    charge = u.ok("GET", "/usage")["items"][0]["id"]

    def told():
        return [n["data"]["percent"] for n in u.ok("GET", "/notices?limit=100")["items"] if n["kind"] == "budget"]

    def spend(amount):
        u.ok("POST", "/admin/corrections", {"charge": charge, "amount": amount, "note": "spent"})

    u.ok("PUT", "/budget", {"amount": "10", "hard": False})
    spend("4.90")
    assert told() == []
    spend("0.20")
    wait_for("50", lambda: told() == [50])
    spend("4")
    wait_for("80", lambda: told() == [80, 50])
    spend("0.01")
    spend("3")
    wait_for("100", lambda: told() == [100, 80, 50])
    u.ok("PUT", "/budget", {"amount": "20", "hard": False})  # 12.11 of 20: 50 was told
    time.sleep(0.3)
    assert told() == [100, 80, 50]
    spend("4")
    wait_for("80 again", lambda: told() == [80, 100, 80, 50])
    n = u.ok("GET", "/notices?unread=true")["items"][0]["data"]
    assert n["amount"] == "20.00" and n["used"].startswith("16.11") and n["hard"] is False and n["site"] is False and "80 %" in n["text"]


def test_usage_by_anything_sums_to_the_same(own):
    u, v = own.user(), own.user("v@example.org")
    for who, kind in ((u, "small"), (u, "large"), (v, "large"), (v, "free")):
        ws = who.workspace(instance_type=kind)
        who.start(ws)
        time.sleep(0.05)
        who.stop(ws)
    mine = u.ok("GET", "/usage")
    everybody = u.ok("GET", "/usage?all=true")
    assert len(mine["items"]) == 2 and len(everybody["items"]) == 4
    assert {i["email"] for i in everybody["items"]} >= {"v@example.org"}
    for by, count in (("day", (1, 2)), ("workspace", (4,)), ("type", (3,)), ("account", (2,))):
        g = u.ok("GET", f"/usage?all=true&group={by}")
        assert len(g["items"]) in count, by
        assert sum(D(i["amount"]) for i in g["items"]) == D(everybody["total"]["amount"]) == D(g["total"]["amount"])
        assert sum(i["lines"] for i in g["items"]) == 4
        csv = u.call("GET", f"/usage?all=true&group={by}&format=csv").body.decode().split("\r\n")
        assert csv[0] == "key,amount,currency,seconds,free_seconds,lines" and len(csv) == len(g["items"]) + 2
    assert u.ok("GET", "/usage?group=type")["items"][0]["key"] == "large"
    problem(v.call("GET", "/usage?all=true"), 403, "forbidden", "all")
    problem(v.call("GET", "/usage?group=colour"), 400, "invalid-field", "group")
    assert [i["name"] for i in v.ok("GET", "/usage?group=account")["items"]] == ["v@example.org"]
    rows = v.call("GET", "/usage?format=csv").body.decode().split("\r\n")
    assert len(rows) == 4 and rows[0].endswith("charge_id,account_id,corrects")


def test_prices_storage_and_free_time_move_the_lease(own):
    u = own.user()
    size = 5 << 30

    def offer(change):
        doc = u.ok("GET", "/admin/catalogue")
        change(doc)
        assert u.call("PUT", "/admin/catalogue", doc).status == 200

    def large(doc):
        return next(t for t in doc["instance_types"] if t["id"] == "large")

    def standard(doc):
        return next(p for p in doc["plans"] if p["id"] == "standard")

    offer(lambda d: standard(d).update(price_mode="follow"))
    ws = u.workspace(instance_type="large", storage_bytes=size)
    u.ok("PUT", "/budget", {"amount": budget_for(2400)})
    s = u.start(ws)
    assert 2380 < seconds_left(own, s) < 2397
    offer(lambda d: large(d).update(price_per_hour="0.48"))
    wait_for("half of it", lambda: 1180 < seconds_left(own, s) < 1197)
    # A volume that burns 0.48 an hour too.
    per_gb = (D("0.48") * 730 / (D(size) / 10**9)).quantize(D("0.000001"))
    offer(lambda d: d["storage"].update(price_per_gb_month=str(per_gb)))
    wait_for("a quarter", lambda: 580 < seconds_left(own, s) < 597)
    assert u.ok("GET", "/balance")["burn_per_hour"].startswith("0.96")
    offer(lambda d: d["storage"].update(price_per_gb_month="0"))
    wait_for("half again", lambda: 1180 < seconds_left(own, s) < 1197)
    # Free time of a plan is for what starts from then on: this one has none.
    offer(lambda d: standard(d).update(free_seconds_per_month=300))
    assert u.ok("GET", "/balance")["free_seconds_left"] == 0
    u.stop(ws)
    s = u.start(ws)
    wait_for("free time", lambda: 1480 < seconds_left(own, s) < 1497)
    assert 280 < u.ok("GET", "/balance")["free_seconds_left"] <= 300
    # A price that is known to come counts already.
    at = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=900)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    offer(lambda d: large(d).update(next_prices=[{"from": at, "price_per_hour": "0.96"}]))
    wait_for("the price to come", lambda: 1180 < seconds_left(own, s) < 1200)
    u.stop(ws)
    lines = [i for i in u.ok("GET", "/usage")["items"] if i["kind"] == "compute"]
    assert {i["free"] for i in lines if i["session_id"] == s["id"]} == {True}
    assert {i["free"] for i in lines if i["session_id"] != s["id"]} == {False}
    assert D(str(u.ok("GET", "/usage")["total"]["free_seconds"])) > 0


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def foreseen(u):
    """What Home expects of the month, and what that is by the stops that it shows itself."""
    home = u.ok("GET", "/home")
    ends = moment(home["month"]["month_ends_at"])
    seconds = sum((min(moment(s["stop_at"]), ends) - moment(s["started_at"])).total_seconds() for s in home["running"] if s["stop_at"])
    return D(home["month"]["expected"]), LARGE * D(seconds) / 3600 + D(home["month"]["used"])


def test_home_expects_what_runs_to_run_to_its_stop(own):
    u = own.user()
    ws = u.workspace(instance_type="large")
    u.start(ws)
    expected, shown = wait_for("the stop", lambda: (lambda x: x if abs(x[0] - x[1]) < D("0.001") else None)(foreseen(u)))
    assert expected < D("0.245")  # the auto-stop is an hour away, whatever is left of the month
    # A lease that is nearer, and no nearer one again.
    u.ok("PUT", "/budget", {"amount": budget_for(900)})
    wait_for("the lease", lambda: foreseen(u)[0] <= D(budget_for(900)))
    assert D(u.ok("GET", "/balance")["budget"]["left"]) > 0
    u.ok("DELETE", "/budget")
    wait_for("the stop again", lambda: abs(foreseen(u)[0] - foreseen(u)[1]) < D("0.001"))
    u.stop(ws)
    month = u.ok("GET", "/home")["month"]
    assert month["expected"] == month["used"]


def test_home_burns_by_all_that_runs_at_the_prices_of_now(own):
    u = own.user()

    def offer(change):
        doc = u.ok("GET", "/admin/catalogue")
        change(doc)
        assert u.call("PUT", "/admin/catalogue", doc).status == 200

    offer(lambda d: next(p for p in d["plans"] if p["id"] == "standard").update(price_mode="follow"))
    spaces = [u.workspace(instance_type="large") for _ in range(22)]
    for s in [u.start(ws, state=None) for ws in spaces]:
        u.wait_state(s["id"], "running")
    home = u.ok("GET", "/home")
    assert len(home["running"]) == 20 and D(home["burn_per_hour"]) == 22 * LARGE
    offer(lambda d: next(t for t in d["instance_types"] if t["id"] == "large").update(price_per_hour="0.48"))
    home = wait_for("the new price", lambda: (lambda h: h if D(h["burn_per_hour"]) == 44 * LARGE else None)(u.ok("GET", "/home")))
    assert D(home["running"][0]["price_per_hour"]) == LARGE
    assert home["burn_per_hour"] == home["month"]["burn_per_hour"]
    u.stop(spaces[0])
    assert D(u.ok("GET", "/home")["burn_per_hour"]) == 42 * LARGE


def test_the_audit_log_counts_its_owners_lines(own):
    u, v = own.user(), own.user("v@example.org")
    ws = v.workspace("counted")
    mine = v.ok("GET", "/audit?limit=200")
    me = v.ok("GET", "/me")["account"]["id"]
    assert mine["total"] == len(mine["items"]) and {i["account_id"] for i in mine["items"]} == {me}
    hits = v.ok("GET", f"/audit?q={ws['id']}")
    assert hits["total"] == len(hits["items"]) == sum(ws["id"] in str(i) for i in mine["items"]) > 0
    assert v.ok("GET", "/audit?q=V@EXAMPLE.org&limit=1")["total"] >= 1
    everybody = u.ok("GET", "/audit?all=true&limit=1000")
    assert everybody["total"] == len(everybody["items"]) > mine["total"]
    assert u.ok("GET", f"/audit?q={ws['id']}")["total"] == 0  # not the administrator's own
