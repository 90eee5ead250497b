#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""day.py [--people N] [--seconds S] [--seed N] [--out FOLDER] [--state FOLDER]: a day in the life of a site, compressed.

A real core with an engine without containers (test/integration/fake_engine.py, with the shim's clocks), and people who come, start,
work, idle, wait in the queue, extend, run into their budget, stop and go home, from 7:00 to 23:00 of one day that lasts S seconds.
After it the month is over: it is closed, and every book is looked at: the ledger recomputed by the program that shares nothing
with the product, the checker's promises, no session left, no one over capacity, over budget or stopped too early or too late.

Prints what it found, and writes day.svg and day.md to FOLDER. Exit status 1 if anything is wrong.
"""

import argparse
import asyncio
import calendar
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/integration"), str(ROOT / "test/sim"), str(ROOT / "test/fault")]

import day_chart  # noqa: E402
from core_alone import Core, sanitized  # noqa: E402
from fake_engine import FakeEngine, Refuse, boot_ns  # noqa: E402

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
FIRST, LAST = 7.0, 23.0  # hours of the day
NS = 10**9


class Host(FakeEngine):
    """The fake engine with a shim's clocks for each session, and what it saw."""

    def __init__(self, path, journal, cpu_milli, memory_bytes):
        super().__init__(path, journal)
        # What is given away is the memory, half as much again as there is (memory_overcommit).
        self.limit = memory_bytes
        self.host = {"cpu_milli": cpu_milli, "memory_bytes": memory_bytes * 2 // 3}
        self.busy_until, self.reasons, self.wrong, self.most = {}, Counter(), [], 0
        self.cap_ended = {}

    def on_session_start(self, session, epoch, **kw):
        done = super().on_session_start(session, epoch, **kw)
        self.busy_until.setdefault((session, epoch), boot_ns())
        used = sum(r["memory_bytes"] for r in self.running.values())
        self.most = max(self.most, used)
        if used > self.limit:
            self.wrong.append(f"capacity: {used} bytes of {self.limit} given away")
        return done

    def on_session_deadline(self, session, epoch, **kw):
        with self.lock:
            if (session, epoch) in self.running:
                self.running[(session, epoch)].update({k: v for k, v in kw.items() if k.endswith("_boot_ns")})
        return super().on_session_deadline(session, epoch, **kw)

    def clocks(self, key, r):
        """(moment, why) of the next stop by itself."""
        at = max(self.busy_until[key], r["began"]) + r["idle_seconds"] * NS
        ends = [(max(at, r["extend"]), "idle"), (r["began"] + r["max_seconds"] * NS, "max")]
        for field, why in (("calendar_at_boot_ns", "calendar"), ("lease_until_boot_ns", "budget")):
            if r.get(field):
                ends.append((r[field], why))
        return min(ends)

    def busy(self, session, epoch, seconds):
        """Something runs in it for so long; says it to core as an agent would."""
        with self.lock:
            key = (session, epoch)
            if key not in self.running or not self.running[key].get("began"):
                return False
            self.busy_until[key] = max(self.busy_until[key], boot_ns() + int(seconds * NS))
            at, why = self.clocks(key, self.running[key])
            self.event("EV_ACTIVITY", session=session, epoch=epoch, last_active_boot_ns=boot_ns(), stop_at_boot_ns=at, stop_why=why,
                       evidence='{"last":{"what":"cell"}}')
            return True

    async def shims(self):
        """Fires what is due."""
        while True:
            now = boot_ns()
            for key, r in list(self.running.items()):
                if not r.get("began"):
                    continue
                at, why = self.clocks(key, r)
                if at <= now:
                    self.end(*key, why)
            await asyncio.sleep(0.05)

    def end(self, session, epoch, reason, **kw):
        with self.lock:
            if (session, epoch) in self.running:
                self.reasons[reason] += 1
                self.cap_ended.setdefault(reason, []).append(session)
        super().end(session, epoch, reason, **kw)


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body

    @property
    def json(self):
        return json.loads(self.body) if self.body else None


class Site:
    def __init__(self, args, state):
        self.args, self.random = args, random.Random(args.seed)
        self.state = Path(state)
        self.scale = args.seconds / (LAST - FIRST)  # real seconds of an hour of the day
        self.core = Core(self.state, "auto_stop_min=1")
        self.core.engine = Host(self.state / "engine.sock", self.state / "journal", args.slots * 1000, args.slots * (2 << 30))
        self.offset = self.state / "offset"
        self.counts, self.wrong, self.samples, self.waits = Counter(), [], [], []
        self.limits, self.refused = {}, Counter()

    # --- clock ---

    def hour(self):
        return FIRST + (time.monotonic() - self.began) / self.scale

    def until(self, hour):
        return asyncio.sleep(max(0.0, (hour - self.hour()) * self.scale))

    def hours(self, n):
        return asyncio.sleep(n * self.scale)

    # --- HTTP on core's socket ---

    async def call(self, method, path, body=None, token=None):
        """Asks until somebody answers: a busy server is not an outcome."""
        for _ in range(200):
            answer = await self.once(method, path, body, token)
            if answer.status not in (0, 429, 503):
                if answer.status >= 500:
                    self.wrong.append(f"answers: {method} {path} gave {answer.status}")
                return answer
            self.counts["asked again"] += 1
            await asyncio.sleep(0.2)
        self.wrong.append(f"answers: {method} {path} never answered")
        return Answer(0, b"")

    async def once(self, method, path, body, token):
        raw = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n"
        self.counts["calls"] += 1
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.core.sock))
            writer.write(head.encode() + b"\r\n" + raw)
            text = await reader.read()
            writer.close()
            lines, _, rest = text.partition(b"\r\n\r\n")
            return Answer(int(lines.split(b" ")[1]), rest)
        except (OSError, IndexError, ValueError):
            return Answer(0, b"")

    # --- samples ---

    async def sample(self):
        db = sqlite3.connect(f"file:{self.state}/db/carrel.db?mode=ro", uri=True)
        while True:
            states = dict(db.execute("SELECT state, count(*) FROM session GROUP BY state"))
            cost, = db.execute("SELECT coalesce(sum(price_per_hour), 0) FROM session WHERE state IN ('running','stopping')").fetchone()
            self.samples.append((self.hour(), states.get("queued", 0), states.get("starting", 0), states.get("running", 0),
                                 states.get("stopping", 0), cost / 10**6))
            await asyncio.sleep(self.args.seconds / 400)


