# SPDX-License-Identifier: Apache-2.0
"""An agent that gives its place to another program: kernels, terminals and what browsers have not seen stay."""

import base64
import json
import os
import queue
import re
import shutil
import signal
import socket
import threading
from pathlib import Path

import pytest
import requests
import websocket

from kernelsocket import Agent, Socket, of, text
from product import BUILD, wait_for

PROGRAM = BUILD / "src/agent/carrel-agent"


@pytest.fixture
def agent(tmp_path, monkeypatch):
    """From a copy of the program, which a test may replace."""
    program = tmp_path / "carrel-agent"
    shutil.copy(PROGRAM, program)
    monkeypatch.setenv("CARREL_AGENT", str(program))
    a = Agent(tmp_path / "root")
    a.program = program
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


def times(agent, what):
    return agent.log.read_text().count(f"event={what}")


def upgrade(agent, *browsers):
    """Asks for it, and waits until the new program has taken over and these browsers are back."""
    before, visits = times(agent, "taken_over"), [b.visits for b in browsers]
    agent.proc.send_signal(signal.SIGUSR2)
    wait_for("the new program", lambda: times(agent, "taken_over") > before, 60)
    wait_for("the browsers", lambda: all(b.visits > n for b, n in zip(browsers, visits)), 60)


def replace(agent, text):
    new = agent.program.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o755)
    new.rename(agent.program)


class Steady(Socket):
    """A browser: always listens, and comes back with its session when the server says that it restarts."""

    def __init__(self, agent, kid, v1=True):
        self.codes, self.got, self.over, self.visits = (), queue.Queue(), False, 0
        super().__init__(agent, kid, v1)

    def connect(self, rcvbuf=None, origin=None):
        super().connect(rcvbuf, origin)
        self.over = False
        self.visits += 1
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        self.ws.settimeout(None)
        code = 0
        try:
            while True:
                opcode, frame = self.ws.recv_data_frame(True)
                if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                    self.got.put(frame.data.decode() if opcode == websocket.ABNF.OPCODE_TEXT else bytes(frame.data))
                elif opcode == websocket.ABNF.OPCODE_CLOSE:
                    code = int.from_bytes(frame.data[:2], "big")
                    self.codes = (*self.codes, code)
                    break
        except (OSError, websocket.WebSocketException):
            pass
        if code == 1012 and not self.over:
            self.ws.shutdown()
            self.connect()

    def next_data(self, timeout):
        return self.got.get(timeout=timeout)

    def close(self):
        self.over = True
        self.ws.send_close()
        self.thread.join(20)

    def drop(self):
        self.over = True
        self.ws.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(20)


COUNT = """
import time
for i in range(%d):
    print(i)
    time.sleep(%f)
"""


def test_a_running_cell_loses_no_line_and_shows_none_twice(agent):
    kid = agent.new_kernel()
    s = Steady(agent, kid)
    s.run("pass")
    pid, kernel = agent.proc.pid, agent.kernel_pid()
    mid = s.start(COUNT % (1000, 0.01))
    got = []
    for n in range(1, 4):
        got += s.until(lambda m: f"{n * 200}\n" in text([m]))
        upgrade(agent, s)
        assert agent.model(kid)["execution_state"] == "busy"
    got += s.finish(mid)
    assert text(got).split() == [str(i) for i in range(1000)]
    assert of(got, "execute_reply")[0]["content"]["status"] == "ok"
    assert s.codes == (1012, 1012, 1012)
    assert (agent.proc.pid, agent.kernel_pid()) == (pid, kernel)
    # It goes on as before: the variables are there, and the kernel can be restarted.
    assert text(s.run("print(i)")) == "999\n"
    agent.call("POST", f"api/kernels/{kid}/restart", 200)
    assert "NameError" in json.dumps(of(s.run("print(i)"), "error")[0]["content"])
    s.close()


class Screen:
    """A browser at a terminal, which comes back too."""

    def __init__(self, agent, name):
        self.agent, self.name, self.codes, self.shown, self.visits = agent, name, [], "", 0
        self.connect()
        threading.Thread(target=self.listen, daemon=True).start()

    def connect(self):
        self.ws = websocket.create_connection(
            f"ws://127.0.0.1:{self.agent.port}{self.agent.base}terminals/websocket/{self.name}", timeout=60,
            suppress_origin=True, header=[f"Authorization: token {self.agent.token}"])
        self.shown = ""
        self.visits += 1

    def listen(self):
        try:
            while True:
                opcode, frame = self.ws.recv_data_frame()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    self.codes.append(int.from_bytes(frame.data[:2], "big"))
                    self.ws.shutdown()
                    if self.codes[-1] != 1012:
                        return
                    self.connect()
                    continue
                kind, *rest = json.loads(frame.data)
                if kind == "stdout":
                    self.shown += rest[0]
        except (OSError, websocket.WebSocketException):
            return

    def type(self, text):
        self.ws.send(json.dumps(["stdin", text]))

    def until(self, pattern):
        wait_for(pattern, lambda: re.search(pattern, self.shown, re.M), 60)
        return self.shown


