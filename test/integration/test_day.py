# SPDX-License-Identifier: Apache-2.0
"""A small day in the life (test/sim/day.py): a dozen people, a host with too little room, budgets, and a month that is closed."""

import subprocess
import sys
from pathlib import Path

DAY = Path(__file__).resolve().parents[1] / "sim/day.py"


def test_a_day_leaves_nothing_wrong(tmp_path):
    r = subprocess.run([sys.executable, str(DAY), "--people", "14", "--seconds", "22", "--slots", "5", "--state", str(tmp_path), "--out", str(tmp_path)],
                       capture_output=True, text=True, timeout=150, check=False)
    assert r.returncode == 0, r.stdout[-3000:] + r.stderr[-3000:]
    figures = dict(line.strip("| \n").rsplit(" | ", 1) for line in (tmp_path / "day-figures.md").read_text().splitlines()[2:])
    assert int(figures["sessions"]) >= 10 and int(figures["stopped by auto-stop"]) >= 1
    assert int(figures["asked for when the host was full: queued"]) >= 1
    assert int(figures["invoices"]) >= 1 and figures["billed, USD"] == figures["on invoices, USD"]
    assert (tmp_path / "day.svg").read_text().startswith("<svg")
