# SPDX-License-Identifier: Apache-2.0
"""Fault tests are programs first (sweep.py, kills.py, disk.py, checker.py); here a bounded part of each, from one seed."""

import os
import random
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

SEED = int(os.environ.get("CARREL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)


@pytest.fixture(scope="session")
def seed():
    print(f"CARREL_SEED={SEED}")
    return SEED


@pytest.fixture
def figures(record_property):
    """A line that tools/test prints."""
    return lambda line: (print(line), record_property("figures", line))
