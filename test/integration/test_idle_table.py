# SPDX-License-Identifier: Apache-2.0
"""The idle truth table of the product, all fourteen rows, in one real session; and what follows from it: who is stopped, who is not.

A scene stays while the ones after it are looked at, so that each row of the second half is judged in the company of all before it."""

import json
import socket
import time

import pytest
import websocket

from leftovers import check_clean
from product import Hub, Jupyter, select_pause, wait_for

BUSY = "import time, pathlib\nwhile not pathlib.Path('go').exists(): time.sleep(0.1)"
TALK = "import time, pathlib\nwhile not pathlib.Path('go').exists(): print('.', flush=True); time.sleep(1)"
SETTLED_S = 1.6  # what a scene's making counted for is over


@pytest.fixture(scope="module")
def hub(state_dir):
    h = Hub(state_dir / "idle", auto_stop_min="10")
    try:
        yield h.start()
    finally:
        h.stop()
        check_clean(h)


@pytest.fixture(scope="module")
def api(hub):
    return hub.login()


class Desk:
    """One session, as a person's programs see it."""

    def __init__(self, api, name, **kw):
        self.api, self.ws = api, api.workspace(name, instance_type="small", storage_bytes=256 << 20, **kw)
        self.s = api.start(self.ws)
        self.lab = Jupyter(self.s["program_url"], api.token)
        self.open = []

    def look(self):
        return self.lab.call("GET", "/carrel/activity", 200).json()

    def in_use(self, meanwhile=None):
        """The verdict: does anything count, now or in this second, once the making of the scene is forgotten?"""
        end = time.monotonic() + SETTLED_S
        while time.monotonic() < end:
            if meanwhile:
                meanwhile()
            select_pause(0.3)
        now = self.look()
        return now["active"] or now["idle_seconds"] < 1, now

    def kernel(self, code=None, stdin=False):
        k = self.lab.kernel()
        self.open.append(k)
        k.text("pass")
        if code:
            k.send("execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                                       "allow_stdin": stdin, "stop_on_error": True})
        return k

    def terminal(self, command=None):
        name = self.lab.call("POST", "/api/terminals", 200, json={}).json()["name"]
        ws = websocket.create_connection(self.lab.reach.replace("http", "ws", 1) + f"/terminals/websocket/{name}", timeout=20, suppress_origin=True,
                                         host=self.lab.http.headers.get("Host"), header=[f"Authorization: token {self.lab.token}"])
        self.open.append(ws)
        if command:
            ws.send(json.dumps(["stdin", command + "\n"]))
        return name, ws

    def why(self, kid):
        return next(k["why"] for k in self.look()["kernels"] if k["id"] == kid)

    def save(self, text="x"):
        self.lab.call("PUT", "/api/contents/note.txt", json={"type": "file", "format": "text", "content": text})

    def end(self, kid):
        self.lab.call("DELETE", f"/api/kernels/{kid}", 204)


@pytest.fixture(scope="module")
def desk(api):
    d = Desk(api, "table", auto_stop_seconds=3600)
    yield d
    for x in d.open:
        x.close()


# --- rows that are activity: each makes its scene, and ends it ---


def silent_cell(d):
    k = d.kernel(BUSY)
    wait_for("busy", lambda: d.look()["active"])
    k.close()  # no browser
    yield
    d.end(k.id)


def talking_cell(d):
    k = d.kernel(TALK)
    wait_for("busy", lambda: d.look()["active"])
    k.close()
    yield
    d.end(k.id)


def foreground_job(d):
    name, ws = d.terminal("python3 -c 'import time; time.sleep(300)'")
    yield
    d.lab.call("DELETE", f"/api/terminals/{name}", 204)


def background_process(d):
    name, ws = d.terminal("nohup sh -c 'while :; do :; done' >/dev/null 2>&1 & disown; exit")
    wait_for("its use of a processor", lambda: d.look()["background"], 30)
    yield
    _, ws = d.terminal("pkill -f 'while :;'; exit")
    wait_for("its end", lambda: not d.look()["background"], 30)


def transfer(d):
    k = d.kernel()
    k.text("open('large.bin', 'wb').truncate(300 << 20)")
    d.end(k.id)
    host, port = "127.0.0.1", d.api.hub.port
    s = socket.create_connection((host, port))
    path = d.s["program_url"].split(f":{port}", 1)[1]
    s.sendall(f"GET {path}/files/large.bin HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: token {d.api.token}\r\n\r\n".encode())
    s.recv(1000)
    yield  # nobody reads on: it is in progress
    s.close()
    wait_for("its end", lambda: d.look()["transfers"] == 0, 20)


def somebody_works(d):
    yield d.save


ACTIVE = [silent_cell, talking_cell, foreground_job, background_process, transfer, somebody_works]


# --- rows that are none: each adds its scene to those before it ---


def waits_for_input(d):
    k = d.kernel("input('who? ')", stdin=True)
    wait_for("the question", lambda: "input" in d.why(k.id) or "answer" in d.why(k.id))


def tab_is_open(d):
    d.kernel()


def vscode_is_attached(d):
    k = d.kernel()
    return lambda: (k.send("kernel_info_request", {}), d.lab.call("GET", "/api/kernels", 200), d.lab.call("GET", "/api/sessions", 200))


def shells_and_pagers(d):
    for command in (None, "top", "less /etc/passwd", "vi -u NONE /tmp/x"):
        d.terminal(command)
    wait_for("programs", lambda: len(d.look()["terminals"]) >= 4)


def sleeping_background(d):
    d.terminal("nohup sleep 1000 >/dev/null 2>&1 &")


def jupyterlab_polls(d):
    def poll():
        for path in ("/api/contents?content=1", "/api/sessions", "/api/kernels", "/api/terminals", "/api/me", "/api/carrel/session"):
            assert d.lab.call("GET", path).status_code == 200
    return poll


def paused_on_a_breakpoint(d):
    k = d.kernel()
    seq = iter(range(1, 99))

    def ask(command, **arguments):
        mid = k.send("debug_request", {"type": "request", "seq": next(seq), "command": command, "arguments": arguments}, channel="control")
        while True:
            m = k.recv(20)
            if m["channel"] == "control" and m["parent_header"].get("msg_id") == mid:
                assert m["content"]["success"], m
                return m["content"].get("body") or {}

    ask("initialize", clientID="jupyterlab", adapterID="python", pathFormat="path", linesStartAt1=True, columnsStartAt1=True)
    ask("attach")
    code = "def f(n):\n    m = n * 2\n    return m + 1\nprint(f(20))"
    source = ask("dumpCell", code=code)["sourcePath"]
    ask("setBreakpoints", source={"path": source}, breakpoints=[{"line": 3}], sourceModified=False)
    ask("configurationDone")
    k.send("execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
                               "stop_on_error": True})
    wait_for("the breakpoint", lambda: "breakpoint" in d.why(k.id))


