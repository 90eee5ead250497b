# SPDX-License-Identifier: Apache-2.0
"""The real product: what is saved in a real session is found, whatever is killed; the examples run in the default image."""

import json
import os
import signal
from pathlib import Path

import pytest

from product import Jupyter, ROOT, wait_for

EXAMPLES = ROOT / "packaging/examples"


def notebook(*cells):
    return {"cells": [{"cell_type": t, "id": f"c{i}", "metadata": {}, "source": s, **({"execution_count": None, "outputs": []} if t == "code" else {})}
                      for i, (t, s) in enumerate(cells)], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def save(j, path, content):
    j.call("PUT", f"/api/contents/{path}", json={"type": "notebook", "content": content})


def paths(api, q):
    return [i["path"] for i in api.call("GET", "/search", 200, params={"q": q}).json()["items"]]


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_role(hub, role):
    for pid in children(hub.proc.pid):
        if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:2] == [role.encode()]:
            os.kill(pid, signal.SIGKILL)
            return
    raise AssertionError(f"no {role}")


@pytest.fixture(scope="module")
def session(hub, api):
    ws = api.workspace("examples", example=True)
    s = api.start(ws)
    yield ws, s, Jupyter(s["program_url"], api.token)
    api.stop(ws)
    api.delete(ws)


def test_what_is_saved_is_found_within_seconds(api, session):
    _, _, j = session
    save(j, "tides.ipynb", notebook(("markdown", "# About tides\n"), ("code", "import moon\nmoon.pull('sea')")))
    wait_for("its text", lambda: paths(api, "moon pull") == ["tides.ipynb"], 20)
    hit = api.call("GET", "/search", 200, params={"q": "tides"}).json()["items"][0]
    assert hit["title"] == "About tides" and hit["where"] == "name" and hit["running"]
    j.call("PATCH", "/api/contents/tides.ipynb", 200, json={"path": "waves.ipynb"})
    wait_for("its new name", lambda: paths(api, "moon pull") == ["waves.ipynb"], 20)
    save(j, "waves.ipynb", notebook(("code", "print('still water')")))
    wait_for("its new text", lambda: paths(api, "moon pull") == [] and paths(api, '"still water"') == ["waves.ipynb"], 20)
    j.call("DELETE", "/api/contents/waves.ipynb", 204)
    wait_for("nothing of it", lambda: paths(api, '"still water"') == [], 20)


def test_nothing_is_lost_when_core_engine_or_shim_are_killed(hub, api, session):
    _, s, j = session
    for i, role in enumerate(("core", "engine", "core", "engine", "engine")):
        # Of several parts, one of which is on its way while the process dies: before it the save, or after it.
        content = notebook(("code", f"word_{role}_{i} = 'unique{i}zz'"), ("code", "# " + "long words of it " * 2000))
        if i % 2:
            save(j, f"killed{i}.ipynb", content)
        kill_role(hub, role)
        if not i % 2:
            save(j, f"killed{i}.ipynb", content)
        wait_for(f"the text after {role} was killed", lambda: paths(api, f"unique{i}zz") == [f"killed{i}.ipynb"], 60)  # what was lost on its way is sent again


def test_recents_know_what_was_opened_saved_and_run(api, session):
    _, _, j = session
    save(j, "work.ipynb", notebook(("code", "1 + 1")))
    made = j.call("POST", "/api/sessions", 201, json={"path": "work.ipynb", "type": "notebook", "name": "work.ipynb", "kernel": {"name": "python3"}}).json()
    from product import Kernel
    k = Kernel(j, made["kernel"]["id"])
    try:
        assert k.text("1 + 1") == "2"

        def first():
            items = api.get("/recent")["items"]
            return items and items[0]["path"] == "work.ipynb" and items[0]["what"] == "run" and items[0]["kernel"] == "idle" and items[0]

        item = wait_for("the run", first, 240)
        assert item["running"] and item["kind"] == "notebook"
        assert api.get("/home")["continue"][0]["path"] == "work.ipynb"
    finally:
        k.close()
        j.call("DELETE", f"/api/sessions/{made['id']}")


def test_charts_count_the_network(api, session):
    _, s, j = session

    def known():
        m = api.get(f"/sessions/{s['id']}/metrics?step=1")
        return [v for v in m["memory_bytes"] if v] and sum(v is not None for v in m["rx_bytes_per_s"]) >= 3 and m

    m = wait_for("three seconds of it", known, 60, every=1)
    assert max(v for v in m["disk_bytes"] if v is not None) > 0 and m["limits"]["disk_bytes"] > 0


@pytest.mark.parametrize("name", sorted(p.name for p in EXAMPLES.glob("*.ipynb")))
def test_the_examples_run_from_top_to_bottom(api, session, name):
    ws, _, j = session
    model = j.call("GET", f"/api/contents/{name}", 200).json()
    ours = json.loads((EXAMPLES / name).read_text())
    assert ["".join(c["source"]) for c in ours["cells"]] == [c["source"] for c in model["content"]["cells"]]
    k = j.kernel(path=name)
    try:
        for c in ours["cells"]:
            if c["cell_type"] == "code":
                out, reply = k.run("".join(c["source"]), timeout=120)
                assert reply["content"]["status"] == "ok", reply["content"]
                assert any(m["header"]["msg_type"] in ("display_data", "execute_result", "stream") for m in out) or "=" in "".join(c["source"])
    finally:
        k.close()


def test_the_examples_are_put_there_once(api, session):
    ws, s, j = session
    assert ws["open_path"] == "01-first-plot.ipynb" and j.get_file("weather.csv") == (EXAMPLES / "weather.csv").read_bytes()
    wait_for("their text", lambda: paths(api, "flowers model") == ["03-model.ipynb"], 60)
    j.call("DELETE", "/api/contents/02-table.ipynb", 204)
    j.call("PUT", "/api/contents/03-model.ipynb", json={"type": "notebook", "content": notebook(("raw", "mine now"))})
    api.stop(ws)
    assert paths(api, "first plot")[:1] == ["01-first-plot.ipynb"], "found while it is stopped"
    assert api.get("/recent")["items"][0]["running"] is False
    s = api.start(ws)
    j.__init__(s["program_url"], api.token)
    assert j.call("GET", "/api/contents/02-table.ipynb").status_code == 404
    assert j.call("GET", "/api/contents/03-model.ipynb", 200).json()["content"]["cells"][0]["source"] == "mine now"


def test_files_of_programs_are_found_too(api, session):
    _, _, j = session
    k = j.kernel()
    try:
        k.text("import os; os.makedirs('lib/deep', exist_ok=True); open('lib/deep/made.py', 'w').write('def grue(): pass')")
    finally:
        k.close()
    ws = session[0]
    api.stop(ws)
    s = api.start(ws)
    j.__init__(s["program_url"], api.token)
    wait_for("what the walk found", lambda: paths(api, "grue") == ["lib/deep/made.py"], 60)
