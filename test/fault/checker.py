#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""checker.py STATE [--log FILE] [--facts FILE] [--secrets FILE] [--only P3,P5]: judges every promise that a machine can judge.

STATE holds db/carrel.db and journal/ (with done/). The log is the client's own (clientlog.py); facts is a JSON object of what ran
before and what is on the machine now (facts.py); secrets, one a line, must be found nowhere. Prints a line for each promise,
held, broken with the evidence, or not judged with the reason. Exit status 1 if one is broken.
"""

import argparse
import contextlib
import functools
import json
import sqlite3
import struct
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import clientlog  # noqa: E402
from promises import JUDGES, NotJudged  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
RECORD = 512
SHOWN = 5  # findings of one promise


class Evidence:
    """What the judges look at. Everything is read once, at the first question."""

    def __init__(self, state, log=(), facts=None, secrets=()):
        self.state, self.log = Path(state), list(log)
        self.facts, self.canaries = facts or {}, list(secrets)
        self.db = sqlite3.connect(f"file:{self.state}/db/carrel.db?mode=ro", uri=True)
        self.now_boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self.journal, self.journal_holes = read_journals(self.state / "journal")

    def close(self):
        self.db.close()

    def rows(self, sql, args=()):
        """[] for a table of a later schema than the store's."""
        try:
            return self.db.execute(sql, args).fetchall()
        except sqlite3.OperationalError as err:
            if "no such table" in str(err):
                return []
            raise

    def one(self, sql, args=()):
        r = self.db.execute(sql, args).fetchone()
        return r[0] if r else None

    def dicts(self, sql):
        cursor = self.db.execute(sql)
        names = [c[0] for c in cursor.description]
        return [dict(zip(names, r)) for r in cursor.fetchall()]

    def seen(self, what):
        return [x for x in self.log if x["type"] == "seen" and x["what"] == what]

    @functools.cached_property
    def sessions(self):
        return self.dicts("SELECT * FROM session ORDER BY seq")

    @functools.cached_property
    def segments(self):
        return self.dicts("SELECT * FROM segment ORDER BY seq")

    @functools.cached_property
    def audit(self):
        return self.dicts("SELECT seq, boot_ns, account_id, verb, object FROM audit ORDER BY seq")

    @functools.cached_property
    def audit_lines(self):
        """What tools/audit-ledger.py finds; it shares no code with the product, nor with this program."""
        live = any(s["state"] in ("queued", "starting", "running", "stopping") for s in self.sessions)
        # A process of its own: a connection that it forgot in this one would see a store that is gone.
        out = subprocess.run([sys.executable, "-SE", str(ROOT / "tools/audit-ledger.py"), str(self.state / "db/carrel.db"),
                              str(self.state / "journal"), *(["--live"] if live else [])], capture_output=True, text=True, check=False)
        if out.returncode not in (0, 1):
            return [f"audit-ledger.py could not look: {(out.stdout + out.stderr)[-500:]}"]
        return out.stdout.splitlines()[:-1] if out.returncode else []

    def leaks(self):
        """(secret, where) of each secret that is where it must not be."""
        # Another process reads: closing a store's file drops every lock that this one holds on it.
        out = subprocess.run(["grep", "-raoF", "--exclude=*.img", "--exclude=*.reserve", "-f", "-", str(self.state)],
                             input="\n".join(self.canaries), capture_output=True, text=True, errors="replace", check=False)
        for line in out.stdout.splitlines():
            where, _, secret = line.rpartition(":")
            yield secret, where
        for pid in self.facts.get("pids", []):
            for name in ("cmdline", "environ"):
                with contextlib.suppress(OSError):
                    data = Path(f"/proc/{pid}/{name}").read_bytes()
                    yield from ((c, f"/proc/{pid}/{name}") for c in self.canaries if c.encode() in data)
        for x in self.seen("answer"):
            yield from ((c, f"the answer of {x['path']}") for c in self.canaries if c in x["body"])


def read_journals(folder):
    found, holes = [], []
    for path in [*sorted(folder.glob("*.journal")), *sorted((folder / "done").glob("*.journal"))]:
        data, bad = path.read_bytes(), None
        for at in range(0, len(data) - RECORD + 1, RECORD):
            r = data[at:at + RECORD]
            if r[:4] != b"CRLJ" or sha256(r[:504]).digest()[:8] != r[504:]:
                bad = at // RECORD if bad is None else bad
                continue
            if bad is not None:
                holes.append((path.name, bad))
                break
            kind, session, epoch, segment, _, estimated, boot, wall, _, _, _, status = struct.unpack_from("<I40sIIIIQqQQIi", r, 4)
            boot_id, reason = struct.unpack_from("<40s32s", r, 104)
            found.append({"kind": kind, "session": session.rstrip(b"\0").decode(), "epoch": epoch, "segment": segment,
                          "estimated": estimated, "boot": boot, "wall": wall, "exit_status": status, "done": path.parent.name == "done",
                          "boot_id": boot_id.rstrip(b"\0").decode(), "reason": reason.rstrip(b"\0").decode()})
    return found, holes


def judge(evidence, only=None):
    """{promise: (verdict, findings or reason)}; verdict is held, broken or "not judged"."""
    verdicts = {}
    for name, fn in JUDGES.items():
        if only and name not in only:
            continue
        try:
            found = fn(evidence)
            verdicts[name] = ("broken", found) if found else ("held", [])
        except NotJudged as why:
            verdicts[name] = ("not judged", [str(why)])
        except sqlite3.DatabaseError as err:
            verdicts[name] = ("broken", [f"the store can't be read: {err}"])
    return verdicts


def lines(verdicts):
    for name, (verdict, found) in verdicts.items():
        text = JUDGES[name].__doc__.splitlines()[0]
        if verdict == "held":
            yield f"{name:4} held        {text}"
        elif verdict == "not judged":
            yield f"{name:4} not judged  {found[0]}"
        else:
            yield f"{name:4} BROKEN      {text}"
            yield from (f"       {f}" for f in found[:SHOWN])
            if len(found) > SHOWN:
                yield f"       and {len(found) - SHOWN} more"


def check(state, log=(), facts=None, secrets=(), only=None):
    """For tests: raises with the lines if a promise is broken, else returns the verdicts."""
    e = Evidence(state, log, facts, secrets)
    try:
        verdicts = judge(e, only)
    finally:
        e.close()
    assert not any(v == "broken" for v, _ in verdicts.values()), "\n" + "\n".join(lines(verdicts))
    return verdicts


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("state")
    p.add_argument("--log")
    p.add_argument("--facts")
    p.add_argument("--secrets")
    p.add_argument("--only")
    a = p.parse_args()
    if not (Path(a.state) / "db/carrel.db").exists():
        sys.exit(f"checker: there is no db/carrel.db in {a.state}")
    e = Evidence(a.state, clientlog.read(a.log) if a.log else (), json.loads(Path(a.facts).read_text()) if a.facts else None,
                 Path(a.secrets).read_text().split() if a.secrets else ())
    verdicts = judge(e, set(a.only.split(",")) if a.only else None)
    print("\n".join(lines(verdicts)))
    sys.exit(any(v == "broken" for v, _ in verdicts.values()))


if __name__ == "__main__":
    main()
