# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client that speaks permessage-deflate (RFC 7692), with as much of websocket-client's interface as the tests use."""

import socket
import time
import zlib
from pathlib import Path

from edgelab import Reader, frame
from kernelsocket import V1, Socket

TAIL = b"\0\0\xff\xff"


class Stream(Reader):
    """Does not copy what is still to be read each time."""

    def __init__(self, sock):
        super().__init__(sock)
        self.at = 0

    def take(self, n):
        while len(self.buf) - self.at < n:
            self.buf, self.at = self.buf[self.at:], 0
            self.more()
        self.at += n
        return self.buf[self.at - n:self.at]


FAR = ("X-Forwarded-For", "192.0.2.7")  # as a proxy says it on this machine: the client is elsewhere


def private_kb(agent):
    """What the agent alone has written to: not a share of libraries, which changes with what else runs."""
    for line in Path(f"/proc/{agent.proc.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return 0 if agent.sanitized() else int(line.split()[1])
    raise AssertionError("no Private_Dirty line")


class PackedWs:
    def __init__(self, sock, host, target, offer="permessage-deflate; client_max_window_bits", fields=()):
        self.sock, self.reader = sock, Stream(sock)
        self.end = time.monotonic() + 1e9
        self.wire = self.plain = 0  # bytes of data frames that came, and of what they said
        self.packed = 0             # messages that came packed
        head = [("Host", host), ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Extensions", offer), *fields]
        self.sock.sendall((f"GET {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head if v) + "\r\n").encode())
        line, got = self.reader.head()
        assert line.startswith("HTTP/1.1 101 "), line
        self.answer = {k.lower(): v for k, v in got}
        self.extension = self.answer.get("sec-websocket-extensions")
        self.inflate = zlib.decompressobj(-15)
        self.fresh = "server_no_context_takeover" in (self.extension or "")

    def getsubprotocol(self):
        return self.answer.get("sec-websocket-protocol")

    def settimeout(self, seconds):
        self.sock.settimeout(seconds)
        self.end = time.monotonic() + (seconds or 1e9)

    def send(self, text):
        self.put(1, text.encode())

    def send_binary(self, data):
        self.put(2, data)

    def put(self, op, data, pieces=1):
        """Packed if that was agreed on; in so many fragments."""
        rsv1 = 0
        if self.extension:
            z = zlib.compressobj(wbits=-15)  # anew each time: the server asks for that
            data = (z.compress(data) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]
            rsv1 = 0x40
        self.raw(op, data, rsv1, pieces)

    def raw(self, op, data, rsv1=0x40, pieces=1):
        step = -(-len(data) // pieces) or 1
        cut = [data[i:i + step] for i in range(0, len(data), step)] or [b""]
        for i, d in enumerate(cut):
            f = bytearray(frame(0 if i else op, d, fin=i == len(cut) - 1, mask=True))
            f[0] |= 0 if i else rsv1
            self.sock.sendall(f)

    def frame(self):
        """(first byte, payload) of the next frame."""
        a, b = self.reader.take(2)
        n = b & 127
        if n > 125:
            n = int.from_bytes(self.reader.take(2 if n == 126 else 8), "big")
        data = self.reader.take(n)
        if a & 15 < 8:
            self.wire += len(data)
        return a, data

    def recv(self):
        """The next message; ConnectionError with the code when the server closes."""
        while True:
            a, data = self.frame()
            if a & 15 == 8:
                raise ConnectionError(int.from_bytes(data[:2], "big"))
            if a & 15 == 9:
                self.raw(10, data, 0)
                if time.monotonic() > self.end:
                    raise TimeoutError("nothing but pings")
            if a & 15 >= 8:
                continue
            assert a & 0xb0 == 0x80, hex(a)
            if a & 0x40:
                assert self.extension
                self.packed += 1
                if self.fresh:
                    self.inflate = zlib.decompressobj(-15)
                data = self.inflate.decompress(data + TAIL)
                assert not self.inflate.unconsumed_tail and not self.inflate.unused_data
            self.plain += len(data)
            return data.decode() if a & 15 == 1 else data

    def close(self):
        self.raw(8, (1000).to_bytes(2, "big"), 0)
        self.sock.close()

    def shutdown(self):
        self.sock.close()


class PackedSocket(Socket):
    """A browser session at a kernel, from another machine unless near."""

    def __init__(self, agent, kid, v1=True, session=None, near=False, offer="permessage-deflate; client_max_window_bits"):
        self.near, self.offer = near, offer
        super().__init__(agent, kid, v1, session)

    def connect(self, rcvbuf=None, origin=None):
        s = socket.socket()
        if rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        s.settimeout(60)
        s.connect(("127.0.0.1", self.agent.port))
        self.ws = PackedWs(s, f"127.0.0.1:{self.agent.port}",
                           f"{self.agent.base}api/kernels/{self.kid}/channels?session_id={self.session}", self.offer,
                           [("Authorization", f"token {self.agent.token}"), ("Origin", origin),
                            ("Sec-WebSocket-Protocol", V1 if self.v1 else None), (FAR[0], None if self.near else FAR[1])])
        assert self.ws.getsubprotocol() == (V1 if self.v1 else None)
