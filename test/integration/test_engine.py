# SPDX-License-Identifier: Apache-2.0
"""The local engine with the real runtime, real volumes and a stand-in for the agent."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from enginehost import MIB, EngineHost, collect, images, leftovers, shim_program
from enginewire import EngineError
from journal import records as read_journal
from processes import start_time
from product import wait_for

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not images().exists() or not shim_program().exists(),
    reason="needs root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)",
)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    h = EngineHost(tmp_path_factory.mktemp("engine"))
    try:
        yield h.start()
    finally:
        try:
            h.stop()
        finally:
            print(h.log.read_text()[-4000:])
    clean(h)
    assert not list(Path("/sys/fs/cgroup").glob(f"**/carrel-{h.instance}"))
    assert subprocess.run(["nft", "list", "table", "inet", f"carrel_{h.slot}"], capture_output=True).returncode != 0


@pytest.fixture(autouse=True)
def no_session_is_left(host):
    yield
    for s in json.loads(host.call("SESSION_LIST")["items"]):
        host.call("SESSION_STOP", session=s["session"], epoch=s["epoch"], reason="user", grace_seconds=0)
    wait_for("end of the test's sessions", lambda: (collect(), host.call("SESSION_LIST")["items"] == "[]")[1], 60)


def clean(host, timeout=60):
    def nothing():
        collect()
        return not leftovers(host)

    try:
        wait_for("clean machine", nothing, timeout, 0.05)
    except AssertionError:
        raise AssertionError(leftovers(host)) from None


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def kinds(host, session):
    return [(r.kind, r.reason) for r in read_journal(host.journals()[session.key])]


# --- life ------------------------------------------------------------------


def test_a_session_starts_is_listed_measured_and_stops(host):
    s = host.session()
    assert s.wait("EV_PHASE", phase="server")
    s.ready()
    listed = [x for x in json.loads(host.call("SESSION_LIST")["items"]) if x["session"] == s.name]
    assert listed[0]["state"] == "running" and listed[0]["pid"] == s.pid
    assert s.ok("id -u; hostname; pwd").split() == ["1000", "work", "/home/carrel"]
    s.ok("dd if=/dev/zero of=f bs=1M count=8 status=none; sync")
    stats = host.call("SESSION_STATS", session=s.name, epoch=1)
    assert stats["cpu_ns"] > 0 and stats["memory_limit_bytes"] == 512 * MIB and stats["pids"] >= 1
    assert 8 * MIB <= stats["disk_used_bytes"] < 12 * MIB and stats["disk_size_bytes"] > 50 * MIB
    s.ask()  # again: the same one
    assert len([x for x in json.loads(host.call("SESSION_LIST")["items"]) if x["session"] == s.name]) == 1
    s.stop()
    stop = s.stopped()
    assert stop["reason"] == "user" and stop["exit_status"] == 0 and stop["cpu_ns"] > 0
    s.gone()
    clean(host)
    assert "stand-in is up" in host.call("SESSION_LOG", session=s.name, epoch=1, max_bytes=1000)["text"]
    with pytest.raises(EngineError) as e:
        host.call("SESSION_STATS", session=s.name, epoch=1)
    assert e.value.code == -2


def test_the_journal_is_what_was_observed(host):
    before = boot_ns()
    s = host.session()
    s.ready()
    ready = boot_ns()
    time.sleep(1.2)
    asked = boot_ns()
    s.stop(grace=0)
    s.stopped()
    after = boot_ns()
    start, stop = read_journal(host.journals()[s.key])
    assert before < start.boottime_ns < ready < asked < stop.boottime_ns < after
    assert abs((stop.boottime_ns - start.boottime_ns) - (asked - ready)) < 500e6
    assert not stop.estimated and stop.reason == "user" and (start.seq, stop.seq) == (0, 1)
    s.gone()
    s.ask()  # a run that has ended is not run again, its journal is told again
    assert len(kinds(host, s)) == 2
    host.call("JOURNAL_ACK", session=s.name, epoch=1)
    host.call("JOURNAL_ACK", session=s.name, epoch=1)
    assert host.journals()[s.key].parent.name == "done"
    host.call("SESSION_STOP", session=s.name, epoch=1, reason="user", grace_seconds=1)
    assert not s.dir.exists()


def test_events_are_replayed_until_acknowledged(host):
    s = host.session().ready()
    host.client.close()
    host.connect()
    assert s.wait("EV_RUN", kind=1)["segment"] == 0
    assert s.wait("EV_PHASE", phase="server") and s.wait("EV_READY")
    s.end()
    host.client.close()
    host.connect()
    assert s.wait("EV_RUN", kind=2)
    host.call("JOURNAL_ACK", session=s.name, epoch=1)
    host.client.close()
    host.connect()
    time.sleep(0.3)
    assert not [v for n, v in host.client.events if v.get("session") == s.name]


def test_what_a_user_sees_of_the_host(host):
    s = host.session().ready()
    status = s.ok("cat /proc/self/status")
    for line in ("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "CapInh:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in status
    agent = s.ok("cat /proc/1/status", who="r")
    assert "CapEff:\t00000000000000e0" in agent and "Seccomp:\t2" in agent
    assert s.run("kill -9 1")[0] != 0 and s.run("cat /proc/1/environ")[0] != 0
    assert s.run("ls /run/carrel")[0] != 0 and s.run("cat /run/carrel/config.json")[0] != 0
    for command in ("unshare -U true", "unshare -m true", "mount -t tmpfs x /mnt", "touch /usr/x", "touch /opt/carrel/x", "chroot / true"):
        assert s.run(command)[0] != 0, command
    assert s.run("touch /etc/x")[0] != 0
    assert s.ok("cat /proc/self/cgroup | grep -c s_ || true") == "0"
    assert s.ok("ls /sys/fs/cgroup | wc -l") == "0"
    mounts = s.ok("cat /proc/self/mountinfo")
    assert "/etc/shadow" not in mounts
    config = json.loads(s.ok("cat /run/carrel/config.json", who="r"))
    assert config["session"] == s.name and config["user"]["uid"] == 1000 and config["lab"] == "/opt/carrel/lab"
    # nothing but its three descriptors and its own sockets is open in PID 1
    targets = [os.readlink(f"/proc/{s.pid}/fd/{n}") for n in os.listdir(f"/proc/{s.pid}/fd")]
    assert all(t == "/dev/null" or t.endswith("/log") or t.startswith("socket:") for t in targets), targets
    s.end()


def test_the_shim_keeps_two_capabilities(host):
    s = host.session().ready()
    status = Path(f"/proc/{s.shim()}/status").read_text()
    assert "CapEff:\t0000000000000022" in status and "CapPrm:\t0000000000000022" in status and "NoNewPrivs:\t1" in status
    s.end()


# --- limits ----------------------------------------------------------------


def test_a_volume_is_full_exactly_at_its_size_and_starts_all_the_same(host):
    s = host.session().ready()
    other = host.session().ready()
    out = s.run("dd if=/dev/zero of=big bs=1M; cat /dev/zero >> big; cat /dev/zero > rest; df -B1 --output=avail ~ | tail -1")[1]
    assert "No space left on device" in out and int(out.split()[-1]) < 65536
    size = int(s.ok("stat -c %s big rest | awk '{ n += $1 } END { print n }'"))
    assert 50 * MIB < size < 64 * MIB
    other.ok("dd if=/dev/zero of=f bs=1M count=8 status=none; sync")
    s.end()
    again = host.session(volume_id=s.values["volume_id"])
    again.ready()
    assert "No space left" in again.run("head -c 1000000 /dev/zero > y")[1]
    again.ok("rm -f big rest y && echo hello > small && cat small")
    again.end()
    other.end()


def test_scratch_has_a_size_of_its_own(host):
    s = host.session().ready()
    out = s.run("dd if=/dev/zero of=/tmp/big bs=1M")[1]
    assert "No space left on device" in out
    s.ok("echo hello > small && cat small && rm /tmp/big && echo x > /tmp/y")
    s.end()


def test_a_memory_hog_dies_and_the_server_lives(host):
    s = host.session(memory_bytes=256 * MIB).ready()
    pid = s.identity()
    status, _ = s.run("echo 1000 > /proc/self/oom_score_adj; python3 -c 'x = bytearray(1 << 30)'")
    assert status == 137
    assert s.identity() == pid and s.ok("echo alive") == "alive"
    kills, limit, peak = map(int, s.ask_agent("o").split())
    assert kills >= 1 and limit == 256 * MIB and peak <= 256 * MIB
    assert host.call("SESSION_STATS", session=s.name, epoch=1)["oom_kills"] >= 1
    assert s.end()["oom_kills"] >= 1


def test_a_fork_bomb_stays_in_its_session(host):
    s = host.session(pids=64).ready()
    other = host.session().ready()
    s.ask_agent("i 1")
    s.run("(timeout 4 bash -c ':(){ :|:& };:' ; sleep 1) >/dev/null 2>&1 </dev/null", timeout=60)
    assert other.ok("echo alive") == "alive"
    assert host.call("SESSION_STATS", session=s.name, epoch=1)["pids"] <= 64
    t = time.monotonic()
    s.stop(grace=1)
    s.stopped()
    s.gone()
    assert time.monotonic() - t < 20
    other.end()


def test_cpu_is_held_to_its_share(host):
    s = host.session(cpu_milli=250).ready()
    code = "import time;e=time.monotonic()+3\nwhile time.monotonic()<e: pass\nprint(time.process_time())"
    assert float(s.ok(f"python3 -c '{code}'")) < 1.3
    s.end()


# --- isolation -------------------------------------------------------------


PROBE = """
import socket, sys
def probe(a, p):
    try:
        socket.create_connection((a, p), 1.5).close()
        return "OPEN"
    except ConnectionRefusedError:
        return "refused"
    except OSError as e:
        return "blocked"
