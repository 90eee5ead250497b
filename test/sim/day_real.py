#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""day_real.py [--people N] [--minutes M] [--state FOLDER] [--out FOLDER]: the day of a few people on the real product: edge, core, engine, containers, kernels.

They come one after the other, wait for room, run cells with a real kernel, pause, extend, leave without a word (auto-stop's business)
or stop; the host has room for two thirds of them, and one runs into a hard budget. After it the month is closed, the ledger
recomputed and the checker asked. Writes day-real.svg to FOLDER. Exit status 1 if anything is wrong.
"""

import argparse
import calendar
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/integration"), str(ROOT / "test/sim")]

import day_chart  # noqa: E402
import requests  # noqa: E402
from core_alone import Core, Unix, sanitized  # noqa: E402
from product import Api, Hub, Jupyter  # noqa: E402
from websocket import WebSocketException  # noqa: E402

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
GIB = 1 << 30
WORK = "import time\nx = sum(i * i for i in range({n}))\nprint('worked', x)\ntime.sleep({s})"


def account(hub, n):
    """An account of its own, by root's one-time code on core's socket."""
    c = Unix(f"{hub.runtime}/edge/core.sock")
    c.request("POST", "/internal/sign-in-code", f'{{"email":"person{n}@example.org","create":true}}', {"Content-Type": "application/json"})
    code = __import__("json").loads(c.getresponse().read())["code"]
    c.close()
    r = requests.post(hub.url + "/api/v1/login", timeout=20, json={"code": code, "grant": "token", "name": "day"})
    assert r.status_code == 201, r.text
    return Api(hub, r.json()["token"])


class Day:
    def __init__(self, hub, args):
        self.hub, self.end = hub, time.monotonic() + args.minutes * 60
        self.counts, self.wrong, self.lock = Counter(), [], threading.Lock()
        self.began, self.samples, self.over = time.monotonic(), [], threading.Event()

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def sample(self):
        """What runs, each second, as the store has it."""
        with contextlib.closing(sqlite3.connect(f"file:{self.hub.state}/db/carrel.db?mode=ro", uri=True)) as db:
            while not self.over.wait(1):
                states = dict(db.execute("SELECT state, count(*) FROM session GROUP BY state"))
                cost, = db.execute("SELECT coalesce(sum(price_per_hour), 0) FROM session WHERE state IN ('running','stopping')").fetchone()
                self.samples.append((time.monotonic() - self.began, *(states.get(s, 0) for s in ("queued", "starting", "running", "stopping")),
                                     cost / 10**6))

    def lived(self, n, api, ws):
        try:
            self.person(n, api, ws)
        except Exception as e:  # noqa: BLE001: a person who fell over is a finding, not a line on the screen
            with self.lock:
                self.wrong.append(f"person {n}: {e!r}"[:300])

    def person(self, n, api, ws):
        rnd = random.Random(n)
        time.sleep(rnd.uniform(0, 8) + n)
        while time.monotonic() < self.end - 25:
            r = api.call("POST", f"/workspaces/{ws['id']}/start", json={})
            if r.status_code == 409:
                self.count("refused")
                return
            s = r.json()["session"]
            if s["state"] == "queued":
                self.count("queued")
            while s["state"] in ("queued", "starting") and time.monotonic() < self.end:
                time.sleep(0.5)
                s = api.session(s["id"])
            if s["state"] != "running":
                break
            self.count("sessions")
            self.work(rnd, api, s)
            if rnd.random() < 0.5:
                api.call("POST", f"/workspaces/{ws['id']}/stop", json={})
            time.sleep(rnd.uniform(1, 20))
        api.call("POST", f"/workspaces/{ws['id']}/stop", json={})

    def work(self, rnd, api, s):
        try:
            kernel = Jupyter(s["program_url"], api.token).kernel()
            for _ in range(rnd.randint(1, 3)):
                text = kernel.text(WORK.format(n=200000, s=rnd.uniform(0.5, 4)))
                assert "worked" in text, text
                self.count("cells")
                time.sleep(rnd.uniform(0, 3))
            if rnd.random() < 0.4 and api.call("POST", f"/sessions/{s['id']}/extend", json={"seconds": 15}).status_code == 200:
                self.count("extended")
        except (AssertionError, OSError, requests.RequestException, WebSocketException) as e:
            # Stopped under somebody's hands: core may hear of it a moment later.
            end = time.monotonic() + 15
            while (state := api.session(s["id"]))["state"] in ("starting", "running") and time.monotonic() < end:
                time.sleep(0.5)
            if state["state"] in ("starting", "running") or state["reason"] not in (None, "idle", "budget", "user"):
                with self.lock:
                    self.wrong.append(f"work: {state['state']} {state['reason']}: {e!r}"[:300])


def live(hub, args):
    admin = hub.login()
    people = [account(hub, n) for n in range(args.people)]
    spaces = [p.workspace(f"work {uuid.uuid4().hex[:6]}", auto_stop_seconds=20, storage_bytes=64 << 20, instance_type="small") for p in people]
    me = people[0].get("/me")
    r = admin.call("PUT", f"/admin/budgets/{me.get('account', me)['id']}", json={"amount": "0.0006", "hard": True})
    day = Day(hub, args)
    if r.status_code not in (200, 201):
        day.wrong.append(f"no budget: {r.status_code} {r.text[:200]}")
    watch = threading.Thread(target=day.sample)
    watch.start()
    threads = [threading.Thread(target=day.lived, args=(n, p, w)) for n, (p, w) in enumerate(zip(people, spaces))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    end = time.monotonic() + 60
    while time.monotonic() < end and any(s["state"] in ("queued", "starting", "running", "stopping")
                                         for p in people for s in p.get("/sessions")["items"]):
        time.sleep(1)
    day.over.set()
    watch.join()
    for p in people:
        for s in p.get("/sessions")["items"]:
            day.counts[f"ended: {s['state']} {s['reason']}"] += 1
            if s["state"] in ("queued", "starting", "running", "stopping", "failed", "lost"):
                day.wrong.append(f"terminal: {s['id']} is {s['state']} {s['reason']}")
    return day


def offered(sessions):
    """Over-commit with which so many small sessions fit on this host (product.py's other hubs have all the room they want)."""
    host = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return sessions * 2 * GIB * 100 // (host - min(GIB, host // 8) - GIB // 2) + 1


def close_month(day, state):
    """The hub has ended; core by itself, in the next month, writes the invoices."""
    if sanitized() or not Path(FAKETIME).exists():
        return
    t = time.gmtime()
    core = Core(state)
    core.prefix = ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME=+{calendar.timegm((t.tm_year, t.tm_mon + 1, 1, 12, 0, 0)) - int(time.time())}",
                   "DONT_FAKE_MONOTONIC=1"]
    try:
        core.start()
        done = core.user().call("POST", "/admin/invoices/close", {"month": f"{t.tm_year}-{t.tm_mon:02}"})
    finally:
        core.stop()
        core.engine.away()
    if done.status != 200:
        day.wrong.append(f"invoices: closing the month gave {done!r}")
    with contextlib.closing(sqlite3.connect(f"file:{state}/db/carrel.db?mode=ro", uri=True)) as db:
        billed, = db.execute("SELECT coalesce(sum(amount), 0) FROM charge").fetchone()
        invoices, total = db.execute("SELECT count(*), coalesce(sum(usage_amount), 0) FROM invoice").fetchone()
    day.counts["invoices"] = invoices
    day.counts["billed, millionths of a USD"] = billed
    if billed != total:
        day.wrong.append(f"invoices: {billed} was billed, {total} is on invoices")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--people", type=int, default=12)
    p.add_argument("--minutes", type=float, default=3)
    p.add_argument("--state")
    p.add_argument("--out")
    args = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="day-") as folder:
        state = Path(args.state or folder) / "state"
        hub = Hub(state, auto_stop_min="10s", stop_grace="2s", memory_overcommit=offered(max(1, args.people * 2 // 3)))
        hub.start()
        try:
            day = live(hub, args)
        finally:
            hub.stop()
        close_month(day, state)
        if args.out:
            last = max((s[0] for s in day.samples if any(s[1:5])), default=60)
            Path(args.out, "day-real.svg").write_text(day_chart.draw(day.samples, 0, last, day_chart.minutes))
        for name, argv in (("audit-ledger", [ROOT / "tools/audit-ledger.py", state / "db/carrel.db", state / "journal"]),
                           ("checker", [ROOT / "test/fault/checker.py", state])):
            r = subprocess.run([sys.executable, *map(str, argv)], capture_output=True, text=True, check=False)
            day.counts[f"{name}: exit status"] = r.returncode
            if r.returncode:
                day.wrong.append(f"{name}: {(r.stdout + r.stderr).strip()[-1500:]}")
    for what, n in sorted(day.counts.items()):
        print(f"{what}: {n}")
    for w in day.wrong:
        print(f"WRONG {w}")
    print(f"{len(day.wrong)} findings")
    return 1 if day.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
