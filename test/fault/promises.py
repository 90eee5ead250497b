# SPDX-License-Identifier: Apache-2.0
"""The judges: one function for each promise of doc/reliability.md, over the store, the journals, the machine and the client's log.

A judge returns a list of findings (empty: held), or NotJudged with the reason. Its name is the promise's; its first line of
documentation is what is printed.
"""

import re

RUN_MIN_SLACK = 1_000_000_000  # ns between the shim's decision and its record
LIVE = ("queued", "starting", "running", "stopping")
ENDED = ("stopped", "failed", "lost")
SETTLED_NS = 60 * 10**9


class NotJudged(Exception):
    pass


JUDGES = {}


def promise(fn):
    JUDGES[fn.__name__.upper()] = fn
    return fn


@promise
def p1(e):
    """Running sessions outlive whatever died: same container, same pid, same start, no counter went back."""
    before = e.facts.get("before")
    counters = e.seen("counter")
    if not before and not counters:
        raise NotJudged("nobody wrote down which sessions ran before")
    found, now = [], {(s["session"], s["epoch"]): s for s in e.facts.get("containers", [])}
    ended = {(s["id"], s["epoch"]) for s in e.sessions if s["state"] in ("stopping", *ENDED)}
    for s in before or []:
        key = (s["session"], s["epoch"])
        have = now.get(key)
        if have is None and key not in ended:
            found.append(f"{key} ran before and is gone, and the store does not say why")
        elif have is not None and (have["pid"], have["start"]) != (s["pid"], s["start"]):
            found.append(f"{key} is another process now: {have} was {s}")
    last = {}
    for c in counters:
        if c["value"] != last.get(c["kernel"], c["value"] - 1) + 1:
            found.append(f"kernel {c['kernel']} counted {c['value']} after {last[c['kernel']]}")
        last[c["kernel"]] = c["value"]
    return found


@promise
def p2(e):
    """No half-created session: what runs is what the store means to run, and everything reaches an end."""
    if "containers" not in e.facts:
        raise NotJudged("nobody looked at the machine")
    found = []
    rows = {(s["id"], s["epoch"]): s for s in e.sessions}
    there = {(c["session"], c["epoch"]) for c in e.facts["containers"]}
    for key in there:
        if key not in rows or rows[key]["state"] not in ("starting", "running", "stopping"):
            found.append(f"orphan: {key} runs, the store says {rows[key]['state'] if key in rows else 'nothing'}")
    for key, s in rows.items():
        if s["state"] == "running" and key not in there:
            found.append(f"ghost: the store says {key} runs, the machine does not have it")
        if s["state"] in ("queued", "starting", "stopping") and e.now_boot - s["state_boot"] > SETTLED_NS \
                and s["boot_id"] == e.boot_id and not (s["state"] == "queued" and s["reason"] in ("capacity", "engine-away")):
            found.append(f"stuck: {key} is {s['state']} since {(e.now_boot - s['state_boot']) / 1e9:.0f} s")
    names = {f"{s}-{n}" for s, n in there}
    for kind in ("shims", "cgroups", "mounts", "folders"):
        for thing in e.facts.get(kind, []):
            m = re.search(r"(s_[0-9a-z]+-\d+)", str(thing))
            if m and m.group(1) not in names:
                found.append(f"left behind ({kind}): {thing}")
    wanted = {}
    for s in e.sessions:
        if s["state"] in LIVE[:3]:
            wanted.setdefault(s["workspace_id"], []).append(s["id"])
    found += [f"workspace {w} has {len(x)} sessions at once: {x}" for w, x in wanted.items() if len(x) > 1]
    return found


@promise
def p3(e):
    """No second of use is lost or billed twice: the independent program agrees, and so does what the client saw."""
    found = [f for f in e.audit_lines if not f.startswith("audit:") and "hash" not in f]
    if not found and not e.segments and not e.journal:
        raise NotJudged("nothing has run")
    billed, open_at = {}, {}
    for g in e.segments:
        billed[g["session_id"]] = billed.get(g["session_id"], 0) + g["ns"]
    for x in e.log:
        if x["type"] != "seen" or x["what"] not in ("running", "ended"):
            continue
        if x["what"] == "running":
            open_at.setdefault(x["session"], x)
            continue
        first = open_at.pop(x["session"], None)
        have = billed.get(x["session"])
        if first is None or x.get("estimated"):
            continue
        if have is None:
            found.append(f"{x['session']} was seen to run and to end, and has no segment")
        elif "asked_stop" in x and not x["asked_stop"] - first["at"] <= have <= x["at"] - first["asked_start"]:
            found.append(f"{x['session']} is billed {have} ns; the client saw between {x['asked_stop'] - first['at']} and "
                         f"{x['at'] - first['asked_start']}")
    return found