class Person:
    def __init__(self, site, n):
        self.site, self.n = site, n
        self.random = random.Random(f"{site.args.seed}-{n}")
        self.session = self.epoch = None
        # One in eight has a hard budget that a day's work uses up, if the site has budgets.
        self.capped = n % 8 == 3

    async def api(self, method, path, body=None):
        return await self.site.call(method, "/api/v1" + path, body, self.token)

    async def sign_in(self):
        code = await self.site.call("POST", "/internal/sign-in-code", {"email": f"person{self.n}@example.org", "create": True})
        answer = await self.site.call("POST", "/api/v1/login", {"code": code.json["code"], "grant": "token", "name": "day"})
        self.token = answer.json["token"]
        me = (await self.api("GET", "/me")).json
        self.id = me.get("account", me)["id"]

    async def make(self):
        idle = max(1, round(self.random.choice([0.5, 1, 1, 2]) * self.site.scale))
        self.kind = self.random.choices(["small", "medium", "large"], [8, 2, 1])[0] if not self.capped else "small"
        answer = await self.api("POST", "/workspaces", {"name": f"work {self.n}", "instance_type": self.kind, "auto_stop_seconds": idle})
        if answer.status != 201:
            self.site.wrong.append(f"answers: no workspace: {answer.body[:200]}")
            return False
        self.workspace = answer.json["id"]
        return True

    async def start(self):
        """Asks for a session and waits for its turn; True when it runs."""
        asked = time.monotonic()
        answer = await self.api("POST", f"/workspaces/{self.workspace}/start", {})
        if answer.status == 409:
            self.site.counts["starts refused"] += 1
            self.site.refused[answer.json["detail"]] += 1
            return False
        if answer.status != 202:
            self.site.wrong.append(f"answers: start gave {answer.status} {answer.body[:200]}")
            return False
        s = answer.json["session"]
        self.site.counts["starts"] += 1
        if s["state"] == "queued":
            self.site.counts["queued"] += 1
        while s["state"] in ("queued", "starting"):
            if s["state"] == "queued" and self.site.hour() > LAST - 1:
                await self.stop()  # too late for today: leaves the line
                self.site.counts["left the line"] += 1
                return False
            await asyncio.sleep(0.25)
            s = (await self.api("GET", f"/sessions/{s['id']}")).json
        self.site.waits.append((time.monotonic() - asked) / self.site.scale)
        self.session, self.epoch = s["id"], s["epoch"]
        return s["state"] == "running"

    async def stop(self):
        answer = await self.api("POST", f"/workspaces/{self.workspace}/stop", {})
        self.site.counts["stops"] += answer.status == 202

    def at_work(self, hours):
        return self.site.core.engine.busy(self.session, self.epoch, hours * self.site.scale)

    async def work(self, until):
        """Cells, pauses, now and then more time. False: it was stopped under somebody's hands."""
        while self.site.hour() < until:
            cell = self.random.expovariate(1 / 0.25)
            if not self.at_work(cell):
                return False
            await self.site.hours(min(cell, 2) + self.random.expovariate(1 / 0.15))
            if self.random.random() < 0.05:
                answer = await self.api("POST", f"/sessions/{self.session}/extend", {"seconds": max(1, round(self.site.scale))})
                self.site.counts["extended"] += answer.status == 200
        return True

    async def day(self):
        arrives = min(max(self.random.gauss(9.2, 1.0), FIRST + 0.1), 13)
        leaves = min(max(self.random.gauss(17.5, 1.5), arrives + 1), LAST - 1.5)
        await self.site.until(arrives)
        if not await self.make():
            return
        lunch = self.random.gauss(12.5, 0.4)
        for end in ([lunch] if arrives < lunch - 0.5 else []) + [leaves]:
            for _ in range(4):
                if not await self.start():
                    break
                if await self.work(end) or self.site.hour() >= end:
                    break
                self.site.counts["began again"] += 1
            if self.random.random() < 0.5:
                await self.stop()
            else:
                self.site.counts["left it running"] += 1  # auto-stop's business
            if end is not leaves:
                await self.site.hours(self.random.uniform(0.5, 1.2))
        if self.random.random() < 0.1 and await self.start():
            self.at_work(self.random.uniform(1, 3))  # a long cell in the evening, nobody looks
            self.site.counts["cell in the evening"] += 1


