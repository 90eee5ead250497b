# SPDX-License-Identifier: Apache-2.0
"""Edge alone: WebSockets, slowness, and how much memory all of it takes."""

import hashlib
import json
import socket
import threading
import time

import pytest

from edge_fixtures import echo, lab, one
from edgelab import Gone, Lab, Reader, Server, accept_of, frame, read_frame, wait_until


# ---- WebSockets ----


def test_websocket_both_ways(lab, one):
    host, cookie = one
    ws = lab.websocket(host, cookie=cookie, fields=[("Sec-WebSocket-Protocol", "v1.kernel.websocket.jupyter.org, x"),
                                                    ("Sec-WebSocket-Extensions", "permessage-deflate")])
    assert ws.answer["Sec-WebSocket-Protocol"] == "v1.kernel.websocket.jupyter.org"
    seen = lab.agents["one"].seen[-1]
    assert seen.get("Sec-WebSocket-Extensions") is None and seen.get("Sec-WebSocket-Key") != "dGhlIHNhbXBsZSBub25jZQ=="
    for n in (0, 1, 125, 126, 70000, 3000000):
        ws.sock.sendall(frame(2, b"d" * n, mask=True))
        assert read_frame(ws) == (2, b"d" * n)
    ws.sock.sendall(frame(8, b"\x03\xe8", mask=True))
    assert read_frame(ws) == (8, b"\x03\xe8")
    with pytest.raises(Gone):
        ws.more()


def test_a_tunnel_opens_only_after_a_whole_handshake_on_both_sides(lab):
    how = {}

    def agent(r):
        answer = how["answer"](r)
        r.sock.sendall(answer.encode())
        time.sleep(0.05)
        return False

    host, cookie = lab.session("fake", agent)
    ok = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    wrong = {
        "wrong accept": lambda r: ok + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        "no accept": lambda r: ok + "\r\n",
        "no upgrade": lambda r: f"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: {accept_of(r.get('Sec-WebSocket-Key'))}\r\n\r\n",
        "other protocol": lambda r: ok.replace("websocket", "h2c") + "\r\n",
        "extension": lambda r: ok + f"Sec-WebSocket-Accept: {accept_of(r.get('Sec-WebSocket-Key'))}\r\nSec-WebSocket-Extensions: x\r\n\r\n",
        "subprotocol": lambda r: ok + f"Sec-WebSocket-Accept: {accept_of(r.get('Sec-WebSocket-Key'))}\r\nSec-WebSocket-Protocol: evil\r\n\r\n",
        "not HTTP": lambda r: "SSH-2.0-x\r\n\r\n",
    }
    for what, how["answer"] in wrong.items():
        assert lab.websocket(host, cookie=cookie).answer.status in (502, 503), what
    how["answer"] = lambda r: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    a = lab.websocket(host, cookie=cookie).answer
    assert (a.status, a.body) == (200, b"ok")
    how["answer"] = lambda r: ok + "\r\n"
    assert lab.request(host, cookie=cookie).status == 503, "101 that nobody asked for"
    n = len(lab.agents["fake"].seen)
    up = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
    key, version = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13")
    for fields, method in (([], "GET"), ([key], "GET"), ([version], "GET"), ([key, ("Sec-WebSocket-Version", "8")], "GET"),
                           ([("Sec-WebSocket-Key", "short"), version], "GET"), ([key, key, version], "GET"), ([key, version], "POST")):
        a = lab.request(host, "/ws", method=method, fields=[*up, *fields], cookie=cookie)
        assert a.status == 400, fields
    assert len(lab.agents["fake"].seen) == n


