# SPDX-License-Identifier: Apache-2.0
"""The four clocks in the shim, with no core and no engine: calendar and budget fire by themselves, and survive the shim."""

import os
import signal
import time

import pytest

from engine_fixtures import clean, host, no_session_is_left
from enginehost import collect, images, shim_program
from journal import records as read_journal
from product import wait_for

S = 10**9
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not images().exists() or not shim_program().exists(),
    reason="needs root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)",
)


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def deadline(host, s, **clocks):
    fields = {"idle_seconds": 600, "extend_until_boot_ns": 0, "max_at_boot_ns": 0, "calendar_at_boot_ns": 0, "lease_until_boot_ns": 0}
    host.call("SESSION_DEADLINE", session=s.name, epoch=1, **{**fields, **clocks})


def stop_of(host, s):
    start, stop = read_journal(host.journals()[s.key])
    return stop


def test_calendar_and_budget_fire_with_the_engine_dead(host):
    """Set with the start and set later; a busy session stops all the same."""
    at = boot_ns() + 8 * S
    a = host.session(idle_seconds=600, calendar_at_boot_ns=at).ready()
    b = host.session(idle_seconds=600).ready()
    lease = boot_ns() + 7 * S
    deadline(host, b, lease_until_boot_ns=lease, calendar_at_boot_ns=lease + 60 * S, extend_until_boot_ns=lease + 90 * S)
    assert b.wait("EV_ACTIVITY", stop_at_boot_ns=lease)["stop_why"] == "budget"
    a.ask_agent("a 1 0")
    b.ask_agent("a 1 0")
    host.kill()
    a.gone(30)
    b.gone(30)
    for s, want, reason in ((a, at, "calendar"), (b, lease, "budget")):
        stop = stop_of(host, s)
        assert stop.reason == reason and not stop.estimated
        assert want <= stop.boottime_ns < want + 12 * S, (reason, stop.boottime_ns - want)
    clean(host)
    host.start()


def test_an_adopting_shim_has_all_four_clocks(host):
    s = host.session(idle_seconds=600, max_seconds=1000).ready()
    until, calendar, lease = (boot_ns() + n * S for n in (400, 500, 600))
    deadline(host, s, idle_seconds=50, extend_until_boot_ns=until, calendar_at_boot_ns=calendar, lease_until_boot_ns=lease)
    assert s.wait("EV_ACTIVITY", stop_at_boot_ns=until)["stop_why"] == "idle"
    before = s.state()
    assert (before["calendar_at_boot_ns"], before["lease_until_boot_ns"]) == (str(calendar), str(lease))
    for clocks, why, at in (({}, "idle", until), ({"calendar_at_boot_ns": calendar - 200 * S}, "calendar", calendar - 200 * S),
                            ({"calendar_at_boot_ns": calendar, "lease_until_boot_ns": lease - 300 * S}, "budget", lease - 300 * S)):
        if clocks:
            deadline(host, s, idle_seconds=50, extend_until_boot_ns=until, **clocks)
        shim, seen = s.shim(), len(host.client.events)
        os.kill(shim, signal.SIGKILL)
        collect()
        wait_for("new shim", lambda: s.shim() not in (None, shim), 10)
        # What the new shim says first is what it read from the state file.
        got = s.wait("EV_ACTIVITY", after=seen, stop_why=why, stop_at_boot_ns=at)
        assert got["stop_at_boot_ns"] == at
        assert s.state()["max_at_boot_ns"] == before["max_at_boot_ns"]
    # And it fires.
    soon = boot_ns() + 3 * S
    deadline(host, s, calendar_at_boot_ns=soon)
    stop = s.stopped(20)
    assert stop["reason"] == "calendar" and stop["boottime_ns"] >= soon
    s.gone()
    clean(host)


def test_a_moment_that_has_passed_fires_at_once(host):
    s = host.session(idle_seconds=600).ready()
    deadline(host, s, calendar_at_boot_ns=1)
    assert s.stopped(20)["reason"] == "calendar"
    s.gone()
    clean(host)
