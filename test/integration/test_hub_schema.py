# SPDX-License-Identifier: Apache-2.0
"""A store of the release before, brought up and back again, and killed at every step of the way up."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from core_alone import BUILD, Core, sanitized, wait_for
from oldstore import look, make_v2

# What reaches the disk or names a file; the rest can't make a difference to what is there afterwards.
CALLS = ("openat", "pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink", "rename", "close")
SEED = int(os.environ.get("CARREL_SEED", "20261121"))
NEWEST = 6
POINTS = int(os.environ.get("CARREL_SWEEP_POINTS", "30"))


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    path = tmp_path_factory.mktemp("v2") / "carrel.db"
    make_v2(path)
    return path


def place(old, folder):
    (folder / "db").mkdir(parents=True, mode=0o700)
    shutil.copy(old, folder / "db/carrel.db")
    return folder / "db/carrel.db"


def test_an_older_store_comes_up_with_a_copy_beside_it(old, tmp_path):
    db = place(old, tmp_path)
    before = look(db)
    core = Core(tmp_path).start()
    try:
        u = core.user("p3@example.org")
        assert len(u.ok("GET", "/workspaces")["items"]) == 1
        assert len(u.ok("GET", "/sessions?limit=1000")["items"]) == 150
    finally:
        assert core.stop() == 0
    after = look(db)
    assert after[0] == NEWEST and after[1:4] == before[1:4] and after[4:6] == before[2:4]
    assert look(tmp_path / "db/before-v6.db") == before


def carreld(*args):
    return subprocess.run([str(BUILD / "src/daemon/carreld"), "--no-config", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=30)


def test_back_to_the_older_release_and_up_again(old, tmp_path):
    state = tmp_path / "state"
    db = place(old, state)
    core = Core(state).start()
    u = core.user("p1@example.org")
    ws = u.ok("GET", "/workspaces")["items"][0]
    core.engine.volumes["v_1"] = 10**9  # which the store says is there
    u.start(ws)
    refused = carreld("downgrade-store", "2", f"state={state}")
    assert refused.returncode == 1 and "stop Carrel first" in refused.stderr
    u.stop(ws)
    assert core.stop() == 0
    ours = look(db)
    assert ours[0] == NEWEST and ours[1] == 3001
    for wrong in ("1", str(NEWEST), "x"):
        assert carreld("downgrade-store", wrong, f"state={state}").returncode in (1, 2)
    out = carreld("downgrade-store", "2", f"state={state}")
    assert out.returncode == 0 and "schema 2" in out.stdout, out.stderr
    back = look(db)
    assert back[0] == 2 and back[1:] == ours[1:], "nothing is dropped on the way back"
    assert look(state / "db/before-back.db") == ours
    core.start()
    try:
        assert len(core.user("p1@example.org").ok("GET", "/sessions?limit=1000")["items"]) == 151
    finally:
        assert core.stop() == 0
    now = look(db)
    assert now[:4] == ours[:4] and now[4:6] == now[2:4], "every segment has its charges"


def first_start(folder, *inject):
    """core-alone on that folder until it is ready, or has been killed. True: it came to be ready."""
    log, trace = folder / "core.log", folder / "trace"
    proc = subprocess.Popen(["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=" + ",".join(CALLS), *inject,
                             str(BUILD / "src/api/core-alone"), str(folder / "db"), str(folder / "core.sock"), f"unix:{folder}/engine.sock"],
                            stdin=subprocess.DEVNULL, stdout=open(log, "wb"), stderr=subprocess.STDOUT, start_new_session=True)
    end = time.monotonic() + 30
    try:
        while time.monotonic() < end:
            if proc.poll() is not None:
                return False
            if b"event=core_ready" in log.read_bytes():
                return True
            time.sleep(0.01)
        raise AssertionError(log.read_text())
    finally:
        try:
            os.killpg(proc.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        proc.wait()
        wait_for("end of the traced one", lambda: not answers(folder / "core.sock"))


def answers(path):
    """strace is waited for above, and is not the last to die."""
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(str(path))
        except OSError:
            return False
        return True


def test_killed_at_every_step_of_the_migration(old, tmp_path):
    """At any system call: old or new, whole; and the next start brings it up."""
    if not shutil.which("strace") or sanitized():
        pytest.skip("needs strace, and a build without sanitizers")
    place(old, tmp_path / "clean")
    assert first_start(tmp_path / "clean")
    wanted = look(tmp_path / "clean/db/carrel.db")
    made = re.findall(r"^\d+ +(\w+)\(", (tmp_path / "clean/trace").read_text(), re.M)
    points = [(call, n + 1) for call in CALLS for n in range(made.count(call))]
    # The end is where it turns; the rest, mostly pages being written, by chance.
    ends = [(call, n) for call, n in points if n > made.count(call) - 2]
    rng = random.Random(SEED)
    chosen = points if POINTS >= len(points) else sorted({*ends, *rng.sample(points, max(0, POINTS - len(ends)))})
    print(f"seed {SEED}: {len(chosen)} of {len(points)} points")
    before = look(old)
    seen = {"old": 0, "new": 0}
    for call, n in chosen:
        folder = tmp_path / f"{call}-{n}"
        db = place(old, folder)
        first_start(folder, "-e", f"inject={call}:signal=KILL:when={n}")
        now = look(db)
        if now[0] == 2:
            assert now == before, (call, n)
            seen["old"] += 1
        else:
            assert now[0] in range(3, NEWEST + 1) and now[1:] == wanted[1:], (call, n)  # a step at a time, each whole
            assert look(folder / "db/before-v6.db") == before, (call, n)
            seen["new"] += 1
        core = Core(folder)
        core.start()
        assert core.stop() == 0
        assert look(db) == wanted, (call, n)
        assert not (folder / "db/before-v6.db.part").exists()
        shutil.rmtree(folder)
    print(seen)
    assert seen["old"] and seen["new"]


def test_no_room_for_the_copy_means_no_migration(old, tmp_path):
    db = place(old, tmp_path)
    before = look(db)
    size = db.stat().st_size
    proc = subprocess.run(["prlimit", f"--fsize={size // 2}", str(BUILD / "src/api/core-alone"), str(tmp_path / "db"), str(tmp_path / "core.sock"),
                           f"unix:{tmp_path}/engine.sock"], capture_output=True, text=True, timeout=20)
    assert proc.returncode != 0
    assert look(db) == before
    core = Core(tmp_path).start()
    assert core.stop() == 0
    wait_for("the new schema", lambda: look(db)[0] == NEWEST)
