# SPDX-License-Identifier: Apache-2.0
"""A store with so many people, workspaces and sessions, written straight into a fresh one that core has made."""

import sqlite3
import time

BEGIN_US = 1_767_225_600_000_000


def defaults(db, table, **values):
    """INSERT with a value for every column that has none of its own."""
    for _, name, kind, notnull, default, _ in db.execute(f"PRAGMA table_info({table})"):
        if name != "seq" and notnull and default is None and name not in values:
            values[name] = "" if kind == "TEXT" else 0
    return values


def insert_many(db, table, rows):
    rows = [defaults(db, table, **r) for r in rows[:1]] and [{**defaults(db, table), **r} for r in rows]
    names = list(rows[0])
    db.executemany(f"INSERT INTO {table}({','.join(names)}) VALUES({','.join('?' * len(names))})", [tuple(r[n] for n in names) for r in rows])


def ident(prefix, i):
    return f"{prefix}_{i:026}"


def fill(path, live, ended, boot_id, people=200, now_boot=0):
    """Returns (session, epoch, volume) of those that are said to run."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    now = int(time.time() * 1e6)
    insert_many(db, "account", [{"id": ident("a", i), "email": f"p{i}@example.org", "name": f"P {i}", "created_us": BEGIN_US} for i in range(people)])
    n = max(live, 1)
    owner = lambda i: ident("a", i % people)  # noqa: E731
    insert_many(db, "volume", [{"id": ident("v", i), "account_id": owner(i), "size_bytes": 1 << 30, "made_bytes": 1 << 30, "delete_us": None}
                               for i in range(n)])
    insert_many(db, "workspace", [
        {"id": ident("ws", i), "account_id": owner(i), "name": f"w {i}", "label": f"{i:026}", "image": "default", "instance_type": "small",
         "volume_id": ident("v", i), "storage_bytes": 1 << 30, "auto_stop_s": 3600, "created_us": BEGIN_US, "updated_us": BEGIN_US, "version": 1,
         "deleted_us": None, "session_id": ident("s", i) if i < live else None, "last_session_id": None} for i in range(n)])
    common = {"instance_type": "small", "image_id": "default-0123456789ab", "cpu_milli": 1000, "memory_bytes": 2 << 30, "pids": 1024,
              "price_per_hour": 60000, "max_s": 43200, "auto_stop_s": 3600, "boot_id": boot_id, "stop_why": "idle", "phase": 5}
    insert_many(db, "session", [
        {**common, "id": ident("s", i), "account_id": owner(i), "workspace_id": ident("ws", i), "epoch": 1, "state": "running", "created_us": now,
         "started_us": now, "state_boot": now_boot, "started_boot": now_boot, "stop_at": now_boot + 3600 * 10**9} for i in range(live)] + [
        {**common, "id": ident("s", 10**6 + i), "account_id": owner(i % n), "workspace_id": ident("ws", i % n), "epoch": 2 + i // n,
         "state": "stopped", "reason": "idle", "created_us": BEGIN_US + i, "started_us": BEGIN_US + i, "stopped_us": BEGIN_US + i + 60_000_000,
         "state_boot": 1, "started_boot": 1} for i in range(ended)])
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return [(ident("s", i), 1, ident("v", i)) for i in range(live)]
