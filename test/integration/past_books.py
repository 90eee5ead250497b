# SPDX-License-Identifier: Apache-2.0
"""A month of the past in a database: owners with sessions that ran and were charged, as the product would have written it, with journals."""

import hashlib
import random
import sqlite3
import struct
from datetime import datetime, timezone

HOUR_NS = 3600 * 10**9
BOOT = "11111111-2222-3333-4444-555555555555"


def us(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()) * 10**6


def half_even(n, by):
    whole, rest = divmod(n, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


class Ledger:
    def __init__(self, db):
        row = db.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
        self.seq, self.hash = row or (0, bytes(32))
        self.rows = []

    def post(self, txn, at, account, lines, session="", epoch=0, segment=0, ns=0):
        for book, amount in lines:
            self.seq += 1
            fields = [self.seq, txn, at, account, book, amount, "USD", session, epoch, segment, ns]
            h = hashlib.sha256(self.hash)
            for f in fields:
                raw = str(f).encode()
                h.update(struct.pack(">I", len(raw)) + raw)
            self.hash = h.digest()
            self.rows.append((*fields, self.hash))


def record(kind, session, boot_ns, wall_us, reason):
    raw = struct.pack("<4sI40sIIIIQqQQIi40s32s256s72x", b"CRLJ", kind, session.encode(), 1, 0, kind - 1, 0, boot_ns, wall_us, 1, 2, 0, 0,
                      BOOT.encode(), reason.encode(), b"")
    return raw + hashlib.sha256(raw).digest()[:8]


def make(path, owners, sessions, month="2026-09", journals=None, seed=1):
    """`owners` accounts with `sessions` closed sessions each in that month; returns their ids. core must not run."""
    rnd = random.Random(seed)
    db = sqlite3.connect(path)
    ledger = Ledger(db)
    start = us(month + "-01")
    tables = {"account": [], "volume": [], "workspace": [], "session": [], "run_record": [], "segment": [], "charge": []}
    ids = []
    for o in range(owners):
        a, ws, v = (f"{p}_past{seed}x{o:05}" for p in ("a", "ws", "v"))
        ids.append(a)
        tables["account"].append((a, f"past{seed}x{o}@example.org", f"Owner {o}", start))
        tables["volume"].append((v, a, 10**9))
        tables["workspace"].append((ws, a, f"work {o}", f"past{seed}x{o}", v, 10**9, start))
        at = start
        for n in range(sessions):
            s = f"s_past{seed}x{o:05}x{n:04}"
            ns = rnd.randrange(1, 27 * 86400 * 10**9 // sessions)
            rate = rnd.choice([60000, 120000, 240000])
            amount = half_even(rate * ns, HOUR_NS)
            stop = at + ns // 1000
            cid = f"ch_{s}-1-0-0"
            tables["session"].append((s, a, ws, rate, at, at, stop, ns, amount))
            boot = 10**9 * (n + 1)
            for kind, b, wall, reason in (("start", boot, at, ""), ("stop", boot + ns, stop, "idle")):
                tables["run_record"].append((s, kind, BOOT, b, wall, reason))
            tables["segment"].append((s, ws, a, at, stop, ns, rate, amount))
            tables["charge"].append((cid, a, month, ws, s, at, stop, ns, rate, amount, stop))
            ledger.post(cid, stop, a, [("usage", amount), ("revenue", -amount)], s, 1, 0, ns)
            if journals:
                (journals / "done").mkdir(parents=True, exist_ok=True)
                (journals / "done" / f"{s}-1.journal").write_bytes(record(1, s, boot, at, "") + record(2, s, boot + ns, stop, "idle"))
            at = stop + 1000
    sql = {
        "account": "INSERT INTO account(id, email, name, created_us) VALUES(?,?,?,?)",
        "volume": "INSERT INTO volume(id, account_id, size_bytes) VALUES(?,?,?)",
        "workspace": "INSERT INTO workspace(id, account_id, name, label, image, instance_type, volume_id, storage_bytes, auto_stop_s,"
                     " created_us, updated_us) VALUES(?,?,?,?,'default','small',?,?,3600,?7,?7)",
        "session": "INSERT INTO session(id, account_id, workspace_id, epoch, state, phase, phases, reason, message, evidence, instance_type,"
                   " image_id, cpu_milli, memory_bytes, pids, price_per_hour, max_s, auto_stop_s, created_us, started_us, stopped_us, state_boot,"
                   " boot_id, started_boot, extend_until, stop_at, warned_stop_at, stop_why, metered_ns, cost) VALUES(?,?,?,1,'stopped',0,'[]',"
                   "'idle','','','small','default',1000,1,1,?,43200,3600,?,?,?,0,'',0,0,0,0,'idle',?,?)",
        "run_record": "INSERT INTO run_record(session_id, epoch, segment, kind, boot_id, boottime_ns, wall_us, reason, cpu_ns, mem_peak_bytes,"
                      " oom_kills, exit_status, estimated, evidence) VALUES(?,1,0,?,?,?,?,?,1,2,0,0,0,'')",
        "segment": "INSERT INTO segment(session_id, workspace_id, account_id, epoch, segment, instance_type, started_us, stopped_us, ns,"
                   " price_per_hour, amount, estimated, reason) VALUES(?,?,?,1,0,'small',?,?,?,?,?,0,'idle')",
        "charge": "INSERT INTO charge(id, account_id, kind, month, workspace_id, session_id, epoch, segment, part, volume_id, resource, from_us,"
                  " to_us, ns, bytes, rate, free, amount, estimated, reason, at_us) VALUES(?,?,'compute',?,?,?,1,0,0,'','small',?,?,?,0,?,0,?,0,"
                  "'idle',?)",
    }
    for table, rows in tables.items():
        db.executemany(sql[table], rows)
    db.executemany("INSERT INTO ledger(seq, txn, at_us, account_id, book, amount, currency, session_id, epoch, segment, ns, hash)"
                   " VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", ledger.rows)
    db.commit()
    db.close()
    return ids
