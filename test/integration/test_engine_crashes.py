# SPDX-License-Identifier: Apache-2.0
"""The local engine when something is killed, cut short, full or asked for too much."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from engine_fixtures import clean, host, kinds, no_session_is_left
from enginehost import EngineHost, MIB, collect, images, leftovers, shim_program
from enginewire import EngineError
from journal import records as read_journal
from processes import start_time
from product import wait_for

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not images().exists() or not shim_program().exists(),
    reason="needs root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)",
)


# --- crashes ---------------------------------------------------------------


def test_a_killed_shim_is_replaced_and_the_session_goes_on(host):
    s = host.session(idle_seconds=300).ready()
    s.ok("(sleep 1000 >/dev/null 2>&1 & echo $! > pid)")
    before, shim = s.identity(), s.shim()
    host.call("SESSION_DEADLINE", session=s.name, epoch=1, idle_seconds=200, extend_until_boot_ns=0, max_at_boot_ns=0)
    os.kill(shim, signal.SIGKILL)
    collect()
    wait_for("new shim", lambda: s.shim() not in (None, shim), 10)
    wait_for("line to the shim", lambda: "idle_seconds = 200" in (s.dir / "state").read_text(), 5)
    assert s.identity() == before and s.ok("kill -0 $(cat pid) && echo there") == "there"

    def reports():
        s.ask_agent("a 0 0")
        return [v for n, v in host.client.events if n == "EV_ACTIVITY" and v["session"] == s.name]

    wait_for("activity over the new shim", reports, 10, 0.3)
    stop = s.end()
    assert stop["reason"] == "user" and not stop["estimated"]
    assert kinds(host, s) == [(1, ""), (2, "user")]
    clean(host)


def test_a_killed_engine_changes_nothing_for_sessions(host):
    s = host.session().ready()
    before = s.identity(), s.shim()
    host.kill()
    assert s.ok("echo alive") == "alive"
    host.start()
    assert s.wait("EV_READY")
    assert (s.identity(), s.shim()) == before
    assert host.call("SESSION_STATS", session=s.name, epoch=1)["pids"] >= 1
    s.end()
    clean(host)


def test_shim_and_container_killed_together(host):
    s = host.session().ready()
    time.sleep(5.5)  # so that there is a beat
    pid, shim = s.pid, s.shim()
    host.kill()
    os.kill(shim, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_for("death", lambda: (collect(), start_time(pid) is None)[1], 10)
    host.start()
    stop = s.stopped(20)
    assert stop["reason"] == "shim-lost" and stop["estimated"] == 1
    start = read_journal(host.journals()[s.key])[0]
    assert stop["boottime_ns"] >= start.boottime_ns
    s.gone()
    clean(host)


def test_a_shim_killed_while_it_took_everything_away(host):
    """Its sockets' folder had gone already: who takes over finishes the work."""
    s = host.session().ready()
    pid, shim = s.pid, s.shim()
    host.kill()
    os.kill(shim, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_for("death", lambda: (collect(), start_time(pid) is None)[1], 10)
    shutil.rmtree(s.sockets)
    host.start()
    s.gone(20)
    assert [k for k, _ in kinds(host, s)] == [1, 2]
    clean(host)


def test_pid_1_ends_by_itself_or_is_killed(host):
    s = host.session().ready()
    s.ask_agent("x 7")
    stop = s.stopped()
    assert (stop["reason"], stop["exit_status"]) == ("exit", 7 << 8)
    s.gone()
    t = host.session().ready()
    os.kill(t.pid, signal.SIGKILL)
    assert t.stopped()["exit_status"] == 9
    t.gone()
    clean(host)


@pytest.mark.parametrize("delay_ms", [1, 5, 10, 15, 20, 30, 40, 60, 80, 120])
@pytest.mark.parametrize("victim", ["shim", "launcher", "engine"])
def test_a_start_cut_short_leaves_nothing(host, victim, delay_ms):
    """kill -9 somewhere in the start: it ends as failed, or goes on; nothing is half there."""
    volume = host.volume()
    s = host.session(volume_id=volume)
    end = time.monotonic() + delay_ms / 1000
    while time.monotonic() < end:
        pass
    if victim == "engine":
        host.kill()
        host.start()
    else:
        shim = s.shim()
        if shim:
            pids = [shim] if victim == "shim" else children(shim)
            for p in pids:
                try:
                    os.kill(p, signal.SIGKILL)
                except ProcessLookupError:
                    pass
    collect()

    def decided():
        collect()
        names = [(n, v.get("kind")) for n, v in host.client.events if v.get("session") == s.name]
        return ("EV_READY", None) in names or ("EV_RUN", 2) in names

    wait_for("end or readiness", decided, 40, 0.02)
    if s.dir.exists():
        s.stop(grace=0)
    s.gone()
    records = read_journal(host.journals()[s.key])
    assert [r.kind for r in records] == [1, 2], records
    clean(host)
    host.call("VOLUME_DELETE", volume_id=volume)


@pytest.mark.parametrize("delay_ms", [0, 5, 20, 60, 200, 1050])
def test_a_stop_cut_short_goes_on(host, delay_ms):
    s = host.session().ready()
    s.ask_agent("i 1")
    shim = s.shim()
    s.stop(grace=1)
    time.sleep(delay_ms / 1000)
    try:
        os.kill(shim, signal.SIGKILL)
    except ProcessLookupError:
        pass
    collect()
    s.gone()
    records = read_journal(host.journals()[s.key])
    assert [r.kind for r in records] == [1, 2] and records[1].reason == "user"
    clean(host)


def children(pid):
    try:
        return [int(x) for t in Path(f"/proc/{pid}/task").iterdir() for x in (t / "children").read_text().split()]
    except OSError:
        return []


def test_a_start_that_cannot_succeed_says_why(host):
    with pytest.raises(EngineError) as e:
        host.session(image_id="nothing")
    assert e.value.code == -2 and "make-image" in e.value.message
    with pytest.raises(EngineError) as e:
        host.session(volume_id="v_missing")
    assert e.value.code == -2
    volume = host.volume()
    path = host.state / "volumes" / f"{volume}.img"
    with open(path, "r+b") as f:
        f.seek(1024)
        f.write(b"\0" * 4096)
    s = host.session(volume_id=volume)
    failed = s.wait("EV_FAILED")
    assert failed["phase"] == "volume" and failed["reason"] == "start-failed" and "e2fsck" in failed["message"]
    stop = s.stopped()
    start = read_journal(host.journals()[s.key])[0]
    assert stop["boottime_ns"] == start.boottime_ns and stop["reason"] == "start-failed"
    s.gone()
    clean(host)


def test_random_kills(host):
    """Starts, stops and kill -9 of everything, at random: each run has one start and one stop, nothing is left."""
    seed = int(os.environ.get("CARREL_SEED", time.time_ns() % 1000000))
    print("CARREL_SEED =", seed)
    rnd = random.Random(seed)
    volumes = [host.volume() for _ in range(3)]
    runs, live = [], []
    for _ in range(int(os.environ.get("CARREL_KILLS", "40"))):
        live = [s for s in live if s.dir.exists()]
        action = rnd.choice(["start", "start", "stop", "engine", "shim", "init", "launcher", "all"])
        s = rnd.choice(live) if live else None
        if action == "start" and len(live) < 3:
            free = [v for v in volumes if v not in [x.values["volume_id"] for x in live]]
            live.append(host.session(volume_id=rnd.choice(free)))
            runs.append(live[-1])
        elif action == "engine":
            host.kill()
            host.start()
        elif s and action == "stop":
            s.stop(grace=rnd.choice([0, 1]))
        elif s and action != "start":
            shim = s.shim()
            victims = {"shim": [shim], "launcher": children(shim) if shim else [], "init": [], "all": [shim]}[action]
            if action in ("init", "all"):
                try:
                    victims = victims + [s.pid]
                except (OSError, KeyError):
                    pass
            for pid in filter(None, victims):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        collect()
        time.sleep(rnd.choice([0, 0.01, 0.05, 0.1, 0.3]))
    for s in live:
        if s.dir.exists():
            try:
                s.stop(grace=0)
            except EngineError as e:
                assert e.code == -2  # just gone
    clean(host)
    for s in runs:
        records = read_journal(host.journals()[s.key])
        assert [r.kind for r in records] == [1, 2], (s.key, records)
        assert records[1].boottime_ns >= records[0].boottime_ns
    for v in volumes:
        assert subprocess.run(["e2fsck", "-fp", str(host.state / "volumes" / f"{v}.img")], capture_output=True).returncode in (0, 1)


def test_one_volume_has_one_session(host):
    s = host.session().ready()
    with pytest.raises(EngineError) as e:
        host.call("VOLUME_DELETE", volume_id=s.values["volume_id"])
    assert e.value.code == -16
    with pytest.raises(EngineError) as e:
        host.call("VOLUME_GROW", volume_id=s.values["volume_id"], size_bytes=128 * MIB)
    assert e.value.code == -16
    t = host.session(volume_id=s.values["volume_id"])
    s.end()  # the second one waits for the first to let go
    t.ready(30)
    t.end()
    host.call("VOLUME_GROW", volume_id=s.values["volume_id"], size_bytes=128 * MIB)
    assert host.call("VOLUME_STAT", volume_id=s.values["volume_id"])["size_bytes"] == 128 * MIB
    u = host.session(volume_id=s.values["volume_id"]).ready()
    assert int(u.ok("df -B1M --output=size ~ | tail -1")) > 110
    u.end()
    host.call("VOLUME_DELETE", volume_id=s.values["volume_id"])
    host.call("VOLUME_DELETE", volume_id=s.values["volume_id"])


def test_no_more_is_promised_than_there_is(host):
    with pytest.raises(EngineError) as e:
        host.volume(1 << 44)
    assert e.value.code == -28


def test_bad_ids_are_refused(host):
    for bad in ("", "../x", "a/b", "A", "x" * 41, ".x", "-x"):
        with pytest.raises(EngineError):
            host.call("VOLUME_CREATE", volume_id=bad[:40] if len(bad) < 41 else "x\x7f", size_bytes=64 * MIB)
    for change in ({"env": '{"lower":"x"}'}, {"env": "[]"}, {"hostname": "a b"}, {"image_id": "../etc"}, {"pids": 1}):
        with pytest.raises(EngineError) as e:
            host.session(**change)
        assert e.value.code in (-22, -2)


def test_a_lost_host_ends_runs_at_their_last_beat(host):
    """A reboot, as far as it can be had here: everything killed, run-time state gone."""
    s = host.session().ready()
    time.sleep(6)
    host.kill()
    shim, pid = s.shim(), s.pid
    os.kill(shim, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_for("death", lambda: (collect(), start_time(pid) is None)[1], 10)
    subprocess.run(["rm", "-rf", str(host.run)], check=True)
    host.start()
    stop = s.stopped(10)
    assert stop["reason"] == "host-lost" and stop["estimated"] == 1
    start = read_journal(host.journals()[s.key])[0]
    assert 4e9 < stop["boottime_ns"] - start.boottime_ns < 7e9
    clean(host)


def test_many_at_once(host):
    sessions = [host.session(memory_bytes=128 * MIB) for _ in range(8)]
    for s in sessions:
        s.ready(60)
    bases = {(s.dir / "shim.conf").read_text().split("userns_base = ")[1].split("\n")[0] for s in sessions}
    assert len(bases) == 8
    for s in sessions:
        s.stop(grace=0)
    for s in sessions:
        s.stopped(60)
        s.gone()
    clean(host)


def test_volumes_freeze_before_the_disk_is_full_and_thaw_again(tmp_path_factory):
    """On a small file system of its own: writers wait, nothing is lost."""
    base = tmp_path_factory.mktemp("small")
    disk, where = base / "disk", base / "mnt"
    where.mkdir()
    subprocess.run(["truncate", "-s", "400M", str(disk)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(disk)], check=True)
    subprocess.run(["mount", "-o", "loop", str(disk), str(where)], check=True)
    h = EngineHost(where / "h", scratch=64 * MIB, pool_stop=100 * MIB, pool_low=0)
    try:
        h.start()
        s = h.session(volume_id=h.volume(128 * MIB), idle_seconds=0).ready()
        t = h.session(volume_id=h.volume(64 * MIB)).ready()
        ballast = where / "ballast"
        subprocess.run(["fallocate", "-l", "280M", str(ballast)], check=True)
        wait_for("freeze", lambda: "volume_frozen" in h.log.read_text(), 10)
        assert "frozen" in h.call("HOST_FACTS")["warnings"]
        s.ask_agent("u (dd if=/dev/zero of=f bs=1M count=30 conv=fsync status=none && touch written) >/dev/null 2>&1 & exit 0", 10)
        time.sleep(1)
        assert s.run("test -e written")[0] != 0
        t.end()  # a frozen session can be ended
        ballast.unlink()
        wait_for("thaw", lambda: s.run("test -e written")[0] == 0, 30, 0.3)
        s.end()
        # Both shims clean up behind a disk that has just thawed.
        wait_for("nothing left", lambda: not leftovers(h), 60)
    finally:
        h.stop()
        # loop devices of the sessions hold it for an instant longer
        wait_for("unmount", lambda: subprocess.run(["umount", str(where)], capture_output=True).returncode == 0, 20)


def test_another_runtime_gets_the_filter_as_json(tmp_path):
    """A program of another name before crun stands for any other OCI runtime."""
    runtime = tmp_path / "oci-runtime"
    runtime.write_text('#!/bin/sh\nexec crun --cgroup-manager=disabled "$@"\n')
    runtime.chmod(0o755)
    h = EngineHost(tmp_path / "h", runtime=runtime)
    try:
        h.start()
        s = h.session().ready()
        assert "seccomp" in json.loads((s.dir / "config.json").read_text())["linux"]
        assert "Seccomp:\t2" in s.ok("cat /proc/self/status")
        assert s.run("unshare -U true")[0] != 0
        assert s.ok("python3 -c 'import threading; t = threading.Thread(target=print, args=(7,)); t.start(); t.join()'") == "7"
        s.end()
        clean(h)
    finally:
        h.stop()
