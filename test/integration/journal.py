# SPDX-License-Identifier: Apache-2.0
"""Reads the shims' journals with nothing of the product's own code (doc/internals/journal.md)."""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

RECORD = 512


@dataclass
class Record:
    session: str
    epoch: int
    segment: int
    seq: int
    kind: int
    boot_id: str
    boottime_ns: int
    wall_us: int
    reason: str
    estimated: int