@promise
def p5(e):
    """No acknowledged write is lost, and none that was refused happened."""
    by_object, found = {}, []
    for x in e.log:
        if x["type"] in ("ok", "fail", "unknown"):
            by_object.setdefault(x["object"], []).append(x)
    if not by_object:
        raise NotJudged("there is no client's log")
    for name, entries in by_object.items():
        told = {x["key"] for x in entries if x["type"] == "ok" and x["key"]}
        for x in reversed(entries):
            if x["type"] == "unknown" and x["key"] not in told:
                break  # it may have happened, or not
            if x["type"] == "ok":
                if x.get("claim"):
                    sql, args, want = x["claim"]
                    have = e.one(sql, args)
                    if have != want:
                        found.append(f"{x['op']} of {name} was acknowledged; {sql} {args} gives {have}, not {want}")
                break
    return found


@promise
def p6(e):
    """Clock steps: nothing is culled by them, no sign-in becomes wrongly valid or invalid, lengths are the boot clock's."""
    steps = e.seen("clock-step")
    if not steps:
        raise NotJudged("nobody stepped a clock")
    found = [f"after a step the sign-in was {x['valid']}, it should be {x['wanted']}" for x in e.seen("sign-in") if x["valid"] != x["wanted"]]
    stops = {(r["session"], r["epoch"], r["segment"]): r for r in e.journal if r["kind"] == 2}
    starts = {(r["session"], r["epoch"], r["segment"]): r for r in e.journal if r["kind"] == 1}
    for g in e.segments:
        key = (g["session_id"], g["epoch"], g["segment"])
        a, b = starts.get(key), stops.get(key)
        if a and b and a["boot_id"] == b["boot_id"] and g["ns"] != max(0, b["boot"] - a["boot"]):
            found.append(f"{key} is billed {g['ns']} ns, the boot clock says {b['boot'] - a['boot']}")
    return found + early_stops(e)


@promise
def p9(e):
    """Out of memory ends the kernel, not the server, and the reason is shown."""
    ooms = e.seen("oom")
    if not ooms:
        raise NotJudged("no kernel ran out of memory")
    return [f"out of memory: agent {x['agent_before']} became {x['agent_after']}, reason {x.get('reason')!r}" for x in ooms
            if x["agent_before"] != x["agent_after"] or "memory" not in (x.get("reason") or "")]


@promise
def p13(e):
    """The same Idempotency-Key is the same result, and one effect."""
    by_key = {}
    for x in e.log:
        if x["type"] == "ok" and x.get("key"):
            by_key.setdefault(x["key"], []).append(x)
    if not by_key:
        raise NotJudged("there is no client's log with keys")
    found = [f"key {k} of {xs[0]['op']} gave {sorted({str(x['id']) for x in xs})}" for k, xs in by_key.items()
             if len({x["id"] for x in xs}) > 1]
    made = {}
    for r in e.audit:
        made[(r["verb"], r["object"])] = made.get((r["verb"], r["object"]), 0) + 1
    for k, xs in by_key.items():
        verb = (xs[0]["op"], xs[0]["id"])
        if xs[0]["op"] in ONCE and xs[0]["id"] and made.get(verb, 0) != 1:
            found.append(f"{verb} happened {made.get(verb, 0)} times by the audit log")
    for name, n in e.rows("SELECT account_id || ' ' || name, count(*) FROM workspace WHERE deleted_us IS NULL GROUP BY 1 HAVING count(*) > 1"):
        found.append(f"workspace {name} was made {n} times")
    return found


ONCE = ("workspace.create", "workspace.delete", "session.start")


