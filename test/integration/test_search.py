# SPDX-License-Identifier: Apache-2.0
"""Search, recents, Home and charts of a core by itself: what agents tell is played, good and hostile."""

import json
import random
import time

import pytest

from core_alone import Core, Events, wait_for


@pytest.fixture
def core(tmp_path):
    c = Core(tmp_path, "minute=1")
    c.engine.docs = 1
    c.start()
    yield c
    c.stop()


def granted(core, session, gen):
    return [m for m in core.engine.verbs("SESSION_INDEX") if m["session"] == session["id"] and m["acked"] == gen]


def tell(core, session, **doc):
    """One document, until core has it; what it asks for."""
    gen = core.engine.doc(session, doc)
    return wait_for("the acknowledgement", lambda: granted(core, session, gen))[-1]["want"]


def put(core, session, path, text="", heads="", changed=1):
    tell(core, session, op="put", path=path, notebook=path.endswith(".ipynb"), changed=changed, size=len(text), title=heads, heads=heads, text=text)


def begin(core, user, **kw):
    ws = user.workspace(**kw)
    s = user.start(ws)
    wait_for("credit", lambda: granted(core, s, 0))
    return ws, s


def found(user, q, **kw):
    extra = "".join(f"&{k}={v}" for k, v in kw.items())
    from urllib.parse import quote
    return user.ok("GET", f"/search?q={quote(q)}{extra}")["items"]


def paths(user, q, **kw):
    return [i["path"] for i in found(user, q, **kw)]


def marked(pieces):
    return "".join(f"[{p['text']}]" if p["match"] else p["text"] for p in pieces)


def test_what_is_saved_is_found_by_name_heading_and_text(core):
    u = core.user()
    ws, s = begin(core, u, name="Rain study")
    put(core, s, "a/deep.ipynb", "how to draw a Plot of rain, with café", heads="Introduction")
    put(core, s, "plot.py", "x = 1")
    put(core, s, "h.ipynb", "nothing", heads="A plot")
    hits = found(u, "plot ")
    assert [(h["path"], h["where"]) for h in hits] == [("plot.py", "name"), ("h.ipynb", "heading"), ("a/deep.ipynb", "text")]
    assert marked(hits[0]["name_parts"]) == "[plot].py"
    assert marked(hits[1]["snippet"]) == "A [plot]"
    assert marked(hits[2]["snippet"]) == "how to draw a [Plot] of rain, with café"
    assert hits[2]["kind"] == "notebook" and hits[0]["kind"] == "file" and hits[2]["title"] == "Introduction"
    assert hits[0]["workspace_name"] == "Rain study" and hits[0]["running"] is True and hits[0]["label"] == ws["label"]
    assert paths(u, "dra") == ["a/deep.ipynb"] and paths(u, '"a draw"') == [] and paths(u, '"draw a"') == ["a/deep.ipynb"]
    assert paths(u, "plot -rain") == ["plot.py", "h.ipynb"] and paths(u, "plot type:py") == ["plot.py"]
    assert paths(u, "plot in:rain") == paths(u, "plot") and paths(u, "plot in:sun") == []
    assert paths(u, "cafe") == ["a/deep.ipynb"]
    workspace = found(u, "rain stu")[0]
    assert workspace["kind"] == "workspace" and workspace["path"] == "" and marked(workspace["name_parts"]) == "[Rain] [stu]dy"
    answer = u.ok("GET", "/search?q=plot&limit=2")
    assert len(answer["items"]) == 2 and answer["more"] and answer["documents"] == 3
    # Changed, moved, gone; and once the session has stopped all the same.
    put(core, s, "plot.py", "y = 2", changed=2)
    assert paths(u, "y type:py") == ["plot.py"]
    tell(core, s, op="move", path="a", to="b/c")
    assert paths(u, "café") == ["b/c/deep.ipynb"]
    tell(core, s, op="gone", path="h.ipynb")
    u.stop(ws)
    assert paths(u, "plot") == ["plot.py", "b/c/deep.ipynb"] and found(u, "plot")[0]["running"] is False
    u.ok("DELETE", f"/workspaces/{ws['id']}", {"confirm": "Rain study"}, expect=204)
    assert paths(u, "plot") == []
    wait_for("the index without it", lambda: u.ok("GET", "/search?q=plot")["documents"] == 0)


