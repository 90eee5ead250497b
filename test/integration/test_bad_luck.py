# SPDX-License-Identifier: Apache-2.0
"""What a session does to itself, in real containers: full disks, hogs, bombs, floods. The server lives and says why."""

import time

import pytest

import judged
from product import Jupyter, text_of, wait_for

MIB = 1 << 20


@pytest.fixture(scope="module")
def ws(api):
    return api.workspace("bad-luck", instance_type="small", storage_bytes=256 * MIB)


@pytest.fixture(scope="module")
def lab(api, ws):
    s = api.start(ws)
    return Jupyter(s["program_url"], api.token)


@pytest.fixture
def kernel(lab):
    k = lab.kernel()
    yield k
    k.close()
    lab.call("DELETE", f"/api/kernels/{k.id}")


def status_pid(kernel):
    return int(kernel.text("import os; print(os.getpid())"))


def test_user_code_has_no_rights(kernel):
    out = kernel.text(
        "print(open('/proc/self/status').read())\n"
        "import os\nprint('uid', os.getuid(), os.getgid())")
    fields = dict(line.split(":\t", 1) for line in out.splitlines() if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        # The bounding set is that of PID 1 and useless without a way to gain: no_new_privs is set.
        if name != "CapBnd":
            assert int(fields[name], 16) == 0, (name, fields[name])
    assert fields["NoNewPrivs"].strip() == "1"
    assert fields["Seccomp"].strip() == "2"
    assert "uid 1000" in out


def test_user_code_reaches_neither_the_agent_nor_the_platform(kernel):
    out = kernel.text("""
import os, socket
def attempt(name, fn):
    try:
        fn(); print(name, "REACHED")
    except OSError as e:
        print(name, "refused")
def unix(p):
    s = socket.socket(socket.AF_UNIX); s.settimeout(3); s.connect(p)
def tcp(h, p):
    s = socket.socket(); s.settimeout(3); s.connect((h, p))
attempt("agent", lambda: unix("/run/carrel/agent.sock"))
attempt("shim", lambda: unix("/run/carrel/shim.sock"))
attempt("signal", lambda: os.kill(1, 0))
attempt("memory", lambda: open("/proc/1/mem", "rb"))
attempt("environ", lambda: open("/proc/1/environ", "rb").read())
attempt("metadata", lambda: tcp("169.254.169.254", 80))
attempt("root", lambda: open("/usr/bin/x", "w"))
attempt("mount", lambda: open("/proc/sysrq-trigger", "w"))
""")
    assert "REACHED" not in out, out
    assert out.count("refused") == 8, out


def test_a_memory_hog_dies_and_the_user_is_told_why(hub, api, ws, lab, kernel):
    log, pid = judged.Log(), status_pid(kernel)
    agent = hub.container_pid(api.get("/workspaces/" + ws["id"])["session"])
    msg = kernel.send("execute_request", {"code": "x = bytearray(); \nwhile True: x += bytearray(64 << 20)", "silent": False,
                                          "store_history": True, "user_expressions": {}, "allow_stdin": False})
    said, restarting = "", False
    end = time.monotonic() + 90
    while time.monotonic() < end and not ("memory" in said.lower() and restarting):
        m = kernel.recv(90)
        if m["channel"] == "iopub" and m.get("parent_header", {}).get("msg_id") == msg:
            said += text_of([m])
        if m["header"]["msg_type"] == "status" and m["content"]["execution_state"] == "restarting":
            restarting = True
    assert "out of memory" in said.lower(), said
    assert restarting
    assert lab.call("GET", "/api/status", 200).json()["kernels"] >= 1
    wait_for("new kernel process", lambda: status_pid(kernel) != pid or None, 60)
    after = hub.container_pid(api.get("/workspaces/" + ws["id"])["session"])
    log.seen("oom", agent_before=agent, agent_after=after, reason=said)
    judged.held(hub.state, log, "P9")


def test_a_fork_bomb_ends_at_the_limit_and_the_server_answers(lab, kernel):
    out = kernel.text("""
import os, signal
pids = []
try:
    for _ in range(20000):
        pid = os.fork()
        if pid == 0:
            signal.pause()
            os._exit(0)
        pids.append(pid)
    print("UNLIMITED")
except OSError as e:
    print("stopped", len(pids), e.errno)
finally:
    for p in pids: os.kill(p, 9)
    for p in pids: os.waitpid(p, 0)
""", timeout=180)
    assert "stopped" in out and "UNLIMITED" not in out, out
    assert lab.call("GET", "/api/status", 200)


def test_a_kernel_that_ignores_sigterm_is_ended(lab):
    k = lab.kernel()
    pid = int(k.text("import signal, os\nfor s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)\nprint(os.getpid())"))
    k.send("execute_request", {"code": "import time\nwhile True:\n  try: time.sleep(1000)\n  except BaseException: pass",
                               "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False})
    lab.call("DELETE", f"/api/kernels/{k.id}", 204)
    other = lab.kernel()
    wait_for("end of the kernel", lambda: "gone" in other.text(
        f"import os\nprint('there' if os.path.exists('/proc/{pid}') else 'gone')"), 30, 0.5)
    lab.call("DELETE", f"/api/kernels/{other.id}", 204)


def test_a_cell_that_closes_its_own_sockets_does_not_take_the_server_along(lab):
    k = lab.kernel()
    k.send("execute_request", {"code": "import os\nos.closerange(3, 4096)", "silent": False, "store_history": True,
                               "user_expressions": {}, "allow_stdin": False})
    k.close()
    lab.call("GET", "/api/status", 200)
    lab.call("POST", f"/api/kernels/{k.id}/restart", 200, timeout=90)
    k = type(k)(lab, k.id)
    assert k.text("print(6*7)").strip() == "42"
    k.close()
    lab.call("DELETE", f"/api/kernels/{k.id}", 204)


def test_a_gigabyte_of_output_stays_bounded_and_ends_idle(hub, api, ws, lab, kernel):
    msg = kernel.send("execute_request", {
        "code": "line = 'x' * 99 + '\\n'\nfor _ in range(1024): print(line * 10486, end='', flush=True)\nprint('END')",
        "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False})
    def state():
        return lab.call("GET", f"/api/kernels/{kernel.id}", 200).json()["execution_state"]

    # Nobody reads meanwhile: the agent must hold it in bounds, not in memory.
    wait_for("start of the cell", lambda: state() == "busy", 20)
    wait_for("end of the cell", lambda: state() == "idle", 240, 0.5)
    with open(f"/proc/{hub.container_pid(api.get('/workspaces/' + ws['id'])['session'])}/status") as f:
        rss_kib = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    assert rss_kib < 64 << 10, rss_kib
    out, reply = kernel.collect(msg, 240)
    assert reply["content"]["status"] == "ok"
    assert text_of(out[-3:]).endswith("END\n") or "END" in text_of(out)[-200:]


def test_a_full_volume_locks_nobody_out(lab, kernel, api, ws):
    nb = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    lab.call("PUT", "/api/contents/kept.ipynb", 201, json={"type": "notebook", "format": "json", "content": nb})
    before = lab.get_file("kept.ipynb")
    out = kernel.text("""
import os
try:
    with open('fill', 'wb') as f:
        while True: f.write(b'x' * (1 << 20)); f.flush()
except OSError as e:
    print('errno', e.errno, os.path.getsize('fill') >> 20)
""", timeout=120)
    assert "errno 28" in out or "errno 122" in out, out
    assert lab.call("GET", "/api/contents/kept.ipynb?content=1", 200).json()["content"]["nbformat"] == 4
    big = {**nb, "metadata": {"pad": "y" * (4 * MIB)}}
    r = lab.call("PUT", "/api/contents/kept.ipynb", json={"type": "notebook", "format": "json", "content": big})
    assert r.status_code >= 400, r.status_code
    assert "space" in r.json()["message"].lower() or "full" in r.json()["message"].lower(), r.text
    assert lab.get_file("kept.ipynb") == before
    # One that does not grow is saved all the same.
    lab.call("PUT", "/api/contents/kept.ipynb", 200, json={"type": "notebook", "format": "json", "content": nb})
    assert lab.get_file("kept.ipynb") == before
    # A stop and a start at 100 % full: it opens, and deleting heals it.
    api.stop(ws)
    again = Jupyter(api.start(ws)["program_url"], api.token)
    assert again.get_file("kept.ipynb") == before
    again.call("DELETE", "/api/contents/fill")
    wait_for("space again", lambda: again.call("PUT", "/api/contents/kept.ipynb", 200, json={
        "type": "notebook", "format": "json", "content": big}), 20)
