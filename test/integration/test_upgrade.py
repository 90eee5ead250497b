# SPDX-License-Identifier: Apache-2.0
"""PID 1 of a running session becomes the newer program: `carreld upgrade-sessions`, in a real container."""

import os
import subprocess

import websocket

from product import BUILD, Jupyter, Kernel, text_of, wait_for

# Long enough for what the shim says of it: once in 5 s at most.
COUNT = """
import time
for i in range(400):
    print(i)
    time.sleep(0.04)
"""


def upgrade(hub):
    out = subprocess.run([str(BUILD / "src/daemon/carreld"), "upgrade-sessions", *hub.args()],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    return out.stdout


def closed_with(kernel):
    """Reads up to the close frame; what came before it, as messages."""
    before = []
    while True:
        opcode, frame = kernel.ws.recv_data_frame(True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            kernel.ws.shutdown()
            return int.from_bytes(frame.data[:2], "big"), before
        if opcode == websocket.ABNF.OPCODE_TEXT:
            before.append(Kernel.parse(frame.data.decode()))


def test_a_session_goes_on_with_the_newer_program(hub, api):
    ws = api.workspace("upgrade", instance_type="small")
    s = api.start(ws)
    lab = Jupyter(s["program_url"], api.token)
    pid = hub.container_pid(s)
    lab.call("POST", "/api/terminals", 200, json={"name": "t"})
    k = lab.kernel()
    k.text("pass")
    mid = k.send("execute_request", {"code": COUNT, "silent": False, "store_history": True, "user_expressions": {},
                                     "allow_stdin": False, "stop_on_error": True})
    got = []
    for n in (1, 2):
        while not any(f"{n * 100}\n" in text_of([m]) for m in got):
            got.append(k.recv())
        assert "Told 1 of 1 session" in upgrade(hub)
        code, before = closed_with(k)
        assert code == 1012
        got += before
        k.connect()
        wait_for("the new program", lambda: api.call("GET", f"/sessions/{s['id']}/logs").text.count("event=taken_over") == n)
        # It is the same session for everybody: container, evidence, activity.
        assert hub.container_pid(s) == pid and os.readlink(f"/proc/{pid}/exe").endswith("/carrel-agent")
        assert "--state" in open(f"/proc/{pid}/cmdline").read()
        wait_for("evidence", lambda: [b["kernel"] for b in api.session(s["id"])["evidence"]["busy"]] == [k.id])
    out, reply = k.collect(mid)
    mine = [m for m in got if m["parent_header"].get("msg_id") == mid and m["channel"] == "iopub"]
    assert text_of(mine + out).split() == [str(i) for i in range(400)]
    assert reply["content"]["status"] == "ok"
    assert [t["name"] for t in lab.call("GET", "/api/terminals", 200).json()] == ["t"]
    assert k.text("i") == "399"
    # A kernel that is killed is noticed, and stopping works: both need the children.
    lab.call("POST", f"/api/kernels/{k.id}/restart", 200)
    assert "NameError" in k.text("i")
    k.close()
    ended = api.stop(ws)
    assert ended["reason"] == "user" and float(ended["seconds"]) > 0
    api.delete(ws)
