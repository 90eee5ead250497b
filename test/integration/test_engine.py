# SPDX-License-Identifier: Apache-2.0
"""The local engine with the real runtime, real volumes and a stand-in for the agent."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from engine_fixtures import boot_ns, clean, host, kinds, no_session_is_left
from enginehost import MIB, images, shim_program
from enginewire import EngineError
from journal import records as read_journal
from product import wait_for

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not images().exists() or not shim_program().exists(),
    reason="needs root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)",
)


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


def test_a_session_is_not_spared_with_the_hub(host):
    """The service's own processes are the last that the kernel ends for want of memory; a session's are not."""
    favour = Path(f"/proc/{host.proc.pid}/oom_score_adj")
    try:
        favour.write_text("-500")
    except PermissionError:
        pytest.skip("root of this machine has no CAP_SYS_RESOURCE")
    try:
        s = host.session().ready()
        assert Path(f"/proc/{s.pid}/oom_score_adj").read_text() == "0\n"
        status, out = s.run("echo -500 > /proc/self/oom_score_adj")
        assert status != 0 and "denied" in out
        s.end()
    finally:
        favour.write_text("0")


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
    s.ask_agent("a 0 0")  # until its next word a busy one is not stopped for idleness
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