@promise
def p14(e):
    """Quota and budget are never exceeded."""
    plans = {r[0]: r for r in e.rows("SELECT id, sessions_max, is_default FROM plan")}
    if not plans and not e.rows("SELECT 1 FROM budget WHERE hard = 1"):
        raise NotJudged("the store has no plans and no hard budgets")
    found = []
    default = next((p[0] for p in plans.values() if p[2]), "")
    accounts = dict(e.rows("SELECT id, plan_id FROM account"))
    owner = {s["id"]: s["account_id"] for s in e.sessions}
    at_once = {}
    for r in e.audit:  # the audit log is the order in which things were committed
        if r["verb"] == "session.start":
            at_once.setdefault(owner.get(r["object"]), set()).add(r["object"])
        elif r["verb"] in ENDINGS:
            at_once.get(owner.get(r["object"]), set()).discard(r["object"])
        for account, live in at_once.items():
            most = plans.get(accounts.get(account) or default, (0, 0))[1]
            if most and len(live) > most and not any(account in f for f in found):
                found.append(f"{account} had {len(live)} sessions at audit row {r['seq']}; its plan allows {most}")
    return found + over_budget(e)


ENDINGS = ("session.stop", "session.stopping", *(f"session.{s}" for s in ENDED))
GRACE_NS = 10 * 10**9


def over_budget(e):
    found = []
    for account, amount, since in e.rows("SELECT account_id, amount, updated_us FROM budget WHERE hard = 1"):
        whose, args = ("1 = 1", []) if account == "" else ("account_id = ?", [account])
        for month, used, before in e.rows(
                f"SELECT month, sum(amount), sum(CASE WHEN to_us <= ? THEN amount ELSE 0 END) FROM charge WHERE {whose}"
                " AND kind = 'compute' GROUP BY month", [since, *args]):
            burn = e.one(f"SELECT sum(price_per_hour) FROM session WHERE {whose}", args) or 0
            if used > max(amount, before) + burn * GRACE_NS // (3600 * 10**9):
                found.append(f"{account or 'the site'} used {used} of a hard budget of {amount} in {month}")
    return found


@promise
def p16(e):
    """Auto-stop ends nothing early, and nothing that works."""
    if not any(r["kind"] == 2 for r in e.journal):
        raise NotJudged("nothing has ended")
    found = early_stops(e)
    stops = {r["session"]: r for r in e.journal if r["kind"] == 2 and r["reason"] == "idle"}
    for x in e.seen("busy"):
        r = stops.get(x["session"])
        if r and x["from"] <= r["boot"] <= x["to"]:
            found.append(f"{x['session']} was stopped as idle while it worked")
    return found


def early_stops(e):
    found = []
    starts = {(r["session"], r["epoch"]): r for r in e.journal if r["kind"] == 1 and r["segment"] == 0}
    rows = {s["id"]: s for s in e.sessions}
    for r in e.journal:
        s, start = rows.get(r["session"]), starts.get((r["session"], r["epoch"]))
        if r["kind"] != 2 or r["estimated"] or not s or not start or start["boot_id"] != r["boot_id"]:
            continue
        ran = r["boot"] - start["boot"]
        least = {"idle": s["auto_stop_s"], "max": s["max_s"]}.get(r["reason"], 0) * 10**9
        if ran + RUN_MIN_SLACK < least:
            found.append(f"{r['session']} was stopped ({r['reason']}) after {ran / 1e9:.1f} s; its limit is {least / 1e9:.0f} s")
    return found


@promise
def p17(e):
    """No exit status is lost, and a workspace never has two attempts at once."""
    stops = [r for r in e.journal if r["kind"] == 2]
    if not stops:
        raise NotJudged("nothing has ended")
    kept = {(s, n, g): x for s, n, g, x in e.rows("SELECT session_id, epoch, segment, exit_status FROM run_record WHERE kind = 'stop'")}
    found = []
    for r in stops:
        key = (r["session"], r["epoch"], r["segment"])
        if r["done"] and kept.get(key) != r["exit_status"]:
            found.append(f"exit status of {key}: the journal says {r['exit_status']}, the store {kept.get(key)}")
    for s in e.sessions:
        if s["state"] in ENDED and not s["reason"]:
            found.append(f"{s['id']} is {s['state']} without a reason")
    spans, starts = {}, {(r["session"], r["epoch"], r["segment"]): r for r in e.journal if r["kind"] == 1}
    where = {s["id"]: s["workspace_id"] for s in e.sessions}
    for r in stops:
        a = starts.get((r["session"], r["epoch"], r["segment"]))
        if a and a["boot_id"] == r["boot_id"] and r["session"] in where:
            spans.setdefault((where[r["session"]], r["boot_id"]), []).append((a["boot"], r["boot"], r["session"]))
    for (workspace, _), ones in spans.items():
        ones.sort()
        found += [f"{a[2]} and {b[2]} of {workspace} ran at once" for a, b in zip(ones, ones[1:]) if b[0] < a[1]]
    return found


