# SPDX-License-Identifier: Apache-2.0
"""Series, ratios and the table of doc/benchmarks.md. A figure is a ratio of medians taken alternately in one run."""

import os
import platform
import statistics
import time


def cpu_idle_fraction(seconds=0.4):
    def read():
        f = [int(x) for x in open("/proc/stat").readline().split()[1:]]
        return f[3] + f[4], sum(f)

    i0, t0 = read()
    time.sleep(seconds)
    i1, t1 = read()
    return (i1 - i0) / max(1, t1 - t0)


def quiet(tries=25):
    """Waits until the machine is at least 92 % idle; says whether it came to that."""
    for _ in range(tries):
        if cpu_idle_fraction() >= 0.92:
            return True
    return False


class Series:
    def __init__(self, name, unit="ms"):
        self.name, self.unit, self.values, self.failures = name, unit, [], 0

    def add(self, v):
        self.values.append(v)

    def time(self, fn):
        t = time.perf_counter()
        try:
            r = fn()
        except Exception:
            self.failures += 1
            raise
        self.add((time.perf_counter() - t) * 1e3)
        return r

    def q(self, p):
        v = sorted(self.values)
        return v[min(len(v) - 1, int(p * len(v)))]

    @property
    def p50(self):
        return statistics.median(self.values)

    def text(self):
        return (f"{self.name}: p50 {self.p50:.2f} p90 {self.q(.9):.2f} p99 {self.q(.99):.2f} max {max(self.values):.2f} "
                f"{self.unit}, n={len(self.values)}, failures={self.failures}")


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, ours, theirs, peer, goal, ratio, unit, met, note=""):
        self.rows.append((what, ours, theirs, peer, ratio, goal, unit, met, note))
        print(f"== {what}: ours {ours:.2f} {unit}, {peer} {theirs:.2f} {unit}, ratio {ratio:.3f} (goal {goal}): "
              f"{'met' if met else 'NOT met'} {note}", flush=True)

    def ratio(self, what, ours, theirs, peer, goal_max, unit="ms", note=""):
        r = ours / theirs if theirs else float("inf")
        self.add(what, ours, theirs, peer, f"≤ {goal_max}", r, unit, r <= goal_max, note)

    def at_least(self, what, ours, theirs, peer, goal_min, unit="/s", note=""):
        r = ours / theirs if theirs else float("inf")
        self.add(what, ours, theirs, peer, f"≥ {goal_min}", r, unit, r >= goal_min, note)

    def markdown(self):
        out = ["| what | Carrel | peer or floor | ratio | goal | met |", "|---|---|---|---|---|---|"]
        for what, ours, theirs, peer, ratio, goal, unit, met, note in self.rows:
            out.append(f"| {what}{' (' + note + ')' if note else ''} | {ours:.2f} {unit} | {peer}: {theirs:.2f} {unit} | "
                       f"{ratio:.3f} | {goal} | {'yes' if met else '**no**'} |")
        return "\n".join(out)

    def finish(self):
        """Prints the table, and adds it to the file that tools/bench gathers."""
        print(machine(), self.markdown(), sep="\n")
        if out := os.environ.get("CARREL_BENCH_OUT"):
            with open(out, "a") as f:
                f.write(f"\n{self.markdown()}\n")


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return f"{os.cpu_count()} × {cpu}, Linux {platform.release()}"


def pss_kib(pid):
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def rss_kib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
