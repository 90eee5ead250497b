# SPDX-License-Identifier: Apache-2.0
"""An engine by itself on a state directory of its own, with a stand-in for the agent in its sessions."""

import ctypes
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from enginewire import Client
from processes import start_time
from product import BUILD, ROOT, wait_for

HERE = Path(__file__).resolve().parent
SLOTS = Path("/run/carrel/slots")
MIB = 1 << 20


def reap_orphans(on=1):
    """Shims and containers whose parent was killed become ours: as init would, reap them."""
    ctypes.CDLL(None).prctl(36, on, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def take_slot(state):
    """A slot that no hub has, from the last one down: (number, locked file). Contracts section 1."""
    SLOTS.mkdir(parents=True, exist_ok=True)
    for n in reversed(range(64)):
        f = open(SLOTS / str(n), "a+")
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            f.close()
            continue
        f.seek(0)
        owner = f.read().strip()
        if owner and Path(owner).exists():  # of a hub that is not running now
            f.close()
            continue
        f.truncate(0)
        f.write(f"{state}\n")
        f.flush()
        return n, f
    raise RuntimeError("no free slot")


def collect():
    try:
        while True:
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if info is None:
                return
            if any(p.pid == info.si_pid for p in EngineHost.children if p.returncode is None):
                return
            os.waitpid(info.si_pid, os.WNOHANG)
    except ChildProcessError:
        pass


def images():
    return Path(os.environ.get("CARREL_IMAGES", str(ROOT / "build/images")))


def shim_program():
    return Path(os.environ.get("CARREL_SHIM", str(BUILD / "lib/carrel-shim")))


class EngineHost:
    children = []

    def __init__(self, base, **settings):
        reap_orphans()
        self.base = Path(base)
        self.state = self.base / "state"
        self.state.mkdir(parents=True, exist_ok=True)
        self.instance = hashlib.sha256(str(self.state.resolve()).encode()).hexdigest()[:8]
        self.run = Path("/run/carrel") / self.instance
        self.socket = self.base / "engine.sock"
        self.log = self.base / "engine.log"
        self.files = self.base / "session"
        self.settings = settings
        self.slot, self.slot_file = take_slot(self.state.resolve())
        self.proc = None
        self.client = None
        self._make_files()

    def _make_files(self):
        (self.files / "bin").mkdir(parents=True, exist_ok=True)
        self.base.chmod(0o755)
        subprocess.run(["musl-gcc", "-static", "-Os", "-o", str(self.files / "bin/carrel-agent"), str(HERE / "standin.c")], check=True)

    def start(self):
        reap_orphans()
        values = {
            "state": self.state, "run_dir": self.run, "instance": self.instance, "slot": self.slot, "image_dir": images(),
            "session_dir": self.files, "shim": shim_program(), "edge_gid": 64000 + 4 * self.slot, **self.settings,
        }
        self.socket.unlink(missing_ok=True)
        with open(self.log, "ab") as out:
            self.proc = subprocess.Popen(
                [str(BUILD / "src/engine/engine-alone"), str(self.socket), *[f"{k}={v}" for k, v in values.items()]],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )
        EngineHost.children.append(self.proc)
        self.connect()
        return self

    def connect(self):
        def ready():
            assert self.proc.poll() is None, self.log.read_text()[-3000:]
            return Client(self.socket)

        self.client = wait_for("engine", ready, 20, 0.01)
        self.client.call("EVENTS")
        return self.client

    def call(self, name, **values):
        return self.client.call(name, **values)

    def kill(self):
        self.client.close()
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()

    def stop(self):
        """All sessions end, then the engine."""
        if self.proc is None or self.proc.poll() is not None:
            self.start()
        for s in json.loads(self.call("SESSION_LIST")["items"]):
            try:
                self.call("SESSION_STOP", session=s["session"], epoch=s["epoch"], reason="shutdown", grace_seconds=0)
            except Exception:
                pass

        def none_left():
            collect()
            return not json.loads(self.call("SESSION_LIST")["items"])

        wait_for("end of all sessions", none_left, 60, 0.05)
        self.client.close()
        self.proc.terminate()
        self.proc.wait(20)
        collect()
        # Nobody would collect what other tests leave to us.
        reap_orphans(0)
        shutil.rmtree(self.run, ignore_errors=True)
        Path(self.slot_file.name).unlink(missing_ok=True)
        self.slot_file.close()

    def volume(self, size=64 * MIB, name=None):
        name = name or "v_" + secrets.token_hex(8)
        self.call("VOLUME_CREATE", volume_id=name, size_bytes=size)
        return name

    def session(self, **changes):
        """Asks for a session with a volume of its own, and returns it; ready() waits."""
        if "volume_id" not in changes:
            changes["volume_id"] = self.volume()
        s = Session(self, "s_" + secrets.token_hex(10), changes)
        s.ask()
        return s

    def journals(self):
        return {p.stem: p for d in ("journal", "journal/done") for p in (self.state / d).glob("*.journal")}


class Session:
    DEFAULTS = dict(
        epoch=1, image_id="default", cpu_milli=1000, memory_bytes=512 * MIB, pids=256, idle_seconds=0, max_seconds=0,
        hostname="work", env="{}", label="work",
    )

    def __init__(self, host, name, changes):
        self.host = host
        self.values = {**self.DEFAULTS, "session": name, **changes}
        self.name = name
        self.epoch = self.values["epoch"]
        self.key = f"{name}-{self.epoch}"
        self.dir = host.run / "sessions" / self.key
        self.sockets = host.run / "edge/s" / self.key
        self.asked = 0.0

    def ask(self):
        self.asked = time.monotonic()
        self.host.call("SESSION_START", **self.values)

    def wait(self, name, timeout=30, after=0, **match):
        return self.host.client.wait(name, timeout, after, session=self.name, epoch=self.epoch, **match)

    def ready(self, timeout=30):
        self.wait("EV_READY", timeout)
        return self

    def stop(self, reason="user", grace=2):
        self.host.call("SESSION_STOP", session=self.name, epoch=self.epoch, reason=reason, grace_seconds=grace)

    def stopped(self, timeout=30):
        return self.wait("EV_RUN", timeout, kind=2)

    def gone(self, timeout=60):
        def check():
            collect()
            return not self.dir.exists() and not self.sockets.exists()

        wait_for(f"end of {self.key}", check, timeout, 0.02)

    def end(self):
        self.stop(grace=0)
        r = self.stopped()
        self.gone()
        return r

    def state(self):
        return dict(line.split(" = ", 1) for line in (self.dir / "state").read_text().splitlines() if " = " in line)

    @property
    def pid(self):
        return int(self.state()["pid"])

    def shim(self):
        for p in Path("/proc").iterdir():
            if p.name.isdigit():
                try:
                    line = (p / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if line and os.path.basename(line[0]) == b"carrel-shim" and str(self.dir).encode() in line:
                    return int(p.name)
        return None

    def ask_agent(self, text, timeout=120):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as c:
            c.settimeout(timeout)
            c.connect(str(self.sockets / "agent.sock"))
            c.sendall(text.encode())
            c.shutdown(socket.SHUT_WR)
            out = b""
            while True:
                more = c.recv(65536)
                if not more:
                    return out.decode(errors="replace")
                out += more

    def run(self, command, who="u", timeout=120):
        """(status, output) of a shell command in the session."""
        out = self.ask_agent(f"{who} {command}", timeout)
        text, _, status = out.rpartition("\nstatus ")
        assert status, out
        return int(status), text

    def ok(self, command, who="u", timeout=120):
        status, out = self.run(command, who, timeout)
        assert status == 0, out
        return out.strip()

    def identity(self):
        pid = self.pid
        return pid, start_time(pid)


def leftovers(host):
    """What of this engine is on the machine: nothing, once its sessions have ended."""
    found = {}
    mark = host.instance
    found["processes"] = []
    for p in Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                line = (p / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                groups = (p / "cgroup").read_text()
            except OSError:
                continue
            if (f"/run/carrel/{mark}" in line and "engine-alone" not in line) or f"carrel-{mark}/" in groups:
                found["processes"].append((p.name, line[:80]))
    found["mounts"] = [m for m in Path("/proc/mounts").read_text().splitlines() if mark in m or str(host.base) in m]
    found["loops"] = []
    for p in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            if str(host.state) in p.read_text():
                found["loops"].append(p.parts[3])
        except OSError:
            pass
    found["cgroups"] = [str(p) for p in Path("/sys/fs/cgroup").glob(f"**/carrel-{mark}/**/*") if p.is_dir() and p.name != "files"]
    found["links"] = [p.name for p in Path("/sys/class/net").iterdir() if p.name.startswith(f"cv{host.slot:02x}")]
    found["folders"] = [str(p) for d in ("sessions", "edge/s", "runtime") for p in host.run.glob(d + "/*")]
    return {k: v for k, v in found.items() if v}