OWNED = {
    "workspace → volume": "SELECT w.id FROM workspace w JOIN volume v ON v.id = w.volume_id WHERE w.account_id <> v.account_id",
    "session → workspace": "SELECT s.id FROM session s JOIN workspace w ON w.id = s.workspace_id WHERE s.account_id <> w.account_id",
    "segment → session": "SELECT g.session_id FROM segment g JOIN session s ON s.id = g.session_id WHERE g.account_id <> s.account_id",
    "charge → session": "SELECT c.id FROM charge c JOIN session s ON s.id = c.session_id WHERE c.account_id <> s.account_id",
    "invoice → charge": "SELECT c.id FROM invoice_line l JOIN charge c ON c.seq = l.charge_seq JOIN invoice i"
                        " ON i.number = l.invoice_number WHERE c.account_id <> i.account_id",
    "storage → workspace": "SELECT p.volume_id FROM storage_span p JOIN workspace w ON w.id = p.workspace_id"
                           " WHERE p.account_id <> w.account_id",
    "ticket → workspace": "SELECT t.workspace_id FROM ticket t JOIN workspace w ON w.id = t.workspace_id WHERE t.account_id <> w.account_id",
}


@promise
def p19(e):
    """One owner's things are another's 404, and no row belongs to two."""
    found = [f"{what}: {row[0]} has two owners" for what, sql in OWNED.items() for row in e.rows(sql)]
    for x in e.seen("foreign"):
        if x["status"] != 404 or not x.get("same", True):
            found.append(f"{x['method']} {x['path']} of another's thing answered {x['status']}, unlike a random id")
    return found


@promise
def p20(e):
    """No secret leaves: the planted ones are in no file, argument, environment, log or answer."""
    if not e.canaries:
        raise NotJudged("no secret was planted")
    return [f"secret {secret[:6]}… is in {where}" for secret, where in sorted(set(e.leaks()))]


@promise
def p22(e):
    """Corruption is noticed: the store is whole, the chains hold, no journal has a hole."""
    found = [f for f in e.audit_lines if "hash" in f]
    found += [f"store: {r[0]}" for r in e.rows("PRAGMA integrity_check") if r[0] != "ok"]
    found += [f"store: a row of {r[0]} points to nothing in {r[2]}" for r in e.rows("PRAGMA foreign_key_check")]
    return found + [f"journal {j}: record {n} is broken, and later ones are not" for j, n in e.journal_holes]


@promise
def p23(e):
    """Every state change has its audit row, and the audit log is whole."""
    found = [f for f in e.audit_lines if f.startswith("audit:")]
    count, ends = {}, {}
    for r in e.audit:
        count[(r["verb"], r["object"])] = count.get((r["verb"], r["object"]), 0) + 1
        if r["verb"] in ENDINGS[2:] or r["verb"] == "session.stop":
            ends[r["object"]] = r["verb"]

    def once(verb, thing, most=1):
        n = count.get((verb, thing), 0)
        if not 1 <= n <= most:
            found.append(f"{verb} of {thing} has {n} audit rows")

    for wid, gone in e.rows("SELECT id, deleted_us FROM workspace"):
        once("workspace.create", wid)
        # Brought back, it can be deleted again: there is one delete more than restores, or as many.
        back = count.get(("workspace.restore", wid), 0)
        deleted = count.get(("workspace.delete", wid), 0)
        if deleted != back + (gone is not None):
            found.append(f"workspace.delete of {wid} has {deleted} audit rows, and {back} restores")
    for s in e.sessions:
        once("session.start", s["id"])
        if s["state"] in ENDED and s["id"] not in ends:
            found.append(f"the end of {s['id']} has no audit row")
    return found
