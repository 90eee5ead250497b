# SPDX-License-Identifier: Apache-2.0
"""What is swept: one generator a scenario. What comes before `yield` is prepared in peace; what comes after it happens under faults.

To add one: write a generator over a Rig (rig.py) with @scenario, let every call be r.act(op, method, path, body, object=, claim=),
where the claim is a query with one number that says what an acknowledgement means. Nothing else: when the process dies, it is
started again, what was not answered is asked again with the same key, and the checker judges. A scenario whose route does not
exist yet in this build is left out by `needs`.
"""

import datetime
import hashlib
import sqlite3

from clientlog import boot_ns
from oldstore import script

SCENARIOS = {}


def scenario(name, needs=None, startup=False, once=False):
    """startup: what happens while core starts. once: it can be done once in a store, so each point has a store of its own."""
    def put(fn):
        SCENARIOS[name] = fn
        fn.needs, fn.startup, fn.once = needs, startup, once
        return fn
    return put


@scenario("sign-in")
def sign_in(r):
    code = r.core.code()
    r.secrets.append(code)
    yield
    r.act("login", "POST", "/login", {"code": code}, object="sign-ins", headers={"X-Anonymous": "1"},
          claim=lambda a: ["SELECT count(*) FROM login", [], r.count("sign-in")])


@scenario("token")
def token(r):
    yield
    name = r.name("token")
    o = r.act("token.create", "POST", "/tokens", {"name": name}, object=f"token {name}",
              claim=lambda a: ["SELECT count(*) FROM token WHERE id = ? AND name = ?", [a["id"], name], 1])
    if o.answer:
        r.secrets.append(o.answer["token"])
        r.act("token.revoke", "DELETE", f"/tokens/{o.answer['id']}", object=f"token {name}",
              claim=lambda a: ["SELECT count(*) FROM token WHERE name = ?", [name], 0])


@scenario("workspace-create")
def workspace_create(r):
    yield
    r.make_workspace()


@scenario("workspace-change")
def workspace_change(r):
    ws = r.workspace()
    yield
    r.act("workspace.change", "PATCH", f"/workspaces/{ws['id']}", {"auto_stop_seconds": 1800 + r.n}, object=f"stop of {ws['id']}",
          claim=lambda a, n=1800 + r.n: ["SELECT auto_stop_s FROM workspace WHERE id = ?", [ws["id"]], n])


@scenario("workspace-delete")
def workspace_delete(r):
    ws = r.workspace()
    yield
    r.act("workspace.delete", "DELETE", f"/workspaces/{ws['id']}", {"confirm": ws["name"]}, object=f"workspace:{ws['name']}",
          claim=lambda a: ["SELECT count(*) FROM workspace WHERE id = ? AND deleted_us IS NULL", [ws["id"]], 0])


@scenario("workspace-restore")
def workspace_restore(r):
    ws = r.workspace()
    r.act("workspace.delete", "DELETE", f"/workspaces/{ws['id']}", {"confirm": ws["name"]}, object=f"workspace:{ws['name']}",
          claim=lambda a: ["SELECT count(*) FROM workspace WHERE id = ? AND deleted_us IS NULL", [ws["id"]], 0])
    yield
    r.act("workspace.restore", "POST", f"/workspaces/{ws['id']}/restore", {}, object=f"workspace:{ws['name']}",
          claim=lambda a: ["SELECT count(*) FROM workspace w JOIN volume v ON v.id = w.volume_id WHERE w.id = ? AND w.deleted_us IS NULL"
                           " AND v.delete_us IS NULL", [ws["id"]], 1])


@scenario("start")
def start(r):
    ws = r.workspace()
    yield
    o = r.start_session(ws)
    if o.answer:
        sid = o.answer["session"]["id"]
        r.wait(lambda: r.get(f"/sessions/{sid}")["state"] == "running", f"{sid} to run")


