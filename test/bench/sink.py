# SPDX-License-Identifier: Apache-2.0
"""A client that is never the limit: a kernel's WebSocket as JupyterLab opens it (v1 framing), whose messages are counted, not read."""

import base64
import json
import os
import socket
import struct
import time
import uuid

V1 = "v1.kernel.websocket.jupyter.org"


class Sink:
    def __init__(self, port, path, token, session):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.session, self.have = session, bytearray()
        self.sock.sendall((f"GET {path}?session_id={session} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                           f"Connection: Upgrade\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
                           f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {V1}\r\nAuthorization: token {token}\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.have:
            self.more()
        head, _, rest = bytes(self.have).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        self.have = bytearray(rest)

    def more(self):
        data = self.sock.recv(1 << 20)
        assert data, "the server closed the connection"
        self.have += data

    def take(self, n):
        while len(self.have) < n:
            self.more()
        out = bytes(self.have[:n])
        del self.have[:n]
        return out

    def frame(self):
        """Opcode and payload of the next frame."""
        first, n = self.take(2)
        if n == 126:
            n, = struct.unpack(">H", self.take(2))
        elif n == 127:
            n, = struct.unpack(">Q", self.take(8))
        return first & 15, self.take(n)

    def execute(self, code):
        mid = uuid.uuid4().hex
        parts = [b"shell", json.dumps({"msg_id": mid, "session": self.session, "username": "t", "msg_type": "execute_request",
                                       "version": "5.3", "date": "2026-01-01T00:00:00Z"}).encode(), b"{}", b"{}",
                 json.dumps({"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False,
                             "stop_on_error": True}).encode()]
        at = 8 * (len(parts) + 2)
        offsets = [at]
        for p in parts:
            offsets.append(at := at + len(p))
        data = struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + b"".join(parts)
        self.sock.sendall(struct.pack(">BBH", 0x82, 0x80 | 126, len(data)) + bytes(4) + data)
        return mid.encode()

    def stream_bytes(self, count, size):
        """Seconds until the kernel is idle again, and the bytes of stream messages that came."""
        t, mid, n = time.perf_counter(), self.execute(f"{count} {size}"), 0
        while True:
            op, data = self.frame()
            if op in (8, 9):
                assert op == 9, f"closed: {data}"
                continue
            if len(data) > size:
                n += size
            elif mid in data and b'"idle"' in data:
                return time.perf_counter() - t, n

    def close(self):
        self.sock.close()
