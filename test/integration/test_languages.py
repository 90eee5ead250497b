# SPDX-License-Identifier: Apache-2.0
"""Kernels in other languages than Python, real ones: Bash (bash_kernel), R (Debian's r-cran-irkernel) and TypeScript
(Deno, whose ZeroMQ is not libzmq and knows no ipc). Each runs cells, fails, is interrupted, restarted, and dies."""

import json
import sys
import time
from pathlib import Path

import pytest

from kernelsocket import Agent, Socket, of, text

PREFIX = Path(sys.prefix)
SPECS = {
    "bash": {"argv": ["python3", "-m", "bash_kernel", "-f", "{connection_file}"], "display_name": "Bash", "language": "bash",
             "env": {"PS1": "$"}},
    "deno": {"argv": [str(PREFIX / "bin/deno"), "jupyter", "--kernel", "--conn", "{connection_file}"],
             "display_name": "Deno", "language": "typescript",
             "env": {"DENO_DIR": "${HOME}/.deno", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}},
}
# For each: a print, an expression with its value, an error, something that lasts, a loss of its own process.
CELLS = {
    "bash": ("echo hé €", None, "no-such-command", "sleep 1000", "kill -9 $PPID"),
    "ir": ("cat('hé €\\n')", ("6*7", "42"), "stop('bad')", "Sys.sleep(1000)", "tools::pskill(Sys.getpid(), 9)"),
    "deno": ("console.log('hé €')", ("6*7", "42"), "throw new Error('bad')", None, "Deno.kill(Deno.pid, 'SIGKILL')"),
}
LANGUAGES = {"bash": "bash", "ir": "R", "deno": "typescript"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    place = tmp_path_factory.mktemp("languages")
    for name, spec in SPECS.items():
        (place / f"data/kernels/{name}").mkdir(parents=True)
        (place / f"data/kernels/{name}/kernel.json").write_text(json.dumps(spec))
    a = Agent(place / "root", data_dir=place / "data")
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


@pytest.fixture(params=list(CELLS))
def kernel(request, agent):
    kid = agent.new_kernel(name=request.param)
    s = Socket(agent, kid)
    s.name, s.cells = request.param, CELLS[request.param]
    yield s
    agent.call("DELETE", f"api/kernels/{kid}")


def says_hello(kernel):
    """Deno on a busy machine sends what a cell prints after its idle."""
    mid = kernel.start(kernel.cells[0])
    said = text(kernel.finish(mid))
    while not said:
        said += text(m for m in [kernel.recv(30)] if m["parent_header"].get("msg_id") == mid)
    return said.strip() == "hé €"


def test_a_kernel_of_each_language_works(agent, kernel):
    hello, value, bad, lasting, deadly = kernel.cells
    info = kernel.ask("kernel_info_request", {})
    assert info["status"] == "ok" and info["language_info"]["name"].lower() == LANGUAGES[kernel.name].lower()
    assert agent.model(kernel.kid)["name"] == kernel.name
    assert says_hello(kernel)
    if value:
        # IRkernel shows a value as display_data.
        shown = of(kernel.run(value[0]), "execute_result") or of(kernel.run(value[0]), "display_data")
        assert value[1] in shown[-1]["content"]["data"]["text/plain"]
    got = kernel.run(bad)
    assert of(got, "execute_reply")[0]["content"]["status"] == "error" or "not found" in text(got)
    if lasting:
        mid = kernel.start(lasting)
        agent.wait_state(kernel.kid, "busy")
        time.sleep(0.5)  # until the language itself has begun to wait
        agent.call("POST", f"api/kernels/{kernel.kid}/interrupt", 204)
        kernel.finish(mid, 30)
    assert says_hello(kernel)
    assert agent.call("POST", f"api/kernels/{kernel.kid}/restart", 200).json()["execution_state"] == "idle"
    assert says_hello(kernel)
    # Killed by its own hand: said so, and there again.
    kernel.start(deadly)
    kernel.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "restarting", 30)
    assert says_hello(kernel)
    assert "killed" in agent.model(kernel.kid)["reason"]


def test_completion_in_each_language(kernel):
    code = {"bash": "ec", "ir": "Sys.get", "deno": "conso"}[kernel.name]
    want = {"bash": "echo", "ir": "Sys.getpid", "deno": "console"}[kernel.name]
    got = kernel.ask("complete_request", {"code": code, "cursor_pos": len(code)})
    assert got["status"] == "ok" and any(m.startswith(want) for m in got["matches"]), got


def test_specs_of_all_languages_are_listed(agent):
    specs = agent.call("GET", "api/kernelspecs", 200).json()
    assert {"python3", "bash", "deno", "ir"} <= set(specs["kernelspecs"]) and specs["default"] == "python3"
    assert specs["kernelspecs"]["ir"]["spec"]["language"] == "R"
    logo = specs["kernelspecs"]["ir"]["resources"].get("logo-64x64")
    if logo:
        assert agent.http.get(f"http://127.0.0.1:{agent.port}{logo}", timeout=20).status_code == 200


def test_a_port_that_somebody_takes_costs_a_second_start(tmp_path):
    """By tcp the ports are free when they are chosen, and may not be when the kernel binds them."""
    taker = tmp_path / "taker.py"
    taker.write_text(
        "import json, os, socket, sys\n"
        "c = json.load(open(sys.argv[1]))\n"
        "seen = os.path.expanduser('~/seen')\n"
        "first = not os.path.exists(seen)\n"
        "open(seen, 'a').write(f\"{c['shell_port']}\\n\")\n"
        "s = socket.socket()\n"
        "if first:\n"
        "    s.bind(('127.0.0.1', c['shell_port'])); s.listen()\n"
        "from ipykernel import kernelapp\n"
        "kernelapp.launch_new_instance(['-f', sys.argv[1]])\n")
    spec = tmp_path / "data/kernels/taken"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({
        "argv": ["python3", str(taker), "{connection_file}"], "display_name": "T", "language": "python",
        "metadata": {"carrel": {"transport": "tcp"}}}))
    a = Agent(tmp_path / "root", data_dir=tmp_path / "data").start()
    try:
        s = Socket(a, a.new_kernel(name="taken"))
        assert text(s.run("print(1)")) == "1\n"
        ports = (tmp_path / "seen").read_text().split()
        assert len(ports) == 2 and ports[0] != ports[1]
    finally:
        assert a.stop() == 0


def test_a_kernel_that_writes_a_colon_before_its_port(tmp_path):
    """ILua and IJulia name their sockets <path>:<port>, as in a tcp address; jupyter_client asks for a hyphen."""
    program = tmp_path / "colon.py"
    program.write_text(
        "import sys\n"
        "from ipykernel import kernelapp\n"
        "class App(kernelapp.IPKernelApp):\n"
        "    def _try_bind_socket(self, s, port):\n"
        "        s.bind(f'{self.transport}://{self.ip}:{port}')\n"
        "        return port\n"
        "App.launch_instance(['-f', sys.argv[1]])\n")
    spec = tmp_path / "data/kernels/colon"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({
        "argv": ["python3", str(program), "{connection_file}"], "display_name": "C", "language": "python"}))
    a = Agent(tmp_path / "root", data_dir=tmp_path / "data").start()
    try:
        kid = a.new_kernel(name="colon")
        s = Socket(a, kid)
        where = Path(text(s.run("import ipykernel; print(ipykernel.get_connection_file())")).strip())
        assert list(where.parent.glob("*:*"))
        a.call("DELETE", f"api/kernels/{kid}", 204)
        assert list(where.parent.glob("*")) == []
    finally:
        assert a.stop() == 0
