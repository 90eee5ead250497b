# SPDX-License-Identifier: Apache-2.0
"""What a shim could not be told is said again: settings changed while the engine was away (found by the simulator)."""

import time

import pytest

from core_alone import Core, wait_for


@pytest.fixture
def core(tmp_path):
    c = Core(tmp_path, "auto_stop_min=2").start()
    yield c
    c.stop()


def told(core, session):
    return [m["idle_seconds"] for m in core.engine.verbs("SESSION_DEADLINE") if m["session"] == session["id"]]


def test_an_auto_stop_changed_while_the_engine_was_away_holds_when_it_is_back(core):
    u = core.user()
    ws = u.workspace(auto_stop_seconds=3600)
    s = u.start(ws)
    core.engine.away()
    core.wait("/healthz")
    u.ok("PATCH", f"/workspaces/{ws['id']}", {"auto_stop_seconds": 120})
    assert 120 not in told(core, s)
    core.engine.start()
    wait_for("the new auto-stop at the shim", lambda: 120 in told(core, s))


def test_a_refusal_is_not_the_last_word(core):
    u = core.user()
    ws = u.workspace(auto_stop_seconds=3600)
    s = u.start(ws)
    core.engine.refuse["SESSION_DEADLINE"] = (-11, "the session is starting or ending: ask again")
    u.ok("PATCH", f"/workspaces/{ws['id']}", {"auto_stop_seconds": 120})
    wait_for("an attempt", lambda: 120 in told(core, s))
    n = len(told(core, s))
    core.engine.refuse.clear()
    core.engine.away()
    core.engine.start()
    wait_for("another attempt", lambda: told(core, s)[n:] and told(core, s)[-1] == 120)


def test_there_and_back_while_the_engine_goes_away(core):
    """A setting that it heard, and then again the one of before, which it did not hear: that is no repetition."""
    u = core.user()
    ws = u.workspace(auto_stop_seconds=3600)
    s = u.start(ws)
    core.engine.away()
    core.engine.start()
    wait_for("the first round", lambda: told(core, s))  # 3600 is what it was told, and is known to have
    u.ok("PATCH", f"/workspaces/{ws['id']}", {"auto_stop_seconds": 120})
    wait_for("the shorter one", lambda: told(core, s)[-1] == 120)
    core.engine.away()
    core.wait("/healthz")
    u.ok("PATCH", f"/workspaces/{ws['id']}", {"auto_stop_seconds": 3600})
    time.sleep(6)  # longer than core is patient with what was on its way
    n = len(told(core, s))
    core.engine.start()
    wait_for("the longer one again", lambda: told(core, s)[n:] and told(core, s)[-1] == 3600, 60)


def test_an_acknowledgement_that_was_refused_is_said_again(core):
    """Or its journal would be kept, and told again at each connection, for ever."""
    u = core.user()
    ws = u.workspace()
    s = u.start(ws)
    core.engine.refuse["JOURNAL_ACK"] = (-5, "the journal can't be moved just now")
    u.stop(ws)
    wait_for("an attempt", lambda: core.engine.verbs("JOURNAL_ACK"))
    assert not core.engine.acked
    core.engine.refuse.clear()
    wait_for("another one in the next round", lambda: (s["id"], 1) in core.engine.acked, 60)
