# SPDX-License-Identifier: Apache-2.0
"""Money on the real product: a real session while its price changes, for an owner who keeps it and for one who follows it."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from product import wait_for

ROOT = Path(__file__).resolve().parents[2]


def rows(hub, query, *args):
    db = sqlite3.connect(f"file:{hub.state}/db/carrel.db?mode=ro", uri=True, timeout=10)
    db.row_factory = sqlite3.Row
    try:
        return db.execute(query, args).fetchall()
    finally:
        db.close()


def sql(hub, statement, *args):
    db = sqlite3.connect(hub.state / "db/carrel.db", timeout=10)
    db.execute(statement, args)
    db.commit()
    db.close()


def across_a_change(hub, api, name, rate):
    ws = api.workspace(name, instance_type="small")
    s = api.start(ws)
    time.sleep(2)
    at = time.time_ns() // 1000
    sql(hub, "INSERT INTO price(resource, from_us, rate, actor, at_us) VALUES('type:small', ?, ?, 'test', ?)", at, rate, at)
    time.sleep(2)
    api.stop(ws)
    wait_for("charges", lambda: rows(hub, "SELECT 1 FROM charge WHERE session_id = ?", s["id"]))
    return s, at, rows(hub, "SELECT * FROM charge WHERE session_id = ? ORDER BY part", s["id"])


def audit(hub):
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(hub.state / "db/carrel.db"), str(hub.state / "journal"), "--live"],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr


def test_a_session_keeps_its_price_or_follows_it(hub, api):
    sql(hub, "UPDATE plan SET price_mode = 'keep', free_s_month = 0 WHERE is_default = 1")
    s, _, charges = across_a_change(hub, api, "keeps", 3600 * 10**6)
    (c,) = charges
    assert c["rate"] == 60000 and c["amount"] < 1000
    sql(hub, "UPDATE plan SET price_mode = 'follow' WHERE is_default = 1")
    s, at, charges = across_a_change(hub, api, "follows", 7200 * 10**6)
    first, second = charges
    assert (first["rate"], second["rate"]) == (3600 * 10**6, 7200 * 10**6) and first["to_us"] == second["from_us"] == at
    (segment,) = rows(hub, "SELECT * FROM segment WHERE session_id = ?", s["id"])
    assert first["ns"] + second["ns"] == segment["ns"] and first["amount"] + second["amount"] == segment["amount"]
    assert api.session(s["id"])["cost"] == f"{segment['amount'] / 10**6:.6f}".rstrip("0").ljust(3, "0")
    audit(hub)
    # What the volumes cost is known from the moment that they were made.
    assert len(rows(hub, "SELECT 1 FROM storage_span WHERE to_us IS NULL")) == 2
