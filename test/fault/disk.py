#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""disk.py [--cuts N] [--flips N] [--seed S]: the store on a file system of its own, which loses its power, fills up, goes read-only;
and single bits of the store that turn over.

A power cut is ext4's shutdown without flushing its log: what was not on disk is gone. After each: mount, start, ask again, judge.
It takes the file system alone, and an fsync that it meets on its way may even say 0 (seen with bare SQLite on a log that grows, a
fifth of all cuts): a real one takes the machine, so what core says after it began is not heard by anybody.
"""

import argparse
import contextlib
import fcntl
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import checker  # noqa: E402
from load import Person  # noqa: E402
from rig import Died, Rig, fresh, wait_for  # noqa: E402

FS_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, u32)
NO_LOG_FLUSH = 2
RENEW = 25  # cuts, then a fresh file system


class Disk:
    """A small ext4 on a loop device."""

    def __init__(self, image, where, size="96M"):
        self.image, self.where = Path(image), Path(where)
        self.where.mkdir(parents=True, exist_ok=True)
        run("truncate", "-s", size, self.image)
        run("mkfs.ext4", "-q", "-F", "-m", "0", self.image)
        self.mounted = False

    def mount(self):
        run("mount", "-o", "loop,errors=remount-ro", self.image, self.where)
        self.mounted = True
        return self

    def unmount(self):
        if self.mounted:
            wait_for("unmount", lambda: subprocess.run(["umount", self.where], capture_output=True, check=False).returncode == 0, 20)
        self.mounted = False

    def cut(self):
        fd = os.open(self.where, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def repair(self):
        self.unmount()
        subprocess.run(["e2fsck", "-fp", self.image], capture_output=True, check=False)
        self.mount()

    def device(self):
        for line in Path("/proc/mounts").read_text().splitlines():
            if line.split()[1] == str(self.where):
                return line.split()[0].rsplit("/", 1)[1]
        return None


def run(*argv):
    subprocess.run([str(a) for a in argv], check=True, capture_output=True)


@contextlib.contextmanager
def rig_on_disk(folder, size="96M"):
    folder = Path(fresh(Path(folder) / "state"))
    disk = Disk(folder.with_suffix(".img"), folder / "db", size).mount()
    r = Rig(folder)
    try:
        r.start().sign_in()
        yield r, disk
    finally:
        if r.alive():
            r.core.kill()
        r.stop()
        disk.unmount()
        disk.image.unlink()


def busy(r, person, until):
    while not until.is_set():
        try:
            person.step()
        except (Died, OSError):
            if not r.alive():
                return


def power_cut(r, disk, person, rng):
    cut = threading.Event()

    def pull():
        r.lights_out()
        disk.cut()
        cut.set()

    timer = threading.Timer(rng.uniform(0.005, 0.15), pull)
    timer.start()
    busy(r, person, cut)
    timer.join()
    if r.alive():
        r.core.kill()
    disk.unmount()
    disk.mount()
    r.lights_on()
    r.ensure()
    r.settle()
    r.check()


def cuts(folder, seed, n):
    rng, done, acked, began = random.Random(f"{seed} cuts"), 0, 0, time.monotonic()
    while done < n:
        with rig_on_disk(folder) as (r, disk):
            person = Person(r, rng, f"c{done}")
            for _ in range(min(RENEW, n - done)):
                try:
                    power_cut(r, disk, person, rng)
                except AssertionError as e:
                    raise AssertionError(f"power cut {done}, seed {seed}: {e}") from e
                done += 1
            acked += len([x for x in r.log.entries if x["type"] == "ok"])
    return f"{n} power cuts, {acked} acknowledged calls, 0 lost, all promises held, {time.monotonic() - began:.0f} s, seed {seed}"


def full(folder, seed, rounds=4):
    """Full to the last byte: what runs can be stopped, what is there can be deleted; with room again everything goes by itself."""
    rng, healed = random.Random(f"{seed} full"), []
    with rig_on_disk(folder) as (r, disk):
        person = Person(r, rng, "full")
        for i in range(rounds):
            for _ in range(6):
                person.make()
            spaces = list(person.spaces.values())
            person.start(spaces[0])
            r.settle()
            ballast = disk.where / "ballast"
            with open(ballast, "wb") as f, contextlib.suppress(OSError):
                while True:
                    f.write(bytes(1 << 16))
                    f.flush()
            for _ in range(400):  # until the log has no room either
                person.make()
                if r.log.entries[-1]["type"] != "ok":
                    break
                assert r.alive(), r.words()
            assert r.log.entries[-1].get("status") == 507, r.log.entries[-1]
            assert r.get("/workspaces?limit=1")["items"], "reads work"
            person.stop(spaces[0])
            assert r.log.entries[-1]["type"] == "ok", r.log.entries[-1]
            person.delete(spaces[1])
            assert r.log.entries[-1]["type"] == "ok", r.log.entries[-1]
            r.settle()
            r.check()
            if i == 1:  # a start in this state too
                r.core.kill()
                r.start(engine=False)
            ballast.unlink()
            began = time.monotonic()
            wait_for("readiness", lambda: r.core.call("GET", "/readyz").status == 200, 20)
            person.make()
            assert r.log.entries[-1]["type"] == "ok", r.log.entries[-1]
            healed.append(time.monotonic() - began)
            r.settle()
            r.check()
            for w in list(person.spaces.values()):
                person.delete(w)
            r.settle()
    assert max(healed) <= 5, healed
    return f"{rounds} times full: reads, stop and delete worked at 0 bytes free; well again within {max(healed):.2f} s"


def read_only(folder, seed, rounds=3):
    """The kernel finds the file system broken and makes it read-only, as it does on a failing disk."""
    rng = random.Random(f"{seed} read-only")
    with rig_on_disk(folder) as (r, disk):
        person = Person(r, rng, "ro")
        for _ in range(rounds):
            for _ in range(rng.randrange(3, 12)):
                person.step()
            trigger = Path("/sys/fs/ext4") / disk.device() / "trigger_fs_error"
            trigger.write_text("1")
            with contextlib.suppress(Died, OSError):
                for _ in range(5):
                    person.step()
            refused = r.log.entries[-1]
            assert refused["type"] != "ok" or refused["op"] == "tidy", refused
            if r.alive():
                r.core.kill()
            disk.repair()
            r.ensure()
            r.settle()
            r.check()
    return f"{rounds} times read-only: nothing acknowledged was lost"


WATCHED = ("ledger", "audit", "segment", "charge", "credit", "invoice", "invoice_line")


def dump(path):
    """The watched tables' rows as SQLite reads them; None if it can't."""
    db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    db.text_factory = bytes
    try:
        there = {r[0].decode() for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return [db.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall() for t in WATCHED if t in there]
    except sqlite3.Error:
        return None
    finally:
        db.close()


def population(folder):
    """A closed store with some of everything."""
    r = Rig(fresh(Path(folder) / "state")).start().sign_in()
    try:
        for _ in range(8):
            r.running(r.workspace())
        r.tidy()
    finally:
        r.stop()
    return r


def flips(folder, seed, n, starts=20):
    """Single bits of the store. Whatever changes the books or the audit log must be noticed; nothing may crash core."""
    rng, began = random.Random(f"{seed} flips"), time.monotonic()
    r = population(folder)
    path = r.dir / "db/carrel.db"
    whole, want = path.read_bytes(), dump(path)
    noticed = harmless = elsewhere = 0
    rows = [whole.find(x) for table in want for row in table for x in row if isinstance(x, bytes) and len(x) == 32]
    rows = [at for at in rows if at > 0]  # a chained row ends with its hash
    assert len(rows) > 20, "nothing to spoil"
    for i in range(n):
        at = max(0, rng.choice(rows) - rng.randrange(-32, 200)) if i % 4 else rng.randrange(len(whole))
        bit = rng.randrange(8)
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1:])
        have = dump(path)
        e = None
        try:
            e = checker.Evidence(r.dir)
            broken = any(v == "broken" for v, _ in checker.judge(e, {"P3", "P22", "P23"}).values())
        except (sqlite3.Error, UnicodeDecodeError, TypeError, ValueError, RuntimeError):
            broken = True
        finally:
            if e:
                e.close()
        assert have == want or broken, f"bit {bit} of byte {at} changed the books unnoticed; seed {seed}, flip {i}"
        noticed, harmless, elsewhere = noticed + broken, harmless + (have == want and not broken), elsewhere + (have == want and broken)
        if i % max(1, n // starts) == 0:
            survive(r, f"bit {bit} of byte {at}; seed {seed}, flip {i}")
    path.write_bytes(whole)
    shutil.rmtree(r.dir)
    return (f"{n} bits turned: {noticed} noticed ({noticed - elsewhere} of them in the books or the audit log: all), {harmless} changed nothing "
            f"there, 0 crashes in {min(n, starts)} starts, {time.monotonic() - began:.0f} s, seed {seed}")


def survive(r, where):
    """Core starts, or says why not; it never crashes."""
    r.core.engine.listener = None
    up = False
    with contextlib.suppress(AssertionError):
        up = r.spawn(())
    if up:
        with contextlib.suppress(OSError):
            r.send("GET", "/api/v1/workspaces", None, {})
            r.send("GET", "/api/v1/usage", None, {})
    if r.alive():
        r.core.kill()
    code = r.core.proc.returncode
    assert code in (-9, 1, 70) or (code == -6 and "check_failed" in r.words(800)), f"core ended with {code} after {where}\n{r.words()}"
    r.core.engine.away()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--cuts", type=int, default=20)
    p.add_argument("--flips", type=int, default=100)
    p.add_argument("--seed", type=int, default=int(os.environ.get("CARREL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31))
    a = p.parse_args()
    print(f"seed {a.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="carrel-disk-") as tmp:
        print(cuts(tmp, a.seed, a.cuts), flush=True)
        print(full(tmp, a.seed), flush=True)
        print(read_only(tmp, a.seed), flush=True)
        print(flips(tmp, a.seed, a.flips), flush=True)


if __name__ == "__main__":
    main()