def test_a_search_in_many_workspaces_leaves_none_out(core):
    u = core.user()
    first, s = begin(core, u, name="Course 0")
    put(core, s, "first.py", "plot")
    u.stop(first)
    for i in range(1, 30):
        last = u.workspace(name=f"Course {i}")
    answer = u.ok("GET", "/search?q=plot%20in:course")
    assert [i["path"] for i in answer["items"]] == ["first.py"] and answer["more"] is False
    assert paths(u, "plot", workspace_id=first["id"]) == ["first.py"] and paths(u, "plot", workspace_id=last["id"]) == []


def test_one_search_does_not_stop_the_others(core):
    """Each place of each text looks like the beginning of each word; names of hits, and texts."""
    u = core.user()
    _, s = begin(core, u)
    for i in range(20):
        put(core, s, f"a a a a a a a b {i}.txt", "a " * 32000)
    began = time.monotonic()
    answer = u.ok("GET", "/search?limit=50&q=" + "%22a%20a%20a%20a%20a%20a%20a%20b%22%20" * 12)
    assert time.monotonic() - began < 5
    assert len(answer["items"]) == 20 and answer["items"][0]["where"] == "name"
    assert answer["items"][0]["snippet"][0]["text"].startswith("a a a")


def test_nobody_finds_what_is_anothers(core):
    admin, other = core.user(), core.user("other@example.org")
    _, s = begin(core, other, name="Private")
    put(core, s, "secret.ipynb", "sesame", heads="sesame")
    assert paths(other, "sesame") == ["secret.ipynb"]
    ids = [other.ok("GET", "/me")["account"]["id"], s["workspace_id"]]
    for q in ("sesame", "secret", "private", "in:Private", "type:notebook", f"a{ids[0][2:]}", f"owner:a{ids[0][2:]}", "* OR owner:"):
        assert paths(admin, q) == [], q
    assert paths(admin, "sesame", workspace_id=ids[1]) == []
    assert admin.ok("GET", "/recent")["items"] == [] and admin.ok("GET", "/home")["continue"] == []
    assert admin.call("GET", f"/sessions/{s['id']}/metrics").status == 404


def test_any_input_is_a_search(core):
    u = core.user()
    _, s = begin(core, u)
    put(core, s, "plot.ipynb", "plot a NOT b")
    rng = random.Random(7)
    pieces = ['"', "*", "-", "(", ")", "AND ", "NOT ", "NEAR(", "in:", "type:", ":", "^", "{", "ä", "\x7f", "漢", "plot", " ", "\\", "'", ";--", "😀"]
    for _ in range(300):
        assert isinstance(found(u, "".join(rng.choices(pieces, k=rng.randint(1, 12)))), list)
    assert u.call("GET", "/search?q=%ff%fe").status == 200
    assert u.ok("GET", "/search?q=")["items"] == []
    assert u.call("GET", "/search?q=" + "x" * 3000).status == 200
    assert u.ok("GET", "/search")["items"] == [] and u.call("GET", "/search?q=x&limit=51").status == 400


def test_a_hostile_agent_harms_only_itself(core):
    u = core.user()
    _, s = begin(core, u)
    put(core, s, "good.py", "fine")
    rng = random.Random(3)
    good = json.dumps({"op": "put", "path": "x.py", "notebook": False, "changed": 1, "size": 1, "title": "", "heads": "", "text": "t"})
    bad = ["", "{", "[]", "null", '{"op":"put"}', '{"op":"gone","path":"../etc"}', '{"op":"gone","path":"/"}', '{"op":"gone","path":""}',
           '{"op":"list","after":"","upto":"","items":[["b",1,1],["a",1,1]]}', "[" * 3000, '{"op":"kernels","items":[["a",1,0]],"x":' + "1" * 2000 + "}",
           good.replace('"t"', '"' + "t" * 70000 + '"'), '{"op":"move","path":"good.py","to":"good.py/x"}']
    for body in bad:
        gen = core.engine.doc(s, body)
        wait_for("an answer", lambda: granted(core, s, gen))
    for i in range(200):  # parts that do not belong together, of any number
        core.engine.event("EV_DOC", session=s["id"], epoch=s["epoch"], gen=rng.randint(0, 5), part=rng.choice((0, 1, 2, 2**32 - 1)),
                          parts=rng.choice((0, 1, 3, 2**32 - 1)), body=good[:rng.randint(0, 60)].replace("\x00", ""))
    core.engine.event("EV_DOC", session="s_nobody", epoch=1, gen=1, part=0, parts=1, body=good)
    core.engine.event("EV_DOC", session=s["id"], epoch=99, gen=1, part=0, parts=1, body=good)
    put(core, s, "after.py", "still here")
    assert paths(u, "here") == ["after.py"] and paths(u, "fine") == ["good.py"]
    assert core.call("GET", "/healthz").status == 200