def numbers(shown):
    return [int(x) for x in re.findall(r"(?:^|\r)n(\d+)\r$", shown, re.M)]


def test_a_terminal_goes_on(agent):
    agent.call("POST", "api/terminals", 200, json={"name": "t"})
    t = Screen(agent, "t")
    t.ws.send(json.dumps(["set_size", 40, 132]))
    t.type("for i in $(seq 200); do echo n$i; sleep 0.01; done; stty size; echo f''in\n")
    t.until("n20\r")
    upgrade(agent, t)
    t.until("n100\r")
    upgrade(agent, t)
    shown = t.until("^fin\r")
    assert numbers(shown) == list(range(1, 201)), "all was shown, once, in what the browser has now"
    assert "40 132" in shown and t.codes == [1012, 1012]
    assert [x["name"] for x in agent.call("GET", "api/terminals", 200).json()] == ["t"]
    t.type("exit\n")
    wait_for("the terminal's end", lambda: agent.call("GET", "api/terminals", 200).json() == [])


def chunk(agent, n, data):
    return agent.call("PUT", "api/contents/up.bin", json={
        "type": "file", "format": "base64", "content": base64.b64encode(data).decode(), "chunk": n}).status_code


def test_uploads_sessions_cookies_and_connections_stay(agent):
    body = {"path": "a.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    made = agent.call("POST", "api/sessions", 201, json=body).json()
    agent.wait_state(made["kernel"]["id"], "idle")
    browser = requests.Session()
    url = f"http://127.0.0.1:{agent.port}{agent.base}"
    assert browser.get(f"{url}api/status?token={agent.token}", timeout=30).status_code == 200
    status = browser.get(f"{url}api/status", timeout=30).json()
    assert chunk(agent, 1, b"one ") == 201
    with socket.create_connection(("127.0.0.1", agent.port), 30) as half:
        half.sendall(f"GET {agent.base}api/sta".encode())
        upgrade(agent)
        # The beginning of a request was read by the program before.
        half.sendall(f"tus?token={agent.token} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert half.makefile("rb").readline().split()[1] == b"200"
    assert chunk(agent, 2, b"two ") == 200
    upgrade(agent)
    assert not (agent.root / "up.bin").exists()
    assert chunk(agent, -1, b"three") == 200
    assert (agent.root / "up.bin").read_bytes() == b"one two three"
    assert [x.name for x in agent.root.iterdir() if x.name.startswith(".~")] == []
    # The same login cookie on the same connection, and the server did not begin anew.
    assert browser.get(f"{url}api/status", timeout=30).json()["started"] == status["started"]
    (again,) = agent.call("GET", "api/sessions", 200).json()
    assert (again["id"], again["path"], again["kernel"]["id"]) == (made["id"], "a.ipynb", made["kernel"]["id"])
    assert agent.call("POST", "api/sessions", 201, json=body).json()["id"] == made["id"]


def test_what_was_kept_for_a_browser_that_is_away_is_still_kept(agent):
    kid = agent.new_kernel()
    a, b = Steady(agent, kid), Steady(agent, kid, v1=False)
    a.run("pass")
    mid = a.start("input('go? ')\nfor i in range(30000): print('line', i)\nprint('e''nd', flush=True)\nx = input('more? ')",
                  allow_stdin=True)
    a.until(lambda m: m["msg_type"] == "input_request")
    a.drop()
    wait_for("one is away", lambda: agent.model(kid)["connections"] == 1)
    b.send("input_reply", {"value": "", "status": "ok"}, channel="stdin")
    # More than memory takes: it is in an unlinked file.
    wait_for("all is printed", lambda: "(deleted)" in files_of(agent) and agent.model(kid)["execution_state"] == "busy")
    got_b = b.until(lambda m: "end" in text([m]))
    upgrade(agent, b)
    a.connect()
    got = a.until(lambda m: "end" in text([m]))
    if not of(got, "input_request"):  # another socket: it may come before
        a.until(lambda m: m["msg_type"] == "input_request")
    mine, others = ([m for m in x if m["parent_header"].get("msg_id") == mid] for x in (got, got_b))
    assert text(mine) == text(others) == "".join(f"line {i}\n" for i in range(30000)) + "end\n"
    upgrade(agent, a, b)
    a.send("input_reply", {"value": "no", "status": "ok"}, channel="stdin")
    assert of(a.finish(mid), "execute_reply")[0]["content"]["status"] == "ok"
    assert text(b.run("print(x)")) == "no\n"
    a.close(), b.close()


def files_of(agent):
    found = []
    for fd in Path(f"/proc/{agent.proc.pid}/fd").iterdir():
        try:
            found.append(os.readlink(fd))
        except OSError:
            continue
    return " ".join(found)


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\nkill -SEGV $$\n", "this is no program", None])
def test_a_program_that_can_not_take_over_changes_nothing(agent, program):
    kid = agent.new_kernel()
    s = Steady(agent, kid)
    mid = s.start(COUNT % (100, 0.01))
    if program is None:
        agent.program.unlink()
    else:
        replace(agent, program)
    agent.proc.send_signal(signal.SIGUSR2)
    wait_for("the refusal", lambda: times(agent, "reexec_failed") == 1, 30)
    assert text(s.finish(mid)).split() == [str(i) for i in range(100)]
    assert s.codes == () and times(agent, "taken_over") == 0
    # The next one is as good as ever.
    agent.program.unlink(missing_ok=True)
    shutil.copy(PROGRAM, agent.program)
    upgrade(agent, s)
    assert text(s.run("print(i)")) == "99\n" and s.codes == (1012,)
    s.close()


def test_a_kernel_that_starts_or_fails_is_waited_for(agent):
    kid = agent.new_kernel()
    upgrade(agent)  # it was starting
    assert agent.model(kid)["execution_state"] == "idle"
    s = Steady(agent, kid)
    assert text(s.run("print(6*7)")) == "42\n"
    # The new program is the parent of a process that it did not start.
    os.kill(agent.kernel_pid(), signal.SIGKILL)
    wait_for("another process", lambda: agent.model(kid)["execution_state"] == "idle" and agent.model(kid).get("reason"))
    upgrade(agent, s)
    assert "killed" in agent.model(kid)["reason"]
    assert text(s.run("print(6*8)")) == "48\n"
    s.close()


def test_what_a_cell_showed_before_is_written_after(agent):
    code = "for i in range(300):\n    print(i)\ninput('more? ')\nfor i in range(300, 600):\n    print(i)"
    book = agent.root / "a.ipynb"
    cell = {"id": "c1", "cell_type": "code", "source": code, "metadata": {}, "outputs": [], "execution_count": None}
    book.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    kid = agent.call("POST", "api/sessions", 201, json={
        "path": "a.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}).json()["kernel"]["id"]
    s = Steady(agent, kid)
    s.run("pass")
    s.send("execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                               "allow_stdin": True, "stop_on_error": True}, metadata={"cellId": "c1"})
    s.until(lambda m: m["msg_type"] == "input_request")
    upgrade(agent, s)
    s.send("input_reply", {"value": "", "status": "ok"}, channel="stdin")
    s.until(lambda m: "300\n" in text([m]))
    s.drop()  # nobody saves it
    agent.wait_state(kid, "idle")
    upgrade(agent)
    # The kernel's end is when it must be in the file at the latest.
    agent.call("DELETE", f"api/kernels/{kid}", 204)
    (after,) = json.loads(book.read_text())["cells"]
    shown = "".join(t for o in after["outputs"] for t in o["text"])
    assert [x for x in shown.split() if x.isdigit()] == [*map(str, range(600))]


class Slow(Socket):
    """Reads only when it is asked to; its line may end with a close frame or without."""

    def next_data(self, timeout):
        data = super().next_data(timeout)
        if not data:
            raise websocket.WebSocketConnectionClosedException("closed")
        return data


def test_a_browser_that_does_not_read_gets_the_rest_from_the_new_program(agent):
    kid = agent.new_kernel()
    s = Slow(agent, kid, rcvbuf=4096)
    s.run("pass")
    mid = s.start("for i in range(100000): print('line', i)\nprint('e''nd', flush=True)")
    agent.wait_state(kid, "idle")  # it reads nothing meanwhile
    upgrade(agent)
    got = []
    try:
        while True:  # what its own machine had taken
            got.append(s.recv())
    except (OSError, websocket.WebSocketException):
        s.connect()
    idle = [m for m in of(got, "status") if m["content"]["execution_state"] == "idle" and m["parent_header"].get("msg_id") == mid]
    got += [] if idle and of(got, "execute_reply") else s.finish(mid)
    assert text(m for m in got if m["parent_header"].get("msg_id") == mid) == \
        "".join(f"line {i}\n" for i in range(100000)) + "end\n"
    s.close()
