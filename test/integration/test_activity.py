# SPDX-License-Identifier: Apache-2.0
"""GET /carrel/activity: the idle truth table of the product, row by row, as sentences. Input and breakpoints are in
test_kernel_talk.py; what the shim gets of it, in test_agent_session.py."""

import json
import os
import shutil
import socket
import uuid

import pytest
import requests
import websocket

from kernelsocket import Agent, Socket
from product import wait_for
from test_agent_session import Term, quiet, session  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("activity") / "root")
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


def look(agent):
    return agent.call("GET", "carrel/activity", 200).json()


def test_a_silent_cell_counts_and_an_idle_kernel_does_not(agent):
    one = agent.call("POST", "api/sessions", 201, json={
        "path": "sub/long.ipynb", "type": "notebook", "name": "long", "kernel": {"name": "python3"}}).json()
    s = Socket(agent, one["kernel"]["id"])
    s.run("1")
    wait_for("an idle kernel", lambda: not look(agent)["active"])
    kernel = look(agent)["kernels"][0]
    assert kernel["path"] == "sub/long.ipynb" and kernel["why"].startswith("has been idle for ")
    assert kernel["connections"] == 1 and kernel["active"] is False  # a tab is open, and nobody types
    s.start("while not __import__('os').path.exists('go'): __import__('time').sleep(0.1)")
    agent.wait_state(s.kid, "busy")
    s.close()
    now = wait_for("a busy kernel without a browser", lambda: (x := look(agent))["kernels"][0]["connections"] == 0 and x)
    assert now["active"] is True and now["idle_seconds"] == 0
    assert now["why"] == ["The kernel of sub/long.ipynb " + now["kernels"][0]["why"]]
    assert now["kernels"][0]["why"].startswith("has been running a cell for ")
    (agent.root / "go").touch()
    wait_for("nothing", lambda: not look(agent)["active"])
    assert look(agent)["why"][0].startswith("Nothing runs; a cell was run ")
    agent.call("DELETE", f"api/sessions/{one['id']}", 204)
    assert look(agent)["kernels"] == []


@pytest.mark.parametrize("command,active,why", [
    (None, False, "waits for a command"),
    ("sleep 300", True, "runs sleep 300"),
    ("less /etc/passwd", False, "shows less /etc/passwd, which waits for its user"),
    ("/usr/bin/python3 -q", False, "shows /usr/bin/python3 -q, which waits for its user"),
])
def test_terminals(agent, command, active, why):
    name = agent.call("POST", "api/terminals", 200, json={}).json()["name"]
    ws = websocket.create_connection(f"ws://127.0.0.1:{agent.port}{agent.base}terminals/websocket/{name}", timeout=20,
                                     suppress_origin=True, header=[f"Authorization: token {agent.token}"])
    try:
        if command:
            ws.send(json.dumps(["stdin", command + "\n"]))

        def told():
            now = look(agent)
            return now["terminals"][0]["why"] == why and now

        now = wait_for(why, told)
        assert now["terminals"][0]["active"] is active is now["active"]
        assert now["user"]["what"] == ("type" if command else "open")
    finally:
        ws.close()
        agent.call("DELETE", f"api/terminals/{name}", 204)


def test_a_download_counts_while_it_lasts(agent):
    with open(agent.root / "large.bin", "wb") as f:
        f.truncate(200 << 20)
    with socket.create_connection(("127.0.0.1", agent.port)) as s:
        s.sendall(f"GET {agent.base}files/large.bin HTTP/1.1\r\nHost: 127.0.0.1:{agent.port}\r\n"
                  f"Authorization: token {agent.token}\r\n\r\n".encode())
        s.recv(1000)
        now = wait_for("a transfer", lambda: (x := look(agent))["transfers"] == 1 and x)
        assert now["active"] is True and now["why"] == ["An upload or download is in progress"]
    wait_for("its end", lambda: look(agent)["transfers"] == 0)


def test_polling_is_nobodys_doing_and_a_save_is(agent):
    def save(text):
        agent.call("PUT", "api/contents/x.txt", json={"type": "file", "format": "text", "content": text})
        return look(agent)["user"]

    save("0")
    before = save("1")
    assert before["what"] == "save" and before["why"].startswith("a file was saved or changed ")
    for path in ("api/contents?content=1", "api/sessions", "api/kernels", "api/terminals", "api/me", "api/status",
                 "carrel/activity", "api/carrel/session", "lab/api/workspaces/default", "api/kernelspecs"):
        assert agent.call("GET", path).status_code == 200
    assert look(agent)["user"]["at"] == before["at"]
    assert save("2")["at"] > before["at"]
    assert requests.get(f"http://127.0.0.1:{agent.port}{agent.base}carrel/activity", timeout=20).status_code == 403


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("crun"), reason="needs root and crun")
def test_background_processes_count_by_their_use_of_a_processor(session):  # noqa: F811
    def now():
        return json.loads(session.call("GET", "/carrel/activity")[2])

    quiet(session)
    t = Term(session)
    mark = uuid.uuid4().hex
    t.type(f"sleep 300 & nohup sh -c 'while :; do :; done # {mark}' >/dev/null 2>&1 & echo star''ted\n")
    t.until("started")
    got = wait_for("a busy process", lambda: (x := now())["background"] and x, 30)
    assert len(got["background"]) == 1 and mark in got["background"][0]["command"]
    assert got["background"][0]["cpu_percent"] > 5 and got["active"] is True
    assert got["background"][0]["why"].startswith("uses ") and got["terminals"][0]["active"] is False
    t.type(f"pkill -f {mark[:20]}\n")
    wait_for("the end of it", lambda: not now()["background"], 30)
    assert now()["why"][0].startswith("Nothing runs; somebody typed ")
    # Edge says whose request it is.
    assert [(u["account"], u["what"]) for u in now()["users"]] == [("a_1", "open")]
    t.s.close()
    quiet(session)
