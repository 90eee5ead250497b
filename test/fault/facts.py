# SPDX-License-Identifier: Apache-2.0
"""What of one hub is on the machine: facts.py STATE [--before FILE] prints it as JSON for checker.py."""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from processes import cmdline, start_time  # noqa: E402


def instance(state):
    return hashlib.sha256(str(Path(state).resolve()).encode()).hexdigest()[:8]


def containers(runtime):
    """One for each session directory whose first process lives."""
    found = []
    for path in Path(runtime, "sessions").glob("*/state"):
        session, _, epoch = path.parent.name.rpartition("-")
        try:
            pid = next((int(x.partition("=")[2]) for x in path.read_text().splitlines() if x.partition("=")[0].strip() == "pid"), 0)
        except (OSError, ValueError):
            continue
        start = start_time(pid) if pid else None
        if start is not None:
            found.append({"session": session, "epoch": int(epoch), "pid": pid, "start": start})
    return found


def processes(name):
    """(pid, words) of everything that has the instance's name in its command or its cgroup."""
    found = []
    for p in Path("/proc").glob("[0-9]*"):
        line = " ".join(cmdline(p.name))
        try:
            groups = (p / "cgroup").read_text()
        except OSError:
            continue
        if f"/run/carrel/{name}" in line or f"carrel-{name}" in groups:
            found.append((int(p.name), line))
    return found


def of(state, before=None):
    name = instance(state)
    runtime = f"/run/carrel/{name}"
    procs = processes(name)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if runtime in line]
    return {
        "containers": containers(runtime), "pids": [pid for pid, line in procs if "carrel" in line.split(" ")[0]],
        "shims": [m.group(0) for pid, line in procs if "carrel-shim" in line and (m := re.search(r"s_[0-9a-z]+-\d+", line))],
        "cgroups": [str(p) for p in Path("/sys/fs/cgroup").glob(f"**/carrel-{name}/**/") if re.search(r"/s_[0-9a-z]+-\d+/?$", str(p))],
        "mounts": mounts, "folders": [str(p) for p in Path(runtime, "sessions").glob("*")], **({"before": before} if before else {}),
    }


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("state")
    p.add_argument("--before", help="an earlier answer of this program")
    a = p.parse_args()
    before = json.loads(Path(a.before).read_text())["containers"] if a.before else None
    print(json.dumps(of(a.state, before), indent=1))


if __name__ == "__main__":
    main()
