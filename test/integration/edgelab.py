# SPDX-License-Identifier: Apache-2.0
"""Edge by itself between raw sockets: a fake core and fake agents on unix sockets that write down what reaches them."""

import base64
import hashlib
import json
import os
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

from patience import PATIENCE

EDGE = Path(os.environ.get("CARREL_BUILD", Path(__file__).resolve().parents[2] / "build")) / "src/edge/edge-main"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def wait_until(what, check, limit=10):
    limit *= PATIENCE
    end = time.monotonic() + limit
    while time.monotonic() < end:
        v = check()
        if v:
            return v
        time.sleep(0.005)
    raise AssertionError(f"not within {limit} s: {what}")


class Gone(Exception):
    pass


class Reader:
    """Reads HTTP messages off a socket without forgiving anything."""

    def __init__(self, sock):
        self.sock, self.buf = sock, b""

    def more(self):
        try:
            d = self.sock.recv(1 << 20)
        except ConnectionResetError:
            d = b""
        if not d:
            raise Gone(f"closed after {self.buf[:200]!r}")
        self.buf += d

    def until(self, end):
        while end not in self.buf:
            self.more()
        head, self.buf = self.buf.split(end, 1)
        return head

    def take(self, n):
        while len(self.buf) < n:
            self.more()
        d, self.buf = self.buf[:n], self.buf[n:]
        return d

    def head(self):
        lines = self.until(b"\r\n\r\n").split(b"\r\n")
        return lines[0].decode("latin-1"), [tuple(x.decode("latin-1").split(": ", 1)) for x in lines[1:]]

    def chunks(self):
        while True:
            n = int(self.until(b"\r\n"), 16)
            d = self.take(n)
            assert self.take(2) == b"\r\n"
            if n == 0:
                return
            yield d

    def body(self, fields):
        f = {k.lower(): v for k, v in fields}
        if f.get("transfer-encoding") == "chunked":
            return b"".join(self.chunks())
        return self.take(int(f.get("content-length", 0)))


class Request:
    def __init__(self, line, fields, reader, sock):
        self.line, self.fields, self.reader, self.sock = line, fields, reader, sock
        self.method, self.target, self.version = line.split(" ")
        self.body = b""

    def get(self, name, default=None):
        return next((v for k, v in self.fields if k.lower() == name.lower()), default)

    def all(self, name):
        return [v for k, v in self.fields if k.lower() == name.lower()]

    def answer(self, body=b"", status="200 OK", fields=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        head = f"HTTP/1.1 {status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields)
        self.sock.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)


class Server:
    """One thread per connection; requests are kept in .seen. handler(request) answers; returns False to close."""

    def __init__(self, path, handler, backlog=2048, begin=True):
        self.path, self.handler, self.seen, self.conns, self.socks = str(path), handler, [], 0, []
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(self.path)
        self.sock.listen(backlog)
        if begin:
            self.begin()

    def begin(self):
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.sock.accept()
            except OSError:
                return
            self.conns += 1
            self.socks.append(s)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        reader = Reader(s)
        try:
            while True:
                line, fields = reader.head()
                r = Request(line, fields, reader, s)
                self.seen.append(r)
                if self.handler(r) is False:
                    break
        except (Gone, OSError, ValueError):
            pass
        finally:
            s.close()

    def close(self):
        self.sock.close()
        for s in self.socks:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if os.path.exists(self.path):
            os.unlink(self.path)


def frame(op, data=b"", fin=True, mask=False):
    head = bytes([(0x80 if fin else 0) | op])
    m = 0x80 if mask else 0
    n = len(data)
    head += bytes([m | n]) if n < 126 else bytes([m | 126]) + struct.pack(">H", n) if n < 65536 else bytes([m | 127]) + struct.pack(">Q", n)
    if mask:
        key = os.urandom(4)
        data = bytes(b ^ key[i & 3] for i, b in enumerate(data)) if n < 1 << 16 else xor(data, key)
        head += key
    return head + data


