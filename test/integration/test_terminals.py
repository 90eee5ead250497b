# SPDX-License-Identifier: Apache-2.0
"""Terminals under strain: floods without growth, many clients, replay, names, folders, bytes that are no text."""

import hashlib
import json
import os
import time

import pytest
import websocket

from kernelsocket import Agent
from product import wait_for


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("terminals") / "root")
    (a.root / "sub/folder").mkdir(parents=True)
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


class Term:
    def __init__(self, agent, name):
        self.ws = websocket.create_connection(
            f"ws://127.0.0.1:{agent.port}{agent.base}terminals/websocket/{name}", timeout=60, suppress_origin=True,
            skip_utf8_validation=True,  # in Python it takes most of a flood's time; json.loads does it too
            header=[f"Authorization: token {agent.token}"])
        self.text = ""
        assert self.recv() == ["setup", {}]

    def recv(self):
        return json.loads(self.ws.recv())

    def type(self, text):
        self.ws.send(json.dumps(["stdin", text]))

    def until(self, what):
        while what not in self.text:
            kind, *rest = self.recv()
            if kind == "disconnect":
                break
            self.text += rest[0]
        assert what in self.text, self.text[-500:]
        return self.text

    def drain(self, last, keep=200):
        """Reads all up to some last words without keeping it; returns how many characters it was."""
        n, end = 0, ""
        while last not in end:
            kind, *rest = self.recv()
            assert kind == "stdout"
            n += len(rest[0])
            end = (end + rest[0])[-keep:]
        return n


@pytest.fixture
def new(agent):
    names = []

    def make(**body):
        names.append(agent.call("POST", "api/terminals", 200, json=body).json()["name"])
        return names[-1]

    yield make
    for name in names:
        agent.call("DELETE", f"api/terminals/{name}")


def test_a_flood_passes_without_growth(agent, new):
    """As fast as a reader takes it, and the agent does not grow; nothing of it is lost."""
    t = Term(agent, new())
    t.type("stty -onlcr -echo; echo re''ady\n")
    t.until("ready")
    size = 100_000_000
    t.type(f"head -c {size} /dev/zero | tr '\\0' x; echo do''ne\n")
    began = time.monotonic()
    n = t.drain("done")
    took = time.monotonic() - began
    print(f"{n / took / 1e6:.0f} MB/s")
    assert size <= n < size + 2000
    assert agent.peak_kb() < 16_000


def test_one_who_does_not_read_holds_up_nobody_for_long(agent, new):
    """The slow one is let go after ten seconds; the program and the others go on."""
    name = new()
    fast, slow = Term(agent, name), Term(agent, name)
    fast.type("head -c 20000000 /dev/zero | tr '\\0' y; echo do''ne\n")
    assert fast.drain("done") > 20_000_000
    assert agent.memory_kb() < 16_000
    slow.ws.settimeout(20)
    with pytest.raises(websocket.WebSocketException):
        while True:
            opcode, data = slow.ws.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                assert int.from_bytes(data[:2], "big") == 1013
                raise websocket.WebSocketConnectionClosedException
    # It comes back and is shown the latest.
    again = Term(agent, name)
    again.until("done")


def test_many_look_at_one_terminal(agent, new):
    name = new()
    all_ = [Term(agent, name) for _ in range(30)]
    all_[7].type("echo $((6*7))''-all\n")
    for t in all_:
        t.until("42-all")
    for i, t in enumerate(all_):
        t.ws.send(json.dumps(["set_size", 30 + i, 90 + i]))
    all_[3].type("sleep 0.2; stty size\n")
    assert "30 90" in all_[29].until("30 90")
    for t in all_:
        t.ws.close()
    assert agent.call("GET", f"api/terminals/{name}", 200).json()["name"] == name


def test_names_and_folders(agent, new):
    assert new(name="build_2") == "build_2"
    agent.call("POST", "api/terminals", 409, json={"name": "build_2"})
    for bad in ("a/b", "..", "x" * 33, "a b", "é"):
        agent.call("POST", "api/terminals", 400, json={"name": bad})
    for cwd, want in (("sub/folder", "sub/folder"), (str(agent.root / "sub"), "sub"), ("no/such", ""), ("../..", ""), (None, "")):
        name = new(**({"cwd": cwd} if cwd else {}))
        t = Term(agent, name)
        t.type("echo at=$PWD. $TERM $JUPYTER_SERVER_ROOT $JUPYTER_SERVER_URL\n")
        want_path = os.path.join(agent.root, want).rstrip("/")
        t.until(f"at={want_path}. xterm-256color {agent.root} http://127.0.0.1:{agent.port}{agent.base}")
        t.ws.close()
    listed = agent.call("GET", "api/terminals", 200).json()
    assert {"name", "last_activity"} == set(listed[0]) and "build_2" in [x["name"] for x in listed]


def test_bytes_that_are_no_text_do_not_break_the_line(agent, new):
    t = Term(agent, new())
    t.type("head -c 100000 /dev/urandom; printf '\\377\\376\\200'; printf '\\360\\237\\230'; sleep 0.2; printf '\\200E''ND\\n'\n")
    text = t.until("\U0001f600END")
    assert "\ufffd" in text


def test_what_is_typed_faster_than_it_is_read_arrives(agent, new):
    """A paste of 300 KB, into a program that starts reading later."""
    t = Term(agent, new())
    t.type("stty raw -echo; sleep 1; head -c 300000 | md5sum; stty sane\n")
    select = "0123456789abcdef" * 16
    t.ws.send(json.dumps(["stdin", ""]))
    time.sleep(0.5)
    for _ in range(1172):
        t.type(select)
    t.until(hashlib.md5((select * 1172)[:300_000].encode()).hexdigest())


def test_pastes_of_megabytes_lose_nothing(agent, new):
    """Each is a message as long as one may be, and more of them than the agent keeps."""
    name = new()
    t, other = Term(agent, name), Term(agent, name)
    t.type("stty raw -echo; echo re''ady; sleep 1; head -c 7000000 | md5sum; stty sane\n")
    t.until("ready")
    pastes = [os.urandom(500_000).hex() for _ in range(7)]
    for p in pastes:
        t.type(p)
    late = Term(agent, name)  # while the others wait
    t.until(hashlib.md5("".join(pastes).encode()).hexdigest())
    for x in (t, other, late):
        x.type("echo $((6*7))''-on\n")
        x.until("42-on")


def test_the_end_is_told_with_its_reason(agent, new):
    for command, said in (("exit 7", "[the shell ended with status 7]"), ("kill -TERM $$; kill -KILL $$", "signal 9")):
        name = new()
        a, b = Term(agent, name), Term(agent, name)
        a.type(command + "\n")
        for t in (a, b):
            t.until(said)
            assert t.recv() == ["disconnect", 1]
        wait_for("its end", lambda n=name: agent.call("GET", f"api/terminals/{n}").status_code == 404)
