# SPDX-License-Identifier: Apache-2.0
"""A real jupyter_server in gateway mode: its kernels run at `carrel-agent serve`, which it takes for a gateway."""

import json

import nbformat
import pytest

from kernelsocket import Agent, Socket, of, text
from peer import Peer, peer_python
from product import wait_for

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CELLS = [
    "x = 20\nprint('hé €', x)",
    "x * 2 + 2",
    f"import base64\nfrom IPython.display import Image, display\ndisplay(Image(base64.b64decode('{PIXEL}'), format='png'))",
    "import sys\nprint('warned', file=sys.stderr)",
    "h = display('first', display_id='one')\nh.update('second')",
    "1 / 0",
    "print('still there', x)",
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("behind") / "root", python=peer_python())
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


@pytest.fixture(scope="module")
def front(agent, tmp_path_factory):
    """The server that browsers see; it has no kernel of its own."""
    url = f"http://127.0.0.1:{agent.port}{agent.base.rstrip('/')}"
    peer = Peer(tmp_path_factory.mktemp("front") / "root", base="/front/", token="other", python=peer_python(),
                GatewayClient_url=url, GatewayClient_auth_token=agent.token)
    try:
        yield peer.start()
    finally:
        peer.stop()


def agents_kernels(agent):
    return [k["id"] for k in agent.call("GET", "api/kernels", 200).json()]


def open_session(front, path):
    session = front.call("POST", "api/sessions", 201, json={
        "path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}).json()
    return session, Socket(front, session["kernel"]["id"], v1=False)


def run_cell(s, cell):
    """Executes and puts the outputs into the cell, as a front end does."""
    got = s.run(cell.source, stop_on_error=False)
    for m in got:
        if m["channel"] != "iopub" or m["msg_type"] not in ("stream", "display_data", "execute_result", "error"):
            continue
        cell.outputs.append(nbformat.v4.output_from_msg(m))
    cell.execution_count = of(got, "execute_reply")[0]["content"]["execution_count"]
    return got


def test_kernel_specs_come_from_the_agent(agent, front):
    mine = agent.call("GET", "api/kernelspecs", 200).json()
    seen = front.call("GET", "api/kernelspecs", 200).json()
    assert seen["default"] == mine["default"] and sorted(seen["kernelspecs"]) == sorted(mine["kernelspecs"])
    logo = seen["kernelspecs"]["python3"]["resources"]["logo-64x64"]
    r = front.http.get(f"http://127.0.0.1:{front.port}{logo}", timeout=60)
    assert r.status_code == 200 and r.content[:4] == b"\x89PNG", logo


def test_a_notebook_runs(agent, front):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    front.call("PUT", "api/contents/nb.ipynb", 201, json={"type": "notebook", "format": "json", "content": nb})
    session, s = open_session(front, "nb.ipynb")
    assert agents_kernels(agent) == [session["kernel"]["id"]]
    updates = []
    for cell in nb.cells:
        updates += of(run_cell(s, cell), "update_display_data")
    front.call("PUT", "api/contents/nb.ipynb", 200, json={"type": "notebook", "format": "json", "content": nb})

    cells = front.call("GET", "api/contents/nb.ipynb", 200).json()["content"]["cells"]
    assert [c["execution_count"] for c in cells] == list(range(1, len(CELLS) + 1))
    outputs = [c["outputs"] for c in cells]
    assert outputs[0][0]["text"] == "hé € 20\n" and outputs[1][0]["data"]["text/plain"] == "42"
    assert outputs[2][0]["data"]["image/png"].strip() == PIXEL and outputs[3][0]["name"] == "stderr"
    assert updates[0]["content"]["data"]["text/plain"] == "'second'"
    assert outputs[5][0]["ename"] == "ZeroDivisionError" and outputs[6][0]["text"] == "still there 20\n"
    s.close()
    front.call("DELETE", f"api/sessions/{session['id']}", 204)
    wait_for("end of the agent's kernel", lambda: not agents_kernels(agent))


def test_input_interrupt_and_restart_go_through(agent, front):
    session, s = open_session(front, "more.ipynb")
    kid = session["kernel"]["id"]
    mid = s.start("print('hello', input('name? '))", allow_stdin=True)
    s.until(lambda m: m["msg_type"] == "input_request")
    s.send("input_reply", {"value": "Ada", "status": "ok"}, channel="stdin")
    assert "hello Ada" in text(s.finish(mid))

    mid = s.start("import time\nprint('sleeping', flush=True)\ntime.sleep(600)")
    s.until(lambda m: m["msg_type"] == "stream")
    front.call("POST", f"api/kernels/{kid}/interrupt", 204)
    assert of(s.finish(mid), "error")[0]["content"]["ename"] == "KeyboardInterrupt"

    s.run("left = 1")
    front.call("POST", f"api/kernels/{kid}/restart", 200)
    assert agents_kernels(agent) == [kid]
    s.close()
    s = Socket(front, kid, v1=False)
    assert of(s.run("left"), "error")[0]["content"]["ename"] == "NameError"
    s.close()
    front.call("DELETE", f"api/sessions/{session['id']}", 204)
    wait_for("end of the agent's kernel", lambda: not agents_kernels(agent))


def test_a_megabyte_of_output_arrives(front):
    session, s = open_session(front, "long.ipynb")
    got = s.run("for i in range(20000):\n    print('line', i, 'x' * 50)")
    lines = text(got).splitlines()
    assert len(lines) == 20000 and lines[-1].startswith("line 19999 "), json.dumps(of(got, "stream")[-1])[-300:]
    s.close()
    front.call("DELETE", f"api/sessions/{session['id']}", 204)
