# SPDX-License-Identifier: Apache-2.0
"""Engine and shim at some of their system calls, with real containers; sweep_host.py has all."""

import os
import tempfile
from pathlib import Path

import pytest

import inject
import sweep_host
from rig import has

POINTS = int(os.environ.get("CARREL_HOST_POINTS", "2"))

pytestmark = pytest.mark.skipif(not has("strace") or not sweep_host.images().exists() or not sweep_host.shim_program().exists(),
                                reason="needs strace, root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)")


@pytest.mark.parametrize("victim,act", sweep_host.ACTS)
def test_engine_or_shim_dies_or_fails_at_a_system_call(victim, act, seed, figures):
    # Sockets have short paths: not below the build folder.
    with tempfile.TemporaryDirectory(prefix="carrel-sweep-", ignore_cleanup_errors=True) as folder:
        broken, line = sweep_host.run(victim, act, Path(folder), POINTS, seed)
        figures(line)
        assert not broken


def test_what_could_not_be_thawed_still_ends(seed):
    """What is frozen does not die of a signal: the thaw is tried again."""
    with tempfile.TemporaryDirectory(prefix="carrel-sweep-", ignore_cleanup_errors=True) as folder:
        host = sweep_host.Host(Path(folder))
        try:
            first, second = (sweep_host.make(host.h, host.volume) for _ in range(2))
            host.again("SESSION_START", **first.values)
            host.decided(first)
            (state,) = [f for name in ("freezer.state", "cgroup.freeze") for f in Path("/sys/fs/cgroup").glob(f"**/{first.key}/{name}")]
            host.end(first)
            host.args.write_text(f"-f -P {state.parent.parent / second.key / state.name} -e trace=write -e inject=write:error=ENOSPC:when=2")
            host.again("SESSION_START", **second.values)
            host.decided(second)
            host.end(second)
            assert "(INJECTED)" in inject.words(host.log)
            host.judge(second)
        finally:
            sweep_host.given_up(host)
