# SPDX-License-Identifier: Apache-2.0
"""`carrel-agent session` as PID 1 of a container, with this test in the place of its shim: rights,
who may connect, what counts as activity (the idle truth table), warnings, an orderly end."""

import base64
import json
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest

from product import BUILD, select_pause, wait_for

AGENT = Path(os.environ.get("CARREL_SESSION_AGENT", BUILD / "lib/session/bin/carrel-agent"))
BASE = 0x100000 + 990 * 0x10000  # a range that no slot of this machine uses
READY, ACTIVITY, OOM_QUERY, STATUS, STOPPING, OOM = 70, 71, 72, 80, 81, 82

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("crun"), reason="needs root and crun")


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def string(s):
    return struct.pack("<I", len(s)) + s


class Shim:
    """The shim's end of the line: SEQPACKET, frames of src/proto/wire.h."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.bind(str(path))
        os.chown(path, BASE, 0)
        os.chmod(path, 0o600)
        self.sock.listen(5)
        self.conn, self.ready, self.reports, self.oom_kills = None, 0, [], 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                self.conn, _ = self.sock.accept()
            except OSError:
                return
            while True:
                try:
                    frame = self.conn.recv(70_000)
                except OSError:
                    break
                if not frame:
                    break
                kind = struct.unpack_from("<IHHI", frame)[1]
                if kind == READY:
                    self.ready += 1
                elif kind == OOM_QUERY:
                    self.send(OOM, struct.pack("<IQQ", self.oom_kills, 1 << 30, 1 << 30))
                elif kind == ACTIVITY:
                    last, busy, n = struct.unpack_from("<QII", frame, 12)
                    text = frame[28:28 + n]
                    assert len(frame) == 28 + n and n <= 1024
                    self.reports.append({"at": boot_ns(), "active": last, "count": busy, **json.loads(text)})

    def send(self, kind, payload):
        self.conn.send(struct.pack("<IHHI", 8 + len(payload), kind, 0, 0) + payload)

    def status(self, stop_in_s, why=b"idle", idle=3600):
        self.send(STATUS, struct.pack("<Q", boot_ns() + int(stop_in_s * 1e9)) + string(why) + struct.pack("<IQ", idle, 0))


class Session:
    def __init__(self, dir, caps=("CAP_SETUID", "CAP_SETGID", "CAP_KILL"), nnp=True):
        self.dir, self.caps, self.nnp = Path(dir), list(caps), nnp
        self.name = f"agent-test-{uuid.uuid4().hex[:8]}"
        self.crun = None

    def __enter__(self):
        root, run, home, opt = (self.dir / d for d in ("rootfs", "run", "home", "opt"))
        for d in ("proc", "dev", "tmp", "usr", "etc", "run/carrel", "home/carrel", "opt/carrel"):
            (root / d).mkdir(parents=True)
        for d in ("bin", "lib", "lib64", "sbin"):
            (root / d).symlink_to(f"usr/{d}")
        for d in (run, home, opt / "bin", opt / "lab"):
            d.mkdir(parents=True)
        (opt / "lab/index.html").write_text("@CONFIG@ @BASE@ @STATIC@")
        shutil.copy(AGENT, opt / "bin/carrel-agent")
        os.chown(run, BASE, os.getegid())
        os.chmod(run, 0o750)
        os.chown(home, BASE + 1000, BASE + 1000)
        self.home = home
        config = run / "config.json"
        config.write_text(json.dumps({
            "session": "s_test", "workspace": "trial", "root": "/home/carrel", "lab": "/opt/carrel/lab", "path": "/usr/bin:/bin",
            "user": {"uid": 1000, "gid": 1000, "name": "carrel", "home": "/home/carrel"},
            "env": {"LANG": "C.UTF-8", "SHELL": "/bin/bash"}}))
        os.chown(config, BASE, 0)
        config.chmod(0o400)
        self.shim = Shim(run / "shim.sock")
        self.sock = run / "agent.sock"
        (self.dir / "config.json").write_text(json.dumps(self.bundle(root, run, home, opt)))
        script = (f"mount -t tmpfs -o size=4k none /sys/fs/cgroup; exec crun --root {self.dir}/crun "
                  f"--cgroup-manager=disabled run -b {self.dir} {self.name}")
        self.log = open(self.dir / "log", "wb")
        self.crun = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", script],
                                     stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        return self

    def bundle(self, root, run, home, opt):
        def bind(source, to, *options):
            return {"destination": to, "type": "bind", "source": str(source), "options": ["rbind", *options]}

        ids = [{"containerID": 0, "hostID": BASE, "size": 65536}]
        return {
            "ociVersion": "1.0.2", "root": {"path": str(root), "readonly": False},
            "process": {"terminal": False, "user": {"uid": 0, "gid": 0, "umask": 18}, "cwd": "/", "env": ["PATH=/usr/bin"],
                        "args": ["/opt/carrel/bin/carrel-agent", "session"], "noNewPrivileges": self.nnp,
                        "capabilities": {k: self.caps for k in ("bounding", "effective", "permitted")}},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755", "size=65536k"]},
                {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                 "options": ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
                {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777", "size=67108864"]},
                bind("/usr", "/usr", "ro"), bind("/etc", "/etc", "ro"), bind(run, "/run/carrel", "rw"),
                bind(home, "/home/carrel", "rw"), bind(opt, "/opt/carrel", "ro")],
            "linux": {
                "namespaces": [{"type": t} for t in ("pid", "ipc", "uts", "mount", "network", "user")],
                "uidMappings": ids, "gidMappings": ids,
                "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                            "syscalls": [{"names": ["keyctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}}}

    def __exit__(self, *_):
        if self.crun.poll() is None:
            subprocess.run(["crun", "--root", str(self.dir / "crun"), "delete", "-f", self.name], check=False)
            self.crun.wait(20)
        self.shim.sock.close()
        self.log.close()

    def wait_ready(self):
        wait_for("agent", lambda: self.shim.ready and self.call("GET", "/api")[0] == 200)
        return self

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(str(self.sock))
        return s

    def call(self, method, path, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        with self.connect() as s:
            s.sendall((f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(data)}\r\n"
                       "X-Carrel-Account: a_1\r\nX-Carrel-Name: J%C3%B6rg\r\nX-Carrel-Workspace: Fl%C3%BCsse%20%26%20mehr\r\nX-Carrel-Prefix: /-/s/s_test\r\n\r\n").encode() + data)
            got = b"".join(iter(lambda: s.recv(65536), b""))
        head, _, rest = got.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), rest

    def pid(self):
        return json.loads((self.dir / "crun" / self.name / "status").read_text())["pid"]

    def next_report(self, after=None):
        """The first report that was made after now."""
        start = after or boot_ns()
        return wait_for("report", lambda: next((r for r in self.shim.reports if r["at"] > start), None), 15)


class Socket:
    """A WebSocket on the session's unix socket: text frames only."""

    def __init__(self, session, path):
        self.s = session.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall((f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        self.buf = b""
        while b"\r\n\r\n" not in self.buf:
            self.buf += self.s.recv(65536)
        head, _, self.buf = self.buf.partition(b"\r\n\r\n")
        assert b" 101 " in head.split(b"\r\n")[0], head

    def need(self, n):
        while len(self.buf) < n:
            more = self.s.recv(65536)
            assert more, "closed"
            self.buf += more

    def recv(self):
        self.need(2)
        n, at = self.buf[1], 2
        if n == 126:
            self.need(4)
            n, at = struct.unpack(">H", self.buf[2:4])[0], 4
        elif n == 127:
            self.need(10)
            n, at = struct.unpack(">Q", self.buf[2:10])[0], 10
        self.need(at + n)
        op, data, self.buf = self.buf[0] & 15, self.buf[at:at + n], self.buf[at + n:]
        return json.loads(data) if op == 1 else None

    def send(self, value):
        data = json.dumps(value).encode()
        head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else bytes([0x81, 0xFE]) + struct.pack(">H", len(data))
        self.s.sendall(head + bytes(4) + data)


class Term(Socket):
    def __init__(self, session):
        name = json.loads(session.call("POST", "/api/terminals", {})[2])["name"]
        super().__init__(session, f"/terminals/websocket/{name}")
        self.text = ""

    def type(self, text):
        self.send(["stdin", text])

    def until(self, what):
        while what not in self.text:
            m = self.recv()
            if m and m[0] == "stdout":
                self.text += m[1]
        return self.text


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    d = tmp_path_factory.mktemp("session")
    for p in [d, *d.parents]:
        if p == Path("/tmp"):
            break
        p.chmod(0o755)
    with Session(d) as s:
        yield s.wait_ready()


def test_files_belong_to_the_user(session):
    status, head, _ = session.call("PUT", "/api/contents/x.txt", {"type": "file", "format": "text", "content": "hi"})
    assert status == 201 and "Location: /-/s/s_test/api/contents/x.txt" in head
    st = (session.home / "x.txt").stat()
    assert (st.st_uid, st.st_gid) == (BASE + 1000, BASE + 1000)
    me = json.loads(session.call("GET", "/api/me")[2])["identity"]
    assert me["username"] == "a_1" and me["name"] == "Jörg"
    assert json.loads(session.call("GET", "/api/carrel/session")[2])["workspace"] == "Flüsse & mehr"


def test_the_user_cannot_touch_the_agent(session):
    t = Term(session)
    t.type("id -u; kill -9 1; cat /proc/1/environ /run/carrel/config.json; ls /run/carrel; grep -h Cap /proc/self/status; echo do''ne\n")
    text = t.until("done")
    assert "1000" in text and text.count("ermission denied") + text.count("not permitted") >= 4
    assert re.findall(r"Cap(?:Prm|Eff|Amb):\s*(\d+)", text) == ["0" * 16] * 3
    assert session.call("GET", "/api")[0] == 200


def test_others_are_not_served(session):
    # A process of the container may not connect at all; root of the host is not edge.
    code = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect('/run/carrel/agent.sock'); "
            "s.sendall(b'GET /api HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); print(len(s.recv(100)))")
    t = Term(session)
    t.type(f"python3 -c \"{code}\" 2>&1 | tail -1; echo do''ne\n")
    assert "PermissionError" in t.until("done") or "not found" in t.text
    # uid 0 of the namespace (host id BASE) reaches the socket, but is not the peer that edge is.
    r = subprocess.run(["nsenter", "-t", str(session.pid()), "-U", "-m", "-p", "-S", "0", "-G", "0", "/usr/bin/python3", "-c", code],
                       capture_output=True, text=True, check=False)
    assert "Reset" in r.stderr or r.stdout.strip() == "0", (r.stdout, r.stderr)


def test_orphans_are_reaped(session):
    t = Term(session)
    t.type("for i in $(seq 50); do (sleep 0.1 & ); done; sleep 0.5; echo do''ne\n")
    t.until("done")

    def zombies():
        out = subprocess.run(["nsenter", "-t", str(session.pid()), "-p", "-m", "/usr/bin/ps", "-eo", "stat"],
                             capture_output=True, text=True, check=True).stdout
        return out.count("Z")

    wait_for("no zombie", lambda: zombies() == 0, 10)


def quiet(session):
    """Ends what earlier tests began."""
    for name in [m["name"] for m in json.loads(session.call("GET", "/api/terminals")[2])]:
        session.call("DELETE", f"/api/terminals/{name}")
    subprocess.run(["nsenter", "-t", str(session.pid()), "-p", "-m", "/usr/bin/pkill", "-KILL", "-u", str(BASE + 1000)], check=False)
    wait_for("quiet", lambda: json.loads(session.call("GET", "/api/carrel/session")[2])["busy"] == 0, 30)


@pytest.mark.parametrize("command,job", [
    ("sleep 300", "sleep 300"), ("python3 -c 'import time; time.sleep(300)'", "python3 -c"),
    (None, None), ("less /etc/passwd", None), ("vi x", None), ("top", None), ("python3", None), ("sleep 300 &", None),
    ("(while :; do :; done) &", "background"),
])
def test_the_idle_truth_table_of_terminals(session, command, job):
    quiet(session)
    t = Term(session)
    t.type("echo re''ady\n")
    t.until("ready")
    if command:
        t.type(command + "\n")
    select_pause(1.0)
    before = boot_ns()
    select_pause(2.0)
    r = session.next_report()
    if job == "background":  # needs two looks at the processes' times
        r = wait_for("a busy report", lambda: next((x for x in session.shim.reports if x["at"] > before and x["count"]), None), 30)
        assert r["terminals"][0]["name"] == "background"
    elif job:
        assert r["count"] == 1 and r["terminals"][0]["job"].startswith(job) and r["active"] > before, r
    else:
        assert r["count"] == 0 and r["terminals"] == [] and r["active"] < before, r
    t.s.close()


def test_polling_is_no_activity_and_saving_is(session):
    quiet(session)
    session.call("PUT", "/api/contents/y.txt", {"type": "file", "format": "text", "content": "1"})
    select_pause(1.0)
    for _ in range(5):
        for path in ("/api/contents?content=1", "/api/sessions", "/api/kernels", "/api/terminals", "/api/me", "/lab/api/workspaces/default"):
            assert session.call("GET", path)[0] == 200
    assert json.loads(session.call("GET", "/api/carrel/session")[2])["idle_seconds"] >= 1
    session.call("PUT", "/api/contents/y.txt", {"type": "file", "format": "text", "content": "2"})
    assert json.loads(session.call("GET", "/api/carrel/session")[2])["idle_seconds"] == 0
    wait_for("evidence", lambda: session.shim.reports[-1]["last"]["what"] == "save", 5)


def test_a_stop_is_announced(session):
    events = Socket(session, "/api/events/subscribe")
    session.shim.status(200)
    e = events.recv()
    assert e["schema_id"] == "https://carrel.dev/events/stop_warning/v1" and e["why"] == "idle" and 190 <= e["seconds"] <= 200
    session.shim.status(3600)
    assert events.recv()["seconds"] > 3000  # put off: the warning is taken back
    got = json.loads(session.call("GET", "/api/carrel/session")[2])
    assert got["stop_why"] == "idle" and got["auto_stop_seconds"] == 3600
    events.s.close()


def test_a_new_shim_is_found(session):
    before = session.shim.ready
    session.shim.conn.shutdown(socket.SHUT_RDWR)
    wait_for("the line again", lambda: session.shim.ready > before, 10)


def test_two_kernels_that_died_of_one_want_of_memory(session):
    """The shim's answer tells of both; a later kill is another matter."""
    spec = session.home / ".local/share/jupyter/kernels/sleeper"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["/bin/sh", "-c", "echo $$ >>/tmp/sleepers; exec sleep 1000"],
                                                  "display_name": "S", "language": "x"}))
    t = Term(session)

    def kill_all(n):
        ids = [json.loads(session.call("POST", "/api/kernels", {"name": "sleeper"})[2])["id"] for _ in range(n)]
        t.type(f"until [ $(wc -l </tmp/sleepers) = {n} ]; do sleep 0.1; done; kill -9 $(cat /tmp/sleepers); rm /tmp/sleepers\n")
        models = [wait_for("the end", lambda i=i: (m := json.loads(session.call("GET", f"/api/kernels/{i}")[2]))["execution_state"]
                           == "dead" and m) for i in ids]
        return [m["reason"] for m in models]

    session.shim.oom_kills = 2
    assert kill_all(2) == ["Out of memory", "Out of memory"]
    time.sleep(3.5)
    assert kill_all(1) == ["The kernel was killed (signal 9, SIGKILL)"]


def test_the_end_is_orderly(session):
    events = Socket(session, "/api/events/subscribe")
    t = Term(session)
    t.type("trap '' HUP TERM; sleep 1000\n")
    session.shim.send(STOPPING, string(b"idle") + struct.pack("<I", 10))
    e = events.recv()
    assert e["schema_id"].endswith("session/v1") and (e["state"], e["reason"]) == ("stopping", "idle")
    # Browsers have a moment to save.
    assert session.call("PUT", "/api/contents/last.txt", {"type": "file", "format": "text", "content": "saved"})[0] == 201
    assert session.crun.wait(12) == 0
    assert (session.home / "last.txt").read_text() == "saved"


@pytest.mark.parametrize("caps,nnp", [((), True), (("CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_CHOWN"), True),
                                      (("CAP_SETUID", "CAP_SETGID", "CAP_KILL"), False)])
def test_other_rights_are_refused(tmp_path, caps, nnp):
    for p in [tmp_path, *tmp_path.parents]:
        if p == Path("/tmp"):
            break
        p.chmod(0o755)
    with Session(tmp_path, caps, nnp) as s:
        assert s.crun.wait(20) == 1
        assert "not serving" in (tmp_path / "log").read_text()
