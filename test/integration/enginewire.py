# SPDX-License-Identifier: Apache-2.0
"""Speaks the engine's wire protocol with nothing of the product's own code (contracts section 3, wire.h's table)."""

import queue
import re
import socket
import struct
import threading
from pathlib import Path

HEADER = Path(__file__).resolve().parents[2] / "src/proto/wire.h"


def read_table():
    """{name: (number, [(field, kind)])} from the macros of wire.h."""
    text = HEADER.read_text().replace("\\\n", " ")
    ident = re.search(r"#define WIRE_IDENT_\(U32, S\)\s+(.*)", text).group(1)
    fields = {}
    for name, body in re.findall(r"#define WIRE_F_(\w+)\(U32, U64, I64, S\)([^\n]*)", text):
        body = body.replace("WIRE_IDENT_(U32, S)", ident)
        fields[name] = [(f, kind) for kind, f in re.findall(r"\b(U32|U64|I64|S)\((\w+)", body)]
    return {name: (int(number), fields[member]) for number, name, member in re.findall(r"M\((\d+),\s+(\w+),\s+(\w+),", text)}


TABLE = read_table()
BY_NUMBER = {number: (name, fields) for name, (number, fields) in TABLE.items()}
KINDS = {"U32": "<I", "U64": "<Q", "I64": "<q"}


def encode(name, seq, values):
    number, fields = TABLE[name]
    body = b""
    for field, kind in fields:
        v = values.get(field, "" if kind == "S" else 0)
        if kind == "S":
            v = v.encode() if isinstance(v, str) else v
            body += struct.pack("<I", len(v)) + v
        else:
            body += struct.pack(KINDS[kind], v)
    assert set(values) <= {f for f, _ in fields}, values
    return struct.pack("<IHHI", 8 + len(body), number, 0, seq) + body


def decode(frame):
    number, _flags, seq = struct.unpack_from("<HHI", frame, 4)
    name, fields = BY_NUMBER[number]
    at, values = 12, {}
    for field, kind in fields:
        if kind == "S":
            (n,) = struct.unpack_from("<I", frame, at)
            values[field] = frame[at + 4 : at + 4 + n].decode(errors="replace")
            at += 4 + n
        else:
            (values[field],) = struct.unpack_from(KINDS[kind], frame, at)
            at += struct.calcsize(KINDS[kind])
    assert at == len(frame)
    return name, seq, values


class EngineError(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Client:
    """One connection; events are kept in order in `events`."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(120)
        self.sock.connect(str(path))
        self.seq = 0
        self.answers = queue.Queue()
        self.events = []
        self.changed = threading.Condition()
        self.closed = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise ConnectionError("engine closed")
            data += more
        return data

    def _read(self):
        try:
            while True:
                head = self._exactly(4)
                name, seq, values = decode(head + self._exactly(struct.unpack("<I", head)[0]))
                if seq:
                    self.answers.put((name, seq, values))
                    continue
                with self.changed:
                    self.events.append((name, values))
                    self.changed.notify_all()
        except OSError:
            self.closed = True
            self.answers.put(("CLOSED", 0, {}))
            with self.changed:
                self.changed.notify_all()

    def call(self, name, **values):
        self.seq += 1
        self.sock.sendall(encode(name, self.seq, values))
        answer, seq, fields = self.answers.get(timeout=120)
        if answer == "CLOSED":
            raise ConnectionError("engine closed")
        assert seq == self.seq
        if answer == "ERROR":
            raise EngineError(fields["code"], fields["message"])
        return fields

    def wait(self, name, timeout=30, after=0, **match):
        """The first such event at or after index `after`."""

        def find():
            for event, values in self.events[after:]:
                if event == name and all(values.get(k) == v for k, v in match.items()):
                    return values
            return None

        with self.changed:
            assert self.changed.wait_for(lambda: find() is not None or self.closed, timeout), f"no {name} {match}; had {self.events[after:]}"
            found = find()
        if found is None:
            raise ConnectionError("engine closed")
        return found

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        self.thread.join(5)
