# SPDX-License-Identifier: Apache-2.0
"""What each process may do, read from /proc while everything runs, against the table of ARCHITECTURE.md."""

import os
import re
import stat
from pathlib import Path

import pytest

from processes import cmdline, roles, shims
from product import Jupyter, wait_for

SETGID, SETUID, KILL = 6, 7, 5
# The engine's set, as in src/daemon/privileges.c: who holds more has grown.
ENGINE = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "FSETID": 4, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8,
          "NET_ADMIN": 12, "SYS_CHROOT": 18, "SYS_PTRACE": 19, "SYS_ADMIN": 21, "SYS_RESOURCE": 24, "MKNOD": 27, "SETFCAP": 31}
ENGINE_BITS = sum(1 << b for b in ENGINE.values())
SHIM = {"KILL", "DAC_OVERRIDE"}  # end the session's processes, remove its folder


class Process:
    def __init__(self, pid):
        self.pid = pid
        self.status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                           if ":\t" in line)

    def ids(self, key):
        return {int(x) for x in self.status[key].split()}

    def caps(self, name):
        return int(self.status[name], 16)

    @property
    def groups(self):
        return {int(x) for x in self.status["Groups"].split()}

    @property
    def no_new_privs(self):
        return self.status["NoNewPrivs"].strip() == "1"

    @property
    def seccomp(self):
        return int(self.status["Seccomp"])

    def limit(self, name):
        for line in Path(f"/proc/{self.pid}/limits").read_text().splitlines():
            if line.startswith(name):
                return line[len(name):].split()[:2]
        raise KeyError(name)

    def files(self):
        """What is open, as (descriptor, what): paths, "anon_inode:…", and sockets by family."""
        sockets = self.sockets()
        found = []
        for fd in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                to = os.readlink(f"/proc/{self.pid}/fd/{fd}")
            except FileNotFoundError:
                continue
            m = re.match(r"socket:\[(\d+)\]", to)
            found.append((int(fd), sockets.get(m.group(1), "socket:other") if m else to))
        return found

    def sockets(self):
        """inode → "unix", "tcp", "tcp-listen", "udp", "raw", "netlink", "packet" in the process's network namespace."""
        kinds = {}
        columns = {"tcp": 9, "tcp6": 9, "udp": 9, "udp6": 9, "raw": 9, "raw6": 9, "unix": 6, "netlink": 9, "packet": 8}
        for table, column in columns.items():
            try:
                lines = Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]
            except FileNotFoundError:
                continue
            for line in lines:
                f = line.split()
                if len(f) > column:
                    kind = table.rstrip("6")
                    kinds[f[column]] = "tcp-listen" if kind == "tcp" and f[3] == "0A" else kind
        return kinds


@pytest.fixture(scope="module")
def busy(hub):
    """A hub with a session and a kernel in it, so that every kind of process is there."""
    api = hub.login()
    ws = api.workspace("privileges", instance_type="small")
    session = api.start(ws)
    kernel = Jupyter(session["program_url"], api.token).kernel()
    kernel.text("1")
    hub.program = Jupyter(session["program_url"], api.token)
    yield hub
    api.stop(ws)


def slot(hub):
    for p in Path("/run/carrel/slots").iterdir():
        if p.name.isdigit() and p.read_text().strip() == str(hub.state.resolve()):
            return int(p.name)
    raise AssertionError("the hub has no slot")


def log_of(hub):
    return str(Path(f"/proc/{hub.proc.pid}/fd/2").readlink())


def no_rights(p):
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert p.caps(name) == 0, f"{name} of pid {p.pid} is {p.status[name]}"
    assert p.no_new_privs
    assert p.seccomp == 2
    assert p.limit("Max core file size") == ["0", "0"]