def test_a_list_asks_for_what_is_new_and_drops_what_is_lost(core):
    u = core.user()
    _, s = begin(core, u)
    put(core, s, "a.py", "same", changed=7)
    put(core, s, "b.py", "same", changed=7)
    put(core, s, "z.py", "same", changed=7)
    assert u.ok("GET", "/search?q=same")["catching_up"] is True
    assert tell(core, s, op="list", after="", upto="", items=[["a.py", 7, 4], ["b.py", 8, 4], ["c.py", 7, 4]]) == "6"
    assert sorted(paths(u, "same")) == ["a.py", "b.py"]
    put(core, s, "b.py", "same", changed=8)
    put(core, s, "c.py", "same", changed=7)
    assert u.ok("GET", "/search?q=same")["catching_up"] is False


def test_a_killed_core_asks_again(core):
    u = core.user()
    _, s = begin(core, u)
    put(core, s, "a.py", "before")
    core.engine.event("EV_DOC", session=s["id"], epoch=s["epoch"], gen=77, part=0, parts=2, body='{"op":"gone",')
    core.kill()
    core.start(engine=False)
    n = len(core.engine.verbs("SESSION_INDEX"))
    wait_for("credit of the new core", lambda: [m for m in core.engine.verbs("SESSION_INDEX")[n:] if m["acked"] == 0])
    u = core.user()
    assert paths(u, "before") == ["a.py"]
    put(core, s, "b.py", "after")
    assert paths(u, "after") == ["b.py"]


def test_recents_and_home(core):
    u = core.user()
    home = u.ok("GET", "/home")
    assert home["first_run"] is True and home["running"] == [] and home["continue"] == [] and home["workspaces_total"] == 0
    ws, s = begin(core, u, name="Thesis")
    put(core, s, "fig/a.ipynb", "x")
    for i, (path, what) in enumerate((("fig/a.ipynb", "opened"), ("b.py", "saved"), ("fig/a.ipynb", "run"))):
        tell(core, s, op="seen", path=path, what=what, at=1_700_000_000_000_000 + i)
    tell(core, s, op="kernels", items=[["fig/a.ipynb", 1, 0], ["b.py", 0, 0]])
    items = u.ok("GET", "/recent")["items"]
    assert [(i["path"], i["what"], i["kernel"], i["kind"]) for i in items] == [("fig/a.ipynb", "run", "busy", "notebook"), ("b.py", "saved", "idle", "file")]
    assert items[0]["workspace_name"] == "Thesis" and items[0]["running"] and items[0]["session_id"] == s["id"]
    home = u.ok("GET", "/home")
    assert home["first_run"] is False and [r["id"] for r in home["running"]] == [s["id"]] and home["workspaces_total"] == 1
    assert home["continue"] == items and home["workspaces"][0]["id"] == ws["id"]
    assert home["burn_per_hour"] == home["running"][0]["price_per_hour"] and "expected" in home["month"]
    assert float(home["month"]["expected"]) >= float(home["month"]["used"]) + float(home["month"]["open"])
    tell(core, s, op="seen", path="later.py", what="opened", at=9_000_000_000_000_000)  # a clock that goes wrong
    assert u.ok("GET", "/recent")["items"][0]["at"] < "2100"
    tell(core, s, op="gone", path="fig")
    u.stop(ws)
    assert [(i["path"], i["kernel"], i["running"]) for i in u.ok("GET", "/recent")["items"]] == [("later.py", "none", False), ("b.py", "none", False)]
    assert u.call("GET", "/recent?limit=0").status == 400