def test_bytes_behind_the_handshake_are_not_lost(lab, one):
    host, cookie = one
    with lab.connect() as s:
        s.sendall((f"GET /ws HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode() + frame(1, b"early", mask=True))
        r = Reader(s)
        assert r.head()[0].startswith("HTTP/1.1 101")
        assert read_frame(r) == (1, b"early")


def test_revocation_cuts_live_sockets_and_downloads_within_five_seconds(lab):
    host, cookie = lab.session("revoked", echo)
    ws = [lab.websocket(host, cookie=cookie) for _ in range(20)]
    down = lab.connect()
    down.sendall(f"GET /big?{100 << 20} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
    down.recv(1000)
    del lab.tickets[cookie.partition("=")[2]]
    start = time.monotonic()
    for w in ws:
        op, data = read_frame(w)
        assert (op, data[:2]) == (8, (4401).to_bytes(2, "big"))
        with pytest.raises(Gone):
            w.more()
    assert time.monotonic() - start < 5
    n = 0
    with pytest.raises((Gone, AssertionError)):
        while True:
            d = down.recv(1 << 20)
            if not d:
                raise Gone
            n += len(d)
            assert n < 100 << 20
    assert time.monotonic() - start < 5


def test_a_silent_core_cuts_nothing_and_is_waited_for(lab):
    host, cookie = lab.session("patient", echo)
    ws = lab.websocket(host, cookie=cookie)
    lab.core_mode = "closing"
    try:
        time.sleep(3)
        ws.sock.sendall(frame(1, b"still", mask=True))
        assert read_frame(ws) == (1, b"still")
        a = lab.request(lab.console, "/api/v1/me", fields=[("Accept", "text/html")])
        assert a.status == 503 and a["Retry-After"] and b"console is away" in a.body
        t = threading.Timer(1.0, lambda: setattr(lab, "core_mode", "fine"))
        t.start()
        start = time.monotonic()
        assert lab.request(host, "/x", cookie=cookie).status == 200, "a core that comes back within seconds is waited for"
        assert time.monotonic() - start > 0.5
        t.join()
    finally:
        lab.core_mode = "fine"


def test_a_session_that_is_not_running_says_so(lab):
    host, cookie = lab.session("stopped", None, state="starting")
    a = lab.request(host, "/lab", cookie=cookie, fields=[("Accept", "text/html")])
    assert a.status == 503 and a["Retry-After"] == "1" and f"http://{lab.console}/".encode() in a.body
    host, cookie = lab.session("dead", None)
    a = lab.request(host, "/api", cookie=cookie)
    assert a.status == 503 and a.json()["type"].endswith("/session-away")


def test_own_pages_run_nothing(lab, one):
    for a in (lab.request("nowhere.example", fields=[("Accept", "text/html")]), lab.request(f"nobody.{lab.console}", fields=[("Accept", "text/html")])):
        csp = a["Content-Security-Policy"]
        assert "default-src 'none'" in csp and "frame-ancestors 'none'" in csp and "unsafe" not in csp
        style = a.body.split(b"<style>")[1].split(b"</style>")[0]
        import base64
        assert base64.b64encode(hashlib.sha256(style).digest()).decode() in csp
        assert a["X-Content-Type-Options"] == "nosniff" and a["Referrer-Policy"] == "no-referrer" and a["Cache-Control"] == "no-store"
        assert b"<script" not in a.body


# ---- crowds ----


def test_rechecks_take_turns_and_leave_room(tmp_path):
    """More people than core may be asked about at once: each is asked about again, and who comes anew is not turned away."""
    lab, people = Lab(tmp_path), 600
    host, cookie = lab.session("crowd", echo)
    tickets = [f"ticket-of-person-{i:06}" for i in range(people)]
    lab.tickets.update((t, "crowd") for t in [*tickets, "newcomer-0123456789"])
    ws = [lab.websocket(host, cookie=f"__Host-t={t}") for t in tickets]
    lock, asked, at_once, fine = threading.Lock(), set(), [0, 0], lab.on_core

    def slow(r):
        with lock:
            at_once[0] += 1
            at_once[1] = max(at_once)
            asked.add(r.get("X-Carrel-Ticket"))
        time.sleep(0.2)
        with lock:
            at_once[0] -= 1
        return fine(r)

    time.sleep(1)
    lab.core.handler = slow
    try:
        wait_until("all are asked about", lambda: asked >= set(tickets), 20)
        start = time.monotonic()
        assert lab.request(host, "/x", cookie="__Host-t=newcomer-0123456789").status == 200
        assert time.monotonic() - start < 2
        assert 32 <= at_once[1] <= 66, "64 and who came anew"
        del lab.tickets[tickets[0]], lab.tickets[tickets[-1]]
        for w in (ws[0], ws[-1]):
            assert read_frame(w)[1][:2] == (4401).to_bytes(2, "big")
    finally:
        lab.core.handler = fine
        lab.stop()


def test_an_agent_whose_queue_is_full_is_waited_for(lab):
    host, cookie = lab.session("full", None)
    agent = lab.agents["full"] = Server(lab.tmp / "full.sock", echo, backlog=0, begin=False)
    crowd = []
    with pytest.raises(BlockingIOError):
        while True:
            crowd.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
            crowd[-1].connect(agent.path)
    got = {}

    def ask(method, body):
        got[method] = lab.request(host, "/x", method=method, body=body, cookie=cookie)

    asking = [threading.Thread(target=ask, args=a) for a in (("GET", b""), ("PUT", b"data"))]
    for t in asking:
        t.start()
    time.sleep(0.7)
    assert not got
    agent.begin()
    for t in asking:
        t.join(5)
    assert got["GET"].status == got["PUT"].status == 200 and got["PUT"].json()["body"] == "data"
    for s in crowd:
        s.close()


def test_half_an_answer_does_not_look_whole_to_an_old_client(lab, one):
    host, cookie = one

    def read(path):
        out = b""
        with lab.connect() as s:
            s.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
            while d := s.recv(65536):
                out += d
        return out

    assert read("/until-close").endswith(b"\r\n\r\nto the end") and read("/chunked").endswith(b"\r\n\r\nhello world")
    with pytest.raises(ConnectionResetError):
        read("/cut-chunked")


# ---- size and slowness ----


def test_a_slow_upload_is_not_a_silent_core(tmp_path):
    """Core's fifteen seconds begin when it has everything. Meanwhile, without any session: idle connections to core are swept."""
    lab = Lab(tmp_path)
    try:
        with lab.connect() as idle, lab.connect() as s:
            assert lab.request(lab.console, "/a", sock=idle).status == 200
            behind = lab.core.socks[0]
            s.sendall(f"POST /b HTTP/1.1\r\nHost: {lab.console}\r\nContent-Length: 70000\r\n\r\n".encode())
            for _ in range(35):
                s.sendall(b"x" * 2000)
                time.sleep(0.5)
            r = Reader(s)
            line, fields = r.head()
            assert " 200 " in line and json.loads(r.body(fields))["body"] == 70000
            assert behind.fileno() == -1, "its thread saw the end and closed it"
            assert lab.request(lab.console, "/c", sock=idle).status == 200
    finally:
        lab.stop()


def rss(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(x.split()[1]) * 1024 for x in f if x.startswith("VmRSS"))


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(x.split()[1]) * 1024 for x in f if x.startswith("Pss:"))


class Peak:
    """The edge's largest resident size while the block runs."""

    def __init__(self, lab):
        self.pid, self.peak, self.stop = lab.edge.pid, 0, threading.Event()

    def __enter__(self):
        self.before = rss(self.pid)
        self.t = threading.Thread(target=self.look)
        self.t.start()
        return self

    def look(self):
        while not self.stop.wait(0.01):
            self.peak = max(self.peak, rss(self.pid))

    def __exit__(self, *a):
        self.stop.set()
        self.t.join()

    @property
    def grown(self):
        """Nothing under ASan, which keeps freed memory."""
        with open(f"/proc/{self.pid}/maps") as f:
            return 0 if "libasan" in f.read() else self.peak - self.before


SIZE = 100 << 20


@pytest.mark.parametrize("chunked", [False, True])
def test_big_upload_in_flat_memory(lab, one, chunked):
    host, cookie = one
    block = bytes(range(256)) * 4096
    with Peak(lab) as peak, lab.connect() as s:
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SIZE}"
        s.sendall(f"POST /stream-in HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n{framing}\r\n\r\n".encode())
        for _ in range(SIZE // len(block)):
            s.sendall(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
        if chunked:
            s.sendall(b"0\r\n\r\n")
        r = Reader(s)
        _, f = r.head()
        got = json.loads(r.body(f))
    assert got == {"bytes": SIZE, "sha256": hashlib.sha256(block * (SIZE // len(block))).hexdigest()}
    assert peak.grown < 8 << 20, f"{peak.grown} bytes"


def test_big_download_to_a_slow_client_in_flat_memory(lab, one):
    host, cookie = one
    h, n = hashlib.sha256(), 0
    with Peak(lab) as peak, lab.connect() as s:
        s.sendall(f"GET /big?{SIZE} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
        r = Reader(s)
        r.head()
        time.sleep(0.5)  # the edge must stand still, not collect
        assert peak.grown < 8 << 20
        while n < SIZE:
            d = r.buf or s.recv(1 << 20)
            r.buf = b""
            h.update(d)
            n += len(d)
    assert h.hexdigest() == hashlib.sha256(bytes(range(256)) * (SIZE // 256)).hexdigest()
    assert peak.grown < 8 << 20, f"{peak.grown} bytes"


def test_websocket_back_pressure(lab, one):
    host, cookie = one
    ws = lab.websocket(host, cookie=cookie)
    with Peak(lab) as peak:
        sent, f = 0, frame(2, b"b" * 100000, mask=True)
        ws.sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            while True:
                sent += ws.sock.send(f)
                assert sent < 64 << 20
    assert peak.grown < 2 << 20
    ws.sock.close()


def test_idle_websockets_cost_little(lab):
    host, cookie = lab.session("many", echo)
    lab.websocket(host, cookie=cookie)
    before = pss(lab.edge.pid)
    socks = [lab.websocket(host, cookie=cookie) for _ in range(1000)]
    for w in socks:
        w.sock.sendall(frame(1, b"x" * 2000, mask=True))
    for w in socks:
        assert read_frame(w) == (1, b"x" * 2000)
    each = (pss(lab.edge.pid) - before) / 1000
    print(f"{each:.0f} bytes per idle WebSocket")
    assert each < 16384
    for w in socks:
        w.sock.close()


def test_nothing_is_left_after_clients_have_gone(lab):
    import os
    fds = f"/proc/{lab.edge.pid}/fd"
    host, cookie = lab.session("gone", echo)
    wait_until("earlier sockets are closed", lambda: len(os.listdir(fds)) < 100, 20)
    for i in range(200):
        s = lab.connect()
        s.sendall(f"GET /big?{1 << 24} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n".encode() + (b"\r\n" if i % 2 else b""))
        s.close()
    for _ in range(100):
        lab.websocket(host, cookie=cookie).sock.close()
    wait_until("all descriptors are closed", lambda: len(os.listdir(fds)) < 40, 20)


def test_it_ends_cleanly_in_the_middle_of_everything(tmp_path):
    lab = Lab(tmp_path)
    host, cookie = lab.session("busy", echo)
    ws = [lab.websocket(host, cookie=cookie) for _ in range(5)]
    lab.request(host, cookie=cookie)
    lab.request(lab.console)
    down = lab.connect()
    down.sendall(f"GET /big?{100 << 20} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
    down.recv(1000)
    up = lab.connect()
    up.sendall(f"POST /stream-in HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Length: 1000\r\n\r\nhalf".encode())
    lab.core_mode = "silent"
    waiting = lab.connect()
    waiting.sendall(f"GET /x HTTP/1.1\r\nHost: new.{lab.console}\r\n\r\n".encode())
    wait_until("core is asked", lambda: any("host=new" in r.target for r in lab.core.seen))
    lab.stop()
    for r in ws:
        with pytest.raises(Gone):
            r.more()


def test_slow_heads_and_bodies_end_by_themselves(lab, one):
    host, cookie = one
    post = f"POST /stream-in HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Length: 100000\r\n\r\n"
    with lab.connect() as head, lab.connect() as body, lab.connect() as fast:
        start = time.monotonic()
        head.sendall(b"GET / HT")
        body.sendall(post.encode())
        fast.sendall(post.encode())
        for s in (head, body, fast):
            s.settimeout(0.3)
        ended = {}
        while len(ended) < 2 and time.monotonic() - start < 25:
            fast.sendall(b"x" * 1000)  # about 2 KiB a second each
            for name, s in (("head", head), ("body", body)):
                if name in ended:
                    continue
                try:
                    s.sendall(b"x")  # a byte now and then does not help
                    if s.recv(1000).startswith(b"HTTP/1.1 408"):
                        ended[name] = time.monotonic() - start
                except TimeoutError:
                    pass
        assert ended.keys() == {"head", "body"}
        assert 8 < ended["head"] < 15 and 8 < ended["body"] < 22
        fast.sendall(b"")
