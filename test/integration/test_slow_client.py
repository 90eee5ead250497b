# SPDX-License-Identifier: Apache-2.0
"""A browser that takes less than a kernel says: what that costs, and what it gets when it comes back with its session id."""

import contextlib
import os
import socket

import pytest

from edgelab import Gone
from kernelsocket import Socket, of, text
from packed import PackedSocket, private_kb
from product import wait_for

LINES = "for i in range({n}): print('%09d' % i + ' of a cell that says much' * {width}, flush=i % 100 == 99)"


def ended(watcher, mid):
    """What another browser sees of this request, to its end, and of no other one."""
    seen = watcher.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
                         and m["parent_header"].get("msg_id") == mid, 120)
    return of_request(seen, mid)


def of_request(messages, mid):
    return [m for m in messages if m["parent_header"].get("msg_id") == mid]


def spooled(agent):
    """Bytes in unlinked files of the agent."""
    n = 0
    for fd in os.listdir(f"/proc/{agent.proc.pid}/fd"):
        path = f"/proc/{agent.proc.pid}/fd/{fd}"
        try:
            if os.readlink(path).endswith("(deleted)"):
                n += os.stat(path).st_blocks * 512
        except OSError:
            continue
    return n


def rest_of(s, mid):
    """Reads what is still on a line that has ended: whole messages, and the first part of one that is thrown away."""
    got = []
    s.ws.settimeout(60)
    with contextlib.suppress(Gone):
        while True:
            got.append(s.recv())
    return of_request(got, mid)


class Slow(PackedSocket):
    """Takes little at a time from the network."""

    def connect(self, rcvbuf=None, origin=None):
        super().connect(rcvbuf or 65536, origin)


def test_a_browser_that_does_not_read_costs_little_memory(agent, kid):
    """30 MB for each of three that read nothing: on disk, in kilobytes of memory, and then all of it arrives."""
    watcher = Socket(agent, kid)
    watcher.run("1")
    slow = [Slow(agent, kid, v1, near=True) for v1 in (True, True, False)]
    for s in slow:
        s.run("1")
    before = private_kb(agent)
    mid = slow[0].start(LINES.format(n=30_000, width=40))
    want = text(ended(watcher, mid))
    assert [int(line[:9]) for line in want.splitlines()] == list(range(30_000))
    assert spooled(agent) > 40_000_000
    # Of each 64 KiB in the socket's queue, a copy of that, 64 KiB more; and the largest message.
    assert private_kb(agent) < before + 3 * 200 + 1500
    for s in slow:
        assert text(ended(s, mid)) == want
    wait_for("the disk space back", lambda: spooled(agent) == 0, 20)
    for s in (*slow, watcher):
        s.close()


@pytest.mark.parametrize("near", [True, False], ids=["plain", "packed"])
@pytest.mark.parametrize("v1", [True, False], ids=["v1", "legacy"])
def test_a_line_that_ends_with_much_unread_loses_nothing(agent, kid, v1, near):
    """The browser stops to read, and the line ends; it reads what is still on the line, and comes back for the rest."""
    watcher = Socket(agent, kid)
    watcher.run("1")
    for n in (20_000, 40_000, 80_000, 160_000):
        s = Slow(agent, kid, v1, near=near)
        s.run("1")
        mid = s.start(LINES.format(n=n, width=20))
        want = text(ended(watcher, mid))
        s.ws.sock.shutdown(socket.SHUT_WR)
        first = rest_of(s, mid)
        s.ws.sock.close()
        s.connect()
        # On a busy machine all of it may be on the line before its end is seen there: then nothing is left to come.
        if text(first) != want:
            break
        assert text(s.run("print('on')")) == "on\n"
        s.close()
    got = ended(s, mid)
    if not of(first + got, "execute_reply"):  # of two channels either may be the first
        got += s.until(lambda m: m["msg_type"] == "execute_reply" and m["parent_header"].get("msg_id") == mid, 20)
    assert text(first) and text(got) and text(first + got) == want
    assert len(of(first + got, "execute_reply")) == 1
    assert text(s.run("print('on')")) == "on\n"
    s.close()
    watcher.close()


def test_a_line_that_breaks_again_and_again_loses_nothing(agent, kid):
    """The same, with ever more unread, ten times during one cell."""
    watcher, s = Socket(agent, kid), Slow(agent, kid)
    s.run("1")
    mid = s.start("import time\nfor i in range(20_000):\n    print('%09d' % i + ' of a cell that says much' * 10, flush=i % 20 == 19)\n"
                  "    if i % 500 == 0: time.sleep(0.05)")
    said = ""
    for i in range(10):
        while said.count("\n") < 1000 * i:
            said += text([s.recv()])
        s.ws.sock.shutdown(socket.SHUT_WR)
        said += text(rest_of(s, mid))
        s.ws.sock.close()
        s.connect()
    said += text(ended(s, mid))
    assert said == text(ended(watcher, mid))
    assert [int(line[:9]) for line in said.splitlines()] == list(range(20_000))
    s.close()
    watcher.close()
