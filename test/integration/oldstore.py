# SPDX-License-Identifier: Apache-2.0
"""A store as an older release wrote it, made from that release's own tables (schema.c keeps them for ever)."""

import re
import sqlite3
from pathlib import Path

SCHEMA = Path(__file__).resolve().parents[2] / "src/store/schema.c"
HOUR_NS = 3600 * 10**9


def script(version):
    """The SQL of one migration: the C strings of `static const char vN[]`, put together."""
    text = re.sub(r"/\*.*?\*/", "", SCHEMA.read_text(), flags=re.S)
    body = re.search(rf"static const char v{version}\[\] =(.*?);\n\n", text, re.S).group(1)
    return "".join(m.encode().decode("unicode_escape") for m in re.findall(r'"((?:[^"\\]|\\.)*)"', body))


def make_v2(path, people=20, sessions=3000):
    """A site with some history; everything has ended."""
    Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(script(1) + script(2))
    db.execute("BEGIN")
    for i in range(people):
        db.execute("INSERT INTO account(id, email, name, created_us) VALUES(?,?,?,1)", (f"a_{i}", f"p{i}@example.org", f"P {i}"))
        db.execute("INSERT INTO volume(id, account_id, size_bytes, made_bytes) VALUES(?,?,?,?)", (f"v_{i}", f"a_{i}", 10**9, 10**9))
        db.execute("INSERT INTO workspace(id, account_id, name, label, image, instance_type, volume_id, storage_bytes, auto_stop_s, created_us,"
                   " updated_us) VALUES(?,?,?,?,'default','small',?,?,3600,1,1)", (f"w_{i}", f"a_{i}", f"w {i}", f"label{i:021}", f"v_{i}", 10**9))
    begin = 1_767_225_600_000_000
    for i in range(sessions):
        p, at, ns = i % people, begin + i * 900_000_000, (60 + i % 600) * 10**9
        amount = round(60000 * ns / HOUR_NS)
        db.execute("INSERT INTO session(id, account_id, workspace_id, epoch, state, phase, phases, reason, message, evidence, instance_type,"
                   " image_id, cpu_milli, memory_bytes, pids, price_per_hour, max_s, auto_stop_s, created_us, started_us, stopped_us, state_boot,"
                   " boot_id, started_boot, extend_until, stop_at, warned_stop_at, stop_why, metered_ns, cost) VALUES(?,?,?,?,'stopped',4,'','idle',"
                   " '','','small','',1000,1,1,60000,0,3600,?,?,?,1,'b',1,0,0,0,'idle',?,?)",
                   (f"s_{i}", f"a_{p}", f"w_{p}", i + 1, at, at, at + ns // 1000, ns, amount))
        db.execute("INSERT INTO segment(session_id, workspace_id, account_id, epoch, segment, instance_type, started_us, stopped_us, ns,"
                   " price_per_hour, amount, estimated, reason) VALUES(?,?,?,?,0,'small',?,?,?,60000,?,0,'idle')",
                   (f"s_{i}", f"w_{p}", f"a_{p}", i + 1, at, at + ns // 1000, ns, amount))
    db.execute("PRAGMA user_version = 2")
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def look(path):
    """(version, sessions, segments, sum, charges, their sum); whole, or this fails."""
    db = sqlite3.connect(f"file:{path}", uri=True)
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        tables = {r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        sessions = db.execute("SELECT count(*) FROM session").fetchone()[0]
        segments = db.execute("SELECT count(*), sum(amount) FROM segment").fetchone()
        charges = db.execute("SELECT count(*), sum(amount) FROM charge").fetchone() if "charge" in tables else (None, None)
        assert ("charge" in tables) == ("invoice" in tables) == ("notice" in tables), "half a migration"
        return (version, sessions, *segments, *charges)
    finally:
        db.close()
