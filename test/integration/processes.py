# SPDX-License-Identifier: Apache-2.0
"""Finds the processes of one hub by what they are, so that a test may end exactly those."""

import os
from pathlib import Path


def children_of():
    kids = {}
    for p in Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                stat = (p / "stat").read_text()
            except OSError:
                continue
            ppid = int(stat.rsplit(")", 1)[1].split()[1])
            kids.setdefault(ppid, []).append(int(p.name))
    return kids


def cmdline(pid):
    try:
        return [a.decode(errors="replace") for a in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]]
    except OSError:
        return []


def start_time(pid):
    """Field 22 of /proc/PID/stat: with the pid, it names a process for ever. None for one that has ended, collected or not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return None if fields[0] in "ZX" else int(fields[19])
    except (OSError, IndexError):
        return None


def roles(hub):
    """pid of each living process of this hub: parent, edge…, core, engine."""
    found = {"parent": [hub.proc.pid]} if hub.proc and hub.proc.poll() is None else {}
    for pid in children_of().get(hub.proc.pid, []) if hub.proc else []:
        line = cmdline(pid)
        if len(line) > 1 and os.path.basename(line[0]).startswith("carreld"):
            found.setdefault(line[1], []).append(pid)
    return found


def shims(hub):
    """pids of the shims whose session directory belongs to this hub."""
    found = []
    for p in Path("/proc").iterdir():
        if p.name.isdigit():
            line = cmdline(p.name)
            if line and os.path.basename(line[0]) == "carrel-shim" and any(hub.runtime in a for a in line[1:]):
                found.append(int(p.name))
    return found
