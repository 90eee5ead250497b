# SPDX-License-Identifier: Apache-2.0
"""The local engine and its shims when a session means harm, or something hangs, at the worst moment."""

import ctypes
import fcntl
import os
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest

from engine_fixtures import clean, host, kinds, no_session_is_left
from enginehost import EngineHost, MIB, collect, images, leftovers, shim_program
from enginewire import EngineError, encode
from processes import start_time
from product import BUILD, wait_for

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not images().exists() or not shim_program().exists(),
    reason="needs root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)",
)


def stats(host, s):
    return host.call("SESSION_STATS", session=s.name, epoch=1)


def new_shim(s, old):
    os.kill(old, signal.SIGKILL)
    collect()
    wait_for("new shim", lambda: s.shim() not in (None, old), 10)


def hears_its_agent(host, s):
    """What the agent says comes to the engine."""
    def heard():
        s.ask_agent("a 0 0")
        return [v for n, v in host.client.events if n == "EV_ACTIVITY" and v["session"] == s.name]

    wait_for("activity", heard, 10, 0.3)


# --- what a hostile agent can reach of its shim ------------------------------


def descriptor_of(pid, fd):
    """The open file description that process `pid` has as `fd`: what is set on it, is set for all who share it."""
    pidfd = os.pidfd_open(pid)
    got = ctypes.CDLL(None, use_errno=True).syscall(438, pidfd, fd, 0)  # pidfd_getfd
    os.close(pidfd)
    assert got >= 0, os.strerror(ctypes.get_errno())
    return got


def test_a_blocking_log_does_not_stop_the_shim(host):
    s = host.session(idle_seconds=300).ready()
    fd = descriptor_of(s.pid, 1)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NONBLOCK)
    os.write(fd, b"read this, and wait for more\n")
    time.sleep(0.3)
    t = time.monotonic()
    assert stats(host, s)["pids"] >= 1 and time.monotonic() - t < 3
    os.close(fd)
    wait_for("log", lambda: "wait for more" in host.call("SESSION_LOG", session=s.name, epoch=1, max_bytes=0)["text"], 5)
    assert s.end()["reason"] == "user"
    clean(host)


def test_a_folder_in_the_place_of_the_shims_socket(host):
    s = host.session(idle_seconds=300).ready()
    sock = s.sockets / "shim.sock"
    sock.unlink()
    (sock / "deep/er").mkdir(parents=True)
    before = s.identity()
    new_shim(s, s.shim())
    hears_its_agent(host, s)
    assert s.identity() == before and sock.is_socket()
    s.end()
    s.gone()
    clean(host)


def test_a_link_in_the_place_of_the_shims_socket(host, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("the host's")
    victim.chmod(0o644)
    s = host.session(idle_seconds=300).ready()
    sock = s.sockets / "shim.sock"
    sock.unlink()
    sock.symlink_to(victim)
    new_shim(s, s.shim())
    hears_its_agent(host, s)
    st = victim.stat()
    assert (st.st_mode & 0o7777, st.st_uid, victim.read_text()) == (0o644, 0, "the host's")
    assert sock.is_socket() and not sock.is_symlink()
    s.end()
    s.gone()
    clean(host)


def test_an_agent_that_keeps_its_shim_from_listening_ends_in_time(host):
    s = host.session(idle_seconds=8).ready()
    sock = s.sockets / "shim.sock"
    sock.unlink()
    sock.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(sock)], check=True)  # nobody gets that out of the way
    try:
        before = s.identity()
        new_shim(s, s.shim())
        wait_for("line to the shim", lambda: stats(host, s)["pids"] >= 1, 5)
        assert s.identity() == before
        assert s.stopped(20)["reason"] == "idle"
    finally:
        subprocess.run(["umount", str(sock)], check=True)
    s.gone()
    clean(host)


# --- what hangs, and what is killed ------------------------------------------


def test_nobody_waits_for_a_shim_that_hangs(host):
    s = host.session().ready()
    shim = s.shim()
    os.kill(shim, signal.SIGSTOP)
    try:
        t = time.monotonic()
        with pytest.raises(EngineError) as e:
            stats(host, s)
        assert e.value.code == -11 and 8 < time.monotonic() - t < 20
    finally:
        os.kill(shim, signal.SIGCONT)

    def answers():
        try:
            return stats(host, s)["pids"] >= 1
        except EngineError:
            return False

    wait_for("answer", answers, 15, 0.2)
    s.end()
    s.gone()
    clean(host)


