# SPDX-License-Identifier: Apache-2.0
"""A network that can be cut: TCP from a port of its own to another one, until it is told to break off."""

import contextlib
import socket
import struct
import threading
import time


class Relay:
    def __init__(self, port):
        self.to = port
        self.up = True
        self.delay = 0.0  # s, of all that goes to the server
        self.pairs = set()
        self.lines = set()  # of them: WebSockets
        self.deaf = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                a, _ = self.listener.accept()
                self.begin(a)

    def begin(self, a):
        with self.lock:
            if not self.up:
                reset(a)
                return
            try:
                b = socket.create_connection(("127.0.0.1", self.to), timeout=10)
            except OSError:
                reset(a)
                return
            b.settimeout(None)
            self.pairs.add((a, b))
        for x, y in ((a, b), (b, a)):
            threading.Thread(target=self.pump, args=(x, y, (a, b)), daemon=True).start()

    def pump(self, x, y, pair):
        with contextlib.suppress(OSError):
            while data := x.recv(65536):
                if self.delay and x is pair[0]:
                    time.sleep(self.delay)
                if x is pair[0] and b"\r\nupgrade: websocket" in data.lower():
                    self.lines.add(pair)
                if pair not in self.deaf:
                    y.sendall(data)
        self.drop(pair)

    def drop(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            reset(s)

    def cut(self):
        """Everything breaks off, and nothing new gets through."""
        with self.lock:
            self.up = False
            pairs = list(self.pairs)
        for pair in pairs:
            self.drop(pair)

    def deafen(self):
        """Nothing more gets through the WebSockets there are, and neither end is told: a router that slept too long has forgotten them."""
        self.deaf |= self.lines

    def mend(self):
        with self.lock:
            self.up = True

    def close(self):
        self.cut()
        # A thread may sit in accept(): that the socket is shut down wakes it.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def reset(s):
    """Ends a connection as a router does that has forgotten it; a thread that reads from it wakes up."""
    with contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.shutdown(socket.SHUT_RDWR)
    s.close()
