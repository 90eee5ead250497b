# SPDX-License-Identifier: Apache-2.0
"""Reads the shims' journals with nothing of the product's own code (doc/internals/journal.md)."""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

RECORD = 512
START, STOP = 1, 2


@dataclass
class Record:
    kind: int
    session: str
    epoch: int
    segment: int
    seq: int
    estimated: int
    boottime_ns: int
    wall_us: int
    boot_id: str
    reason: str


def records(path):
    found = []
    data = Path(path).read_bytes()
    for at in range(0, len(data) - RECORD + 1, RECORD):
        r = data[at:at + RECORD]
        if r[:4] != b"CRLJ" or hashlib.sha256(r[:504]).digest()[:8] != r[504:]:
            break
        kind, session, epoch, segment, seq, estimated, boot_ns, wall_us = struct.unpack_from("<I40sIIIIQq", r, 4)
        boot_id, reason = struct.unpack_from("<40s32s", r, 104)
        found.append(Record(kind, session.rstrip(b"\0").decode(), epoch, segment, seq, estimated, boot_ns, wall_us,
                            boot_id.rstrip(b"\0").decode(), reason.rstrip(b"\0").decode()))
    return found


def runs(state, session):
    """[(start, stop)] of every finished segment of a session, in order."""
    found = []
    for folder in ("journal", "journal/done"):
        for path in sorted(Path(state, folder).glob(f"{session}-*.journal")):
            open_ = {}
            for r in records(path):
                if r.kind == START:
                    open_[r.segment] = r
                elif r.kind == STOP and r.segment in open_:
                    found.append((open_.pop(r.segment), r))
    return sorted(found, key=lambda p: (p[0].epoch, p[0].segment))