def test_the_parent_keeps_only_the_right_to_signal_its_roles(busy):
    p = Process(roles(busy)["parent"][0])
    assert p.caps("CapEff") == 1 << KILL
    assert p.caps("CapBnd") & ~ENGINE_BITS == 0
    assert p.caps("CapPrm") & ~ENGINE_BITS == 0
    assert p.caps("CapInh") == p.caps("CapAmb") == 0
    assert p.no_new_privs
    kinds = [what for _, what in p.files()]
    assert "tcp" not in kinds, "the parent never accepts a connection"
    assert kinds.count("tcp-listen") == 1
    assert not [k for k in kinds if k in ("udp", "raw", "packet", "netlink")]


def test_every_edge_is_nobody_in_an_empty_directory(busy):
    n = slot(busy)
    for pid in roles(busy)["edge"]:
        p = Process(pid)
        assert p.ids("Uid") == {64000 + 4 * n} and p.ids("Gid") == {64000 + 4 * n}
        assert p.groups == set()
        no_rights(p)
        assert p.limit("Max processes") == ["0", "0"]
        root, cwd, folder = (os.stat(p) for p in (f"/proc/{pid}/root", f"/proc/{pid}/cwd", f"{busy.runtime}/edge"))
        assert (root.st_dev, root.st_ino) == (cwd.st_dev, cwd.st_ino) == (folder.st_dev, folder.st_ino)
        # One mount, which follows no link and from which there is no way to another.
        (mount,) = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
        assert set("ro nosuid nodev noexec nosymfollow".split()) <= set(mount.split()[5].split(","))
        log = log_of(busy)
        for fd, what in p.files():
            allowed = (what in ("tcp", "tcp-listen", "unix", "/dev/null") or what.startswith("anon_inode:")
                       or (fd == 2 and what == log))
            assert allowed, f"edge holds descriptor {fd}: {what}"


def test_edge_follows_no_link_that_a_session_lays(busy):
    """A session's folder is its agent's own: a link in the socket's place must lead edge nowhere, least of all to core or to a neighbour."""
    (folder,) = (Path(busy.runtime) / "edge/s").iterdir()
    before = roles(busy)["edge"]
    for pid in before:  # else a connection to the agent that they keep would do
        os.kill(pid, 9)
    wait_for("other edges", lambda: len(set(roles(busy).get("edge", before)) - set(before)) == len(before), 20)
    busy.wait_ready()
    sock = folder / "agent.sock"
    sock.rename(folder / "real.sock")
    try:
        for to in ("real.sock", f"/s/{folder.name}/real.sock", "/core.sock", "../../core.sock"):
            sock.symlink_to(to)
            r = busy.program.call("GET", "/api")
            assert r.status_code == 503 and "does not answer" in r.text, (to, r.status_code, r.text)
            sock.unlink()
    finally:
        sock.unlink(missing_ok=True)
        (folder / "real.sock").rename(sock)
    busy.program.call("GET", "/api", 200)


def test_core_holds_its_database_and_local_sockets_only(busy):
    n = slot(busy)
    p = Process(roles(busy)["core"][0])
    assert p.ids("Uid") == {64001 + 4 * n} and p.ids("Gid") == {64001 + 4 * n}
    assert p.groups == set()
    no_rights(p)
    db = str(busy.state.resolve() / "db")
    log = log_of(busy)
    for fd, what in p.files():
        inside = what == db or what.startswith(db + "/") or re.match(r"/run/carrel/[0-9a-f]{8}/db(/|$)", what)
        allowed = (what in ("unix", "/dev/null", "/dev/urandom") or what.startswith("anon_inode:") or inside
                   or (fd == 2 and what == log))
        assert allowed, f"core holds descriptor {fd}: {what}"


def test_every_thread_of_core_is_filtered(busy):
    pid = roles(busy)["core"][0]
    for task in Path(f"/proc/{pid}/task").iterdir():
        text = (task / "status").read_text()
        assert "Seccomp:\t2" in text and "NoNewPrivs:\t1" in text and "CapEff:\t0000000000000000" in text


