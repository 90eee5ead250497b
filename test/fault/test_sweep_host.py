# SPDX-License-Identifier: Apache-2.0
"""Engine and shim at some of their system calls, with real containers; sweep_host.py has all."""

import os
import tempfile
from pathlib import Path

import pytest

import sweep_host
from rig import has

POINTS = int(os.environ.get("CARREL_HOST_POINTS", "2"))

pytestmark = pytest.mark.skipif(not has("strace") or not sweep_host.images().exists() or not sweep_host.shim_program().exists(),
                                reason="needs strace, root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)")


@pytest.mark.parametrize("victim,act", sweep_host.ACTS)
def test_engine_or_shim_dies_or_fails_at_a_system_call(victim, act, seed, figures):
    # Sockets have short paths: not below the build folder.
    with tempfile.TemporaryDirectory(prefix="carrel-sweep-", ignore_cleanup_errors=True) as folder:
        figures(sweep_host.run(victim, act, Path(folder), POINTS, seed))
