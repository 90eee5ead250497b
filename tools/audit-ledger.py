#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes the books from the journals, with nothing of the product's own code.

usage: carrel-audit-ledger CARREL.DB JOURNAL_DIR [--live] [--zone ZONE]

Reads every journal (also in done/) and makes segments of start and stop by doc/internals/journal.md; of segments, prices, free hours and
storage spans it makes the charges by doc/internals/metering.md; of charges and credits the invoices, the ledger and the balances. All of it
is compared with the store, field by field, with the hash chains of ledger, audit log and invoices.

--live: sessions still run; what is open is left out. --zone: of the months and days, if the store does not say it (UTC).
Prints one line per finding; exit 0 if there is none, 1 if there is, 2 if it could not look.
"""

import hashlib
import json
import sqlite3
import struct
import sys
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

RECORD = 512
HOUR_NS = 3600 * 10**9
GB_MONTH = 10**9 * 730 * HOUR_NS
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NEVER = 1 << 63


def half_even(x):
    whole, rest = divmod(x.numerator, x.denominator)
    twice = 2 * rest
    return whole + (twice > x.denominator or (twice == x.denominator and whole % 2 == 1))


def micro(text):
    """ "12.5" in millionths; None for what is no amount."""
    try:
        return int(Fraction(text) * 10**6)
    except (ValueError, TypeError):
        return None


class Zone:
    """Months and days of one time zone, in microseconds of UTC."""

    def __init__(self, name):
        self.zone = ZoneInfo(name)
        self.months, self.days = {}, {}

    def local(self, us):
        return (EPOCH + timedelta(microseconds=us)).astimezone(self.zone)

    def start_of(self, year, month, day):
        """The first moment of a local day, also where its midnight is skipped."""
        at = datetime(year, month, day, tzinfo=self.zone)
        us = (at.astimezone(timezone.utc) - EPOCH) // timedelta(microseconds=1)
        while self.local(us).date() < at.date():
            us += 15 * 60 * 10**6
        return us

    def month(self, us):
        """(name, from, to); what no calendar has is in no month."""
        try:
            t = self.local(us)
        except OverflowError:
            return "?", -NEVER, NEVER
        key = (t.year, t.month)
        if key not in self.months:
            following = (t.year + t.month // 12, t.month % 12 + 1)
            self.months[key] = (f"{t.year:04}-{t.month:02}", self.start_of(*key, 1), self.start_of(*following, 1))
        return self.months[key]

    def day_end(self, us):
        try:
            day = self.local(us).date()
        except OverflowError:
            return NEVER
        if day not in self.days:
            after = day + timedelta(days=1)
            self.days[day] = self.start_of(after.year, after.month, after.day)
        return self.days[day]


def journal(path):
    data = path.read_bytes()
    for at in range(0, len(data) - RECORD + 1, RECORD):
        r = data[at:at + RECORD]
        if r[:4] != b"CRLJ" or hashlib.sha256(r[:504]).digest()[:8] != r[504:]:
            return
        kind, session, epoch, segment, _seq, estimated, boot_ns, wall_us = struct.unpack_from("<I40sIIIIQq", r, 4)
        boot_id, reason = struct.unpack_from("<40s32s", r, 104)
        yield {"kind": kind, "key": (session.rstrip(b"\0").decode(), epoch, segment), "estimated": estimated, "boot": boot_ns,
               "wall": wall_us, "boot_id": boot_id.rstrip(b"\0"), "reason": reason.rstrip(b"\0").decode()}


def read_journals(folder):
    starts, stops = {}, {}
    for path in [*sorted(folder.glob("*.journal")), *sorted((folder / "done").glob("*.journal"))]:
        for r in journal(path):
            if r["kind"] == 1:
                starts.setdefault(r["key"], r)
            elif r["kind"] == 2:
                stops.setdefault(r["key"], r)
    return starts, stops


def chain_add(prev, fields):
    h = hashlib.sha256(prev)
    for f in fields:
        raw = (f if isinstance(f, str) else str(f)).encode("utf-8", "surrogateescape")
        h.update(struct.pack(">I", len(raw)) + raw)
    return h.digest()


class Auditor:
    def __init__(self, path, journals, live, zone):
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.db.row_factory = sqlite3.Row
        self.db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        self.live = live
        self.findings = []
        self.starts, self.stops = read_journals(Path(journals))
        self.has = {r[0] for r in self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self.setting = {r["name"]: r["value"] for r in self.rows("setting")}
        # Of the months: (from, zone), as the site had them.
        self.zones = sorted((int(n[10:]), Zone(z)) for n, z in self.setting.items() if n.startswith("time_zone@"))
        if zone or not self.zones:
            self.zones = [(0, Zone(zone or "UTC"))]
        self.session = {r["id"]: r for r in self.rows("session")}
        self.segment = {(r["session_id"], r["epoch"], r["segment"]): r for r in self.rows("segment")}
        self.charge = self.rows("charge", "seq")
        self.charge_by_id = {c["id"]: c for c in self.charge}
        self.credit = self.rows("credit", "seq")
        self.invoice = self.rows("invoice", "number")
        self.ledger = self.rows("ledger", "seq")
        self.audit = self.rows("audit", "seq")
        self.span = self.rows("storage_span", "seq")
        self.price = defaultdict(list)
        for r in sorted(self.rows("price"), key=lambda r: (r["from_us"], r["seq"])):
            self.price[r["resource"]].append((r["from_us"], r["rate"], r["at_us"]))
        self.line = {r["charge_seq"]: r["invoice_number"] for r in self.rows("invoice_line")}
        # Segments that were booked before there were charges.
        self.before = {r["txn"] for r in self.ledger if r["book"] == "receivable"}
        self.expected = {}  # txn -> {"lines": {book: amount}, the fields that its rows share}

    def zone_at(self, posted):
        """The zone that held when something was posted; before the first was noted: that one."""
        return [z for since, z in self.zones if since <= posted or since == self.zones[0][0]][-1]

    def rows(self, table, order="rowid"):
        """Of before a table was there it has no rows."""
        if table not in self.has:
            return []
        order = "1" if order == "rowid" else order
        return self.db.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()

    def say(self, text):
        self.findings.append(text)

    def differs(self, what, row, want):
        """Every field of `want` that the row has otherwise."""
        for field, value in want.items():
            have = row[field]
            if have != value:
                self.say(f"{what}: {field} is {have!r}, computed {value!r}")

    def numbered(self, what, rows, field):
        if [r[field] for r in rows] != list(range(1, len(rows) + 1)):
            self.say(f"{what}: numbers are missing")

    def txn_of(self, c):
        return f"{c['session_id']}-{c['epoch']}-{c['segment']}"

    def is_old(self, c):
        return c["kind"] == "compute" and self.txn_of(c) in self.before

    # --- journals and segments ---

    def measured(self):
        """(session, epoch, segment) -> what the journals say."""
        want = {}
        for key, stop in self.stops.items():
            start = self.starts.get(key)
            if start is None:
                self.say(f"journal: {key} stops without a start")
                continue
            if key[0] not in self.session:
                self.say(f"journal: {key} is of no session in the store")
                continue
            sound = start["boot_id"] == stop["boot_id"] and stop["boot"] >= start["boot"]
            ns = stop["boot"] - start["boot"] if sound else 0
            s = self.session[key[0]]
            want[key] = {"ns": ns, "estimated": int(bool(stop["estimated"]) or not sound), "started_us": start["wall"],
                         "stopped_us": start["wall"] + ns // 1000, "reason": stop["reason"], "price_per_hour": s["price_per_hour"],
                         "account_id": s["account_id"], "workspace_id": s["workspace_id"], "instance_type": s["instance_type"]}
        return want

    def segments(self):
        want = self.measured()
        if not self.live:
            for key in self.starts.keys() - self.stops.keys():
                self.say(f"journal: {key} has no stop")
            for key in want.keys() - self.segment.keys():
                self.say(f"segment: {key} of the journals is missing in the store")
        for key in self.segment.keys() - want.keys():
            self.say(f"segment: {key} of the store is in no journal")
        for key in want.keys() & self.segment.keys():
            self.differs(f"segment: {key}", self.segment[key], want[key])
        spans = defaultdict(list)
        for key in want:
            spans[(key[0], self.starts[key]["boot_id"])].append((self.starts[key]["boot"], self.stops[key]["boot"]))
        for (session, _), ones in spans.items():
            ones.sort()
            for a, b in zip(ones, ones[1:]):
                if b[0] < a[1]:
                    self.say(f"segment: two of {session} overlap")
        sums = defaultdict(lambda: [0, 0])
        for (session, _, _), g in self.segment.items():
            sums[session][0] += g["ns"]
            sums[session][1] += g["amount"]
        for session, s in self.session.items():
            if [s["metered_ns"], s["cost"]] != sums[session]:
                self.say(f"session: {session} shows {s['metered_ns']} ns and {s['cost']}, its segments are {sums[session]}")

    # --- charges ---

    def rate_at(self, resource, us, known_us, fallback):
        """(rate, until) by the prices that were known at known_us."""
        known = {since: value for since, value, said in self.price.get(resource, ()) if said <= known_us}
        rate = fallback
        for since in sorted(known):
            if since <= us:
                rate = known[since]
            elif known[since] != rate:
                return rate, since
        return rate, NEVER

    def cut(self, g, s, at, free_used):
        """The parts of a segment, as dictionaries of charge's columns; counts free time into free_used."""
        follow = s["price_mode"] == "follow"
        allowance = s["free_s_month"] * 10**9
        done, parts = 0, []
        while True:
            since = g["started_us"] + done // 1000
            month, _, month_end = self.zone_at(at).month(since)
            rate, until = s["price_per_hour"], NEVER
            if follow:
                rate, until = self.rate_at(f"type:{g['instance_type']}", since, at, rate)
            end = min(g["ns"], (min(month_end, until) - g["started_us"]) * 1000)
            left = max(0, allowance - free_used[(g["account_id"], month)])
            free = int(rate > 0 and left > 0)
            if free:
                end = min(end, done + left)
                free_used[(g["account_id"], month)] += end - done
            amount = 0 if free else half_even(Fraction(rate * (end - done), HOUR_NS))
            parts.append({"month": month, "from_us": since, "to_us": g["started_us"] + end // 1000, "ns": end - done, "rate": rate,
                          "free": free, "amount": amount, "part": len(parts)})
            done = end
            if done >= g["ns"]:
                return parts

    def of_before(self, g):
        """A segment of before there were charges is one, as it was booked then."""
        t = EPOCH + timedelta(microseconds=g["started_us"])
        return [{"month": f"{t.year:04}-{t.month:02}", "from_us": g["started_us"], "to_us": g["stopped_us"], "ns": g["ns"],
                 "rate": g["price_per_hour"], "free": 0, "amount": half_even(Fraction(g["price_per_hour"] * g["ns"], HOUR_NS)), "part": 0,
                 "at_us": g["stopped_us"]}]

    def compute(self):
        """In the order in which they were posted: that is the order in which free time is used up."""
        groups, free_used = {}, defaultdict(int)
        for c in self.charge:
            if c["kind"] == "compute":
                groups.setdefault((c["session_id"], c["epoch"], c["segment"]), []).append(c)
        for key, charges in groups.items():
            g, s = self.segment.get(key), self.session.get(key[0])
            if g is None or s is None:
                self.say(f"charge: {charges[0]['id']} has no segment")
                continue
            before = self.is_old(charges[0])
            parts = self.of_before(g) if before else self.cut(g, s, charges[0]["at_us"], free_used)
            if len(parts) != len(charges) or charges[-1]["seq"] - charges[0]["seq"] != len(charges) - 1:
                self.say(f"charge: segment {key} has {len(charges)} charges, computed {len(parts)} that follow each other")
            for part, c in zip(parts, charges):
                self.differs(f"charge {c['id']}", c, {
                    **part, "id": f"ch_{key[0]}-{key[1]}-{key[2]}-{part['part']}", "account_id": g["account_id"],
                    "workspace_id": g["workspace_id"], "volume_id": "", "resource": g["instance_type"], "bytes": 0,
                    "estimated": g["estimated"], "reason": g["reason"], "corrects": ""})
                if before:
                    self.book("-".join(str(k) for k in key), c, {"receivable": c["amount"], "revenue": -c["amount"]}, None)
            total = sum(p["amount"] for p in parts)
            if total != g["amount"]:
                self.say(f"segment: {key} costs {g['amount']}, its charges {total}")
        if "charge" in self.has:
            for key in self.segment.keys() - groups.keys():
                self.say(f"segment: {key} has no charge")

    def storage(self):
        have = {(c["volume_id"], c["from_us"]): c for c in self.charge if c["kind"] == "storage"}
        ends = defaultdict(list)
        for s in self.span:
            what = f"span {s['seq']} of {s['volume_id']}"
            end = s["charged_us"]
            if s["to_us"] is not None and s["to_us"] != end:
                self.say(f"{what}: ended at {s['to_us']}, charged to {end}")
            if s["to_us"] is None and end != s["from_us"] and end not in (z.day_end(end - 1) for _, z in self.zones):
                self.say(f"{what}: it is charged to {end}, which is no midnight")
            ends[s["volume_id"]].append((s["from_us"], end))
            self.storage_of(s, end, have, what)
        for (volume, _), c in have.items():
            self.say(f"charge: {c['id']} is of no span of {volume}")
        for volume, ones in ends.items():
            ones.sort()
            for a, b in zip(ones, ones[1:]):
                if b[0] < a[1]:
                    self.say(f"span: two of {volume} overlap")
        self.volumes()

    def storage_of(self, s, end, have, what):
        at = s["from_us"]
        while at < end:
            c = have.pop((s["volume_id"], at), None)
            posted = c["at_us"] if c else NEVER
            rate, until = self.rate_at("storage", at, posted, 0)
            zone = self.zone_at(posted)
            month, _, month_end = zone.month(at)
            to = min(zone.day_end(at), month_end, until, end)
            if c is None:
                if rate:
                    self.say(f"{what}: nothing is charged from {at} on")
            else:
                self.differs(f"charge {c['id']}", c, {
                    "id": f"ch_{s['volume_id']}-{at}", "account_id": s["account_id"], "workspace_id": s["workspace_id"], "month": month,
                    "session_id": "", "epoch": 0, "segment": 0, "part": 0, "resource": "storage", "to_us": to, "ns": (to - at) * 1000,
                    "bytes": s["bytes"], "rate": rate, "free": 0, "estimated": 0, "reason": "", "corrects": "",
                    "amount": half_even(Fraction(rate * s["bytes"] * (to - at) * 1000, GB_MONTH))})
                if not rate:
                    self.say(f"charge: {c['id']} is for storage that costs nothing")
            at = to

    def volumes(self):
        """What the engine made costs; what is deleted does not."""
        open_ = {s["volume_id"]: s["bytes"] for s in self.span if s["to_us"] is None}
        if self.live or not self.span:
            return
        for v in self.rows("volume"):
            want = v["made_bytes"] if v["made_bytes"] > 0 and v["delete_us"] is None else None
            if open_.get(v["id"]) != want:
                self.say(f"volume: {v['id']} has {want} bytes, its open span says {open_.get(v['id'])}")

    def by_hand(self):
        """Corrections and credits say what the audit log says."""
        noted = {}
        for r in self.audit:
            if r["verb"] in ("credit.give", "charge.correct"):
                try:
                    noted[r["object"]] = (r, json.loads(r["detail"]))
                except ValueError:
                    self.say(f"audit: row {r['seq']} has no detail that can be read")
        for c in self.charge:
            if c["kind"] == "correction":
                self.correction(c, noted.pop(c["id"], None))
        for c in self.credit:
            row, said = noted.pop(c["id"], (None, None))
            if row is None:
                self.say(f"credit: {c['id']} is not in the audit log")
                continue
            self.differs(f"credit {c['id']}", c, {"account_id": said.get("account"), "amount": micro(said.get("amount")),
                                                  "note": said.get("note"), "at_us": row["at_us"]})
            if c["amount"] <= 0:
                self.say(f"credit: {c['id']} is {c['amount']}")
        for object_ in noted:
            self.say(f"audit: {object_} was made by hand, and is not in the store")
        self.numbered("credit", self.credit, "seq")

    def correction(self, c, note):
        of = self.charge_by_id.get(c["corrects"])
        if note is None:
            self.say(f"charge: the correction {c['id']} is not in the audit log")
            return
        row, said = note
        if of is None:
            self.say(f"charge: {c['id']} corrects {c['corrects']}, which is not there")
            return
        self.differs(f"charge {c['id']}", c, {
            "account_id": said.get("account"), "amount": micro(said.get("amount")), "reason": said.get("note"),
            "corrects": said.get("corrects"), "at_us": row["at_us"], "from_us": row["at_us"], "to_us": row["at_us"],
            "month": self.zone_at(row["at_us"]).month(row["at_us"])[0], "workspace_id": of["workspace_id"], "session_id": "", "volume_id": "",
            "resource": "", "epoch": 0, "segment": 0, "part": 0, "ns": 0, "bytes": 0, "rate": 0, "free": 0, "estimated": 0})
        if of["account_id"] != c["account_id"]:
            self.say(f"charge: {c['id']} corrects a charge of another account")

    def charges(self):
        self.compute()
        self.storage()
        self.by_hand()
        self.numbered("charge", self.charge, "seq")
        for c in self.charge:
            if c["kind"] not in ("compute", "storage", "correction"):
                self.say(f"charge: {c['id']} is of the kind {c['kind']!r}")
            if not self.is_old(c):
                self.book(c["id"], c, {"usage": c["amount"], "revenue": -c["amount"]}, c["at_us"])

    # --- invoices ---

    def invoices(self):
        self.numbered("invoice", self.invoice, "number")
        lines = defaultdict(list)
        for c in self.charge:
            if c["seq"] in self.line:
                lines[self.line[c["seq"]]].append(c)
        posted = {}
        for r in self.ledger:
            posted.setdefault(r["txn"], r["seq"])
        left, given = defaultdict(int), [(posted.get(c["id"], 0), c["account_id"], c["amount"]) for c in self.credit]
        prev, seen = bytes(32), set()
        for i in self.invoice:
            what = f"invoice {i['number']}"
            mine = lines.pop(i["number"], [])
            at = posted.get(i["id"], 0)
            for entry in [g for g in given if g[0] < at]:
                left[entry[1]] += entry[2]
                given.remove(entry)
            usage = sum(c["amount"] for c in mine)
            credit = max(0, min(left[i["account_id"]], usage))
            left[i["account_id"]] -= credit
            name, since, to = self.zone_at(i["closed_us"]).month((i["from_us"] + i["to_us"]) // 2)
            self.differs(what, i, {"usage_amount": usage, "credit_amount": credit, "due_amount": usage - credit, "lines": len(mine),
                                   "month": name, "from_us": since, "to_us": to})
            if (i["account_id"], i["month"]) in seen:
                self.say(f"{what}: {i['account_id']} has two of {i['month']}")
            seen.add((i["account_id"], i["month"]))
            for c in mine:
                if c["account_id"] != i["account_id"] or c["from_us"] >= i["to_us"]:
                    self.say(f"{what}: the line {c['id']} does not belong on it")
            self.left_out(i, at, posted, what)
            fields = [i[f] for f in ("number", "id", "account_id", "month", "from_us", "to_us", "closed_us", "usage_amount",
                                     "credit_amount", "due_amount", "currency", "lines", "name", "email")]
            for c in mine:
                fields += [c["id"], c["amount"]]
            if chain_add(prev, fields) != i["hash"]:
                self.say(f"{what}: its hash is wrong")
            prev = i["hash"]
            old = sum(c["amount"] for c in mine if self.is_old(c))
            books = {"usage": old - usage, "due": usage - credit}
            books.update({"receivable": -old} if old else {})
            books.update({"credit": credit} if credit else {})
            self.book(i["id"], {"account_id": i["account_id"], "session_id": "", "epoch": 0, "segment": 0, "ns": 0}, books, i["closed_us"])
        for number, ones in lines.items():
            self.say(f"invoice {number}: it has {len(ones)} lines and is not there")
        for seq in self.line.keys() - {c["seq"] for c in self.charge}:
            self.say(f"invoice {self.line[seq]}: its line {seq} is no charge")
        for r in self.rows("month_closed"):
            n = sum(i["month"] == r["month"] for i in self.invoice)
            if n != r["invoices"]:
                self.say(f"month {r['month']}: closed with {r['invoices']} invoices, there are {n}")

    def left_out(self, i, at, posted, what):
        """A charge that was there when it was closed, began before its end, and is on none until then."""
        for c in self.owner_charges[i["account_id"]]:
            there = posted.get(self.txn_of(c) if self.is_old(c) else c["id"], NEVER) < at
            if there and c["from_us"] < i["to_us"] and self.line.get(c["seq"], NEVER) > i["number"]:
                self.say(f"{what}: {c['id']} is left out")

    @property
    def owner_charges(self):
        if not hasattr(self, "_owner_charges"):
            self._owner_charges = defaultdict(list)
            for c in self.charge:
                self._owner_charges[c["account_id"]].append(c)
        return self._owner_charges

    # --- ledger and audit ---

    def book(self, txn, about, books, at):
        if txn in self.expected:
            self.say(f"ledger: {txn} would be booked twice")
        self.expected[txn] = ({f: about[f] for f in ("account_id", "session_id", "epoch", "segment", "ns")}, books, at)

    def books(self):
        for c in self.credit:
            self.book(c["id"], {"account_id": c["account_id"], "session_id": "", "epoch": 0, "segment": 0, "ns": 0},
                      {"grants": c["amount"], "credit": -c["amount"]}, c["at_us"])
        if "charge" not in self.has:  # of before there were charges
            for key, g in self.segment.items():
                self.book("-".join(str(k) for k in key), g, {"receivable": g["amount"], "revenue": -g["amount"]}, None)
        self.numbered("ledger", self.ledger, "seq")
        prev, booked, order = bytes(32), {}, []
        for r in self.ledger:
            fields = [r[f] for f in ("seq", "txn", "at_us", "account_id", "book", "amount", "currency", "session_id", "epoch", "segment", "ns")]
            if chain_add(prev, fields) != r["hash"]:
                self.say(f"ledger: the hash of line {r['seq']} is wrong")
            prev = r["hash"]
            lines = booked.setdefault(r["txn"], {})
            if r["book"] in lines:
                self.say(f"ledger: {r['txn']} is booked twice as {r['book']}")
            lines[r["book"]] = r
            if r["txn"] in self.charge_by_id and r["book"] == "usage":
                order.append(self.charge_by_id[r["txn"]]["seq"])
        for txn, (fields, books, at) in self.expected.items():
            have = booked.pop(txn, {})
            if {b: r["amount"] for b, r in have.items()} != books:
                self.say(f"ledger: {txn} is booked as { {b: r['amount'] for b, r in have.items()} }, computed {books}")
            for b, r in have.items():
                self.differs(f"ledger: {txn}, {b}", r, {**fields, **({} if at is None else {"at_us": at})})
        for txn in booked:
            self.say(f"ledger: {txn} is of no charge, credit or invoice")
        if order != sorted(order):
            self.say("ledger: charges are booked in another order than they were posted")
        if len({r["currency"] for r in self.ledger}) > 1:
            self.say("ledger: it has more than one currency")
        self.balances()

    def balances(self):
        """Each owner's books against what is on invoices and what is not."""
        have, want = defaultdict(int), defaultdict(int)
        for r in self.ledger:
            have[(r["account_id"], r["book"])] += r["amount"]
        for c in self.charge:
            old = self.is_old(c)
            want[(c["account_id"], "revenue")] -= c["amount"]
            want[(c["account_id"], "receivable" if old else "usage")] += 0 if c["seq"] in self.line else c["amount"]
        for c in self.credit:
            want[(c["account_id"], "grants")] += c["amount"]
            want[(c["account_id"], "credit")] -= c["amount"]
        for i in self.invoice:
            want[(i["account_id"], "credit")] += i["credit_amount"]
            want[(i["account_id"], "due")] += i["due_amount"]
        if "charge" in self.has:
            for key in have.keys() | want.keys():
                if have[key] != want[key]:
                    self.say(f"ledger: {key[1]} of {key[0]} is {have[key]}, computed {want[key]}")
        if sum(have.values()):
            self.say(f"ledger: it does not balance: {sum(have.values())}")

    def audit_log(self):
        self.numbered("audit", self.audit, "seq")
        prev = bytes(32)
        for r in self.audit:
            fields = [r[f] for f in ("seq", "at_us", "boot_ns", "account_id", "actor", "verb", "object", "detail", "source", "request_id")]
            if chain_add(prev, fields) != r["hash"]:
                self.say(f"audit: the hash of row {r['seq']} is wrong")
            prev = r["hash"]

    def run(self):
        self.segments()
        self.charges()
        self.invoices()
        self.books()
        self.audit_log()
        for f in self.findings:
            print(f.encode("utf-8", "backslashreplace").decode())
        print(f"{len(self.segment)} segments, {len(self.charge)} charges, {len(self.invoice)} invoices, {len(self.ledger)} ledger lines, "
              f"{len(self.audit)} audit rows"
              + (": they balance, and the chains hold" if not self.findings else f": {len(self.findings)} findings"))
        return 1 if self.findings else 0


def main():
    args, options, zone = [], set(), None
    it = iter(sys.argv[1:])
    for a in it:
        if a == "--zone":
            zone = next(it, None)
        elif a.startswith("--"):
            options.add(a)
        else:
            args.append(a)
    if len(args) != 2 or options - {"--live"}:
        print(__doc__)
        return 2
    try:
        return Auditor(args[0], args[1], "--live" in options, zone).run()
    except (sqlite3.Error, OSError, KeyError) as e:
        print(f"carrel-audit-ledger: {args[0]}: {e}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
