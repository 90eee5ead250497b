# SPDX-License-Identifier: Apache-2.0
"""When kernels end that nobody uses: the peer's four knobs, and a kernel spec's own."""

import json
import time

import pytest

from kernelsocket import Agent, Socket
from product import wait_for


def gone(agent, kid):
    return agent.call("GET", f"api/kernels/{kid}").status_code == 404


@pytest.fixture
def culling(tmp_path):
    """Starts an agent with such options, and a spec that keeps its kernels and one that gives them a second."""
    for name, seconds in (("keep", 0), ("brief", 1)):
        (tmp_path / f"data/kernels/{name}").mkdir(parents=True)
        (tmp_path / f"data/kernels/{name}/kernel.json").write_text(json.dumps({
            "argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": name,
            "language": "python", "metadata": {"cull_idle_timeout": seconds}}))
    started = []

    def start(**options):
        started.append(Agent(tmp_path / "root", data_dir=tmp_path / "data", cull_interval=1, **options).start())
        return started[-1]

    yield start
    for a in started:
        assert a.stop() == 0


def test_idle_kernels_go_and_used_ones_stay(culling):
    a = culling(cull_idle_timeout=2)
    idle, watched, busy, kept = (a.new_kernel(name=n) for n in ("python3", "python3", "python3", "keep"))
    s, t = Socket(a, watched), Socket(a, busy)
    t.start("while True: __import__('time').sleep(0.1)")
    a.wait_state(busy, "busy")
    t.close()
    wait_for("the idle one's end", lambda: gone(a, idle))
    # All of them have been looked at since, after more than their time.
    time.sleep(3.5)
    assert not gone(a, watched) and not gone(a, busy) and not gone(a, kept)
    assert "kernel_culled" in a.log.read_text()
    s.close()
    wait_for("the other's end, with its page gone", lambda: gone(a, watched))


def test_pages_and_cells_protect_no_kernel_if_so_told(culling):
    a = culling(cull_idle_timeout=2, cull_connected=1, cull_busy=1)
    watched, busy = a.new_kernel(), a.new_kernel()
    s, t = Socket(a, watched), Socket(a, busy)
    t.start("__import__('time').sleep(1000)")
    wait_for("the end of both", lambda: gone(a, watched) and gone(a, busy))
    s.ws.close(), t.ws.close()


def test_a_spec_may_have_its_kernels_culled_alone(culling):
    a = culling()
    brief, usual = a.new_kernel(name="brief"), a.new_kernel()
    wait_for("its end", lambda: gone(a, brief))
    assert not gone(a, usual)
