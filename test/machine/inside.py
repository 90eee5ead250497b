#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""inside.py: what is tried on the machine itself, by a service that starts with it; Python's own library only.

First start: the service, a session with its limits and a kernel, a restart of the service beside it, an end, a files process, then a
session that runs when the power is cut. Second start: what is left of that. Each point is a line `ok WORDS` or `FAILED WORDS: WHY`
on the console; the last line is `done`.
"""

import json
import os
import re
import subprocess
import time
import traceback
import urllib.request
from pathlib import Path

STATE = Path("/var/lib/machine-test")
GROUPS = Path("/sys/fs/cgroup")
PATIENCE = 180  # s; the machine may be emulated


def tell(text):
    print(text, flush=True)
    with open("/dev/console", "w") as out:
        out.write(f"machine-test: {text}\n")


def run(*args):
    r = subprocess.run(args, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, "HOME": "/root"})
    assert r.returncode == 0, f"{' '.join(args)}: {r.returncode} {r.stdout} {r.stderr}"
    return r.stdout


def carrel(*args):
    return run("/usr/local/bin/carrel", *args)


def wait_for(what, fn):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            value = fn()
        except (OSError, AssertionError, ValueError):
            value = None
        if value:
            return value
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


def show(name):
    return json.loads(carrel("workspace", "show", name, "--json"))


def group(session):
    """The session's own cgroup."""
    (found,) = [d for base in GROUPS.glob("carrel-*") for d in base.glob(f"{session['id']}-*")]
    return found


def pids(session):
    return {int(p) for p in (group(session) / "cgroup.procs").read_text().split()}


def jupyter(session, method, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:8888/-/s/{session['id']}/api/{path}", method=method,
                                     data=json.dumps(body).encode() if body else None)
    request.add_header("Authorization", "token " + (STATE / "token").read_text())
    request.add_header("Host", "localhost:8888")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        text = answer.read()
    return json.loads(text) if text else None


# --- the first start ---


def the_service_is_ready():
    wait_for("carrel.service", lambda: run("systemctl", "is-active", "carrel").strip() == "active")
    code = wait_for("code", lambda: re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", carrel("admin", "sign-in-code")))
    carrel("login", "http://localhost:8888", "--code", code[0])
    (STATE / "token").write_text(json.loads(carrel("token", "create", "machine", "--json"))["token"])


def the_doctor_finds_nothing_missing():
    out = carrel("doctor")
    assert "0 missing" in out and "cgroups version 2" in out, out


def a_session_starts_with_its_limits():
    carrel("workspace", "create", "one", "--type", "small", "--storage", "1GiB")
    carrel("start", "one")
    s = show("one")["session"]
    where = group(s)
    assert (where / "memory.max").read_text().strip() == str(2 << 30)
    assert (where / "cpu.max").read_text().split() == ["100000", "100000"]
    assert (where / "pids.max").read_text().strip() == "1024"


def a_kernel_runs_within_them():
    s = show("one")["session"]
    before = pids(s)
    kernel = jupyter(s, "POST", "kernels", {"name": "python3"})["id"]
    wait_for("idle kernel", lambda: jupyter(s, "GET", f"kernels/{kernel}")["execution_state"] == "idle")
    assert len(pids(s) - before) >= 1, "the kernel is in another cgroup"


def the_kernel_spares_nobody_for_the_hubs_sake():
    scores = {int(Path(f"/proc/{p}/oom_score_adj").read_text()) for p in pids(show("one")["session"])}
    assert min(scores) >= 0 and max(scores) > 0, scores


def the_service_starts_again_beside_it():
    s = show("one")["session"]
    before = pids(s)
    for _ in range(2):
        run("systemctl", "restart", "carrel")
        wait_for("hub", lambda: carrel("whoami"))
    wait_for("session", lambda: show("one")["session"]["state"] == "running")
    assert show("one")["session"]["id"] == s["id"] and pids(s) == before
    assert jupyter(s, "GET", "kernels")[0]["execution_state"] == "idle"
    carrel("extend", "one", "2h")


def what_was_stopped_leaves_no_group():
    s = show("one")["session"]
    where = group(s)
    carrel("stop", "one")
    wait_for("end of the group", lambda: not where.exists())


def its_files_are_shown_while_it_is_stopped():
    Path("/root/note.txt").write_text("kept\n")
    carrel("files", "put", "/root/note.txt", "one")
    assert "note.txt" in carrel("files", "ls", "one")


def a_session_runs_when_the_power_is_cut():
    carrel("start", "one")
    s = show("one")["session"]
    (STATE / "session").write_text(s["id"])
    os.sync()  # what is this test's own; what follows is Carrel's to keep
    jupyter(s, "PUT", "contents/work.txt", {"type": "file", "format": "text", "content": "saved, so it stays\n"})


# --- the second ---


def the_cut_session_has_ended_and_says_why():
    wait_for("hub", lambda: carrel("whoami"))
    session = (STATE / "session").read_text()
    wait_for("end", lambda: (show("one").get("session") or {}).get("id") != session)
    lines = [i for i in json.loads(carrel("usage", "--json"))["items"] if i["session_id"] == session]
    assert lines and 0 < float(lines[0]["seconds"]) < 3600, lines


def what_was_saved_is_there():
    carrel("files", "get", "one:work.txt", "/root/work.txt")
    assert Path("/root/work.txt").read_text() == "saved, so it stays\n"
    carrel("start", "one")
    assert jupyter(show("one")["session"], "GET", "contents/note.txt")["content"] == "kept\n"
    carrel("stop", "one")


def the_service_stops():
    run("systemctl", "stop", "carrel")


FIRST = [the_service_is_ready, the_doctor_finds_nothing_missing, a_session_starts_with_its_limits, a_kernel_runs_within_them,
         the_kernel_spares_nobody_for_the_hubs_sake, the_service_starts_again_beside_it, what_was_stopped_leaves_no_group,
         its_files_are_shown_while_it_is_stopped, a_session_runs_when_the_power_is_cut]
SECOND = [the_cut_session_has_ended_and_says_why, what_was_saved_is_there, the_service_stops]


def main():
    again = (STATE / "session").exists()
    STATE.mkdir(parents=True, exist_ok=True)
    failed = False
    for step in SECOND if again else FIRST:
        words = step.__name__.replace("_", " ")
        try:
            step()
            tell(f"ok {words}")
        except Exception as e:  # any of them is a failure of this step, and the next ones say more
            failed = True
            tell(f"FAILED {words}: {' '.join(str(e).split())[:600] or type(e).__name__}")
            traceback.print_exc()
    if failed:
        for line in run("journalctl", "-u", "carrel", "--no-pager", "-n", "40", "-o", "cat").splitlines():
            tell(f"log {line[:300]}")
    tell("done")
    Path("/proc/sysrq-trigger").write_text("o" if again or failed else "b")


if __name__ == "__main__":
    main()
