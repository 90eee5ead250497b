# SPDX-License-Identifier: Apache-2.0
"""Ends of kernels: those that nobody uses (the peer's four knobs, and a kernel spec's own), those that leave something
behind, and those that never begin, as JupyterLab shows it."""

import json
import os
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from browser import CHROMIUM, launch
from kernelsocket import Agent, Socket, text
from product import BUILD, wait_for



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


@pytest.fixture
def with_specs(tmp_path):
    """Starts an agent with such kernel specs: name → what differs."""
    started = []

    def start(**specs):
        for name, spec in specs.items():
            folder = tmp_path / "data/kernels" / name
            folder.mkdir(parents=True)
            (folder / "kernel.json").write_text(json.dumps({"display_name": name, "language": "x", **spec}))
        started.append(Agent(tmp_path / "root", data_dir=tmp_path / "data").start())
        return started[-1]

    yield start
    for a in started:
        assert a.stop() == 0


def test_a_child_that_a_dead_kernel_left_holds_nothing_up(agent):
    """As multiprocessing's workers do: the child has the sockets in which the kernel listened, and nobody answers there."""
    kid = agent.new_kernel()
    s = Socket(agent, kid)
    child = int(text(s.run("import os, time\nchild = os.fork()\nif not child:\n    time.sleep(60); os._exit(0)\nprint(child)")))
    try:
        s.start("os.kill(os.getpid(), 9)")
        s.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "restarting")
        agent.wait_state(kid, "idle", 20)
        assert text(s.run("print('back')", timeout=20)) == "back\n"
        os.kill(child, 0)
    finally:
        os.kill(child, 9)
        s.close()
        agent.call("DELETE", f"api/kernels/{kid}", 204)


def test_a_cell_that_began_while_the_kernel_was_restarted_is_no_work(agent):
    """The interrupt that begins a restart lets the next cell begin."""
    kid = agent.new_kernel()
    s = Socket(agent, kid)
    first = s.start("import time, os\ntry:\n    time.sleep(1000)\nexcept KeyboardInterrupt:\n    pass")
    s.until(lambda m: m["msg_type"] == "execute_input" and m["parent_header"].get("msg_id") == first)
    s.start("print('began', flush=True); time.sleep(0.3); os._exit(0)")
    agent.call("POST", f"api/kernels/{kid}/restart", 200)
    now = agent.call("GET", "carrel/activity", 200).json()
    assert [k["active"] for k in now["kernels"] if k["id"] == kid] == [False], now
    s.close()
    agent.call("DELETE", f"api/kernels/{kid}", 204)


def test_what_a_kernel_said_last_is_kept(with_specs):
    code = "import os; os.write(2, b'noise\\n' * 10000 + b'the reason\\n'); os._exit(1)"
    a = with_specs(loud={"argv": ["python3", "-c", code]})
    kid = a.new_kernel(name="loud")
    a.wait_state(kid, "dead")
    model = a.model(kid)
    assert model["traceback"].endswith("noise\nthe reason\n") and model["reason"].endswith("the reason")


def test_a_restarted_kernel_gets_other_ports_too(with_specs, tmp_path):
    """It worked before, and that its port is taken now says nothing of it."""
    code = f"""
import os, sys
n = len(os.listdir({str(tmp_path / "starts")!r}))
open(f"{tmp_path}/starts/{{n}}", "w").close()
if n == 1:
    sys.exit("Address already in use")
os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", "-f", sys.argv[1]])
"""
    (tmp_path / "starts").mkdir()
    a = with_specs(second={"argv": ["python3", "-c", code, "{connection_file}"], "metadata": {"carrel": {"transport": "tcp"}}})
    kid = a.new_kernel(name="second")
    s = Socket(a, kid)
    s.run("1")
    a.call("POST", f"api/kernels/{kid}/restart", 200)
    assert text(s.run("print(2)")) == "2\n"
    assert "kernel_ports_taken" in a.log.read_text() and len(os.listdir(tmp_path / "starts")) == 3
    s.close()


def test_programs_that_cannot_come_back_take_nobodys_place(agent):
    """Four sessions are waited for; one that has no name is none of them."""
    kid = agent.new_kernel()
    a = Socket(agent, kid)
    mid = a.start("import time\nfor i in range(10):\n    print(i, flush=True); time.sleep(0.1)")
    a.until(lambda m: m["msg_type"] == "stream" and m["parent_header"].get("msg_id") == mid)
    a.drop()
    agent.wait_state(kid, "busy")
    for _ in range(6):
        nameless = Socket(agent, kid, session="x" * 200)  # too long to be one
        nameless.drop()
    agent.wait_state(kid, "idle")
    b = Socket(agent, kid, session=a.session)
    assert text(b.finish(mid)).split()[-1] == "9"
    b.close()
    agent.call("DELETE", f"api/kernels/{kid}", 204)


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs a Chromium")
def test_jupyterlab_shows_why_a_kernel_did_not_start(tmp_path):
    cases = {
        "broken": (["/bin/sh", "-c", "echo no module named nothing >&2; exit 1"],
                   "The kernel ended with an error. Its last words: no module named nothing"),
        "absent": (["/no/such/program"], "Kernel absent did not start: there is no program /no/such/program"),
    }
    a = Agent(tmp_path / "root", data_dir=tmp_path / "data", lab=BUILD / "lib/session/lab")
    for name, (argv, _) in cases.items():
        spec = tmp_path / "data/kernels" / name
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "x"}))
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")],
                                        metadata={"kernelspec": {"name": name, "display_name": name, "language": "x"}})
        nbformat.write(book, a.root / f"{name}.ipynb")
    a.start()
    try:
        with sync_playwright() as p:
            browser = launch(p)
            page = browser.new_page()
            for name, (_, said) in cases.items():
                page.goto(f"http://127.0.0.1:{a.port}{a.base}lab/workspaces/{name}/tree/{name}.ipynb?token={a.token}")
                dialog = page.locator(".jp-Dialog", has_text="Error Starting Kernel")
                expect(dialog).to_contain_text(said, timeout=60_000)
            browser.close()
    finally:
        assert a.stop() == 0