def test_charts_come_by_the_second_and_stay_when_it_is_over(core):
    u = core.user()
    _, s = begin(core, u)
    core.engine.stats = {"rx_bytes": 5000, "tx_bytes": 7000}
    m = u.ok("GET", f"/sessions/{s['id']}/metrics")
    assert m["step"] == 10 and m["live"] and m["limits"]["cpu_cores"] == s.get("cpu", m["limits"]["cpu_cores"]) and m["gpu_percent"] is None
    assert all(len(m[k]) == len(m["t"]) for k in ("cpu_cores", "memory_bytes", "disk_bytes", "rx_bytes_per_s", "tx_bytes_per_s", "processes"))
    assert 360 <= len(m["t"]) <= 361
    stream = Events(u)
    told = [stream.next("metrics", lambda d: d["session_id"] == s["id"]) for _ in range(3)]
    stream.close()
    assert all(t["memory_bytes"] == [100 << 20] and t["processes"] == [7] for t in told)
    assert len({t["t"][0] for t in told}) == 3
    fine = u.ok("GET", f"/sessions/{s['id']}/metrics?step=1")
    assert sum(v is not None for v in fine["cpu_cores"]) >= 2
    assert 0.3 < [v for v in fine["cpu_cores"] if v is not None][-1] < 0.8  # the engine's clock runs at half a core
    u.call("POST", f"/workspaces/{s['workspace_id']}/stop", {})
    u.wait_state(s["id"], "stopped")
    past = wait_for("the past", lambda: [v for v in u.ok("GET", f"/sessions/{s['id']}/metrics")["memory_bytes"] if v])
    assert past[-1] == 100 << 20
    for q in ("step=7", "from=x", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "step=1&from=2026-01-01T00:00:00Z"):
        assert u.call("GET", f"/sessions/{s['id']}/metrics?{q}").status == 400, q


def test_notices_of_ends_and_invoices(core):
    u = core.user()
    ws, s = begin(core, u, name="Stops")
    core.engine.end(s["id"], s["epoch"], "idle")
    u.wait_state(s["id"], "stopped")
    notice = wait_for("the notice", lambda: u.ok("GET", "/notices")["items"])[0]
    assert notice["kind"] == "stopped" and notice["object_id"] == s["id"] and notice["data"]["reason"] == "idle"
    assert notice["data"]["text"].startswith("Stops has stopped after ") and notice["data"]["currency"] == "USD" and "cost" in notice["data"]
    home = u.ok("GET", "/home")["notices"]
    assert home["unread"] == 1 and home["items"][0]["id"] == notice["id"]
    stream = Events(u)
    u.ok("POST", f"/notices/{notice['id']}/read", {}, expect=200)
    assert stream.next("notice", lambda d: d.get("read_at"))["id"] == notice["id"]
    u.ok("POST", "/notices/read", {}, expect=204)
    assert stream.next("notice", lambda d: d.get("all_read"))
    stream.close()
    s = u.start(ws)
    u.stop(ws)  # asked for: nothing to tell
    assert u.ok("GET", "/notices")["unread"] == 0


def test_an_example_workspace_needs_no_name(core):
    u = core.user()
    a = u.ok("POST", "/workspaces", {"example": True}, expect=201)
    b = u.ok("POST", "/workspaces", {"example": True}, expect=201)
    assert (a["name"], b["name"]) == ("Examples", "Examples 2") and a["open_path"] == "01-first-plot.ipynb"
    assert u.call("POST", "/workspaces", {}).status == 400
    u.start(a)
    env = [json.loads(m["env"]) for m in core.engine.verbs("SESSION_START")]
    assert env[-1]["CARREL_EXAMPLES"] == "1"
    u.stop(a)
    u.start(a)
    env = [json.loads(m["env"]) for m in core.engine.verbs("SESSION_START")]
    assert "CARREL_EXAMPLES" not in env[-1], "they are put there once"
