# SPDX-License-Identifier: Apache-2.0
"""The parent: its roles come back, its errors say what to do, and two of it live side by side."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leftovers import check_clean, left_by
from processes import roles, start_time
from product import BUILD, Hub, free_port, wait_for

CARRELD = str(BUILD / "src/daemon/carreld")


def carreld(*args, timeout=30):
    return subprocess.run([CARRELD, "--no-config", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout)


def status(hub):
    out = carreld("status", *hub.args())
    assert out.returncode == 0, out.stderr
    found = {}
    for line in out.stdout.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def identity(hub):
    return {name: {(p, start_time(p)) for p in pids} for name, pids in roles(hub).items()}


@pytest.mark.parametrize("name", ["edge", "core", "engine"])
def test_a_killed_role_is_back_within_a_second(hub, name):
    before = identity(hub)
    victim = roles(hub)[name][0]
    os.kill(victim, signal.SIGKILL)
    killed = time.monotonic()
    others = len(before[name])
    wait_for(f"new {name}", lambda: len(set(roles(hub).get(name, [])) - {victim}) == others, 5, 0.01)
    assert time.monotonic() - killed < 1
    hub.wait_ready(5)
    assert time.monotonic() - killed < 3
    after = identity(hub)
    for other in before:
        if other != name:
            assert after[other] == before[other], f"{other} was not to be touched"


def test_a_role_killed_again_and_again_is_started_with_a_bounded_delay(hub):
    for _ in range(6):
        victim = roles(hub)["engine"][0]
        os.kill(victim, signal.SIGKILL)
        killed = time.monotonic()
        wait_for("new engine", lambda: set(roles(hub).get("engine", [])) - {victim}, 5, 0.01)  # noqa: B023
        assert time.monotonic() - killed < 1.5
    hub.wait_ready(10)


def test_the_status_file_names_every_process(hub):
    found = status(hub)
    assert found["url"] == [hub.url]
    for name, pids in roles(hub).items():
        assert sorted(int(v.split()[0]) for v in found[name]) == sorted(pids)
        for value in found[name]:
            pid, start = map(int, value.split())
            assert start_time(pid) == start


def test_a_second_parent_on_the_same_state_is_refused(hub):
    out = carreld(*[a for a in hub.args() if not a.startswith("port=")], f"port={free_port()}")
    assert out.returncode == 1
    assert f"already runs on {hub.state}" in out.stderr and str(hub.proc.pid) in out.stderr
    hub.wait_ready(5)


def test_a_taken_port_says_by_whom_and_how_to_choose_another(tmp_path):
    code = "import socket, sys\ns = socket.create_server(('127.0.0.1', 0))\nprint(s.getsockname()[1], flush=True)\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        port = int(other.stdout.readline())
        out = carreld(f"state={tmp_path / 'state'}", f"port={port}")
        other.stdin.close()
    assert out.returncode == 1
    assert f"port {port} is taken by " in out.stderr
    assert f"pid {other.pid}" in out.stderr
    assert f"PORT={port + 1}" in out.stderr


def test_two_instances_run_side_by_side(hub, tmp_path_factory):
    other = Hub(tmp_path_factory.mktemp("second") / "state")
    try:
        other.start()
        hub.wait_ready(5)
        cores = [next(line for line in Path(f"/proc/{roles(h)['core'][0]}/status").read_text().splitlines()
                      if line.startswith("Uid:")) for h in (hub, other)]
        assert cores[0] != cores[1], "two instances must not share a uid"
        assert hub.login().get("/me") and other.login().get("/me")
    finally:
        other.stop()
    check_clean(other)
    hub.wait_ready(5)


def test_a_killed_parent_takes_its_roles_along_and_restarts(tmp_path_factory):
    hub = Hub(tmp_path_factory.mktemp("killed") / "state")
    try:
        hub.start()
        pids = [p for name, all_ in roles(hub).items() if name != "parent" for p in all_]
        starts = {p: start_time(p) for p in pids}
        hub.kill()
        wait_for("end of all roles", lambda: all(start_time(p) != starts[p] for p in pids), 2, 0.01)
        hub.start()
        assert hub.login().get("/me")
    finally:
        hub.stop()
    check_clean(hub)


def test_sigterm_ends_everything_in_order(tmp_path_factory):
    hub = Hub(tmp_path_factory.mktemp("term") / "state")
    hub.start()
    assert len(roles(hub)) == 4
    hub.proc.send_signal(signal.SIGTERM)
    assert hub.proc.wait(20) == 0
    check_clean(hub, 5)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", hub.port))


@pytest.mark.parametrize("argument, message", [
    ("prot=1", "unknown key prot: did you mean port?"),
    ("port=0", "port must be 1 to 65535, not \"0\""),
    ("auto_stop_default=30d", "auto_stop_default must be 10s to 7d"),
    ("state=relative", "state must be a path that begins with /"),
    ("slot=3", "unknown key slot"),
])
def test_a_wrong_argument_is_explained(argument, message):
    out = carreld("check", argument)
    assert out.returncode == 2
    assert message in out.stderr


def test_a_wrong_line_in_the_file_is_named(tmp_path):
    file = tmp_path / "carrel.conf"
    file.write_text("[server]\nport = 8888\n\n[sessions]\nauto_stop_defualt = 1h\n")
    out = subprocess.run([CARRELD, "--config", str(file), "check"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert out.returncode == 2
    assert f"{file} line 5: unknown key auto_stop_defualt: did you mean auto_stop_default?" in out.stderr


def test_the_example_file_is_a_valid_configuration(tmp_path):
    example = subprocess.run([CARRELD, "--config-example"], capture_output=True, text=True, check=True).stdout
    file = tmp_path / "carrel.conf"
    file.write_text("\n".join(line[1:] if line.startswith("#") and not line.startswith("# ") else line
                              for line in example.splitlines()))
    out = subprocess.run([CARRELD, "--config", str(file), "check"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr


def test_a_role_is_not_started_by_hand():
    out = subprocess.run([CARRELD, "edge", "x"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
    assert out.returncode == 1
    assert "started by carreld itself" in out.stderr


def test_stop_ends_sessions_even_when_the_parent_was_killed(tmp_path_factory):
    hub = Hub(tmp_path_factory.mktemp("stop") / "state")
    try:
        api = hub.start().login()
        ws = api.workspace("orphan", instance_type="small")
        api.start(ws)
        hub.kill()
        out = carreld("stop", *hub.args(), timeout=90)
        assert out.returncode == 0, out.stderr
        check_clean(hub)
    finally:
        if left_by(hub):
            hub.stop()
