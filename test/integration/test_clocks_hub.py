# SPDX-License-Identifier: Apache-2.0
"""Calendar and hard maximum against real sessions while core is stopped dead: the shims fire by themselves, to the second."""

import os
import signal
import time
from datetime import datetime, timedelta, timezone

from journal import records
from processes import roles
from product import Jupyter, wait_for


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def test_calendar_and_maximum_with_core_dead(hub, api):
    longest = api.workspace("longest", instance_type="free", storage_bytes=256 << 20, max_seconds=60)
    at = datetime.now(timezone.utc) + timedelta(seconds=70)
    at = at.replace(second=0, microsecond=0)
    if (at - datetime.now(timezone.utc)).total_seconds() < 15:
        at += timedelta(minutes=1)
    daily = api.workspace("daily", instance_type="free", storage_bytes=256 << 20, stop_calendar=at.strftime("%H:%M"))
    m, c = api.start(longest), api.start(daily)
    # Both are at work all the time: these two clocks do not ask.
    kernels = [Jupyter(s["program_url"], api.token).kernel() for s in (m, c)]
    for k in kernels:
        k.send("execute_request", {"code": "while True: pass", "silent": False, "store_history": True, "user_expressions": {},
                                   "allow_stdin": False, "stop_on_error": True})
        k.close()
    wait_for("both clocks", lambda: (api.session(m["id"])["stop_why"], api.session(c["id"])["stop_why"]) == ("max", "calendar"), 15)
    want = boot_ns() + int((at - datetime.now(timezone.utc)).total_seconds() * 1e9)
    core = roles(hub)["core"][0]
    os.kill(core, signal.SIGSTOP)
    try:
        def stops():
            found = {}
            for s in (m, c):
                for d in ("journal", "journal/done"):
                    p = hub.state / d / f"{s['id']}-{s['epoch']}.journal"
                    for r in records(p) if p.exists() else ():
                        found.setdefault(s["id"], {})[r.kind] = r
            return all(2 in found.get(s["id"], {}) for s in (m, c)) and found

        found = wait_for("both stops", stops, 140)
    finally:
        os.kill(core, signal.SIGCONT)
    start, stop = found[m["id"]][1], found[m["id"]][2]
    assert stop.reason == "max" and not stop.estimated and 60e9 <= stop.boottime_ns - start.boottime_ns < 73e9
    stop = found[c["id"]][2]
    assert stop.reason == "calendar" and not stop.estimated and -1e9 <= stop.boottime_ns - want < 13e9
    for s, reason, words in ((m, "max", "longest time"), (c, "calendar", "time of day")):
        s = api.wait_state(s["id"], "stopped", 60)
        assert s["reason"] == reason and words in s["message"]
        assert words in api.get(f"/sessions/{s['id']}/activity")["verdict"]
    for ws in (longest, daily):
        api.delete(ws)
