# SPDX-License-Identifier: Apache-2.0
"""Notebooks that others wrote and published, run unmodified by the agent and by a real jupyter_server: same outputs.

They need no network. Their
widgets are ipywidgets' of today; where a notebook is too old for something, its error must be the same.
"""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from kernelsocket import Agent, Socket
from notebooks import IPYTHON, NBCLIENT, WIDGETS, lay_out
from peer import Peer, peer_python

NOTEBOOKS = [
    f"{IPYTHON}/Embedding/Index.ipynb",
    f"{IPYTHON}/IPython Kernel/Capturing Output.ipynb",
    f"{IPYTHON}/IPython Kernel/Index.ipynb",
    f"{IPYTHON}/IPython Kernel/Raw Input in the Notebook.ipynb",
    f"{IPYTHON}/IPython Kernel/Updating Displays.ipynb",
    f"{WIDGETS}/Layout Example.ipynb",
    f"{WIDGETS}/Output Widget.ipynb",
    f"{WIDGETS}/Using Interact.ipynb",
    f"{WIDGETS}/Widget Basics.ipynb",
    f"{WIDGETS}/Widget Events.ipynb",
    f"{WIDGETS}/Widget List.ipynb",
    f"{WIDGETS}/Widget Styling.ipynb",
    f"{NBCLIENT}/Clear Output.ipynb",
    f"{NBCLIENT}/Factorials.ipynb",
    f"{NBCLIENT}/Inline Image.ipynb",
    f"{NBCLIENT}/JupyterWidgets.ipynb",
    f"{NBCLIENT}/Other Comms.ipynb",
    f"{NBCLIENT}/Output.ipynb",
    f"{NBCLIENT}/SVG.ipynb",
    f"{NBCLIENT}/update-display-id.ipynb",
]
NOT_OUTPUT = ("status", "execute_input", "debug_event")
# What differs from run to run, by nature; the last are ids of comms and of displays.
NORMAL = [
    (re.compile(r"0x[0-9a-f]{6,}"), "ADDRESS"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? (ns|[µμu]s|ms|s)\b"), "DURATION"),
    (re.compile(r"ipykernel_\d+/\d+\.py"), "CELL"),
    (re.compile(r"(?<![0-9a-f])([0-9a-f]{16}){1,2}(_\d+)?(?![0-9a-f])|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
]


def add(outputs, msg):
    """One message into a cell's outputs, streams joined, as front ends do it."""
    kind, content = msg["msg_type"], dict(msg["content"])
    last = outputs[-1] if outputs else None
    if kind == "stream" and last and (last["kind"], last.get("name")) == (kind, content["name"]):
        last["text"] += content["text"]
        return
    outputs.append({"kind": kind, **content, "buffers": [bytes(b).hex() for b in msg.get("buffers", [])]})


def run_cell(s, source):
    mid, outputs, end = s.start(source, allow_stdin=True, stop_on_error=False), [], time.monotonic() + 90
    idle = reply = False
    while not (idle and reply):
        m = s.recv(max(0.1, end - time.monotonic()))
        if m["msg_type"] == "input_request":
            # A name for who asks for one, and the way out for a debugger.
            s.send("input_reply", {"value": "q", "status": "ok"}, channel="stdin")
        if m["parent_header"].get("msg_id") != mid:
            continue
        reply |= m["msg_type"] == "execute_reply"
        idle |= m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
        if m["channel"] == "iopub" and m["msg_type"] not in NOT_OUTPUT:
            add(outputs, m)
    return outputs


def run_notebook(server, path):
    model = server.call("GET", f"api/contents/{path}", 200, params={"type": "notebook", "content": 1}).json()
    nb = nbformat.from_dict(model["content"])
    session = server.call("POST", "api/sessions", 201, json={
        "path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}).json()
    s = Socket(server, session["kernel"]["id"])
    try:
        cells = [c.source if isinstance(c.source, str) else "".join(c.source) for c in nb.cells if c.cell_type == "code"]
        return [run_cell(s, source) for source in cells if source.strip()]
    finally:
        s.close()
        server.call("DELETE", f"api/sessions/{session['id']}", 204)


def normal(cells):
    """Text of all outputs, without what differs by nature; ids are numbered as they come, so that references stay."""
    text = json.dumps(cells, sort_keys=True, indent=1, ensure_ascii=False)
    for pattern, word in NORMAL:
        seen = {}
        text = pattern.sub(lambda m, seen=seen, word=word: f"{word}{seen.setdefault(m.group(0), len(seen))}"
                           if word == "ID" else word, text)
    return text


def run_all(server, root):
    lay_out(root)
    try:
        server.start()
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda path: normal(run_notebook(server, path)), NOTEBOOKS))
    finally:
        server.stop()
    return dict(zip(NOTEBOOKS, found, strict=True))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Both servers' outputs, from the same folder, one server after the other."""
    root = tmp_path_factory.mktemp("published") / "root"
    mine = run_all(Agent(root, python=peer_python()), root)
    theirs = run_all(Peer(root, python=peer_python()), root)
    return mine, theirs


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.rsplit("/", 1)[1] for p in NOTEBOOKS])
def test_outputs_equal_those_of_jupyter_server(runs, path):
    mine, theirs = runs
    assert mine[path] == theirs[path]
    # It is a comparison of something: each of them puts out at least one thing.
    assert '"kind"' in mine[path]
