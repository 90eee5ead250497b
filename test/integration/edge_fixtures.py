# SPDX-License-Identifier: Apache-2.0
"""An edge for a whole module, and an agent behind it that says what reached it."""

import hashlib
import tempfile

import pytest

from edgelab import Lab, ws_echo


@pytest.fixture(scope="module")
def lab():
    with tempfile.TemporaryDirectory() as tmp:
        lab = Lab(tmp)
        yield lab
        lab.stop()


def echo(r):
    """An agent: says what reached it."""
    path = r.target.partition("?")[0]
    if path.endswith("/ws"):
        return ws_echo(r)
    if path == "/stream-in":
        h, n = hashlib.sha256(), 0
        f = dict((k.lower(), v) for k, v in r.fields)
        left = int(f.get("content-length", 0))
        pieces = r.reader.chunks() if "transfer-encoding" in f else iter(lambda: r.reader.take(min(left - n, 65536)), b"")
        for p in pieces:
            h.update(p)
            n += len(p)
        return r.answer({"bytes": n, "sha256": h.hexdigest()})
    if path == "/refuse":
        r.answer({"no": True}, "413 Content Too Large", [("Connection", "close")])
        return False
    if path == "/big":
        n = int(r.target.partition("?")[2])
        block = bytes(range(256)) * 256
        r.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n)
        for _ in range(n // len(block)):
            r.sock.sendall(block)
        return None
    if path == "/chunked":
        r.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n")
        return None
    if path == "/until-close":
        r.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nto the end")
        return False
    if path == "/cut":
        r.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        return False
    if path == "/cut-chunked":
        r.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        return False
    if path == "/policy":
        return r.answer(b"<script>", fields=[("Content-Security-Policy", "script-src *"), ("X-Content-Type-Options", "off"), ("Content-Type", "text/html")])
    if path == "/hops":
        r.sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: X-Secret-Hop\r\nX-Secret-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
                       b"Set-Cookie: a=b\r\nSet-Cookie: __Host-t=evil; Secure; Path=/\r\nX-Carrel-Account: a_evil\r\n"
                       b"Content-Length: 2\r\n\r\nok")
        return None
    r.body = r.reader.body(r.fields)
    return r.answer({"target": r.target, "method": r.method, "fields": r.fields, "body": r.body.decode("latin-1")},
                    fields=[("Content-Type", "application/json")])


@pytest.fixture(scope="module")
def one(lab):
    return lab.session("one", echo)
