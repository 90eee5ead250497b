#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes the books from the journals, with nothing of the product's own code.

usage: audit-ledger.py CARREL.DB JOURNAL_DIR [--live]

Reads every journal (also in done/), makes segments of start and stop by doc/internals/journal.md, amounts by the price of the session,
both hash chains by src/core/chain.h, and compares with the store. --live: sessions still run; what is open is left out.
Prints one line per finding; exit 0 if there is none, 1 if there is, 2 if it could not look.
"""

import hashlib
import sqlite3
import struct
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

RECORD = 512
HOUR_NS = 3600 * 10**9


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


def half_even(x):
    whole, rest = divmod(x.numerator, x.denominator)
    twice = 2 * rest
    return whole + (twice > x.denominator or (twice == x.denominator and whole % 2 == 1))


def chain(rows):
    """Rows of (seq, fields…, hash): the numbers of those whose sum is wrong."""
    prev, bad = bytes(32), []
    for *fields, have in rows:
        h = hashlib.sha256(prev)
        for f in fields:
            raw = (f if isinstance(f, str) else str(f)).encode()
            h.update(struct.pack(">I", len(raw)) + raw)
        if h.digest() != have:
            bad.append(fields[0])
        prev = have
    return bad


def main():
    if len(sys.argv) < 3:
        print(__doc__)
        return 2
    live = "--live" in sys.argv[3:]
    db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    starts, stops = read_journals(Path(sys.argv[2]))
    findings = []
    say = findings.append

    sessions = {s: (rate, account, metered, cost, state) for s, rate, account, metered, cost, state in
                db.execute("SELECT id, price_per_hour, account_id, metered_ns, cost, state FROM session")}
    segments = {(s, e, g): (ns, amount, estimated, rate, account) for s, e, g, ns, amount, estimated, rate, account in
                db.execute("SELECT session_id, epoch, segment, ns, amount, estimated, price_per_hour, account_id FROM segment")}

    want = {}
    for key, stop in stops.items():
        start = starts.get(key)
        if start is None:
            say(f"journal: {key} stops without a start")
            continue
        if key[0] not in sessions:
            say(f"journal: {key} is of no session in the store")
            continue
        sound = start["boot_id"] == stop["boot_id"] and stop["boot"] >= start["boot"]
        ns = stop["boot"] - start["boot"] if sound else 0
        want[key] = (ns, half_even(Fraction(sessions[key[0]][0] * ns, HOUR_NS)), int(stop["estimated"] or not sound))
    if not live:
        for key in starts.keys() - stops.keys():
            say(f"journal: {key} has no stop")
    for key in want.keys() - segments.keys():
        if not live:
            say(f"segment: {key} of the journals is missing in the store")
    for key in segments.keys() - want.keys():
        say(f"segment: {key} of the store is in no journal")
    for key in want.keys() & segments.keys():
        ns, amount, estimated, rate, account = segments[key]
        if (ns, amount, estimated) != want[key]:
            say(f"segment: {key} is {(ns, amount, estimated)}, the journals say {want[key]}")
        if rate != sessions[key[0]][0] or account != sessions[key[0]][1]:
            say(f"segment: {key} has another price or account than its session")

    # No two segments of a session overlap.
    spans = defaultdict(list)
    for key in want:
        spans[(key[0], starts[key]["boot_id"])].append((starts[key]["boot"], stops[key]["boot"]))
    for (session, _), ones in spans.items():
        ones.sort()
        for a, b in zip(ones, ones[1:]):
            if b[0] < a[1]:
                say(f"segment: two of {session} overlap")

    sums = defaultdict(lambda: [0, 0])
    for (session, _, _), (ns, amount, *_rest) in segments.items():
        sums[session][0] += ns
        sums[session][1] += amount
    for session, (_, _, metered, cost, _) in sessions.items():
        if [metered, cost] != sums[session]:
            say(f"session: {session} shows {metered} ns and {cost}, its segments are {sums[session]}")

    rows = db.execute("SELECT seq, txn, at_us, account_id, book, amount, currency, session_id, epoch, segment, ns, hash FROM ledger"
                      " ORDER BY seq").fetchall()
    for seq in chain(rows):
        say(f"ledger: the hash of line {seq} is wrong")
    if [r[0] for r in rows] != list(range(1, len(rows) + 1)):
        say("ledger: numbers are missing")
    booked = defaultdict(dict)
    for r in rows:
        key = (r[7], r[8], r[9])
        if r[4] in booked[key]:
            say(f"ledger: {key} is booked twice as {r[4]}")
        booked[key][r[4]] = (r[5], r[3], r[10])
    for key, (ns, amount, _, _, account) in segments.items():
        if booked.get(key) != {"receivable": (amount, account, ns), "revenue": (-amount, account, ns)}:
            say(f"ledger: {key} is booked as {booked.get(key)}, the segment is {(amount, account, ns)}")
    for key in booked.keys() - segments.keys():
        say(f"ledger: {key} has no segment")
    total = sum(r[5] for r in rows)
    if total:
        say(f"ledger: it does not balance: {total}")

    audit = db.execute("SELECT seq, at_us, boot_ns, account_id, actor, verb, object, detail, source, request_id, hash FROM audit"
                       " ORDER BY seq").fetchall()
    for seq in chain(audit):
        say(f"audit: the hash of row {seq} is wrong")
    if [r[0] for r in audit] != list(range(1, len(audit) + 1)):
        say("audit: numbers are missing")

    for f in findings:
        print(f)
    print(f"{len(segments)} segments, {len(rows)} ledger lines, {len(audit)} audit rows"
          + (": they balance, and the chains hold" if not findings else f": {len(findings)} findings"))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
