# SPDX-License-Identifier: Apache-2.0
"""A stand-alone agent under test, and its kernels' WebSockets in both framings, byte for byte."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid
from pathlib import Path

import requests
import websocket

from product import BUILD, free_port, wait_for

V1 = "v1.kernel.websocket.jupyter.org"


class Agent:
    """`carrel-agent serve` on a free port."""

    def __init__(self, root, base="/x/", token="secret", python=sys.executable, **options):
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.base, self.token, self.python, self.options = base, token, python, options
        self.port = free_port()
        self.log = self.root.parent / f"agent-{self.port}.log"
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"token {token}"
        self.proc = None
        self.sockets = []

    def start(self):
        args = [os.environ.get("CARREL_AGENT", str(BUILD / "src/agent/carrel-agent")), "serve", "--port", str(self.port),
                "--root", str(self.root), "--token", self.token, "--base-url", self.base, "--python", self.python]
        for key, value in self.options.items():
            args += ["--" + key.replace("_", "-"), str(value)]
        with open(self.log, "ab") as out:
            self.proc = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                                         env={**os.environ, "HOME": str(self.root.parent)})
        wait_for("agent", lambda: self.call("GET", "api/kernels").status_code == 200)
        return self

    def stop(self):
        for s in self.sockets:
            s.ws.shutdown()
        if self.proc:
            self.proc.send_signal(signal.SIGTERM)
            try:
                self.proc.wait(20)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                raise
        return self.proc.returncode

    def call(self, method, path, expect=None, **kw):
        r = self.http.request(method, f"http://127.0.0.1:{self.port}{self.base}{path}", timeout=kw.pop("timeout", 90), **kw)
        if expect is not None:
            assert r.status_code == expect, f"{method} {path}: {r.status_code} {r.text[:500]}"
        return r

    def new_kernel(self, **body):
        return self.call("POST", "api/kernels", 201, json=body).json()["id"]

    def model(self, kid):
        return self.call("GET", f"api/kernels/{kid}", 200).json()

    def wait_state(self, kid, state, timeout=30):
        return wait_for(f"state {state}", lambda: self.model(kid)["execution_state"] == state, timeout)

    def sanitized(self):
        """Built with ASan, whose shadow memory would be counted as the agent's."""
        return "libasan" in Path(f"/proc/{self.proc.pid}/maps").read_text()

    def memory_kb(self, what="Pss"):
        """Proportional set size of the agent alone; "Anonymous" is what it allocated, whoever else runs the same program."""
        if self.sanitized():
            return 0
        for line in Path(f"/proc/{self.proc.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{what}:"):
                return int(line.split()[1])
        raise AssertionError(f"no {what} line")

    def peak_kb(self):
        if self.sanitized():
            return 0
        for line in Path(f"/proc/{self.proc.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        raise AssertionError("no VmHWM line")

    def kernel_pid(self):
        """The one child of the agent that runs Python."""
        children = Path(f"/proc/{self.proc.pid}/task/{self.proc.pid}/children").read_text().split()
        assert len(children) == 1, children
        return int(children[0])


class Socket:
    """One browser session at one kernel. v1: the framing of JupyterLab; else the legacy one."""

    def __init__(self, agent, kid, v1=True, session=None, rcvbuf=None, origin=None):
        self.agent, self.kid, self.v1 = agent, kid, v1
        self.session = session or uuid.uuid4().hex
        self.ws = None
        self.seen = []
        self.connect(rcvbuf, origin)
        agent.sockets.append(self)

    def connect(self, rcvbuf=None, origin=None):
        options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)] if rcvbuf else None
        self.ws = websocket.create_connection(
            f"ws://127.0.0.1:{self.agent.port}{self.agent.base}api/kernels/{self.kid}/channels?session_id={self.session}",
            timeout=60, suppress_origin=not origin, origin=origin, subprotocols=[V1] if self.v1 else None, sockopt=options,
            header=[f"Authorization: token {self.agent.token}"])
        assert self.ws.getsubprotocol() == (V1 if self.v1 else None)

    def close(self):
        self.ws.close()

    def drop(self):
        """As when the network goes: no close frame."""
        self.ws.sock.shutdown(socket.SHUT_RDWR)
        self.ws.shutdown()

    def send(self, msg_type, content, channel="shell", buffers=(), metadata=None, header=None):
        msg_id = uuid.uuid4().hex
        header = {"msg_id": msg_id, "session": self.session, "username": "t", "msg_type": msg_type, "version": "5.3",
                  "date": "2026-01-01T00:00:00Z", **(header or {})}
        if self.v1:
            parts = [channel.encode()] + [json.dumps(x).encode() for x in (header, {}, metadata or {}, content)] + list(buffers)
            at, offsets = 8 * (len(parts) + 2), []
            for p in parts:
                offsets.append(at)
                at += len(p)
            offsets.append(at)
            self.ws.send_binary(struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + b"".join(parts))
            return msg_id
        msg = json.dumps({"channel": channel, "parent_header": {}, "metadata": metadata or {}, "content": content,
                          "header": header}).encode()
        if not buffers:
            self.ws.send(msg.decode())
            return msg_id
        parts = [msg, *buffers]
        at, offsets = 4 * (len(parts) + 1), []
        for p in parts:
            offsets.append(at)
            at += len(p)
        self.ws.send_binary(struct.pack(f">{len(parts) + 1}I", len(parts), *offsets) + b"".join(parts))
        return msg_id

    def next_data(self, timeout):
        self.ws.settimeout(timeout)
        return self.ws.recv()

    def recv(self, timeout=60):
        data = self.next_data(timeout)
        if self.v1:
            assert isinstance(data, bytes), data
            n = struct.unpack_from("<Q", data)[0]
            off = struct.unpack_from(f"<{n}Q", data, 8)
            assert off[0] == 8 * (n + 1) and off[-1] == len(data)
            parts = [data[off[i]:off[i + 1]] for i in range(n - 1)]
            header, parent, metadata, content = (json.loads(p) for p in parts[1:5])
            return {"channel": parts[0].decode(), "header": header, "parent_header": parent, "metadata": metadata,
                    "content": content, "buffers": parts[5:], "msg_type": header["msg_type"]}
        if isinstance(data, str):
            return json.loads(data)
        n = struct.unpack_from(">I", data)[0]
        off = list(struct.unpack_from(f">{n}I", data, 4)) + [len(data)]
        msg = json.loads(data[off[0]:off[1]])
        msg["buffers"] = [data[off[i]:off[i + 1]] for i in range(1, n)]
        return msg

    def until(self, wanted, timeout=60):
        """Messages up to the first for which wanted() is true, that one last."""
        got, end = [], time.monotonic() + timeout
        while True:
            assert time.monotonic() < end, f"not within {timeout} s; the last of {len(got)} messages: {got[-3:]}"
            got.append(self.recv(max(0.1, end - time.monotonic())))
            if wanted(got[-1]):
                return got

    def ask(self, msg_type, content, channel="shell", timeout=60, **kw):
        """Sends; returns the reply's content."""
        mid = self.send(msg_type, content, channel, **kw)
        return self.until(lambda m: m["channel"] == channel and m["parent_header"].get("msg_id") == mid, timeout)[-1]["content"]

    def start(self, code, **extra):
        return self.send("execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                                             "allow_stdin": False, "stop_on_error": True, **extra})

    def finish(self, mid, timeout=120):
        """Both the reply and the idle of a request: all messages of it."""
        idle = reply = False
        got, end = [], time.monotonic() + timeout
        while not (idle and reply):
            m = self.recv(max(0.1, end - time.monotonic()))
            if m["parent_header"].get("msg_id") != mid:
                self.seen.append(m)
                continue
            got.append(m)
            reply |= m["msg_type"] == "execute_reply"
            idle |= m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
        return got

    def run(self, code, timeout=120, **extra):
        return self.finish(self.start(code, **extra), timeout)


def text(messages):
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def of(messages, msg_type):
    return [m for m in messages if m["msg_type"] == msg_type]
