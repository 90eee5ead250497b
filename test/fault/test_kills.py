# SPDX-License-Identifier: Apache-2.0
"""Core dies at random moments under load; kills.py has more of them, and test/integration/test_kill.py the whole platform's."""

import os

import kills


def test_nothing_is_lost_by_kills(tmp_path, seed, figures):
    figures(kills.run(tmp_path, seed, int(os.environ.get("CARREL_CORE_KILLS", "40"))))