def test_an_engine_that_cannot_start_leaves_the_packet_rules_alone(host):
    s = host.session().ready()
    table = ["nft", "list", "table", "inet", f"carrel_{host.slot}"]
    before = subprocess.run(table, capture_output=True, check=True).stdout
    host.kill()
    values = {"state": host.state, "run_dir": host.run, "instance": host.instance, "slot": host.slot, "image_dir": images(),
              "session_dir": host.files, "shim": shim_program(), "edge_gid": 64000 + 4 * host.slot, "network": "no network"}
    out = subprocess.run([str(BUILD / "src/engine/engine-alone"), str(host.base / "other.sock"), *[f"{k}={v}" for k, v in values.items()]],
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    assert out.returncode != 0
    assert subprocess.run(table, capture_output=True, check=True).stdout == before
    host.start()
    s.end()
    s.gone()
    clean(host)


# --- volumes, on a small file system of its own --------------------------------


@contextmanager
def small_disk(base, **settings):
    disk, where = base / "disk", base / "mnt"
    where.mkdir()
    subprocess.run(["truncate", "-s", "400M", str(disk)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(disk)], check=True)
    subprocess.run(["mount", "-o", "loop", str(disk), str(where)], check=True)
    h = EngineHost(where / "h", scratch=64 * MIB, pool_low=0, **settings)
    try:
        yield h.start()
        wait_for("nothing left", lambda: (collect(), not leftovers(h))[1], 60)
    finally:
        (where / "ballast").unlink(missing_ok=True)
        h.stop()
        print(h.log.read_text()[-4000:])
        # loop devices of the sessions hold it for an instant longer
        wait_for("unmount", lambda: subprocess.run(["umount", str(where)], capture_output=True).returncode == 0, 20)


@pytest.mark.parametrize("engine", ["the same", "a new one"])
def test_a_frozen_session_ends_when_its_server_dies(tmp_path_factory, engine):
    """What waits for a frozen volume can't be killed, and the way to it over PID 1 is gone with that."""
    base = tmp_path_factory.mktemp("frozen")
    with small_disk(base, pool_stop=100 * MIB) as h:
        volume = h.volume(64 * MIB)
        s = h.session(volume_id=volume, idle_seconds=0).ready()
        subprocess.run(["fallocate", "-l", "280M", str(base / "mnt/ballast")], check=True)
        wait_for("freeze", lambda: h.log.read_text().count("volume_frozen") == 2, 10)
        for file in ("/home/carrel/f", "/tmp/f"):
            s.ask_agent(f"u (echo x > {file}; touch {file}.written) >/dev/null 2>&1 & exit 0", 10)
        time.sleep(1)
        assert s.run("test -e /tmp/f.written -o -e ~/f.written")[0] != 0
        if engine == "a new one":
            h.kill()
            h.start()
            wait_for("freeze, seen again", lambda: h.log.read_text().count("volume_frozen") == 4, 10)
        pid = s.pid
        os.kill(pid, signal.SIGKILL)
        stop = s.stopped(20)
        assert stop["exit_status"] == 9
        s.gone(20)
        wait_for("reaped", lambda: (collect(), start_time(pid) is None)[1], 5)
        assert kinds(h, s)[-1][0] == 2
        (base / "mnt/ballast").unlink()
        t = h.session(volume_id=volume).ready()
        t.ok("echo y > f")
        t.end()
        t.gone()


@pytest.mark.parametrize("writers", [0, 1])
def test_what_was_frozen_by_the_dead_for_the_dead_thaws(tmp_path_factory, writers):
    """The engine dies while volumes are frozen, and a session's first process before the next engine: no way led there but the device."""
    base = tmp_path_factory.mktemp("left")
    with small_disk(base, pool_stop=100 * MIB) as h:
        volume = h.volume(64 * MIB)
        s = h.session(volume_id=volume, idle_seconds=0).ready()
        s.ok("echo kept > f")
        subprocess.run(["fallocate", "-l", "280M", str(base / "mnt/ballast")], check=True)
        wait_for("freeze", lambda: h.log.read_text().count("volume_frozen") == 2, 10)
        for _ in range(writers):
            s.ask_agent("u (echo x > g; echo x > /tmp/g) >/dev/null 2>&1 & exit 0", 10)
            time.sleep(1)
        pid = s.pid
        h.kill()
        os.kill(pid, signal.SIGKILL)
        wait_for("reaped", lambda: (collect(), start_time(pid) is None)[1] or writers, 10)
        (base / "mnt/ballast").unlink()
        h.start()
        wait_for("thaw", lambda: h.log.read_text().count("left_volume_thawed") == 2, 20)
        wait_for("end", lambda: kinds(h, s)[-1][0] == 2, 20)
        t = h.session(volume_id=volume).ready()
        assert t.ok("cat f") == "kept"
        t.end()
        t.gone()
        wait_for("nothing left", lambda: not leftovers(h), 60)


def at_once(h, requests):
    """Sends all before it reads an answer; {seq: error code or 0}."""
    first = h.client.seq + 1
    h.client.sock.sendall(b"".join(encode(name, first + i, values) for i, (name, values) in enumerate(requests)))
    h.client.seq += len(requests)
    answers = {}
    while len(answers) < len(requests):
        name, seq, fields = h.client.answers.get(timeout=60)
        answers[seq - first] = fields["code"] if name == "ERROR" else 0
    return [answers[i] for i in range(len(requests))]


def test_many_ask_for_one_volume_and_for_one_pool(tmp_path_factory):
    base = tmp_path_factory.mktemp("pool")
    with small_disk(base, pool_stop=0) as h:
        ask = ("VOLUME_CREATE", dict(volume_id="v_same", size_bytes=64 * MIB))
        codes = at_once(h, [ask] * 8)
        assert codes[0] == 0 and set(codes) <= {0, -11}, codes
        image = h.state / "volumes/v_same.img"
        assert subprocess.run(["e2fsck", "-fn", str(image)], capture_output=True).returncode == 0
        assert at_once(h, [ask]) == [0]
        # Each of these fits by itself.
        codes = at_once(h, [("VOLUME_CREATE", dict(volume_id=f"v_{i}", size_bytes=180 * MIB)) for i in range(4)])
        assert sorted(codes) == [-28, -28, -28, 0], codes
        assert not list((h.state / "volumes").glob(".tmp-*"))