@scenario("stop")
def stop(r):
    ws = r.workspace()
    s = r.running(ws)
    asked = boot_ns()
    yield
    o = r.stop_session(ws)
    if o.answer:
        r.wait(lambda: r.get(f"/sessions/{s['id']}")["state"] == "stopped", f"{s['id']} to stop")
        r.log.seen("ended", session=s["id"], asked_stop=asked)


@scenario("delete-while-it-runs")
def delete_running(r):
    ws = r.workspace()
    r.running(ws)
    yield
    r.act("workspace.delete", "DELETE", f"/workspaces/{ws['id']}", {"confirm": ws["name"], "stop": True}, object=f"workspace:{ws['name']}",
          claim=lambda a: ["SELECT count(*) FROM workspace WHERE id = ? AND deleted_us IS NULL", [ws["id"]], 0])


@scenario("extend")
def extend(r):
    ws = r.workspace(auto_stop_seconds=60)
    s = r.running(ws)
    yield
    r.act("session.extend", "POST", f"/sessions/{s['id']}/extend", {"seconds": 600}, object=f"extension of {s['id']}",
          claim=lambda a: ["SELECT extend_until > 0 FROM session WHERE id = ?", [s["id"]], 1])


@scenario("enter")
def enter(r):
    ws = r.workspace()
    s = r.running(ws)
    yield
    o = r.act("session.enter", "POST", f"/sessions/{s['id']}/enter", object=f"code for {s['id']} {r.name('enter')}")
    if o.answer:
        r.act("session.entered", "POST", "/internal/enter", {"host": ws["label"], "code": o.answer["code"]}, object=f"ticket {ws['id']}",
              claim=lambda a: ["SELECT count(*) > 0 FROM ticket WHERE workspace_id = ?", [ws["id"]], 1])


@scenario("journal-record")
def journal_record(r):
    """A session ends by itself: the record comes, is booked once, and is acknowledged."""
    s = r.running(r.workspace())
    yield
    r.core.engine.end(s["id"], s["epoch"], "exit")
    r.wait(lambda: (s["id"], s["epoch"]) not in r.core.engine.records, "acknowledgement")


@scenario("engine-comes-back")
def engine_comes_back(r):
    """Everything is told again: host, images, records, what runs."""
    s = r.running(r.workspace())
    r.core.engine.away()
    yield
    r.core.engine.end(s["id"], s["epoch"], "exit")
    r.core.engine.start()
    r.wait(lambda: (s["id"], s["epoch"]) not in r.core.engine.records, "acknowledgement")


@scenario("password")
def password(r):
    u = f"p{r.name('x')}@example.org"
    who = r.core.user(u)
    yield
    r.act("account.password", "POST", "/me/password", {"new": "a long enough word"}, object=f"password of {u}",
          headers={"Authorization": f"Bearer {who.token}"},
          claim=lambda a: ["SELECT password <> '' FROM account WHERE email = ?", [u], 1])
    r.secrets.append("a long enough word")


# --- what happens while core starts: prepared, ended, and started again under faults ---

@scenario("restart", startup=True)
def restart(r):
    r.running(r.workspace())
    r.workspace()
    yield
    r.images()
    r.workspace()


@scenario("first-start", startup=True)
def first_start(r):
    r.forget()
    yield
    r.sign_in()
    r.images()
    r.workspace()


@scenario("migration-2-to-3", startup=True)
def migration(r):
    r.running(r.workspace())
    r.tidy()
    r.core.stop()
    downgrade(r.dir / "db/carrel.db")
    yield
    r.images()
    r.workspace()


def downgrade(path):
    """The same rows in a store of schema 2, as the release before would have them."""
    old = path.with_suffix(".2")
    db = sqlite3.connect(old, isolation_level=None)
    db.executescript(script(1) + script(2) + "PRAGMA user_version = 2; PRAGMA journal_mode = WAL;")
    db.execute("ATTACH ? AS new", [str(path)])
    db.execute("BEGIN")
    for (table,) in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
        names = ", ".join(c[1] for c in db.execute(f"PRAGMA main.table_info({table})"))
        if table != "ledger":
            db.execute(f"INSERT INTO main.{table}({names}) SELECT {names} FROM new.{table}")
    book_as_before(db)
    db.execute("COMMIT")
    db.execute("DETACH new")
    db.close()
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    old.rename(path)


