# SPDX-License-Identifier: Apache-2.0
"""deflate.py [BUILD]: what permessage-deflate costs and saves at a kernel's WebSocket, on a line without a limit and on one of
10 Mbit/s. Each line: seconds until the cell's idle has arrived, CPU seconds of the agent, megabytes on the wire. Behind the
table in doc/decisions/0006-deflate.md; no part of `make bench`, whose peer declines compression."""

import os
import sys
import tempfile
import time
from pathlib import Path

if len(sys.argv) > 1:
    os.environ["CARREL_BUILD"] = os.path.abspath(sys.argv[1])
sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))

from kernelsocket import Agent, text  # noqa: E402
from packed import PackedSocket  # noqa: E402

CELLS = {
    "10 MB of lines": "import random\nr = random.Random(1)\nfor i in range(100_000): print(f'{i:6d} ' + f'{r.random():.15f} ' * 5)",
    "20,000 displays": "from IPython.display import display\nfor i in range(20_000): display(i)",
    "a table, 40 times": "import random\nfrom IPython.display import HTML, display\nr = random.Random(1)\nfor i in range(40):\n"
                         "    display(HTML('<table>' + ''.join(f'<tr><td>{j}</td><td>{r.random():.6f}</td></tr>\\n' for j in range(500)) + '</table>'))",
    "a 20 KB plot, 20 times": "import base64, os, time\nfrom IPython.display import display\nfor i in range(20):\n"
                              "    display({'image/png': base64.b64encode(os.urandom(20_000)).decode()}, raw=True)\n    time.sleep(0.05)",
    "100 small cells' worth": "for i in range(50):\n    display(i)\n    print(i, flush=True)",
}
LINE = 1_250_000  # bytes a second


def cpu(pid):
    f = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


def slow_down(ws):
    """Reads no faster than LINE."""
    begun, got = time.monotonic(), 0

    def more():
        nonlocal got
        ahead = got / LINE - (time.monotonic() - begun)
        if ahead > 0.005:
            time.sleep(ahead)
        d = ws.sock.recv(16384)
        assert d
        got += len(d)
        ws.reader.buf += d

    ws.reader.more = more


def run(agent, kid, cell, near, line):
    s = PackedSocket(agent, kid, near=near)
    s.connect(65536) if line else None
    s.run("from IPython.display import display")
    s.ws.wire = 0
    before, begun = cpu(agent.proc.pid), time.monotonic()
    if line:
        slow_down(s.ws)
    got = s.run(cell, 300)
    took, used = time.monotonic() - begun, cpu(agent.proc.pid) - before
    n, wire = len(got), s.ws.wire
    assert "left out" not in text(got)
    s.close()
    return took, used, wire, n


def main():
    print(f"{'':24} {'':10} {'':8} {'s':>7} {'CPU s':>7} {'MB':>8}  messages")
    with tempfile.TemporaryDirectory() as tmp:
        agent = Agent(Path(tmp) / "root").start()
        try:
            kid = agent.new_kernel()
            agent.wait_state(kid, "idle")
            for name, cell in CELLS.items():
                for line in (False, True):
                    for near in (True, False):
                        rounds = sorted(run(agent, kid, cell, near, line) for _ in range(1 if line else 3))
                        took, used, wire, n = rounds[len(rounds) // 2]
                        print(f"{name:24} {'10 Mbit/s' if line else 'loopback':10} {'plain' if near else 'packed':8} "
                              f"{took:7.2f} {used:7.2f} {wire / 1e6:8.3f}  {n}", flush=True)
        finally:
            agent.stop()


if __name__ == "__main__":
    main()