for target in sys.argv[1:]:
    a, p = target.rsplit(":", 1)
    print(target, probe(a, int(p)))
"""


def host_addresses():
    out = subprocess.run(["ip", "-4", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    return [line.split()[3].split("/")[0] for line in out.splitlines() if " lo " not in line]


def test_a_session_reaches_neither_neighbour_nor_host_nor_metadata(host):
    import socket

    a, b = host.session().ready(), host.session().ready()
    b.ok("(python3 -m http.server 9000 >/dev/null 2>&1 &) ; sleep 1; curl -s -o /dev/null localhost:9000")
    ips = [x.ok("hostname -I").split()[0] for x in (a, b)]
    assert ips[0] != ips[1]
    listener = socket.create_server(("0.0.0.0", 0))
    port = listener.getsockname()[1]
    try:
        targets = [f"{ips[1]}:9000", "169.254.169.254:80", "10.0.0.1:80", "192.168.0.1:80", "172.16.0.1:443", "100.100.100.200:80"]
        targets += [f"{x}:{port}" for x in host_addresses()]
        a.ok(f"cat > probe.py <<'EOF'\n{PROBE}\nEOF")
        out = a.ok("python3 probe.py " + " ".join(targets))
    finally:
        listener.close()
    assert "OPEN" not in out and "refused" not in out, out
    assert a.run("test -e /run/carrel/agent.sock")[0] != 0
    assert a.run("curl -s --max-time 2 --unix-socket /run/carrel/shim.sock http://x/")[0] != 0
    # from the host to the session nobody is let in either, but for answers
    assert a.run("ls /run/docker.sock /run/dbus/system_bus_socket /run/systemd")[0] != 0
    a.end()
    b.end()


def test_lost_packet_rules_come_back(host):
    subprocess.run(["nft", "delete", "table", "inet", f"carrel_{host.slot}"], check=True)

    def loaded():
        return subprocess.run(["nft", "list", "table", "inet", f"carrel_{host.slot}"], capture_output=True).returncode == 0

    wait_for("packet rules", loaded, 15, 0.2)


def test_pip_installs_and_the_package_stays(host):
    s = host.session(volume_id=host.volume(256 * MIB)).ready()
    status, out = s.run("pip install -q --no-input wcwidth==0.2.12 2>&1; python -c 'import wcwidth; print(wcwidth.__version__, wcwidth.__file__)'", timeout=180)
    assert status == 0 and "0.2.12" in out and "/home/carrel/.local/" in out, out
    s.end()
    again = host.session(volume_id=s.values["volume_id"], cpu_milli=2000).ready()
    assert "0.2.12" in again.ok("python -c 'import wcwidth; print(wcwidth.__version__)'")
    again.end()


# --- deadlines -------------------------------------------------------------


def test_idle_fires_with_the_engine_dead(host):
    s = host.session(idle_seconds=3).ready()
    s.ask_agent("a 0 0")
    host.kill()
    time.sleep(0.2)
    assert s.dir.exists()
    s.gone(15)
    start, stop = read_journal(host.journals()[s.key])
    assert stop.reason == "idle" and not stop.estimated
    assert 2.9e9 < stop.boottime_ns - start.boottime_ns < 6e9
    clean(host)
    host.start()
    assert s.wait("EV_RUN", kind=2)["reason"] == "idle"
    assert json.loads(s.wait("EV_RUN", kind=2)["evidence"])["last"]["what"] == "run"


def test_activity_extension_and_maximum(host):
    s = host.session(idle_seconds=3).ready()
    for _ in range(5):
        s.ask_agent("a 1 0")
        time.sleep(1)
    assert s.dir.exists()
    until = boot_ns() + 6_000_000_000
    host.call("SESSION_DEADLINE", session=s.name, epoch=1, idle_seconds=1, extend_until_boot_ns=until, max_at_boot_ns=0)
    assert s.wait("EV_ACTIVITY", stop_at_boot_ns=until)["stop_why"] == "idle"
    assert s.stopped(20)["boottime_ns"] >= until
    s.gone()
    t = host.session(idle_seconds=100, max_seconds=2).ready()
    t.ask_agent("a 1 0")
    assert t.stopped(20)["reason"] == "max"
    t.gone()


def test_what_ignores_the_end_is_ended(host):
    s = host.session().ready()
    s.ask_agent("i 1")
    s.ask_agent("u trap '' TERM HUP INT; (while :; do sleep 0.1; done) >/dev/null 2>&1 & disown; exit 0", timeout=10)
    t = time.monotonic()
    s.stop(grace=3)
    stop = s.stopped()
    assert 2.5 < time.monotonic() - t < 10 and stop["exit_status"] == 9
    s.gone()
    again = host.session(volume_id=s.values["volume_id"]).ready()
    again.ok("test -e stopping")  # it was told, and could save
    again.end()


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
