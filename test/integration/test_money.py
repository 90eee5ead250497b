# SPDX-License-Identifier: Apache-2.0
"""Money, by core with the fake engine: charges, months, credits, corrections, invoices, FOCUS. After every test the independent program
recomputes all of it from the journals."""

import contextlib
import csv
import importlib.util
import io
import random
import sqlite3
import subprocess
import sys
import threading
import time
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

import past_books
from core_alone import Core, problem, wait_for
from past_books import HOUR_NS, us

ROOT = Path(__file__).resolve().parents[2]
BAD = "<script>alert(1)<b>\"'&=1+1"


def audit(core, *options):
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(core.dir / "db/carrel.db"), str(core.dir / "journal"), *options],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout


def sql(core, *statements):
    db = sqlite3.connect(core.dir / "db/carrel.db", timeout=10)
    for s in statements:
        db.execute(*s) if isinstance(s, tuple) else db.execute(s)
    db.commit()
    db.close()


def rows(core, query, *args):
    db = sqlite3.connect(f"file:{core.dir}/db/carrel.db?mode=ro", uri=True, timeout=10)
    db.row_factory = sqlite3.Row
    try:
        return db.execute(query, args).fetchall()
    finally:
        db.close()


@pytest.fixture
def core(tmp_path):
    c = Core(tmp_path).start()
    yield c
    if c.proc.poll() is None:
        c.stop()
        audit(c)


def ran(core, user, ws, since, ns):
    """A session that ran for ns from the wall time `since` on, as its journal says."""
    core.engine.wall = lambda: since
    s = user.start(ws)
    key = (s["id"], s["epoch"])
    began = core.engine.records[key][0]["boottime_ns"]
    core.engine.wall = lambda: since + ns // 1000
    core.engine.end(*key, "idle", at=began + ns)
    user.wait_state(s["id"], "stopped")
    core.engine.wall = lambda: time.time_ns() // 1000
    return s