def xor(data, key):
    n = int.from_bytes(data, "big") ^ int.from_bytes((key * (len(data) // 4 + 1))[:len(data)], "big")
    return n.to_bytes(len(data), "big")


def read_frame(reader):
    a, b = reader.take(2)
    n = b & 127
    if n == 126:
        n, = struct.unpack(">H", reader.take(2))
    elif n == 127:
        n, = struct.unpack(">Q", reader.take(8))
    key = reader.take(4) if b & 128 else None
    data = reader.take(n)
    return a & 15, xor(data, key) if key and data else data


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


class Lab:
    """Core knows `sessions` (label → dict) and `tickets` (ticket → label), `tokens` (Authorization → session id)."""

    def __init__(self, tmp, proxies=""):
        self.tmp = Path(tmp)
        self.proxies = proxies
        self.sessions, self.tickets, self.tokens, self.codes = {}, {}, {}, {}
        self.core_mode = "fine"
        self.agents = {}
        self.edge = None
        self.core = Server(self.tmp / "core.sock", self.on_core)
        self.start()

    def start(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.console = f"localhost:{self.port}"
        env = {**os.environ, "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1"}
        self.edge = subprocess.Popen([str(EDGE), f"tcp:127.0.0.1:{self.port}", f"http://{self.console}/", "",
                                      f"unix:{self.tmp}/core.sock", str(self.tmp), self.proxies], stdout=subprocess.PIPE, text=True, env=env)
        assert self.edge.stdout.readline() == "listening\n"

    def stop(self):
        self.edge.terminate()
        code = self.edge.wait(10)
        self.core.close()
        for a in self.agents.values():
            a.close()
        assert code == 0, f"edge ended with {code}"

    def session(self, label, handler, account="a_1", name="Zoë B", **more):
        """A running session with an agent behind it; gives its host and the cookie that opens it."""
        sock = f"/{label}.sock"
        if handler:
            self.agents[label] = Server(self.tmp / sock[1:], handler)
        self.sessions[label] = {"session": f"s_{label}", "epoch": 1, "socket": sock, "account": account, "name": name,
                                "state": "running", **more}
        ticket = f"ticket-of-{label}-0123456789"
        self.tickets[ticket] = label
        self.tokens[f"token carrel_{label}"] = f"s_{label}"
        return f"{label}.{self.console}", f"__Host-t={ticket}"

    def on_core(self, r):
        r.body = r.reader.body(r.fields)
        if self.core_mode == "silent":
            time.sleep(30)
            return False
        if self.core_mode == "closing":
            return False
        path, _, query = r.target.partition("?")
        if path == "/internal/route":
            label = query.partition("=")[2]
            if label not in self.sessions:
                return r.answer({}, "404 Not Found")
            if self.tickets.get(r.get("X-Carrel-Ticket")) != label:
                return r.answer({"console": f"http://{self.console}/"}, "401 Unauthorized")
            s = self.sessions[label]
            return r.answer(s) if s["state"] == "running" else r.answer({"state": s["state"]}, "503 Service Unavailable")
        if path == "/internal/program":
            sid = query.partition("=")[2]
            if r.get("Authorization") not in self.tokens:
                return r.answer({}, "401 Unauthorized")
            found = [s for s in self.sessions.values() if s["session"] == sid]
            if not found or self.tokens[r.get("Authorization")] != sid:
                return r.answer({}, "404 Not Found")
            return r.answer(found[0])
        if path == "/internal/enter":
            q = json.loads(r.body)
            if self.codes.pop((q["host"], q["code"]), None):
                return r.answer({"ticket": next(t for t, x in self.tickets.items() if x == q["host"]), "next": "/lab"})
            return r.answer({}, "400 Bad Request")
        r.answer({"core": True, "target": r.target, "fields": r.fields, "body": len(r.body)},
                 fields=[("Content-Type", "application/json"), ("Set-Cookie", "__Host-s=x; Secure")])

    # -- clients --

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port))
        s.settimeout(20)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def raw(self, data, until_close=True):
        """Everything the edge says to these bytes before it closes."""
        with self.connect() as s:
            s.sendall(data)
            out = b""
            while until_close:
                try:
                    d = s.recv(65536)
                except ConnectionResetError:
                    break
                if not d:
                    break
                out += d
            return out

    def request(self, host, target="/", method="GET", fields=(), body=b"", cookie=None, sock=None, chunked=False):
        own = sock is None
        s = sock or self.connect()
        f = [("Host", host), *fields]
        if cookie:
            f.append(("Cookie", cookie))
        if chunked:
            f.append(("Transfer-Encoding", "chunked"))
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif body:
            f.append(("Content-Length", str(len(body))))
        s.sendall((f"{method} {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in f) + "\r\n").encode("latin-1") + body)
        reader = Reader(s)
        line, got = reader.head()
        a = Answer(int(line.split(" ")[1]), got, b"" if method == "HEAD" or line.split(" ")[1] in ("304", "204") else reader.body(got))
        if own:
            s.close()
        return a

    def websocket(self, host, target="/ws", cookie=None, fields=(), key="dGhlIHNhbXBsZSBub25jZQ=="):
        s = self.connect()
        f = [("Host", host), ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
             ("Sec-WebSocket-Key", key), *fields]
        if cookie:
            f.append(("Cookie", cookie))
        s.sendall((f"GET {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in f) + "\r\n").encode())
        reader = Reader(s)
        line, got = reader.head()
        status = int(line.split(" ")[1])
        reader.answer = Answer(status, got, b"" if status == 101 else reader.body(got))
        if status == 101:
            assert reader.answer["Sec-WebSocket-Accept"] == accept_of(key)
        return reader


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def __getitem__(self, name):
        return next((v for k, v in self.fields if k.lower() == name.lower()), None)

    def json(self):
        return json.loads(self.body)


def ws_echo(r):
    """An agent's WebSocket that sends everything back."""
    r.sock.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    f"Sec-WebSocket-Accept: {accept_of(r.get('Sec-WebSocket-Key'))}\r\n"
                    + (f"Sec-WebSocket-Protocol: {r.get('Sec-WebSocket-Protocol').split(',')[0].strip()}\r\n"
                       if r.get("Sec-WebSocket-Protocol") else "") + "\r\n").encode())
    while True:
        op, data = read_frame(r.reader)
        r.sock.sendall(frame(op, data))
        if op == 8:
            return False