def book_as_before(db):
    """Two lines a segment, as receivable and revenue, chained by src/core/chain.h."""
    prev, seq = bytes(32), 0
    for g in db.execute("SELECT session_id, epoch, segment, stopped_us, account_id, amount, ns FROM segment ORDER BY seq").fetchall():
        session, epoch, segment, at, account, amount, ns = g
        for book, sign in (("receivable", 1), ("revenue", -1)):
            seq += 1
            row = [seq, f"{session}-{epoch}-{segment}", at, account, book, sign * amount, "USD", session, epoch, segment, ns]
            h = hashlib.sha256(prev)
            for field in row:
                raw = str(field).encode()
                h.update(len(raw).to_bytes(4, "big") + raw)
            prev = h.digest()
            db.execute("INSERT INTO ledger VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", [*row, prev])


# --- what this issue adds; each is swept as soon as its route is there ---

def last_month():
    first = datetime.datetime.now(datetime.timezone.utc).replace(day=1)
    return (first - datetime.timedelta(days=1)).strftime("%Y-%m")


@scenario("backup", needs=("POST", "/internal/backup"))
def backup(r):
    r.running(r.workspace())
    yield
    o = r.act("store.backup", "POST", "/internal/backup", object=r.name("backup"))
    if o.answer:
        db = sqlite3.connect(f"file:{r.dir}/db/backup.db?mode=ro&immutable=1", uri=True)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",), "the backup is not whole"
        db.close()


@scenario("catalogue-change", needs=("PUT", "/api/v1/admin/catalogue"))
def catalogue_change(r):
    status, doc = r.send("GET", "/api/v1/admin/catalogue", None, {})
    assert status == 200, doc
    version = int(doc["version"])
    doc["plans"][0]["name"] = r.name("plan")
    body = {k: v for k, v in doc.items() if k in ("plans", "types", "instance_types", "prices", "storage")}
    yield
    r.act("catalogue.change", "PUT", "/admin/catalogue", body, object=f"catalogue {version}", headers={"If-Match": f'"{version}"'},
          claim=lambda a: ["SELECT value + 0 > ? FROM setting WHERE name = 'catalogue_version'", [version], 1])


@scenario("budget-change", needs=("PUT", "/api/v1/budget"))
def budget_change(r):
    yield
    amount = f"{1000 + r.n}.00"
    r.act("budget.change", "PUT", "/budget", {"amount": amount, "hard": False}, object=f"budget {r.name('budget')}",
          claim=lambda a: ["SELECT count(*) > 0 FROM budget", [], 1])


@scenario("credit", needs=("POST", "/api/v1/admin/credits"))
def credit(r):
    me = r.get("/me")["account"]["id"]
    note = r.name("credit")
    yield
    r.act("credit.give", "POST", "/admin/credits", {"account": me, "amount": "5.00", "note": note}, object=note,
          claim=lambda a: ["SELECT count(*) FROM credit WHERE note = ?", [note], 1])


@scenario("invoice-close", needs=("POST", "/api/v1/admin/invoices/close"), once=True)
def invoice_close(r):
    """Two owners used something last month."""
    other = r.core.user("other@example.org").token
    month = last_month()
    clock, back = r.core.engine.wall, datetime.date.today().day * 86400 * 10**6 + 10**6
    r.core.engine.wall = lambda: clock() - back
    for token in (r.token, other):
        r.token, mine = token, r.token
        r.running(r.workspace())
        r.tidy()
        r.token = mine
    r.core.engine.wall = clock
    yield
    r.act("invoice.close", "POST", "/admin/invoices/close", {"month": month}, object=f"month {month}",
          claim=lambda a: ["SELECT count(*) FROM invoice WHERE month = ?", [month], 2])
