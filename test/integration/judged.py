# SPDX-License-Identifier: Apache-2.0
"""What a test saw, written down for the checker of test/fault, which must find the promise held by it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "fault"))

import checker  # noqa: E402
from clientlog import Log  # noqa: E402


def held(state, log, *promises):
    """Each of them is judged, and held: "not judged" is a failure as well."""
    verdicts = checker.check(state, log.entries, only=set(promises))
    assert {p: v for p, (v, _) in verdicts.items()} == dict.fromkeys(promises, "held"), verdicts


__all__ = ["Log", "held"]