def test_the_engine_is_root_with_the_rights_it_needs_and_no_network(busy):
    p = Process(roles(busy)["engine"][0])
    assert p.ids("Uid") == {0}
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert p.caps(name) & ~ENGINE_BITS == 0, f"{name} is {p.status[name]}"
    assert p.caps("CapInh") == p.caps("CapAmb") == 0
    assert p.no_new_privs
    for fd, what in p.files():
        assert what not in ("tcp", "tcp-listen", "udp", "raw", "packet"), f"engine holds descriptor {fd}: {what}"


def test_the_shim_keeps_no_more_than_ending_its_session_takes(busy):
    found = shims(busy)
    assert len(found) == 1
    p = Process(found[0])
    allowed = sum(1 << ENGINE[c] for c in SHIM)
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert p.caps(name) & ~allowed == 0, f"{name} is {p.status[name]}"
    assert p.caps("CapInh") == p.caps("CapAmb") == 0
    assert p.no_new_privs
    for fd, what in p.files():
        assert what not in ("tcp", "tcp-listen", "udp", "raw", "packet", "netlink"), f"shim holds descriptor {fd}: {what}"


def in_session(busy):
    """pid → argv of every process in the session's user namespace."""
    own = os.readlink("/proc/self/ns/user")
    base = 0x100000 + slot(busy) * 1000 * 0x10000
    found = {}
    for p in Path("/proc").iterdir():
        if not p.name.isdigit():
            continue
        try:
            if os.readlink(p / "ns/user") != own:
                line = cmdline(p.name)
                status = Process(int(p.name))
                if base <= min(status.ids("Uid")) < base + 1000 * 0x10000:
                    found[int(p.name)] = line
        except (OSError, KeyError):
            continue
    return found


def test_the_agent_holds_three_capabilities_of_its_namespace(busy):
    agents = [pid for pid, line in in_session(busy).items() if line and line[0].endswith("carrel-agent")]
    assert len(agents) == 1
    p = Process(agents[0])
    three = 1 << SETUID | 1 << SETGID | 1 << KILL
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert p.caps(name) == three, f"{name} is {p.status[name]}"
    assert p.caps("CapInh") == p.caps("CapAmb") == 0
    assert p.no_new_privs and p.seccomp == 2
    # The fourth is the file system's: the user's, while it touches the user's files.
    *three_ids, fs = [int(x) for x in p.status["Uid"].split()]
    (uid,) = set(three_ids)
    assert uid % 0x10000 == 0 and uid >= 0x100000 and fs in (uid, uid + 1000)


def test_what_the_user_runs_has_no_right_at_all(busy):
    others = {pid: line for pid, line in in_session(busy).items() if line and not line[0].endswith("carrel-agent")}
    assert any("ipykernel" in " ".join(line) for line in others.values())
    for pid, line in others.items():
        p = Process(pid)
        (uid,) = p.ids("Uid")
        assert uid % 0x10000 == 1000, f"{line} runs as uid {uid}"
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert p.caps(name) == 0, f"{name} of {line} is {p.status[name]}"
        # Lowering the bounding set takes SETPCAP, which the agent lacks; no_new_privs makes it idle.
        assert p.caps("CapBnd") & ~(1 << SETUID | 1 << SETGID | 1 << KILL) == 0
        assert p.no_new_privs and p.seccomp == 2


def test_the_runtime_directory_lets_nobody_in_who_does_not_belong(busy):
    n = slot(busy)
    edge = Path(busy.runtime) / "edge"

    def look(path):
        st = path.stat()
        return st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)

    assert look(edge) == (0, 0, 0o711)
    assert look(edge / "core.sock") == (0, 64000 + 4 * n, 0o660)
    assert look(edge.parent / "engine.sock") == (0, 64001 + 4 * n, 0o660)
    assert look(edge.parent / "sessions") == (0, 0, 0o711)
    assert look(busy.state / "db") == (64001 + 4 * n, 64001 + 4 * n, 0o700)
    assert look(busy.state / "journal") == (0, 0, 0o700)
    (session,) = list((edge / "s").iterdir())
    uid, gid, mode = look(session)
    assert uid % 0x10000 == 0 and uid >= 0x100000 and gid == 64000 + 4 * n and mode == 0o750
