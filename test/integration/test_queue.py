# SPDX-License-Identifier: Apache-2.0
"""Core by itself: admission, the line, turns and holds."""

import json
import sqlite3
import struct
import threading
import time

import pytest

import fake_engine
from core_alone import BUILD, Core, Events, problem, wait_for

GIB = 1 << 30


def hub(folder, memory_gib, *settings, **host):
    """A host on which `memory_gib` is offered to sessions: nothing is reserved or over-committed."""
    c = Core(folder, "memory_overcommit=100", "memory_reserve=0", "cpu_overcommit=10000", *settings)
    c.engine.host = {"cpu_milli": 64000, "memory_bytes": memory_gib * GIB, **host}
    return c.start()


@pytest.fixture
def small(tmp_path):
    """Room for two small sessions (2 GiB each)."""
    c = hub(tmp_path, 4)
    yield c
    assert c.stop() == 0


def place(user, sid):
    return (user.session(sid)["queue"] or {}).get("place")


def wait_place(user, sid, n):
    return wait_for(f"place {n}", lambda: place(user, sid) == n)


def answer(user, ws, **kw):
    return user.call("POST", f"/workspaces/{ws['id']}/start", kw or None)


def test_two_hundred_starts_at_once_for_room_for_seven(tmp_path):
    core = hub(tmp_path, 14)
    users = [core.user(f"u{i}@example.org") for i in range(5)]
    spaces = [(u, u.workspace(f"w {i}", instance_type="small")) for u in users for i in range(40)]
    found, gate = [], threading.Barrier(40)

    def go(mine):
        gate.wait()
        for u, ws in mine:
            r = answer(u, ws)
            found.append((r.status, (r.json.get("session") or {}).get("state"), (r.json.get("session") or {}).get("queue")))
    threads = [threading.Thread(target=go, args=(spaces[i::40],)) for i in range(40)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [s for s, _, _ in found] == [202] * 200
    states = [st for _, st, _ in found]
    assert states.count("queued") == 193
    assert sorted(q["place"] for _, st, q in found if st == "queued") and all(q["of"] <= 193 for _, st, q in found if st == "queued")
    time.sleep(0.5)
    assert len(core.engine.running) == 7 == len(core.engine.verbs("SESSION_START"))
    admin = core.user()
    line = admin.ok("GET", "/admin/queue?limit=1000")
    assert line["waiting"] == 193 == len(line["items"])
    wait_for("places", lambda: [i["queue"]["place"] for i in admin.ok("GET", "/admin/queue?limit=1000")["items"]] == list(range(1, 194)))
    cap = admin.ok("GET", "/admin/capacity")
    assert cap["memory_bytes"]["used"] == cap["memory_bytes"]["offered"] == 14 * GIB
    assert cap["sessions"]["queued"] == 193 and cap["sessions"]["running"] == 7
    # Fair between owners: the first five in line are of five owners.
    assert len({i["account_id"] for i in line["items"][:5]}) >= 4
    # Each that ends makes room for exactly one.
    key = next(iter(core.engine.running))
    core.engine.end(*key, "exit")
    wait_for("next turn", lambda: len(core.engine.verbs("SESSION_START")) == 8)
    assert len(core.engine.running) == 7
    assert core.stop() == 0


def test_the_next_one_starts_by_itself_and_after_a_restart_too(small):
    u = small.user()
    spaces = [u.workspace(instance_type="small") for _ in range(5)]
    a, b = (u.start(w) for w in spaces[:2])
    c, d, e = (u.start(w, None) for w in spaces[2:])
    assert c["state"] == "queued" and c["reason"] == "capacity" and c["queue"]["place"] == 1 and c["queue"]["of"] == 1
    assert e["queue"]["place"] == 3 and e["queue"]["of"] == 3
    # Session 12 h at most, and a minute to end it.
    assert "at the latest" in c["queue"]["basis"] and c["queue"]["estimate_at"] > a["started_at"]
    live = wait_for("expectation", lambda: u.session(c["id"])["queue"]["expected_at"])
    assert live < c["queue"]["estimate_at"]
    u.stop(spaces[0])
    u.wait_state(c["id"], "running")
    wait_place(u, d["id"], 1)
    # Leaving is stopping; who is behind moves up.
    left = u.stop(spaces[3])
    assert left["state"] == "stopped" and left["reason"] == "user" and left["cost"] == "0.00" and left["queue"] is None
    wait_place(u, e["id"], 1)
    small.kill()
    small.engine.end(b["id"], b["epoch"], "idle")
    small.start()
    u.wait_state(e["id"], "running")
    assert len(small.engine.running) == 2


def test_lists_without_what_waits_are_no_signs_once_it_runs(small, tmp_path, monkeypatch):
    """The simulator's seed 4 (--days 1): misses were counted while it stood in line, and the first short list after its start,
    the engine's own restart, made it lost."""
    small.stop()
    clock = tmp_path / "clock"
    clock.write_bytes(bytes(16))
    small.prefix = ["env", f"LD_PRELOAD={BUILD}/test/integration/libclockstep.so", f"CLOCKSTEP_FILE={clock}"]
    small.start()
    u, engine = small.user(), small.engine
    spaces = [u.workspace(instance_type="small") for _ in range(3)]
    u.start(spaces[0])
    u.start(spaces[1])
    waits = u.start(spaces[2], None)

    def engine_again():
        """Its own restart: core asks for its list."""
        n = len(engine.verbs("SESSION_LIST"))
        engine.away()
        engine.start()
        wait_for("list", lambda: len(engine.verbs("SESSION_LIST")) > n)

    for boot in (0, 40, 80):  # longer than a moment's silence of the engine
        with open(clock, "r+b") as f:
            f.write(struct.pack("<qq", boot, boot))
        monkeypatch.setitem(fake_engine.AHEAD, "ns", boot * 10**9)
        engine_again()
    assert waits["state"] == u.session(waits["id"])["state"] == "queued"
    u.stop(spaces[0])
    u.wait_state(waits["id"], "running")
    short, whole = [True], engine.on_session_list

    def on_session_list(after=""):
        """Once without it."""
        answer, fields = whole(after)
        if short:
            short.clear()
            fields = {"items": json.dumps([i for i in json.loads(fields["items"]) if i["session"] != waits["id"]]), "next": ""}
        return answer, fields

    engine.on_session_list = on_session_list
    engine_again()
    n = len(engine.verbs("SESSION_LIST"))
    wait_for("a whole list, asked for soon", lambda: not short and len(engine.verbs("SESSION_LIST")) > n)
    assert u.session(waits["id"])["state"] == "running" and (waits["id"], waits["epoch"]) in engine.running
    verbs = [r["verb"] for r in u.ok("GET", "/audit")["items"] if r["object"] == waits["id"]]
    assert "session.lost" not in verbs, verbs


def test_a_larger_host_and_a_smaller_type_give_turns(small):
    u = small.user()
    big = u.workspace(instance_type="medium")
    u.start(big)
    waits, other = u.workspace(instance_type="medium"), u.workspace(instance_type="small")
    s, o = u.start(waits, None), u.start(other, None)
    assert (s["state"], o["state"]) == ("queued", "queued")
    problem(answer(u, u.workspace(instance_type="large")), 409, "conflict", "instance_type")
    p = answer(u, u.workspace(instance_type="large")).json
    assert "free, small, medium" in p["detail"]
    small.engine.host = {"cpu_milli": 64000, "memory_bytes": 9 * GIB}
    small.engine.away()
    small.engine.listener = None
    small.engine.start()
    assert u.wait_state(s["id"], "running")["instance_type"] == "medium"
    assert u.session(o["id"])["state"] == "queued"
    # The one that waits takes a smaller machine: it keeps its place and starts.
    moved = answer(u, other, instance_type="free").json["session"]
    assert moved["id"] == o["id"] and moved["instance_type"] == "free" and moved["price_per_hour"] == "0.00"
    assert u.wait_state(o["id"], "running")["instance_type"] == "free"


def test_a_type_that_is_made_smaller_gives_a_turn(small):
    u = small.user()
    u.start(u.workspace(instance_type="small"))
    u.start(u.workspace(instance_type="free"))
    s = u.start(u.workspace(instance_type="small"), None)
    assert s["state"] == "queued" and s["price_per_hour"] == "0.06"
    small.kill()
    db = sqlite3.connect(small.dir / "db" / "carrel.db")
    db.execute("UPDATE instance_type SET memory_bytes = ?, source = 'catalogue' WHERE id = 'small'", (GIB,))
    db.commit()
    db.close()
    small.start()
    u.wait_state(s["id"], "running")
    assert small.engine.verbs("SESSION_START")[-1]["memory_bytes"] == GIB


def test_capacity_is_never_a_timeout_but_waiting_for_the_engine_is_shown(small):
    u = small.user()
    for _ in range(2):
        u.start(u.workspace(instance_type="small"))
    ws = u.workspace(instance_type="small")
    s = u.start(ws, None)
    # As if it had waited for a day.
    small.kill()
    db = sqlite3.connect(small.dir / "db" / "carrel.db")
    db.execute("UPDATE session SET state_boot = 1, queued_boot = 1, created_us = created_us - 86400000000 WHERE id = ?", (s["id"],))
    db.commit()
    db.close()
    small.start()
    time.sleep(1.5)
    s = u.session(s["id"])
    assert s["state"] == "queued" and s["reason"] == "capacity" and s["queue"]["place"] == 1


def test_types_say_whether_they_are_free(small):
    u = small.user()
    types = wait_for("room", lambda: (t := {x["id"]: x for x in u.ok("GET", "/instance-types")["items"]})["small"]["free_now"] and t)
    assert types["large"]["available"] is False and types["medium"]["free_now"] and types["small"]["queue_place"] is None
    ws = u.workspace(instance_type="small")
    u.start(ws)
    types = wait_for("less room", lambda: not (t := {x["id"]: x for x in u.ok("GET", "/instance-types")["items"]})["medium"]["free_now"] and t)
    assert types["small"]["free_now"] and types["medium"]["queue_place"] == 1 and types["medium"]["queue_estimate_at"]
    s = u.start(u.workspace(instance_type="medium"), None)
    assert s["queue"]["free_types"] == []  # a small one would take what the first in line waits for
    u.stop(ws)
    u.wait_state(s["id"], "running")


def test_another_type_is_taken_instead_of_waiting(small):
    u = small.user()
    u.start(u.workspace(instance_type="small"))
    r = answer(u, u.workspace(instance_type="medium"), fallback_types=["large", "small", "free"])
    s = r.json["session"]
    assert s["state"] == "starting" and s["instance_type"] == "small" and s["price_per_hour"] == "0.06"
    # Not now, but as soon as one of them has room.
    waits = answer(u, u.workspace(instance_type="medium"), fallback_types=["small"]).json["session"]
    assert waits["state"] == "queued" and waits["queue"]["fallback_types"] == ["small"]
    u.wait_state(s["id"], "running")
    u.stop({"id": s["workspace_id"]})
    assert u.wait_state(waits["id"], "running")["instance_type"] == "small"
    for bad in (["none"], ["small"] * 5, [""], ["a b"]):
        r = answer(u, u.workspace(instance_type="medium"), fallback_types=bad)
        problem(r, 422 if r.status == 422 else 400, "invalid-field", "fallback_types")
    problem(answer(u, u.workspace(), on_turn="never"), r.status, "invalid-field", "on_turn")


def test_gpus_are_counted_by_class(tmp_path):
    core = hub(tmp_path, 64)
    core.engine.gpus = [{"class": "t4", "count": 1}]
    core.kill()
    core.start()
    admin = core.user()
    wait_for("gpus", lambda: admin.ok("GET", "/admin/capacity")["gpus"] == [{"class": "t4", "count": 1, "used": 0}])
    problem(core.user("x@example.org").call("GET", "/admin/queue"), 403)
    assert core.stop() == 0


# --- holds ---

@pytest.fixture
def brief(tmp_path):
    """Room for one, and turns that are held for 2 s."""
    c = hub(tmp_path, 2)
    c.kill()
    db = sqlite3.connect(c.dir / "db" / "carrel.db")
    db.execute("UPDATE plan SET hold_s = 2")
    db.commit()
    db.close()
    c.start()
    yield c
    assert c.stop() == 0


def test_a_held_turn_is_taken(brief):
    u, v = brief.user(), brief.user("v@example.org")
    first, mine, behind = u.workspace(instance_type="small"), u.workspace(instance_type="small"), v.workspace(instance_type="small")
    u.start(first)
    s = answer(u, mine, on_turn="hold").json["session"]
    assert s["queue"]["on_turn"] == "hold"
    b = v.start(behind, None)
    events = Events(u)
    u.stop(first)
    turn = events.next("turn")
    assert turn["session_id"] == s["id"] and turn["held_until"] and "your turn" in turn["text"]
    events.close()
    now = u.session(s["id"])
    assert now["state"] == "queued" and now["reason"] == "turn" and now["queue"]["held_until"]
    assert any(n["kind"] == "turn" and n["object_id"] == s["id"] for n in u.ok("GET", "/notices")["items"])
    assert not brief.engine.running  # kept for it, not given to the next
    assert answer(u, mine).json["session"]["state"] == "starting"
    u.wait_state(s["id"], "running")
    assert v.session(b["id"])["state"] == "queued"


def test_a_turn_not_taken_goes_to_the_next(brief):
    u, v = brief.user(), brief.user("v@example.org")
    first, mine, behind = u.workspace(instance_type="small"), u.workspace(instance_type="small"), v.workspace(instance_type="small")
    u.start(first)
    s = answer(u, mine, on_turn="hold").json["session"]
    b = v.start(behind, None)
    u.stop(first)
    v.wait_state(b["id"], "running")
    now = wait_for("end of the line", lambda: (x := u.session(s["id"]))["reason"] == "capacity" and x)
    assert "not taken" in now["message"] and now["queue"]["held_until"] is None
    v.stop(behind)
    # Nobody else waits: its turn is kept as long as that is so.
    wait_for("second turn", lambda: u.session(s["id"])["reason"] == "turn")
    time.sleep(2.5)
    assert u.session(s["id"])["reason"] == "turn"
    kinds = [n["kind"] for n in u.ok("GET", "/notices")["items"]]
    assert kinds.count("turn") == 3  # a turn, a turn not taken, a turn
    assert answer(u, mine).json["session"]["state"] == "starting"


# --- what people see ---

def test_places_come_live_and_not_as_a_storm(small):
    u, v = small.user(), small.user("v@example.org")
    for _ in range(2):
        u.start(u.workspace(instance_type="small"))
    spaces = [v.workspace(instance_type="small") for _ in range(20)]
    mine = u.workspace(instance_type="small")
    s = u.start(mine, None)
    events = Events(u)
    seen, stop = [], time.monotonic() + 6

    def read():
        try:
            while time.monotonic() < stop:
                kind, data, _ = events.read()
                if kind == "queue":
                    seen.append((time.monotonic(), data["items"]))
        except (EOFError, OSError, ValueError, AttributeError):
            pass
    t = threading.Thread(target=read, daemon=True)
    t.start()
    for w in spaces:
        v.start(w, None)
        time.sleep(0.1)
    t.join(8)
    events.close()
    assert seen and all([i["session_id"] for i in items] == [s["id"]] for _, items in seen)
    # Who has two running comes after the first two of who has none.
    assert seen[-1][1][0]["queue"]["place"] == 3 and seen[-1][1][0]["queue"]["of"] == 21
    gaps = [b - a for (a, _), (b, _) in zip(seen, seen[1:])]
    assert all(g > 0.7 for g in gaps) and len(seen) <= 8