def price(core, resource, rate, since=0):
    sql(core, ("INSERT INTO price(resource, from_us, rate, actor, at_us) VALUES(?,?,?,'test',?)", (resource, since, rate, time.time_ns() // 1000)))


def close(user, month, expect=200):
    return user.ok("POST", "/admin/invoices/close", {"month": month}, expect=expect)


def charges(core):
    return [dict(r) for r in rows(core, "SELECT * FROM charge ORDER BY seq")]


def test_a_session_over_a_months_end_a_change_of_price_and_free_hours(core):
    admin = core.user()
    sql(core, "UPDATE plan SET price_mode = 'follow', free_s_month = 3600 WHERE is_default = 1")
    november = us("2026-11-01")
    price(core, "type:small", 500000, november + 3600 * 10**6)
    ws = admin.workspace()
    ran(core, admin, ws, november - 2 * 3600 * 10**6, 4 * HOUR_NS + 5)
    got = [(c["month"], c["ns"], c["rate"], c["free"], c["amount"]) for c in charges(core)]
    assert got == [("2026-10", HOUR_NS, 60000, 1, 0), ("2026-10", HOUR_NS, 60000, 0, 60000), ("2026-11", HOUR_NS, 60000, 1, 0),
                   ("2026-11", HOUR_NS + 5, 500000, 0, 500000)]
    # Another one of the same month finds its free hour used up; one that keeps its price keeps it.
    sql(core, "UPDATE plan SET price_mode = 'keep' WHERE is_default = 1")
    ran(core, admin, ws, november + 30 * 60 * 10**6, HOUR_NS)
    last = charges(core)[-1]
    assert (last["rate"], last["amount"], last["free"]) == (500000, 500000, 0)
    assert admin.ok("GET", "/usage")["total"]["amount"] == "1.06"


def test_a_month_is_closed_corrected_and_credited(core):
    admin, user = core.user(), core.user("user@example.org")
    me = user.ok("GET", "/me")["account"]["id"]
    user.ok("PATCH", "/me", {"name": BAD})
    ws = user.workspace("<b>" + BAD[:40])
    october = us("2026-10-10")
    for i in range(3):
        ran(core, user, ws, october + i * 10**12 // 10, HOUR_NS)
    ran(core, user, ws, us("2026-11-02"), HOUR_NS)
    # Storage of before October: a faked past.
    core.stop()
    price(core, "storage", 100000)
    sql(core, ("UPDATE storage_span SET from_us = ?1, charged_us = ?1", (us("2026-09-30"),)))
    core.start()
    problem(user.call("POST", "/admin/invoices/close", {"month": "2026-10"}), 403)
    problem(admin.call("POST", "/admin/invoices/close", {"month": "2026-1"}), 400, "invalid-field", "month")
    problem(admin.call("POST", "/admin/invoices/close", {"month": time.strftime("%Y-%m")}), 409, "conflict", "month")
    problem(admin.call("POST", "/admin/credits", {"account": me, "amount": "-1", "note": "x"}), 400, "invalid-field", "amount")
    problem(admin.call("POST", "/admin/credits", {"account": me, "amount": "1", "note": " "}), 400, "invalid-field", "note")
    problem(admin.call("POST", "/admin/credits", {"account": "nobody", "amount": "1", "note": "x"}), 404, None, "account")
    problem(user.call("POST", "/admin/credits", {"account": me, "amount": "1", "note": "x"}), 403)
    given = admin.ok("POST", "/admin/credits", {"account": "user@example.org", "amount": "0.10", "note": "sorry <b>"})
    assert given["account"] == me and given["credit"] == "0.10"

    done = close(admin, "2026-10")
    assert (done["month"], done["invoices"], done["already"]) == ("2026-10", 1, False)
    again = close(admin, "2026-10")
    assert again["already"] is True and again["invoices"] == 0 and again["total"] == done["total"]
    (head,) = user.ok("GET", "/invoices")["items"]
    assert admin.ok("GET", "/invoices")["items"] == [] and admin.ok("GET", "/invoices?all=true&month=2026-10")["items"] == [head]
    problem(user.call("GET", "/invoices?all=true"), 403)
    inv = user.ok("GET", f"/invoices/{head['id']}")
    assert inv["number"] == 1 and inv["label"] == "2026-10-0001" and inv["line_count"] == len(inv["lines"]) == 3 + 31 + 1
    assert sum(Decimal(x["amount"]) for x in inv["lines"]) == Decimal(inv["usage"]) == Decimal(inv["due"]) + Decimal(inv["credit"])
    assert inv["credit"] == "0.10" and inv["account"]["name"] == BAD
    problem(core.user("third@example.org").call("GET", f"/invoices/{head['id']}"), 404)

    # A correction is a new line, on the next invoice.
    line = inv["lines"][0]
    problem(admin.call("POST", "/admin/corrections", {"charge": "ch_x", "amount": "1", "note": "x"}), 404, None, "charge")
    problem(admin.call("POST", "/admin/corrections", {"charge": line["id"], "amount": "0", "note": "x"}), 400, None, "amount")
    fix = admin.ok("POST", "/admin/corrections", {"charge": line["id"], "amount": "-" + line["amount"], "note": "the disk was slow"})
    assert fix["corrects"] == line["id"]
    assert user.ok("GET", f"/invoices/{head['id']}") == inv
    audit(core)

    # CSV and the page: the same lines; nothing that a user wrote gets out unescaped.
    text = user.call("GET", f"/invoices/1?format=csv")
    assert text.headers["Content-Disposition"] == 'attachment; filename="invoice-2026-10-0001.csv"' and b"script" not in text.body
    table = list(csv.DictReader(io.StringIO(text.body.decode())))
    assert sum(Decimal(r["amount"]) for r in table) == Decimal(inv["usage"]) and len(table) == len(inv["lines"])
    page = user.call("GET", f"/invoices/1?format=html")
    assert page.headers["Content-Type"].startswith("text/html") and page.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in page.headers["Content-Security-Policy"] and page.headers["X-Content-Type-Options"] == "nosniff"
    tags, words = set(), []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.add(tag)
            assert not any(name.startswith("on") or name in ("href", "src") for name, _ in attrs)

        def handle_data(self, data):
            words.append(data)
    Reader().feed(page.body.decode())
    assert "script" not in tags and "b" not in tags and BAD in "".join(words)
    problem(user.call("GET", "/invoices/1?format=pdf"), 400, "invalid-field", "format")
    problem(user.call("GET", "/invoices/99"), 404)


def test_focus_has_the_columns_and_the_sum_of_the_invoices(core):
    admin, user = core.user(), core.user("user@example.org")
    ws = user.workspace("x")
    for i in range(2):
        ran(core, user, ws, us("2026-10-10") + i * 10**10, HOUR_NS + 1)
    core.stop()
    price(core, "storage", 100000)
    sql(core, ("UPDATE storage_span SET from_us = ?1, charged_us = ?1", (us("2026-10-20"),)))
    core.start()
    problem(admin.call("GET", "/admin/focus?month=2026-10"), 409, "conflict", "month")
    problem(user.call("GET", "/admin/focus?month=2026-10"), 403)
    admin.ok("POST", "/admin/credits", {"account": "user@example.org", "amount": "0.05", "note": "welcome"})
    admin.ok("POST", "/admin/corrections", {"charge": charges(core)[0]["id"], "amount": "-0.01", "note": "rounding"})
    total = close(admin, "2026-10")["total"]
    r = admin.call("GET", "/admin/focus?month=2026-10")
    assert r.status == 200 and r.headers["Content-Type"].startswith("text/csv")
    reader = csv.DictReader(io.StringIO(r.body.decode()))
    table = list(reader)
    # The columns that FOCUS 1.0 demands of everybody, and the conditional ones that apply here.
    mandatory = """BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart ChargeCategory ChargeClass
        ChargeDescription ChargePeriodEnd ChargePeriodStart ContractedCost EffectiveCost InvoiceIssuerName ListCost PricingQuantity PricingUnit
        ProviderName PublisherName ServiceCategory ServiceName""".split()
    applies = "ConsumedQuantity ConsumedUnit ContractedUnitPrice ListUnitPrice PricingCategory ResourceId ResourceName ResourceType SkuId SkuPriceId \
        SubAccountId SubAccountName ChargeFrequency".split()
    assert set(mandatory + applies) <= set(reader.fieldnames) and len(set(reader.fieldnames)) == len(reader.fieldnames)
    assert all(n.startswith("x_") for n in reader.fieldnames if n in ("x_ChargeId", "x_Free"))
    for row in table:
        assert None not in row and None not in row.values()
        for name in mandatory:
            if name not in ("ChargeClass", "PricingQuantity", "PricingUnit"):
                assert row[name], name
        assert row["ChargeCategory"] in ("Usage", "Purchase", "Tax", "Credit", "Adjustment") and row["ChargeClass"] in ("", "Correction")
        for name in ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"):
            time.strptime(row[name], "%Y-%m-%dT%H:%M:%SZ")
        assert row["BillingPeriodStart"] == "2026-10-01T00:00:00Z" and row["BillingPeriodEnd"] == "2026-11-01T00:00:00Z"
        assert row["BillingCurrency"] == "USD" and row["BilledCost"] == row["EffectiveCost"]
        assert row["ServiceCategory"] in ("Compute", "Storage", "Other")
        if row["ChargeCategory"] == "Usage":
            off = abs(Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"]) - Decimal(row["ListCost"]))
            assert off < Decimal("0.000002") and Decimal(row["ConsumedQuantity"]) > 0 and row["PricingUnit"] in ("Hours", "GB-Months")
    assert {r["ChargeCategory"] for r in table} == {"Usage", "Credit"}
    assert sum(Decimal(r["BilledCost"]) for r in table) == Decimal(total["due"])


def test_what_a_person_is_given_at_the_beginning(core):
    sql(core, "UPDATE plan SET credit_new = 5000000 WHERE is_default = 1")
    new = core.user("new@example.org")
    me = new.ok("GET", "/me")["account"]["id"]
    (given,) = rows(core, "SELECT * FROM credit")
    assert (given["account_id"], given["amount"], given["actor"]) == (me, 5000000, "core")
    core.user("new@example.org")
    assert len(rows(core, "SELECT * FROM credit")) == 1


def test_storage_counts_from_made_to_deleted_and_survives_kills(core):
    user = core.user()
    ws = user.workspace("one", storage_bytes=1 << 30)
    user.start(ws)
    user.stop(ws)
    (span,) = rows(core, "SELECT * FROM storage_span")
    assert span["bytes"] == 1 << 30 and span["to_us"] is None
    user.ok("PATCH", f"/workspaces/{ws['id']}", {"storage_bytes": 2 << 30})
    user.start(ws)
    user.stop(ws)
    first, second = rows(core, "SELECT * FROM storage_span ORDER BY seq")
    assert first["to_us"] == second["from_us"] and second["bytes"] == 2 << 30
    # Three days ago, in truth; core is killed while it charges them, and again.
    core.kill()
    day = 86400 * 10**6
    sql(core, ("UPDATE storage_span SET from_us = from_us - ?1, to_us = to_us - ?1, charged_us = from_us - ?1", (3 * day,)))
    price(core, "storage", 730 * 10**6)
    for wait in (1.9, 2.05):
        core.start(engine=True)
        time.sleep(wait)
        core.kill()
    core.start()
    wait_for("three days", lambda: rows(core, "SELECT charged_us FROM storage_span WHERE to_us IS NULL")[0][0] % day == 0)
    user.ok("DELETE", f"/workspaces/{ws['id']}", {"confirm": "one"})
    spans = rows(core, "SELECT * FROM storage_span")
    assert all(s["charged_us"] == s["to_us"] for s in spans)
    got = rows(core, "SELECT sum(ns) FROM charge WHERE kind = 'storage'")[0][0]
    assert got == sum(s["to_us"] - s["from_us"] for s in spans) * 1000


def test_months_of_a_zone_where_the_clocks_change(tmp_path):
    """October in Berlin has an hour more, and ends at 23:00 UTC; the auditor reads the zone from the store."""
    core = Core(tmp_path, "time_zone=Europe/Berlin").start()
    try:
        admin = core.user()
        ws = admin.workspace()
        wait_for("the zone", lambda: rows(core, "SELECT 1 FROM setting WHERE name LIKE 'time_zone@%' AND value = 'Europe/Berlin'"))
        core.stop()
        price(core, "storage", 730 * 10**6)
        core.start()
        ran(core, admin, ws, us("2026-10-31") + 22 * 3600 * 10**6, 2 * HOUR_NS)
        assert [(c["month"], c["ns"]) for c in charges(core) if c["kind"] == "compute"] == [("2026-10", HOUR_NS), ("2026-11", HOUR_NS)]
        core.stop()
        sql(core, ("UPDATE storage_span SET from_us = ?1, charged_us = ?1", (us("2026-10-23") + 22 * 3600 * 10**6,)))
        core.start()
        done = close(admin, "2026-10")
        assert done["lines"] == 1 + 8
        hours = [c["ns"] // HOUR_NS for c in charges(core) if c["kind"] == "storage"][:8]
        assert hours == [24, 25, 24, 24, 24, 24, 24, 24]
        inv = admin.ok("GET", "/invoices/1")
        assert inv["from"].startswith("2026-09-30T22:00") and inv["to"].startswith("2026-10-31T23:00") and inv["time_zone"] == "Europe/Berlin"
        # Moved to another zone: what was charged stays as it was, and is right by the zone of its time.
        core.stop()
        core.settings = ("time_zone=America/St_Johns",)
        core.start()
        wait_for("the zone", lambda: rows(core, "SELECT 1 FROM setting WHERE value = 'America/St_Johns'"))
        ran(core, admin, ws, us("2026-11-01"), HOUR_NS)
        assert charges(core)[-1]["month"] == "2026-10"
        core.stop()
        audit(core)
    finally:
        core.stop()


def load_auditor():
    spec = importlib.util.spec_from_file_location("audit_ledger", ROOT / "tools/audit-ledger.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def flip(rnd, value):
    """The value with one of its bits turned over; None for what has no bits."""
    if isinstance(value, int):
        bit = value & (1 << 64) - 1
        bit ^= 1 << rnd.randrange(64)
        return bit - (1 << 64) if bit >> 63 else bit
    raw = bytearray(value)
    if not raw:
        return None
    raw[rnd.randrange(len(raw))] ^= 1 << rnd.randrange(8)
    return bytes(raw)


def test_a_thousand_flipped_bits_are_all_noticed(core):
    """In a database with lines of every kind; the auditor runs in this process, a thousand times."""
    admin, user = core.user(), core.user("user@example.org")
    sql(core, "UPDATE plan SET price_mode = 'follow', free_s_month = 1800 WHERE is_default = 1")
    ws = user.workspace("x")
    for i in range(3):
        ran(core, user, ws, us("2026-10-31") + i * 10 * 3600 * 10**6, 3 * HOUR_NS + i)
    core.stop()
    price(core, "storage", 100000)
    sql(core, ("UPDATE storage_span SET from_us = ?1, charged_us = ?1", (us("2026-10-28"),)))
    core.start()
    admin.ok("POST", "/admin/credits", {"account": "user@example.org", "amount": "0.05", "note": "welcome"})
    close(admin, "2026-10")
    admin.ok("POST", "/admin/corrections", {"charge": charges(core)[0]["id"], "amount": "-0.01", "note": "rounding"})
    core.stop()
    audit(core)
    seed = int.from_bytes(random.randbytes(4), "big")
    print("seed", seed)
    rnd, auditor, path = random.Random(seed), load_auditor(), core.dir / "db/carrel.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.text_factory = bytes
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA ignore_check_constraints = 1")
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name.decode()}")
    columns = {t: [(c[1].decode(), c[2].decode()) for c in db.execute(f"PRAGMA table_info({t})")] for t in ("ledger", "audit", "charge")}
    ids = {t: [r[0] for r in db.execute(f"SELECT seq FROM {t}")] for t in columns}
    flips, unnoticed, hidden = 0, [], io.StringIO()
    while flips < 1000:
        table = rnd.choice(list(columns))
        column, kind = rnd.choice(columns[table])
        seq = rnd.choice(ids[table])
        (value,) = db.execute(f"SELECT {column} FROM {table} WHERE seq = ?", (seq,)).fetchone()
        other = flip(rnd, value)
        if other is None:
            continue
        cast = "CAST(? AS TEXT)" if kind == "TEXT" else "?"
        try:
            db.execute(f"UPDATE {table} SET {column} = {cast} WHERE seq = ?", (other, seq))
        except sqlite3.IntegrityError:
            continue  # there is one of that number already: SQLite itself noticed
        with contextlib.redirect_stdout(hidden):
            found = auditor.Auditor(path, core.dir / "journal", False, None).run()
        if not found:
            unnoticed.append((table, column, seq, value, other))
        back = other if column == "seq" else seq
        db.execute(f"UPDATE {table} SET {column} = {cast} WHERE seq = ?", (value, back))
        flips += 1
    db.close()
    assert not unnoticed, unnoticed
    audit(core)


def test_a_close_that_is_killed_goes_on_where_it_stopped(tmp_path):
    core = Core(tmp_path).start()
    try:
        admin = core.user()
        core.stop()
        seed = int.from_bytes(random.randbytes(4), "big")
        print("seed", seed)
        rnd = random.Random(seed)
        past_books.make(core.dir / "db/carrel.db", 400, 4, "2026-09", core.dir / "journal")
        core.start()
        kills = 0
        for i in range(12):
            t = threading.Thread(target=lambda: _quietly(close, admin, "2026-09"), daemon=True)
            t.start()
            time.sleep(rnd.uniform(0, 0.008 * (i + 1)))
            core.kill()
            t.join(20)
            kills += len(rows(core, "SELECT 1 FROM month_closed")) == 0
            core.start()
        done = close(admin, "2026-09")
        assert done["total"]["invoices"] == 400 and done["total"]["lines"] == 1600
        numbers = [r[0] for r in rows(core, "SELECT number FROM invoice ORDER BY number")]
        assert numbers == list(range(1, 401))
        assert rows(core, "SELECT count(*) FROM charge WHERE seq NOT IN (SELECT charge_seq FROM invoice_line)")[0][0] == 0
        assert rows(core, "SELECT sum(usage_amount) FROM invoice")[0][0] == rows(core, "SELECT sum(amount) FROM charge")[0][0]
        assert kills > 0, "no kill came before the end"
        core.stop()
        assert "400 invoices" in audit(core)
    finally:
        core.stop()


def _quietly(fn, *args):
    try:
        fn(*args)
    except (OSError, AssertionError):
        pass


def test_two_closes_at_once_make_one_month(tmp_path):
    core = Core(tmp_path).start()
    try:
        admin = core.user()
        core.stop()
        past_books.make(core.dir / "db/carrel.db", 300, 2, "2026-09", core.dir / "journal")
        core.start()
        answers = []
        ts = [threading.Thread(target=lambda: answers.append(admin.call("POST", "/admin/invoices/close", {"month": "2026-09"}))) for _ in range(4)]
        for t in ts:
            t.start()
        for t in ts:
            t.join(60)
        assert {a.status for a in answers} <= {200, 409} and any(a.status == 200 for a in answers)
        assert sum(a.json["invoices"] for a in answers if a.status == 200) == 300
        assert close(admin, "2026-09")["total"]["invoices"] == 300
        core.stop()
        audit(core)
    finally:
        core.stop()