def accelerator_idles(d):
    """A live kernel that holds memory, of a device or not, and computes nothing."""
    d.kernel().text("held = bytearray(64 << 20)")


IDLE = [waits_for_input, tab_is_open, vscode_is_attached, shells_and_pagers, sleeping_background, jupyterlab_polls, paused_on_a_breakpoint,
        accelerator_idles]


def test_the_table_is_whole():
    assert len(ACTIVE) + len(IDLE) == 14


@pytest.mark.parametrize("scene", ACTIVE, ids=lambda f: f.__name__)
def test_activity(desk, scene):
    steps = scene(desk)
    meanwhile = next(steps)
    used, now = desk.in_use(meanwhile)
    assert used, now
    next(steps, None)


@pytest.mark.parametrize("scene", IDLE, ids=lambda f: f.__name__)
def test_no_activity(desk, scene):
    meanwhile = scene(desk)
    for _ in range(3):
        # A kernel that starts, or that a debugger comes to, works for a second of its own accord, which may be seen in two looks of 4 s.
        wait_for("an end to the work of making it", lambda: not desk.look()["background"], 30)
        used, now = desk.in_use(meanwhile)
        if not now["background"]:
            break
    assert not used, now


def test_the_stop_follows_the_table(api, desk):
    """Three sessions with the shortest auto-stop: two are idle in their ways and are stopped for it, one is busy and is not."""
    desk.api.call("POST", f"/workspaces/{desk.ws['id']}/stop", 202)
    desks = {name: Desk(api, name, auto_stop_seconds=10) for name in ("asks", "pages", "works")}
    desks["asks"].kernel("input('who? ')", stdin=True)
    desks["pages"].terminal("top")
    desks["works"].kernel(BUSY).close()
    began = time.monotonic()
    for name in ("asks", "pages"):
        d = desks[name]
        s = api.wait_state(d.s["id"], "stopped", 60)
        assert s["reason"] == "idle" and s["evidence"]["last"]["what"], s
        told = api.get(f"/sessions/{s['id']}/activity")
        assert told["verdict"].startswith("Nothing ran and nobody worked for the whole auto-stop time.") and told["minutes"]
    select_pause(max(0.0, 22 - (time.monotonic() - began)))
    d = desks["works"]
    s = api.session(d.s["id"])
    assert s["state"] == "running" and s["evidence"]["busy"]
    assert api.get(f"/sessions/{s['id']}/activity")["in_use"] is True
    api.stop(d.ws)