async def live_day(site, admin):
    people = [Person(site, n) for n in range(site.args.people)]
    for p in people:
        await p.sign_in()
    capped = [p for p in people if p.capped]
    for p in capped:
        # Three hours of the day at the small type's price.
        amount = int(60000 * max(20, site.scale * 3) / 3600) / 10**6
        answer = await site.call("PUT", f"/api/v1/admin/budgets/{p.id}", {"amount": f"{amount:.6f}", "hard": True}, admin)
        if answer.status in (200, 201):
            site.limits[p.id] = amount
        elif answer.status != 404:
            site.wrong.append(f"answers: no budget: {answer.status} {answer.body[:200]}")
    site.began = time.monotonic()
    others = [asyncio.create_task(site.sample()), asyncio.create_task(site.core.engine.shims())]
    await asyncio.gather(*(p.day() for p in people))
    await site.until(LAST)
    for p in people:
        if getattr(p, "workspace", None):
            await p.stop()
    for _ in range(100):
        if not site.core.engine.running:
            break
        await asyncio.sleep(0.2)
    for o in others:
        o.cancel()


async def close_month(site, admin):
    """The wall clock goes to the next month; nothing that lasts is measured by it."""
    now = time.time()
    t = time.gmtime(now)
    next_month = calendar.timegm((t.tm_year, t.tm_mon + 1, 1, 12, 0, 0))
    month = f"{t.tm_year}-{t.tm_mon:02}"
    site.offset.write_text(f"+{int(next_month - now)}")
    first = await site.call("POST", "/api/v1/admin/invoices/close", {"month": month}, admin)
    if first.status != 200:
        site.wrong.append(f"invoices: closing {month} gave {first.status} {first.body[:300]}")
        return {}
    again = await site.call("POST", "/api/v1/admin/invoices/close", {"month": month}, admin)
    if again.status != 200 or (again.json["invoices"] and not again.json.get("already")):
        site.wrong.append(f"invoices: closing it again gave {again.status} {again.body[:300]}")
    return first.json


