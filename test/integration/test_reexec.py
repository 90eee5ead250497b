# SPDX-License-Identifier: Apache-2.0
"""An agent that gives its place to another program: kernels, terminals and what browsers have not seen stay."""

import json
import re
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest
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


def upgrade(agent, wait=True):
    """Asks for it, and waits until the new program has taken over."""
    before = times(agent, "taken_over")
    agent.proc.send_signal(signal.SIGUSR2)
    if wait:
        wait_for("the new program", lambda: times(agent, "taken_over") > before, 60)


def replace(agent, text):
    new = agent.program.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o755)
    new.rename(agent.program)


class Steady(Socket):
    """A browser: comes back with its session when the server says that it restarts."""

    codes = ()

    def recv(self, timeout=60):
        while True:
            try:
                return super().recv(timeout)
            except websocket.WebSocketConnectionClosedException:
                self.connect()

    def connect(self, rcvbuf=None, origin=None):
        super().connect(rcvbuf, origin)
        ws, frames = self.ws, self.ws.recv_data_frame

        def note(*args, **kw):
            opcode, frame = frames(*args, **kw)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                self.codes = (*self.codes, int.from_bytes(frame.data[:2], "big"))
                ws.shutdown()
                raise websocket.WebSocketConnectionClosedException("closed")
            return opcode, frame

        ws.recv_data_frame = note


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

    def collect():
        got.extend(s.finish(mid))

    reader = threading.Thread(target=collect)
    reader.start()
    for _ in range(3):
        upgrade(agent)
        assert agent.model(kid)["execution_state"] == "busy"
        time.sleep(1)
    reader.join(60)
    assert not reader.is_alive()
    assert text(got).split() == [str(i) for i in range(1000)]
    assert of(got, "execute_reply")[0]["content"]["status"] == "ok"
    assert s.codes == (1012, 1012, 1012)
    assert (agent.proc.pid, agent.kernel_pid()) == (pid, kernel)
    # It goes on as before: the variables are there, and the kernel can be restarted.
    assert text(s.run("print(i)")) == "999\n"
    agent.call("POST", f"api/kernels/{kid}/restart", 200)
    assert "NameError" in json.dumps(of(s.run("print(i)"), "error")[0]["content"])
    s.close()
