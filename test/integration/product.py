# SPDX-License-Identifier: Apache-2.0
"""The whole product under test: a hub of its own, its API, and kernels by HTTP and WebSocket only."""

import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

import requests
import websocket

from patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CARREL_BUILD", ROOT / "build"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, fn, timeout=30.0, every=0.05):
    """The first true value of fn(), or a failure that says what was awaited."""
    timeout *= PATIENCE
    end = time.monotonic() + timeout
    last = None
    while time.monotonic() < end:
        try:
            value = fn()
            if value:
                return value
        except (OSError, requests.RequestException, websocket.WebSocketException, AssertionError) as e:
            last = e
        select_pause(every)
    raise AssertionError(f"no {what} within {timeout} s" + (f" (last: {last!r})" if last else ""))


def select_pause(seconds):
    import select

    select.select([], [], [], seconds)


class Hub:
    """One `carreld` with its own state directory and port, started and stopped as `make run` does."""

    def __init__(self, state, port=None, **settings):
        self.state = Path(state)
        self.port = port or free_port()
        self.settings = settings
        self.proc = None
        self.wrap = []  # a program that the parent is started by
        # Kept elsewhere when somebody will look through all of them (a sanitizer's reports).
        logs = os.environ.get("CARREL_LOGS")
        self.log = Path(logs) / f"hub-{uuid.uuid4().hex[:8]}.log" if logs else self.state / "hub.log"

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    @property
    def instance(self):
        """The name that all of this hub's things on the machine carry (contracts, section 1)."""
        return hashlib.sha256(str(self.state.resolve()).encode()).hexdigest()[:8]

    @property
    def runtime(self):
        return f"/run/carrel/{self.instance}"

    def container_pid(self, session):
        """The host's pid of a session's PID 1, the agent."""
        path = f"{self.runtime}/sessions/{session['id']}-{session['epoch']}/state"
        with open(path) as f:
            for line in f:
                key, _, value = line.strip().partition("=")
                if key.strip() == "pid":
                    return int(value)
        return None

    def args(self):
        images = os.environ.get("CARREL_IMAGES", str(ROOT / "build/images"))
        values = {"state": str(self.state), "port": self.port, "image_dir": images, "storage_min": "64MiB", "memory_overcommit": 1000,
                  **self.settings}
        return [f"{k}={v}" for k, v in values.items()]

    def start(self, timeout=60):
        self.state.mkdir(parents=True, exist_ok=True)
        out = open(self.log, "ab")
        self.proc = subprocess.Popen(
            [*self.wrap, str(BUILD / "src/daemon/carreld"), *self.args()],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )
        out.close()
        self.wait_ready(timeout)
        return self

    def wait_ready(self, timeout=30):
        def ready():
            if self.proc.poll() is not None:
                raise RuntimeError(f"carreld ended with {self.proc.returncode}:\n{self.tail()}")
            return requests.get(self.url + "/readyz", timeout=2).status_code == 200

        wait_for("ready hub", ready, timeout)

    def tail(self, n=4000):
        try:
            return self.log.read_bytes()[-n:].decode(errors="replace")
        except FileNotFoundError:
            return ""

    def code(self):
        out = subprocess.run(
            [str(BUILD / "src/daemon/carreld"), "sign-in-code", *self.args()],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
        )
        assert out.returncode == 0, out.stderr
        return re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", out.stdout).group(0)

    def kill(self):
        """kill -9 of the parent alone; its roles follow by themselves."""
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()

    def stop(self, sessions=True):
        """Ends sessions too, as `make stop` does."""
        try:
            if sessions and self.proc:
                if self.proc.poll() is not None:
                    self.start()
                subprocess.run([str(BUILD / "src/daemon/carreld"), "stop-all", *self.args()],
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=90)
        finally:
            if self.proc and self.proc.poll() is None:
                self.proc.send_signal(signal.SIGTERM)
                try:
                    self.proc.wait(20)
                except subprocess.TimeoutExpired:
                    self.proc.kill()
                    self.proc.wait()

    def login(self):
        return Api.login(self)


