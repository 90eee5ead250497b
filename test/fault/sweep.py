#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sweep.py [--scenario A,B] [--kinds kill,error,alloc] [--points N] [--share K/N] [--seed S] [--point P]: a fault at every place of each scenario.

Each scenario runs once in peace to count the system calls (of each thread) and allocations that it makes. Then, once for each
point: it is prepared in peace, the n-th call is the process's last, or fails, or the n-th allocation fails; the process is started
again if it died, everything that was not answered is asked again with the same key, and the checker judges every promise.
--points N takes N of each scenario, chosen by the seed; without it, all. --share 2/3 takes the second of three parts. --point repeats one: thread:call:what:n, or alloc:n.
Of a scenario with more than 2,500 allocations, the first, the middle and the last of those that one chain of calls leads to.
"""

import argparse
import os
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import inject  # noqa: E402
from rig import BUILD, Died, Rig, Slow, fresh  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

MOST = 60       # of one call of one thread
RENEW = 40      # points, then a fresh store
WHOLE = 2500    # allocations; a start makes 50,000, most of them in SQLite's loops
LIB = BUILD / "test/fault/libfailalloc.so"
# An abort that says why is the house's answer to a small allocation that fails; a crash never is.
ON_PURPOSE = re.compile(r'event=check_failed (what=".*" at=\S+)|event=(?:database_fatal|core_ends).*')


def routes():
    text = (Path(__file__).resolve().parents[2] / "src/api/routes.c").read_text()
    for more in (Path(__file__).resolve().parents[2] / "src/api").glob("routes-*.c"):
        text += more.read_text()
    return text


def available():
    text = routes()
    return [n for n, fn in SCENARIOS.items() if not fn.needs or f'"{fn.needs[0]}", "{fn.needs[1]}"' in text]


class Sweep:
    """One scenario on cores that are renewed now and then."""

    def __init__(self, name, folder, kinds=("kill", "error")):
        self.name, self.fn, self.folder, self.kinds = name, SCENARIOS[name], Path(folder), kinds
        self.rig, self.used, self.allocations = None, 0, None
        self.of = ""
        self.tally = {"points": 0, "reached": 0, "deaths": 0, "slow": 0}
        self.aborts = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.rig:
            self.rig.stop()
            self.rig = None

    def ready(self):
        """A core with somebody signed in."""
        if self.rig and (self.used % RENEW == 0 or self.fn.once):
            self.close()
        if not self.rig:
            state, prefix = fresh(self.folder / "state"), ()
            if "alloc" in self.kinds:
                self.allocations = inject.Allocations(self.folder / "failalloc")
                prefix = self.allocations.prefix(LIB)
            self.rig = Rig(state, prefix=prefix).start()
            self.rig.sign_in()
        self.used += 1
        self.rig.ensure()
        return self.rig

    # --- counting ---

    def points(self):
        r = self.ready()
        if not self.fn.startup and not self.fn.once:  # statements are compiled at their first use
            self.finish(self.prepare(r))
            r.settle()
        act = self.prepare(r)
        alloc = "alloc" in self.kinds
        log = self.folder / "strace"
        if alloc:
            self.allocations.arm(0, watching=True)
        s = None if alloc or self.fn.startup else inject.Strace(r.core.proc.pid, log)
        if self.fn.startup:
            assert r.spawn(r.prefix if alloc else inject.whole(log)), r.words()
        count = self.allocations.count if alloc and self.fn.startup else 0
        self.finish(act)
        if alloc:
            count = count or self.allocations.count
            places = self.allocations.places
        elif s:
            s.end()
        else:
            r.core.kill()  # it was watched
        r.settle()
        refused = [x for x in r.log.entries if x["type"] not in ("invoke", "ok", "seen")]
        assert not refused, f"{self.name} does not do what it is meant to: {refused}"
        r.check()
        if alloc:
            return self.of_each_place(places[:count]) if count > WHOLE else [("alloc", i) for i in range(1, count + 1)]
        return inject.points_of(s.calls() if s else inject.calls_of_start(log), MOST, self.kinds)

    def of_each_place(self, places):
        by = {}
        for i, place in enumerate(places, 1):
            by.setdefault(place, []).append(i)
        self.of = f" (first, middle and last of {len(by)} chains of calls, {len(places)} allocations)"
        return [("alloc", i) for i in sorted({i for all_ in by.values() for i in (all_[0], all_[len(all_) // 2], all_[-1])})]

    @staticmethod
    def finish(act):
        for _ in act:
            raise AssertionError("a scenario yields once")

    # --- one point ---

    def one(self, point):
        """True if the point was reached. Raises with everything that is needed to see why when a promise is broken."""
        self.tally["points"] += 1
        r = self.ready()
        try:
            hit = self.start_point(r, point) if self.fn.startup else self.point(r, point)
            r.settle()
            r.check()
            if len(r.core.engine.running) > 10:
                r.tidy()
        except Exception as e:
            kept = self.folder / f"broken-{self.name}"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(r.dir, kept, ignore=lambda d, names: [n for n in names if n.endswith((".sock", ".reserve"))])
            self.close()
            raise AssertionError(f"{self.name} at {text(point)}: {type(e).__name__}: {str(e)[:6000]}\nwhat there was is in {kept}; again: "
                                 f"test/fault/sweep.py --scenario {self.name} --point {text(point)}") from e
        self.tally["reached"] += hit
        return hit

    def prepare(self, r):
        act = self.fn(r)
        next(act)
        if r.alive():
            r.remember()
            if self.fn.startup:
                r.core.kill()
        return act

    def point(self, r, point):
        act = self.prepare(r)
        s = None if isinstance(point, tuple) else inject.Strace(r.core.proc.pid, self.folder / "strace", point)
        if not s:
            self.allocations.arm(point[1])
        try:
            self.finish(act)
        except Died:
            pass
        except Slow:
            self.tally["slow"] += 1
        finally:
            hit = s.end() if s else self.disarm()
        self.died(r)
        return hit

    def start_point(self, r, point):
        act, log = self.prepare(r), self.folder / "strace"
        if isinstance(point, tuple):
            self.allocations.arm(point[1])
            r.spawn(r.prefix)
            hit = self.disarm()
            self.died(r)
        else:
            up = r.spawn(inject.whole(log, point))
            hit = inject.reached(log, up)
            self.died(r, point)
            if up:
                r.core.kill()  # strace holds it
        r.ensure()
        self.finish(act)
        return hit

    def disarm(self):
        hit = self.allocations.failed > 0
        self.allocations.arm(0)
        return hit

    def died(self, r, point=None):
        """A death must be by kill, or the process's own decision, said aloud."""
        if not r.gone():
            return
        self.tally["deaths"] += 1
        r.core.proc.wait()
        code, words = r.core.proc.returncode, r.words(1000)
        said = ON_PURPOSE.findall(words)
        if code == 127 and "error while loading" in words:
            return  # not even our first line
        if code == -11 and point == LOADERS:
            return  # nor that: any program's
        if code not in (-9, 70) and not (code in (-6, 1) and said):
            raise AssertionError(f"ended with {code}:\n{r.words()}")
        if code == -6:
            self.aborts.add(said[-1])