def judge(site):
    """What the store says of the day."""
    db = sqlite3.connect(f"file:{site.state}/db/carrel.db?mode=ro", uri=True)
    one = lambda sql: db.execute(sql).fetchone()[0]  # noqa: E731
    live = one("SELECT count(*) FROM session WHERE state NOT IN ('stopped','failed','lost')")
    if live or site.core.engine.running:
        site.wrong.append(f"terminal: {live} sessions in the store and {len(site.core.engine.running)} on the host have not ended")
    failed = one("SELECT count(*) FROM session WHERE state IN ('failed','lost')")
    if failed:
        site.wrong.append(f"terminal: {failed} sessions failed or were lost, and nothing went wrong today")
    for account, limit in site.limits.items():
        used = one(f"SELECT coalesce(sum(amount), 0) FROM charge WHERE account_id = '{account}' AND kind = 'compute'") / 10**6
        price = one(f"SELECT coalesce(max(rate), 0) FROM charge WHERE account_id = '{account}' AND kind = 'compute'") / 10**6
        if used > limit + price * 10 / 3600:
            site.wrong.append(f"budget: {account} used {used} of {limit}, more than 10 s over")
    numbers = [n for (n,) in db.execute("SELECT number FROM invoice ORDER BY number")]
    if numbers != list(range(1, len(numbers) + 1)):
        site.wrong.append("invoices: there is a gap in their numbers")
    figures = {
        "sessions": one("SELECT count(*) FROM session"),
        "seconds billed": round(one("SELECT coalesce(sum(ns), 0) FROM segment") / NS),
        "charges": one("SELECT count(*) FROM charge"),
        "invoices": len(numbers),
        "billed": one("SELECT coalesce(sum(amount), 0) FROM charge") / 10**6,
        "on invoices": one("SELECT coalesce(sum(usage_amount), 0) FROM invoice") / 10**6,
    }
    if figures["invoices"] and figures["billed"] != figures["on invoices"]:
        site.wrong.append(f"invoices: {figures['billed']} was billed, {figures['on invoices']} is on invoices")
    db.close()
    return figures


def programs(site):
    """Those that share no code with the product."""
    for name, argv in (("audit-ledger", [str(ROOT / "tools/audit-ledger.py"), str(site.state / "db/carrel.db"), str(site.state / "journal")]),
                       ("checker", [str(ROOT / "test/fault/checker.py"), str(site.state)])):
        if not Path(argv[0]).exists():
            continue
        r = subprocess.run([sys.executable, *argv], capture_output=True, text=True, check=False)
        site.counts[f"{name}: exit status"] = r.returncode
        if r.returncode:
            site.wrong.append(f"{name}: {(r.stdout + r.stderr).strip()[-1500:]}")


def run(args, state):
    site = Site(args, state)
    site.offset.write_text("+0")
    if not sanitized() and Path(FAKETIME).exists():
        site.core.prefix = ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={site.offset}", "FAKETIME_NO_CACHE=1",
                            "DONT_FAKE_MONOTONIC=1"]
    try:
        site.core.start()
        admin = site.core.user().token
        asyncio.run(live_day(site, admin))
        closed = asyncio.run(close_month(site, admin)) if site.core.prefix else {}
    finally:
        status = site.core.stop()
        site.core.engine.away()
    if status:
        site.wrong.append(f"core ended with {status}")
    figures = judge(site)
    programs(site)
    site.wrong += site.core.engine.wrong
    return site, figures, closed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--people", type=int, default=200)
    p.add_argument("--seconds", type=float, default=240)
    p.add_argument("--slots", type=int, default=0, help="small sessions that fit on the host (people * 0.9)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out")
    p.add_argument("--state")
    args = p.parse_args()
    args.slots = args.slots or max(4, args.people * 9 // 10)
    with tempfile.TemporaryDirectory(prefix="day-") as folder:
        site, figures, _ = run(args, args.state or folder)
        table = day_chart.table(args, site, figures)
        print(table)
        if args.out:
            Path(args.out, "day.svg").write_text(day_chart.draw(site.samples, FIRST, LAST))
            Path(args.out, "day-figures.md").write_text(table)
    for text, n in site.refused.items():
        print(f"refused {n} times: {text}")
    for w in site.wrong:
        print(f"WRONG {w}")
    print(f"{len(site.wrong)} findings")
    return 1 if site.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
