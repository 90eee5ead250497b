# SPDX-License-Identifier: Apache-2.0
"""What a hub may leave on the machine: nothing. Taken before, compared after."""

import os
from pathlib import Path

from product import wait_for


def carrel_processes():
    found = set()
    for p in Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                exe = os.readlink(p / "exe")
                line = (p / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if "carrel" in os.path.basename(exe) or "/opt/carrel/" in line or "/opt/venv/" in exe:
                found.add((int(p.name), line[:120]))
    return found


def mounts():
    return {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if "carrel" in line}


def loops():
    found = set()
    for p in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            found.add((p.parts[3], p.read_text().strip()))
        except OSError:
            pass
    return {x for x in found if x[1].endswith(".img") or "carrel" in x[1]}


def cgroups():
    return {str(p) for p in Path("/sys/fs/cgroup").glob("**/*carrel*") if p.is_dir()}


def links():
    return {p.name for p in Path("/sys/class/net").iterdir() if p.name.startswith("cv")}


def runtime():
    return {p.name for p in Path("/run/carrel").glob("*") if p.name != "slots"}


class Leftovers:
    PARTS = {"processes": carrel_processes, "mounts": mounts, "loop devices": loops, "cgroups": cgroups,
             "interfaces": links, "runtime directories": runtime}

    def __init__(self):
        self.before = {k: fn() for k, fn in self.PARTS.items()}

    def new(self):
        now = {k: fn() - self.before[k] for k, fn in self.PARTS.items()}
        return {k: sorted(v) for k, v in now.items() if v}

    def check(self, timeout=60):
        try:
            wait_for("clean machine", lambda: not self.new(), timeout, 0.5)
        except AssertionError:
            raise AssertionError(f"left behind: {self.new()}") from None
