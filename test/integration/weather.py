# SPDX-License-Identifier: Apache-2.0
"""What lies between a browser and core on a bad day: nothing for minutes, two seconds for every answer, or 503."""

import contextlib
import re
import socket
import threading
import time

from core_bridge import Bridge

REFUSED = (b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\nConnection: close\r\n"
           b"X-Request-Id: r_weather\r\nContent-Length: 134\r\n\r\n")
BODY = b'{"type":"https://carrel.dev/problems/unavailable","title":"Unavailable","status":503,"detail":"Carrel is restarting.","request_id":"r_w"}'


class Weather(Bridge):
    """`mode` is fair, slow or refuse; `asked` has what was asked for, as (method, path); `resumed` the last event of each stream."""

    def __init__(self, path):
        self.mode = "fair"
        self.asked = []
        self.resumed = []
        self.streams = set()
        self.deaf = set()
        super().__init__(path)

    def accept(self):
        while True:
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(a,), daemon=True).start()

    def serve(self, a):
        try:
            first = a.recv(65536)
            if not first:
                return a.close()
            self.note(a, first)
            if self.mode == "refuse" and b" /api/" in first.split(b"\r\n", 1)[0]:
                a.sendall(REFUSED.replace(b"134", str(len(BODY)).encode()) + BODY)
                return a.close()
            self.wait(first)
            b = socket.socket(socket.AF_UNIX)
            b.connect(self.path)
            b.sendall(first)
            threading.Thread(target=self.pump, args=(b, a), daemon=True).start()
            self.forward(a, b)
        except OSError:
            a.close()

    def forward(self, a, b):
        """Requests that follow on the same connection meet the weather of their own moment."""
        while data := a.recv(65536):
            self.note(a, data)
            if self.mode == "refuse" and re.match(rb"[A-Z]+ /api/", data):
                a.close()
                break
            self.wait(data)
            b.sendall(data)
        b.close()

    def wait(self, data):
        if self.mode == "slow" and re.match(rb"[A-Z]+ /api/", data):
            time.sleep(2)

    def pump(self, one, two):
        try:
            while data := one.recv(65536):
                if two not in self.deaf:
                    two.sendall(data)
            if two not in self.deaf:
                two.shutdown(socket.SHUT_WR)
        except OSError:
            one.close()

    def cut(self):
        """The streams there are break off."""
        for a in self.streams:
            with contextlib.suppress(OSError):
                a.shutdown(socket.SHUT_RDWR)
        self.streams.clear()

    def deafen(self):
        """Nothing more comes out of the streams there are, and neither end is told: a router that slept too long has forgotten them."""
        self.deaf |= self.streams

    def note(self, a, data):
        m = re.match(rb"([A-Z]+) (\S+) HTTP", data)
        if m:
            self.asked.append((m.group(1).decode(), m.group(2).decode()))
            if m.group(2) == b"/api/v1/events":
                self.streams.add(a)
                last = re.search(rb"(?i)\r\nlast-event-id: (\d+)", data)
                self.resumed.append(last and int(last.group(1)))

    def posts(self, pattern):
        return [p for m, p in self.asked if m == "POST" and re.search(pattern, p)]
