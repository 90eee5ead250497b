# SPDX-License-Identifier: Apache-2.0
"""Journals that were cut or come from elsewhere, and the real engine that starts on them."""

import os
import time

import pytest

from engine_fixtures import clean, host, kinds, no_session_is_left
from enginehost import images, shim_program
from journal import records as read_journal

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not images().exists() or not shim_program().exists(),
    reason="needs root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)",
)
RECORD = 512


def test_a_journal_cut_in_the_middle_of_its_end_ends_at_the_last_beat(host):
    s = host.session().ready()
    time.sleep(6)
    whole = s.end()
    host.kill()
    path = host.journals()[s.key]
    assert path.stat().st_size == 2 * RECORD
    os.truncate(path, 2 * RECORD - 200)
    host.start()
    stop = s.stopped(10)
    assert stop["estimated"] == 1 and stop["reason"] in ("shim-lost", "host-lost")
    start = read_journal(host.journals()[s.key])[0]
    assert start.boottime_ns < stop["boottime_ns"] <= whole["boottime_ns"], "never more than it was"
    assert stop["boottime_ns"] - start.boottime_ns > 3 * 10**9, "and not much less"
    assert len(kinds(host, s)) == 2
    clean(host)


def test_a_journal_without_one_whole_record_stops_nobody(host):
    s = host.session().ready()
    s.end()
    host.kill()
    path = host.journals()[s.key]
    os.truncate(path, 100)
    other = path.with_name("s_ffffffffffffffffffff-1.journal")
    other.write_bytes(b"\xff" * 700)
    host.start()
    t = host.session().ready()
    assert t.end()["reason"] == "user"
    other.unlink()
    path.unlink(missing_ok=True)
    clean(host)
