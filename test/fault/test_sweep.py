# SPDX-License-Identifier: Apache-2.0
"""A death, an error or a failed allocation at some places of every scenario; sweep.py has all places."""

import os

import pytest

import sweep
from rig import has

POINTS = int(os.environ.get("CARREL_POINTS", "6"))
ALLOCATIONS = int(os.environ.get("CARREL_ALLOCATIONS", "4"))

pytestmark = pytest.mark.skipif(not has("strace"), reason="needs strace and root")


@pytest.mark.parametrize("name", sweep.available())
def test_a_death_or_an_error_at_a_system_call(name, tmp_path, seed, figures):
    line, tally = sweep.run(name, ("kill", "error"), POINTS, seed, tmp_path)
    figures(line)
    assert tally["points"]


@pytest.mark.parametrize("name", sweep.available())
def test_an_allocation_that_fails(name, tmp_path, seed, figures):
    line, tally = sweep.run(name, ("alloc",), ALLOCATIONS, seed, tmp_path)
    figures(line)
    assert tally["reached"] > 0
