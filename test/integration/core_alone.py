# SPDX-License-Identifier: Apache-2.0
"""A core process by itself on a unix socket, with the fake engine behind it; HTTP by hand, so that nothing is hidden."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

from fake_engine import FakeEngine
from patience import PATIENCE

BUILD = Path(os.environ.get("CARREL_BUILD", Path(__file__).resolve().parents[2] / "build"))
CONSOLE = "http://localhost:8888"


def sanitized():
    return b"__asan_init" in (BUILD / "src/api/core-alone").read_bytes()


def wait_for(what, fn, timeout=15.0):
    timeout *= PATIENCE
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        v = fn()
        if v:
            return v
        time.sleep(0.02)
    raise AssertionError(f"no {what} within {timeout} s")


class Unix(http.client.HTTPConnection):
    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout)
        self.unix = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.unix)


class Answer:
    def __init__(self, r):
        self.status = r.status
        self.headers = r.headers
        self.body = r.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Core:
    def __init__(self, folder, *settings):
        self.dir = Path(folder)
        self.sock = self.dir / "core.sock"
        self.engine = FakeEngine(self.dir / "engine.sock", self.dir / "journal")
        self.settings = settings
        self.proc = None
        self.prefix = []

    def start(self, engine=True):
        if engine and not self.engine.listener:
            self.engine.start()
        with open(self.dir / "core.log", "ab") as log:
            self.proc = subprocess.Popen([*self.prefix, str(BUILD / "src/api/core-alone"), str(self.dir / "db"), str(self.sock),
                                          f"unix:{self.dir}/engine.sock", *self.settings], stdout=log, stderr=log)
        self.wait("/readyz" if engine else "/healthz")
        return self

    def wait(self, path):
        def up():
            assert self.proc.poll() is None, (self.dir / "core.log").read_text()[-3000:]
            try:
                return self.call("GET", path).status == 200
            except OSError:
                return False
        wait_for(path, up)

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            self.proc.wait(20)
        return self.proc.returncode if self.proc else 0

    def call(self, method, path, body=None, headers=None, timeout=20):
        c = Unix(self.sock, timeout)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            c.request(method, path, body, headers)
            return Answer(c.getresponse())
        finally:
            c.close()

    def code(self, email=None, **kw):
        r = self.call("POST", "/internal/sign-in-code", {**({"email": email} if email else {}), **kw})
        assert r.status == 200, r
        return r.json["code"]

    def user(self, email=None):
        """An account with a token of its own; made if it does not exist."""
        code = self.code(email, create=True) if email else self.code()
        r = self.call("POST", "/api/v1/login", {"code": code, "grant": "token", "name": "test"})
        assert r.status == 201, r
        return User(self, r.json["token"])


class User:
    def __init__(self, core, token):
        self.core = core
        self.token = token

    def call(self, method, path, body=None, headers=None, **kw):
        h = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.core.call(method, "/api/v1" + path, body, h, **kw)

    def ok(self, method, path, body=None, expect=None, headers=None):
        r = self.call(method, path, body, headers)
        assert r.status == (expect or {"POST": 201, "DELETE": 204}.get(method, 200)), r
        return r.json if r.body else None

    def workspace(self, name=None, **kw):
        return self.ok("POST", "/workspaces", {"name": name or f"w {uuid.uuid4().hex[:12]}", **kw})

    def start(self, ws, state="running", **kw):
        s = self.ok("POST", f"/workspaces/{ws['id']}/start", kw or None, expect=202)["session"]
        return self.wait_state(s["id"], state) if state else s

    def stop(self, ws, state="stopped"):
        s = self.ok("POST", f"/workspaces/{ws['id']}/stop", expect=202)["session"]
        return self.wait_state(s["id"], state) if state else s

    def session(self, sid):
        return self.ok("GET", f"/sessions/{sid}")

    def wait_state(self, sid, state, timeout=15):
        def there():
            s = self.session(sid)
            return s if s["state"] == state else None
        return wait_for(f"{state} of {sid}", there, timeout)


class Events:
    """A reader of /events."""

    def __init__(self, user, last_id=None):
        self.conn = Unix(user.core.sock)
        h = {"Authorization": f"Bearer {user.token}"}
        if last_id is not None:
            h["Last-Event-ID"] = str(last_id)
        self.conn.request("GET", "/api/v1/events", headers=h)
        self.answer = self.conn.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.last_id = None
        self.hello = self.next("hello")

    def read(self):
        event, data, eid = None, None, None
        while True:
            line = self.answer.readline()
            if not line:
                raise EOFError
            line = line.decode().rstrip("\n")
            if line == "" and data is not None:
                if eid is not None:
                    self.last_id = eid
                return event, json.loads(data), eid
            key, _, value = line.partition(": ")
            if key == "event":
                event = value
            elif key == "data":
                data = value
            elif key == "id":
                eid = int(value)

    def next(self, kind=None, where=lambda d: True):
        while True:
            event, data, _ = self.read()
            if (kind is None or event == kind) and where(data):
                return data

    def close(self):
        self.conn.close()


def problem(r, status, slug=None, field=None):
    assert r.status == status, r
    assert r.headers["Content-Type"] == "application/problem+json"
    p = r.json
    assert p["status"] == status and p["title"] and p["detail"].strip() and p["request_id"] == r.headers["X-Request-Id"]
    assert p["type"] == f"https://carrel.dev/problems/{slug or p['type'].rsplit('/', 1)[1]}"
    if field:
        assert p["field"] == field
    return p