# What the loader wants first of all; without it it falls over, whatever program it loads.
LOADERS = inject.Point(-1, "mmap", "ENOMEM", 1)


def text(point):
    return f"alloc:{point[1]}" if isinstance(point, tuple) else str(point)


def parse(word):
    return ("alloc", int(word[6:])) if word.startswith("alloc:") else inject.Point.parse(word)


def sample(points, n, seed, name):
    if n is None or n >= len(points):
        return points
    return random.Random(f"{seed} {name}").sample(points, n)


def part(points, share):
    k, n = map(int, share.split("/"))
    return points[k - 1::n]


def run(name, kinds, n, seed, folder, share="1/1"):
    """A line of figures; raises at the first broken promise."""
    began = time.monotonic()
    with Sweep(name, folder, kinds) as s:
        everything = s.points()
        chosen = part(sample(everything, n, seed, name), share)
        for p in chosen:
            s.one(p)
        t = s.tally
        return (f"{name} ({'+'.join(kinds)}): {t['points']} of {len(everything)} points{s.of}, {t['reached']} reached, {t['deaths']} deaths, {t['slow']} slow, "
                f"all promises held, {time.monotonic() - began:.0f} s, seed {seed}"
                + "".join(f"\n    ended itself: {a}" for a in sorted(s.aborts))), t


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--scenario")
    p.add_argument("--kinds", default="kill,error")
    p.add_argument("--points", type=int)
    p.add_argument("--share", default="1/1", metavar="K/N")
    p.add_argument("--seed", type=int, default=int(os.environ.get("CARREL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31))
    p.add_argument("--point")
    a = p.parse_args()
    names = [n for n in (a.scenario.split(",") if a.scenario else SCENARIOS) if n in available() or print(n, "is not in this build")]
    failed = total = reached = deaths = 0
    with tempfile.TemporaryDirectory(prefix="carrel-sweep-") as tmp:
        for name in names:
            try:
                if a.point:
                    point = parse(a.point)
                    with Sweep(name, tmp, ("alloc",) if isinstance(point, tuple) else ("kill", "error")) as s:
                        print(name, text(point), "reached" if s.one(point) else "not reached", flush=True)
                    continue
                for kinds in (("alloc",), ("kill", "error")) if "alloc" in a.kinds else (tuple(a.kinds.split(",")),):
                    if not set(kinds) & set(a.kinds.split(",")):
                        continue
                    line, tally = run(name, tuple(k for k in kinds if k in a.kinds), a.points, a.seed, tmp, a.share)
                    total, reached, deaths = total + tally["points"], reached + tally["reached"], deaths + tally["deaths"]
                    print(line, flush=True)
            except Exception as e:  # the others are swept all the same
                failed += 1
                print(f"BROKEN {name}: {type(e).__name__}: {e}", flush=True)
                kept = Path(tmp) / f"broken-{name}"
                if kept.exists():
                    shutil.copytree(kept, f"/tmp/carrel-broken-{name}", dirs_exist_ok=True)
    print(f"total: {len(names)} scenarios, {total} points, {reached} reached, {deaths} deaths, {failed} broken, seed {a.seed}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
