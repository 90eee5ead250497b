# SPDX-License-Identifier: Apache-2.0
"""A hard budget against real sessions: core is dead when the money ends, and the shims end what costs."""

import datetime
import decimal
import os
import signal
import subprocess
import sys
import time

from journal import runs
from processes import roles
from product import ROOT, select_pause, wait_for

D = decimal.Decimal
RATE = D("0.06")  # small, as shipped


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def gone(pid):
    return not os.path.exists(f"/proc/{pid}")


def test_two_sessions_on_one_budget_end_with_core_dead(hub, api):
    spaces = [api.workspace(f"budget-{n}", instance_type="small", storage_bytes=64 << 20) for n in "ab"]
    free = api.workspace("free", instance_type="free", storage_bytes=64 << 20)
    amount = (RATE * 50 / 3600).quantize(D("0.000001"))
    api.call("PUT", "/budget", 200, json={"amount": str(amount)})
    sessions = [api.start(w) for w in spaces]
    costless = api.start(free)
    pids = [hub.container_pid(s) for s in (*sessions, costless)]
    balance = api.get("/balance")
    limit = moment(balance["ends_at"])
    assert balance["ends_by"] == "budget"

    def planned(s):
        now = api.session(s["id"])
        return now["stop_why"] == "budget" and 0 < limit - moment(now["stop_at"]) < 6
    for s in sessions:
        wait_for("stop by budget", lambda s=s: planned(s), 12)
    assert api.session(costless["id"])["stop_why"] != "budget"
    os.kill(hub.proc.pid, signal.SIGSTOP)  # nobody starts core again
    try:
        os.kill(roles(hub)["core"][0], signal.SIGKILL)
        wait_for("both ended", lambda: gone(pids[0]) and gone(pids[1]), timeout=limit - time.time() + 12)
        late = time.time() - limit
        assert late < 10, f"{late:.1f} s after the limit"
        assert not gone(pids[2])
    finally:
        os.kill(hub.proc.pid, signal.SIGCONT)
    hub.wait_ready()
    for s in sessions:
        assert api.wait_state(s["id"], "stopped")["reason"] == "budget"
    lines = [i for i in api.get("/usage")["items"] if i["session_id"] in [s["id"] for s in sessions]]
    spent = sum(D(i["amount"]) for i in lines)
    print(f"ended {late:.2f} s after the limit; {spent} of {amount} used")
    assert amount / 2 < spent <= amount
    for s in sessions:
        (start, stop), = runs(hub.state, s["id"])
        assert stop.reason == "budget"
    assert D(api.get("/budget")["used"]) == spent
    p = api.call("POST", f"/workspaces/{spaces[0]['id']}/start", 409).json()
    assert p["type"].endswith("budget-used-up")
    api.stop(free)


def test_a_raised_budget_gives_room_and_a_lowered_one_ends_it(hub, api):
    ws = [w for w in api.get("/workspaces")["items"] if w["name"] == "budget-a"][0]
    api.call("PUT", "/budget", 200, json={"amount": "1"})
    s = api.start(ws)
    began = time.time()
    api.call("PUT", "/budget", 200, json={"amount": "0"})
    ended = api.wait_state(s["id"], "stopped", 15)
    assert ended["reason"] == "budget" and time.time() - began < 12
    api.call("DELETE", "/budget", 204)
    s = api.start(ws)
    select_pause(1)
    assert api.session(s["id"])["stop_why"] == "idle"
    api.stop(ws)


def test_the_independent_program_agrees(hub):
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(hub.state / "db/carrel.db"), str(hub.state / "journal")],
                         capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stdout + out.stderr
