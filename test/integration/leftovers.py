# SPDX-License-Identifier: Apache-2.0
"""What a hub may leave on the machine: nothing. Looked for by the hub's own names, so that a neighbour's hub is none of ours."""

import os
from pathlib import Path

from product import wait_for


def processes(hub):
    """Programs of this hub, and whatever runs in one of its cgroups."""
    marks = (str(hub.state), hub.runtime)
    found = []
    for p in Path("/proc").iterdir():
        if not p.name.isdigit() or int(p.name) == os.getpid():
            continue
        try:
            line = (p / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            groups = (p / "cgroup").read_text()
        except OSError:
            continue
        ours = "carrel" in line and any(m in line for m in marks)
        if ours or f"carrel-{hub.instance}" in groups:
            found.append((int(p.name), line[:120]))
    return found


def mounts(hub):
    return [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()
            if hub.runtime in line or (str(hub.state) + "/") in line]


def loops(hub):
    found = []
    for p in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            if p.read_text().startswith(str(hub.state) + "/"):
                found.append(p.parts[3])
        except OSError:
            pass
    return found


def cgroups(hub):
    return [str(p) for p in Path("/sys/fs/cgroup").glob("**/*carrel*") if p.is_dir() and hub.instance in p.name]


def runtime(hub):
    return [hub.runtime] if Path(hub.runtime).exists() else []


PARTS = {"processes": processes, "mounts": mounts, "loop devices": loops, "cgroups": cgroups, "runtime directory": runtime}


def left_by(hub):
    return {k: v for k, v in ((k, fn(hub)) for k, fn in PARTS.items()) if v}


def check_clean(hub, timeout=60):
    try:
        wait_for("clean machine", lambda: not left_by(hub), timeout, 0.5)
    except AssertionError:
        raise AssertionError(f"left behind: {left_by(hub)}") from None
