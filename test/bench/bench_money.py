# SPDX-License-Identifier: Apache-2.0
"""Money: a month of 1,000 people is closed, beside the same rows inserted by SQLite in one transaction; and durable writes of the API per
second, beside the same number of SQLite commits of their own, each with its fsync."""

import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import past_books  # noqa: E402
from core_alone import Core  # noqa: E402
from figures import Table, quiet  # noqa: E402

OWNERS, SESSIONS = int(os.environ.get("BENCH_OWNERS", "1000")), int(os.environ.get("BENCH_SESSIONS", "60"))
CONNS, DEPTH, SECONDS = 32, 16, float(os.environ.get("BENCH_SECONDS", "4"))
MADE = ("invoice", "invoice_line", "ledger", "event", "month_closed")


def floor_ms(before, after, tmp):
    """The rows that closing made, inserted into a copy of the database as it was, in one transaction."""
    db = sqlite3.connect(after)
    rows = {}
    for table in MADE:
        key = {"ledger": "seq", "event": "seq"}.get(table)
        since = sqlite3.connect(before).execute(f"SELECT coalesce(max({key}), 0) FROM {table}").fetchone()[0] if key else 0
        rows[table] = db.execute(f"SELECT * FROM {table}" + (f" WHERE {key} > {since}" if key else "")).fetchall()
    copy = Path(tmp) / "floor.db"
    shutil.copy(before, copy)
    db = sqlite3.connect(copy, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    t = time.perf_counter()
    db.execute("BEGIN IMMEDIATE")
    for table, values in rows.items():
        if values:
            db.executemany(f"INSERT INTO {table} VALUES({','.join('?' * len(values[0]))})", values)
    db.execute("COMMIT")
    return (time.perf_counter() - t) * 1e3


def close_month(table, tmp):
    core = Core(tmp).start()
    try:
        admin = core.user()
        core.stop()
        path = core.dir / "db/carrel.db"
        past_books.make(path, OWNERS, SESSIONS, "2026-09")
        before = Path(tmp) / "before.db"
        shutil.copy(path, before)
        core.start()
        quiet()
        t = time.perf_counter()
        done = admin.call("POST", "/admin/invoices/close", {"month": "2026-09"}, timeout=600)
        ours = (time.perf_counter() - t) * 1e3
        assert done.status == 200 and done.json["invoices"] == OWNERS and done.json["lines"] == OWNERS * SESSIONS, done
        core.stop()
        floor = floor_ms(before, path, tmp)
        table.add(f"a month of {OWNERS:,} people with {OWNERS * SESSIONS:,} lines is closed", ours, floor, "the same rows by SQLite, one transaction",
                  "≤ 5 s", ours / floor, "ms", ours <= 5000)
    finally:
        core.stop()


def writer(path, request, until, counts, i):
    """One connection with DEPTH requests on their way."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(path))
    n, tail = 0, b""
    s.sendall(request * DEPTH)
    while time.perf_counter() < until:
        data = s.recv(262144)
        if not data:
            break
        seen = (tail + data).count(b"HTTP/1.1 200")
        tail = data[-11:]
        n += seen
        if seen:
            s.sendall(request * seen)
    counts[i] = n
    s.close()


def durable_writes(table, tmp):
    core = Core(tmp).start()
    try:
        users = [core.user(f"writer{i}@example.org") for i in range(CONNS)]
        quiet()
        counts = [0] * CONNS
        until = time.perf_counter() + SECONDS
        threads = []
        for i, u in enumerate(users):
            body = b'{"theme":"dark"}'
            request = (f"PATCH /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {u.token}\r\nContent-Type: application/json\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n").encode() + body
            threads.append(threading.Thread(target=writer, args=(core.sock, request, until, counts, i)))
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        ours = sum(counts) / SECONDS
        rows = sqlite3.connect(core.dir / "db/carrel.db").execute("SELECT count(*) FROM audit WHERE verb = 'account.change'").fetchone()[0]
        assert rows >= sum(counts), "an answer that is not in the store"
    finally:
        core.stop()
    db = sqlite3.connect(Path(tmp) / "commits.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    n, end = 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        db.execute("INSERT INTO t(b) VALUES('x')")
        n += 1
    floor = n / SECONDS
    table.add("durable writes of the API, each with its audit row", ours, floor, "SQLite, a commit each", "≥ 5,000/s", ours / floor, "/s",
              ours >= 5000, f"{CONNS} connections")


def main():
    table = Table()
    with tempfile.TemporaryDirectory() as tmp:
        close_month(table, tmp)
    with tempfile.TemporaryDirectory() as tmp:
        durable_writes(table, tmp)
    table.finish()


if __name__ == "__main__":
    main()