class Api:
    """The REST API with a personal token, as a script of a user would call it."""

    def __init__(self, hub, token):
        self.hub = hub
        self.token = token
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"token {token}"

    @classmethod
    def login(cls, hub):
        r = requests.post(hub.url + "/api/v1/login", timeout=20,
                          json={"code": hub.code(), "grant": "token", "name": "test", "expires_in_seconds": 86400})
        assert r.status_code == 201, r.text
        return cls(hub, r.json()["token"])

    def call(self, method, path, expect=None, **kw):
        headers = kw.pop("headers", {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        r = self.http.request(method, self.hub.url + "/api/v1" + path, headers=headers, timeout=kw.pop("timeout", 30), **kw)
        if expect is not None:
            assert r.status_code == expect, f"{method} {path}: {r.status_code} {r.text}"
        return r

    def get(self, path, **kw):
        return self.call("GET", path, 200, **kw).json()

    def workspace(self, name, **kw):
        kw.setdefault("auto_stop_seconds", 3600)
        kw.setdefault("storage_bytes", 1 << 30)
        return self.call("POST", "/workspaces", 201, json={"name": name, **kw}).json()

    def start(self, ws, timeout=90, **kw):
        s = self.call("POST", f"/workspaces/{ws['id']}/start", 202, json=kw or None).json()["session"]
        return self.wait_state(s["id"], "running", timeout)

    def stop(self, ws, timeout=60):
        s = self.call("POST", f"/workspaces/{ws['id']}/stop", 202).json()["session"]
        return self.wait_state(s["id"], "stopped", timeout)

    def session(self, sid):
        return self.get(f"/sessions/{sid}")

    def wait_state(self, sid, state, timeout=60):
        def there():
            s = self.session(sid)
            if s["state"] == state:
                return s
            if s["state"] in ("failed", "lost") and state not in ("failed", "lost"):
                raise RuntimeError(f"session {sid} is {s['state']}: {s.get('reason')} {s.get('evidence')}\n"
                                   + self.call("GET", f"/sessions/{sid}/logs").text[-3000:])
            return None

        return wait_for(f"state {state} of {sid}", there, timeout)

    def delete(self, ws):
        self.call("DELETE", f"/workspaces/{ws['id']}", json={"confirm": ws["name"], "stop": True, "forever": True})


class Jupyter:
    """A session's Jupyter server by HTTP and WebSocket with a token; `base` is either of its two addresses."""

    def __init__(self, base, token):
        self.base = base.rstrip("/")
        self.token = token
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"token {token}"
        # <label>.localhost is loopback to browsers and RFC 6761; not every resolver of a test machine knows.
        m = re.match(r"(https?)://([^/:]+)(?::(\d+))?(.*)", self.base)
        self.host = m.group(2)
        if self.host.endswith(".localhost"):
            self.http.headers["Host"] = f"{self.host}:{m.group(3)}"
            self.reach = f"{m.group(1)}://127.0.0.1:{m.group(3)}{m.group(4)}"
        else:
            self.reach = self.base

    def call(self, method, path, expect=None, **kw):
        r = self.http.request(method, self.reach + path, timeout=kw.pop("timeout", 60), **kw)
        if expect is not None:
            assert r.status_code == expect, f"{method} {path}: {r.status_code} {r.text[:500]}"
        return r

    def put_file(self, path, data):
        model = {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}
        return self.call("PUT", f"/api/contents/{path}", json=model)

    def get_file(self, path):
        return self.call("GET", f"/files/{path}", 200).content

    def kernel(self, name="python3", path=None):
        k = self.call("POST", "/api/kernels", 201, json={"name": name, **({"path": path} if path else {})}).json()
        return Kernel(self, k["id"])


class Kernel:
    """A kernel over its WebSocket (legacy framing): execute and collect."""

    def __init__(self, jupyter, kid, session_id=None):
        self.jupyter = jupyter
        self.id = kid
        self.session_id = session_id or uuid.uuid4().hex
        self.ws = None
        self.connect()

    def connect(self):
        url = self.jupyter.reach.replace("http", "ws", 1) + f"/api/kernels/{self.id}/channels?session_id={self.session_id}"
        host = self.jupyter.http.headers.get("Host")
        self.ws = websocket.create_connection(
            url, timeout=60, host=host, suppress_origin=True,
            header=[f"Authorization: token {self.jupyter.token}"])

    def close(self):
        if self.ws:
            self.ws.close()
            self.ws = None

    def send(self, msg_type, content, channel="shell"):
        msg_id = uuid.uuid4().hex
        self.ws.send(json.dumps({
            "channel": channel, "parent_header": {}, "metadata": {}, "content": content, "buffers": [],
            "header": {"msg_id": msg_id, "session": self.session_id, "username": "t", "msg_type": msg_type,
                       "version": "5.3", "date": "2026-01-01T00:00:00Z"}}))
        return msg_id

    def recv(self, timeout=60):
        """The next message; a ping of edge's meanwhile is no answer."""
        end = time.monotonic() + timeout
        while True:
            self.ws.settimeout(max(end - time.monotonic(), 0.001))
            op, data = self.ws.recv_data(control_frame=True)
            if op in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                return self.parse(data.decode() if op == websocket.ABNF.OPCODE_TEXT else data)
            if op == websocket.ABNF.OPCODE_CLOSE:
                raise websocket.WebSocketConnectionClosedException("closed by the server")

    @staticmethod
    def parse(data):
        if isinstance(data, bytes):
            n = int.from_bytes(data[:4], "big")
            offsets = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(n)]
            data = data[offsets[0]:offsets[1] if n > 1 else None]
        return json.loads(data)

    def run(self, code, timeout=120, stop_on_idle=True):
        """Executes; returns the iopub messages of this request and the reply."""
        msg_id = self.send("execute_request", {
            "code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True})
        return self.collect(msg_id, timeout)

    def collect(self, msg_id, timeout=120):
        out, reply, idle = [], None, False
        end = time.monotonic() + timeout
        while not (idle and reply):
            left = end - time.monotonic()
            assert left > 0, f"no end of {msg_id} within {timeout} s: {out[-3:]}"
            m = self.recv(left)
            if m.get("parent_header", {}).get("msg_id") != msg_id:
                continue
            if m["channel"] == "iopub":
                out.append(m)
                idle = idle or (m["header"]["msg_type"] == "status" and m["content"]["execution_state"] == "idle")
            elif m["header"]["msg_type"] == "execute_reply":
                reply = m
        return out, reply

    def text(self, code, timeout=120):
        """What the code printed, its result and its error, as one string."""
        out, _ = self.run(code, timeout)
        return text_of(out)


def text_of(messages):
    parts = []
    for m in messages:
        c = m["content"]
        match m["header"]["msg_type"]:
            case "stream":
                parts.append(c["text"])
            case "execute_result" | "display_data":
                parts.append(c["data"].get("text/plain", ""))
            case "error":
                parts.append(f"{c['ename']}: {c['evalue']}")
    return "".join(parts)
