# SPDX-License-Identifier: Apache-2.0
"""Kernels, their WebSockets and sessions, with a real ipykernel, by way of `carrel-agent serve`."""

import json
import os
import signal
import time
import uuid
from pathlib import Path

import pytest
import requests
import websocket

from kernelsocket import Agent, Socket, of, text
from processes import start_time
from product import wait_for


@pytest.fixture
def fresh(agent):
    """No kernel before, and none after."""
    yield agent
    for k in agent.call("GET", "api/kernels", 200).json():
        agent.call("DELETE", f"api/kernels/{k['id']}")
    agent.call("GET", "api/sessions", 200)


@pytest.fixture(params=["v1", "legacy"])
def framing(request):
    return request.param == "v1"


def test_a_cell_runs_and_its_messages_come_in_order(fresh, framing):
    s = Socket(fresh, fresh.new_kernel(), framing)
    got = s.run("print('hé €'); 6*7")
    kinds = [m["msg_type"] for m in got if m["channel"] == "iopub"]
    assert kinds[:2] == ["status", "execute_input"] and kinds[-1] == "status"
    assert text(got) == "hé €\n"
    assert of(got, "execute_result")[0]["content"]["data"]["text/plain"] == "42"
    assert of(got, "execute_reply")[0]["content"]["status"] == "ok"
    assert all(not m["parent_header"] for m in s.seen), s.seen
    s.close()


def test_the_model_follows_the_kernel(fresh):
    before = fresh.call("GET", "api/kernels", 200).json()
    assert before == []
    kid = fresh.new_kernel()
    fresh.wait_state(kid, "idle")
    s = Socket(fresh, kid)
    assert fresh.model(kid)["connections"] == 1
    mid = s.start("import time; time.sleep(1.5)")
    fresh.wait_state(kid, "busy")
    # The debugger's traffic makes a busy kernel no idle one.
    s.send("debug_request", {"type": "request", "seq": 1, "command": "debugInfo"}, channel="control")
    s.until(lambda m: m["msg_type"] == "debug_reply")
    assert fresh.model(kid)["execution_state"] == "busy"
    s.finish(mid)
    fresh.wait_state(kid, "idle")
    s.close()
    wait_for("no connection", lambda: fresh.model(kid)["connections"] == 0)


def test_input_is_asked_of_the_one_who_ran_the_cell(fresh, framing):
    kid = fresh.new_kernel()
    a, b = Socket(fresh, kid, framing), Socket(fresh, kid, not framing)
    mid = a.start("x = input('name? '); print('hello', x)", allow_stdin=True)
    got = a.until(lambda m: m["msg_type"] == "input_request")
    assert got[-1]["channel"] == "stdin" and got[-1]["content"]["prompt"] == "name? "
    a.send("input_reply", {"value": "Ada", "status": "ok"}, channel="stdin")
    rest = a.finish(mid)
    assert "hello Ada" in text(rest)
    other = b.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
                    and m["parent_header"].get("msg_id") == mid)
    assert all(m["channel"] == "iopub" for m in other)
    assert "hello Ada" in text(other)
    a.close(), b.close()


def test_two_clients_get_only_their_own_replies(fresh):
    kid = fresh.new_kernel()
    a, b = Socket(fresh, kid, True), Socket(fresh, kid, False)
    ids = []
    for i in range(10):
        ids.append((a, a.start(f"print('a{i}')")))
        ids.append((b, b.start(f"print('b{i}')")))
    for s, own in ((a, {m for x, m in ids if x is a}), (b, {m for x, m in ids if x is b})):
        replies, idles = set(), set()
        while len(replies) < 10 or len(idles) < 20:
            m = s.recv()
            if m["channel"] == "shell":
                replies.add(m["parent_header"]["msg_id"])
            elif m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
                idles.add(m["parent_header"]["msg_id"])
        assert replies == own
    a.close(), b.close()


def test_buffers_go_both_ways(fresh, framing):
    s = Socket(fresh, fresh.new_kernel(), framing)
    s.run("""
from comm import get_comm_manager
def opened(comm, msg):
    @comm.on_msg
    def _(m):
        comm.send({'n': [len(b) for b in m['buffers']]}, buffers=[bytes(b)[::-1] for b in m['buffers']])
get_comm_manager().register_target('echo', opened)
""")
    s.send("comm_open", {"comm_id": "c1", "target_name": "echo", "data": {}})
    bufs = [b"abc\0\xff", b"", os.urandom(300000)] + [bytes([i]) for i in range(20)]
    s.send("comm_msg", {"comm_id": "c1", "data": {}}, buffers=bufs)
    got = s.until(lambda m: m["msg_type"] == "comm_msg")[-1]
    assert got["content"]["data"]["n"] == [len(b) for b in bufs]
    assert got["buffers"] == [b[::-1] for b in bufs]
    s.close()


def test_interrupt_stops_a_cell(fresh):
    kid = fresh.new_kernel()
    s = Socket(fresh, kid)
    mid = s.start("import time\ntry:\n    time.sleep(1000)\nexcept KeyboardInterrupt:\n    print('stopped')")
    fresh.wait_state(kid, "busy")
    time.sleep(0.3)
    began = time.monotonic()
    fresh.call("POST", f"api/kernels/{kid}/interrupt", 204)
    assert "stopped" in text(s.finish(mid))
    assert time.monotonic() - began < 3
    s.close()


def test_restart_keeps_the_kernel_and_forgets_its_variables(fresh):
    kid = fresh.new_kernel()
    s = Socket(fresh, kid)
    s.run("x = 1")
    pid = fresh.kernel_pid()
    r = fresh.call("POST", f"api/kernels/{kid}/restart", 200).json()
    assert r["id"] == kid and r["execution_state"] == "idle"
    assert fresh.kernel_pid() != pid
    got = s.run("print('x' in globals())")
    assert text(got) == "False\n"
    s.close()


def test_restart_while_a_cell_runs(fresh):
    kid = fresh.new_kernel()
    s = Socket(fresh, kid)
    s.start("import time, signal; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(1000)")
    fresh.wait_state(kid, "busy")
    began = time.monotonic()
    fresh.call("POST", f"api/kernels/{kid}/restart", 200)
    assert time.monotonic() - began < 12
    assert text(s.run("print(1)")) == "1\n"
    s.close()


def test_a_killed_kernel_comes_back_and_the_cell_says_why(fresh):
    kid = fresh.new_kernel()
    s = Socket(fresh, kid)
    # Half a second, for the kernel's own thread to have said that it is busy.
    mid = s.start("import os, signal, time; time.sleep(0.5); os.kill(os.getpid(), signal.SIGKILL)")
    got = s.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "restarting")
    kinds = [m["msg_type"] for m in got if m["parent_header"].get("msg_id") == mid]
    assert "error" in kinds and kinds[-1] == "status" and "execute_reply" in kinds
    error = of(got, "error")[0]["content"]
    assert "killed" in error["evalue"] and error["traceback"]
    assert of(got, "execute_reply")[0]["content"]["status"] == "error"
    assert text(s.run("print('again')")) == "again\n"
    assert fresh.model(kid)["reason"]
    s.close()


def test_a_crash_is_named(fresh):
    s = Socket(fresh, fresh.new_kernel())
    s.start("import os, signal; signal.signal(signal.SIGSEGV, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGSEGV)")
    got = s.until(lambda m: m["msg_type"] == "error")
    assert "SIGSEGV" in got[-1]["content"]["evalue"]
    s.close()


def test_a_kernel_that_always_dies_ends(fresh):
    kid = fresh.new_kernel()
    s = Socket(fresh, kid)
    s.run("1")
    for _ in range(8):
        try:
            s.start("import os; os._exit(3)")
            s.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "restarting", 30)
        except (websocket.WebSocketException, OSError, AssertionError):
            break  # closed: it has died too often
    model = wait_for("the end", lambda: (m := fresh.model(kid))["execution_state"] == "dead" and m)
    assert model["reason"].startswith("The kernel ended with an error")
    assert fresh.call("POST", f"api/kernels/{kid}/restart", 200).json()["execution_state"] == "idle"
    again = Socket(fresh, kid)
    assert text(again.run("print(1)")) == "1\n" and "reason" not in fresh.model(kid)
    again.close()


def test_a_kernel_that_ignores_sigterm_is_killed(fresh):
    kid = fresh.new_kernel()
    s = Socket(fresh, kid)
    s.start("""
import os, signal, threading
for n in (signal.SIGINT, signal.SIGTERM):
    signal.signal(n, signal.SIG_IGN)
print(os.getpid(), flush=True)
while True: pass
""")
    pid = int(s.until(lambda m: m["msg_type"] == "stream" and m["content"]["name"] == "stdout")[-1]["content"]["text"])
    began = time.monotonic()
    fresh.call("DELETE", f"api/kernels/{kid}", 204)
    assert 4 < time.monotonic() - began < 9
    assert not Path(f"/proc/{pid}").exists()


def test_many_displays_arrive_whole_and_in_order(fresh, framing):
    """A kernel's PUB socket holds 1,000 messages. On a machine so busy that the agent does not run for a fifth of a
    second some are lost before anybody can read them: then once more. Order and the final idle are never lost."""
    for _ in range(4):
        s = Socket(fresh, fresh.new_kernel(), framing)
        got = s.run("from IPython.display import display\nfor i in range(20000): display({'text/plain': str(i)}, raw=True)",
                    timeout=240)
        shown = [int(m["content"]["data"]["text/plain"]) for m in of(got, "display_data")]
        assert shown == sorted(set(shown))
        s.close()
        if len(shown) == 20000:
            return
    raise AssertionError(f"{len(shown)} of 20000 displays arrived")


def test_a_hundred_megabytes_arrive_and_memory_is_given_back(fresh):
    s = Socket(fresh, fresh.new_kernel())
    got = s.run("for i in range(100): print('x' * 999_999)", timeout=240)
    assert len(text(got)) == 100_000_000
    s.close()
    wait_for("memory back", lambda: fresh.memory_kb() < 8000, 10)


def test_large_messages_leave_nothing_behind(fresh):
    """The C library keeps what is freed, and the more the larger the largest buffer was."""
    kept = fresh.memory_kb("Anonymous")
    s = Socket(fresh, fresh.new_kernel())
    for mb in (1, 3, 7, 12, 15):
        got = s.run(f"from IPython.display import display\ndisplay({{'text/plain': 'x' * {mb}_000_000}}, raw=True)")
        assert len(of(got, "display_data")[0]["content"]["data"]["text/plain"]) == mb * 1_000_000
    wait_for("memory back", lambda: fresh.memory_kb("Anonymous") < kept + 1500)
    s.close()


def test_a_slow_client_costs_bounded_memory_and_never_loses_idle(tmp_path):
    """A gigabyte in one cell; the client reads nothing for as long as it runs."""
    fresh = Agent(tmp_path / "root").start()
    kid = fresh.new_kernel()
    fast, slow = Socket(fresh, kid), Socket(fresh, kid, rcvbuf=65536)
    mid = slow.start("s = 'y' * 99_999\nfor i in range(10_000): print(s, flush=True)")
    end = fast.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
                     and m["parent_header"].get("msg_id") == mid, 400)
    assert len(text(end)) > 300_000_000
    del end
    got = slow.finish(mid, 200)
    assert of(got, "execute_reply")
    out = text(got)
    assert out.count("left out") == 1 and 50_000_000 < len(out) < 300_000_000
    assert out.endswith("y\n")
    assert fresh.peak_kb() < 32_000
    fast.close(), slow.close()
    assert fresh.stop() == 0


def test_a_gigabyte_in_one_message_is_cut(fresh):
    """What is printed within 0.2 s comes as one message, however large."""
    s = Socket(fresh, fresh.new_kernel())
    got = s.run("s = 'z' * 99_999\nfor i in range(10_000): print(s)", timeout=240)
    assert of(got, "execute_reply")[0]["content"]["status"] == "ok"
    assert 1_000_000 < len(text(got)) <= 1_000_000_000
    assert len(text(got)) == 1_000_000_000 or "more were left out here" in text(got)
    assert text(s.run("print(2)")) == "2\n"
    s.close()


def test_a_million_lines_arrive_and_no_process_grows(tmp_path):
    a = Agent(tmp_path / "root").start()
    try:
        s = Socket(a, a.new_kernel())
        s.run("1")
        before = peak_kb(a.kernel_pid())
        got = s.run("for i in range(1_000_000): print(i)", timeout=240)
        assert text(got) == "".join(f"{i}\n" for i in range(1_000_000))
        assert a.peak_kb() < 32_000 and peak_kb(a.kernel_pid()) - before < 100_000
        assert text(s.run("print('on')")) == "on\n"
    finally:
        assert a.stop() == 0


def peak_kb(pid):
    return int(next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmHWM")).split()[1])


def test_a_page_gets_no_more_than_it_can_show(fresh):
    s = Socket(fresh, fresh.new_kernel(), origin=f"http://127.0.0.1:{fresh.port}")
    got = s.run("for i in range(1000): print('x' * 99_999, flush=i % 10 == 0)")
    assert 16_000_000 < len(text(got)) < 17_000_000 and text(got).count("cut here at 16 MB") == 1
    assert text(s.run("print(2)")) == "2\n"
    s.close()


def test_what_a_client_missed_is_replayed_to_its_session(fresh, framing):
    kid = fresh.new_kernel()
    a = Socket(fresh, kid, framing)
    mid = a.start("import time\nfor i in range(20):\n    print(i, flush=True); time.sleep(0.1)")
    a.until(lambda m: m["msg_type"] == "stream" and m["parent_header"].get("msg_id") == mid)
    a.drop()
    fresh.wait_state(kid, "busy")
    fresh.wait_state(kid, "idle")
    b = Socket(fresh, kid, framing, session=a.session)
    got = b.finish(mid)
    seen = text(got).split()
    assert seen == [str(i) for i in range(20)][-len(seen):] and len(seen) >= 15
    assert text(b.run("print('new')")) == "new\n"
    b.close()


def test_another_session_does_not_get_what_was_missed(fresh):
    kid = fresh.new_kernel()
    a = Socket(fresh, kid)
    a.start("import time\nfor i in range(5):\n    print(i, flush=True); time.sleep(0.1)")
    a.close()
    fresh.wait_state(kid, "busy")
    fresh.wait_state(kid, "idle")
    b = Socket(fresh, kid)
    got = b.run("print('new')")
    assert text(got) == "new\n" and not of(b.seen, "stream")
    b.close()


def test_the_same_session_closes_its_older_socket(fresh):
    kid = fresh.new_kernel()
    a = Socket(fresh, kid)
    a.run("1")
    b = Socket(fresh, kid, session=a.session)
    a.ws.settimeout(10)
    opcode, data = a.ws.recv_data()
    assert opcode == websocket.ABNF.OPCODE_CLOSE and int.from_bytes(data[:2], "big") == 1000
    assert text(b.run("print(2)")) == "2\n"
    assert fresh.model(kid)["connections"] == 1
    b.close()


def test_a_page_that_comes_while_a_cell_runs_is_answered_at_once(fresh):
    kid = fresh.new_kernel()
    a = Socket(fresh, kid)
    mid = a.start("import time; time.sleep(3)")
    fresh.wait_state(kid, "busy")
    b = Socket(fresh, kid)
    began = time.monotonic()
    info = b.ask("kernel_info_request", {})
    assert time.monotonic() - began < 1 and info["language_info"]["name"] == "python"
    a.finish(mid)
    a.close(), b.close()


def test_messages_sent_while_the_kernel_starts_are_not_lost(fresh):
    s = Socket(fresh, fresh.new_kernel())
    assert text(s.run("print('first')")) == "first\n"
    s.close()


def test_bad_frames_are_dropped_and_the_socket_lives(fresh, framing):
    s = Socket(fresh, fresh.new_kernel(), framing)
    for bad in (b"", b"\0" * 8, b"\xff" * 64, b"\x06" + b"\0" * 60):
        s.ws.send_binary(bad)
    s.ws.send("{}")
    s.ws.send("not json")
    assert text(s.run("print(1)")) == "1\n"
    s.close()


def test_a_session_ties_a_document_to_a_kernel(fresh):
    (fresh.root / "sub").mkdir(exist_ok=True)
    body = {"path": "sub/a.ipynb", "type": "notebook", "name": "a.ipynb", "kernel": {"name": "python3"}}
    r = fresh.call("POST", "api/sessions", 201, json=body)
    one = r.json()
    assert r.headers["Location"] == f"{fresh.base}api/sessions/{one['id']}"
    assert one["notebook"]["path"] == "sub/a.ipynb" and one["kernel"]["execution_state"] == "starting"
    assert fresh.call("POST", "api/sessions", 201, json=body).json()["id"] == one["id"]
    s = Socket(fresh, one["kernel"]["id"])
    out = text(s.run("import os; print(os.getcwd()); print(os.environ['JPY_SESSION_NAME'], os.environ['JPY_PARENT_PID'])"))
    assert out == f"{fresh.root}/sub\n{fresh.root}/sub/a.ipynb 1\n"
    s.close()
    two = fresh.call("PATCH", f"api/sessions/{one['id']}", 200, json={"path": "b.ipynb", "name": "b"}).json()
    assert (two["path"], two["name"], two["kernel"]["id"]) == ("b.ipynb", "b", one["kernel"]["id"])
    three = fresh.call("PATCH", f"api/sessions/{one['id']}", 200, json={"kernel": {"name": "python3"}}).json()
    assert three["kernel"]["id"] != one["kernel"]["id"]
    wait_for("the old kernel's end", lambda: fresh.call("GET", f"api/kernels/{one['kernel']['id']}").status_code == 404)
    assert [x["id"] for x in fresh.call("GET", "api/sessions", 200).json()] == [one["id"]]
    fresh.call("DELETE", f"api/sessions/{one['id']}", 204)
    fresh.call("GET", f"api/sessions/{one['id']}", 404)
    fresh.call("GET", f"api/kernels/{three['kernel']['id']}", 404)


def test_sessions_refuse_what_they_must(fresh):
    r = fresh.call("POST", "api/sessions", 501, json={"path": "x", "type": "notebook", "name": "x", "kernel": {"name": "no-such"}})
    assert set(r.json()) == {"message", "short_message"}
    fresh.call("POST", "api/sessions", 400, json={"type": "notebook"})
    fresh.call("POST", "api/sessions", 400, json={"path": "x"})
    fresh.call("POST", "api/sessions", 400, data="{")
    fresh.call("GET", "api/sessions/nope", 404)
    fresh.call("DELETE", "api/sessions/nope", 404)
    kid = str(uuid.uuid4())
    one = fresh.call("POST", "api/sessions", 201, json={"path": "y", "type": "console", "name": "", "kernel": {"id": kid}}).json()
    assert one["kernel"]["id"] == kid
    fresh.call("POST", "api/kernels", 409, json={"kernel_id": kid})
    fresh.call("PATCH", f"api/sessions/{one['id']}", 400, json={"kernel": {"id": "no-such-kernel"}})
    fresh.call("DELETE", f"api/kernels/{kid}", 204)
    fresh.call("DELETE", f"api/sessions/{one['id']}", 410)


def test_kernels_that_are_not_there_are_404(fresh):
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/interrupt"), ("POST", "/restart"), ("GET", "/channels")):
        fresh.call(method, f"api/kernels/00000000-0000-0000-0000-000000000000{path}", 404)
    kid = fresh.new_kernel()
    fresh.call("GET", f"api/kernels/{kid}/channels", 400)


def test_there_is_always_a_kernel_spec(fresh):
    specs = fresh.call("GET", "api/kernelspecs", 200).json()
    spec = specs["kernelspecs"][specs["default"]]
    assert specs["default"] == "python3" and spec["spec"]["argv"] and spec["spec"]["language"] == "python"
    assert "logo-64x64" in spec["resources"]
    assert fresh.call("GET", "api/kernelspecs/python3", 200).json() == spec
    fresh.call("GET", "api/kernelspecs/nope", 404)


def test_connection_files_are_private_and_go_with_the_kernel(fresh):
    kid = fresh.new_kernel()
    s = Socket(fresh, kid)
    path = Path(text(s.run("from ipykernel import get_connection_file; print(get_connection_file())")).strip())
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    fresh.call("DELETE", f"api/kernels/{kid}", 204)
    assert not path.exists() and not list(path.parent.glob("*"))


def test_an_idle_kernel_costs_little(fresh):
    sockets = [Socket(fresh, fresh.new_kernel()) for _ in range(3)]
    for s in sockets:
        s.run("1")
    # The same agent had much larger things to do a moment ago.
    wait_for("little memory", lambda: fresh.memory_kb() < 6000, every=0.5)
    for s in sockets:
        s.close()


def test_a_kernel_that_does_not_start_says_why(tmp_path):
    spec = tmp_path / "data/kernels/broken"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": ["/bin/sh", "-c", "echo no such module >&2; exit 1"], "display_name": "B", "language": "x"}')
    (tmp_path / "data/kernels/absent").mkdir()
    (tmp_path / "data/kernels/absent/kernel.json").write_text('{"argv": ["/no/such/program"], "display_name": "A", "language": "x"}')
    a = Agent(tmp_path / "root", data_dir=tmp_path / "data").start()
    try:
        body = {"path": "a.ipynb", "type": "notebook", "name": "a", "kernel": {"name": "absent"}}
        for path in ("api/kernels", "api/sessions"):
            message = a.call("POST", path, 500, json={**body, "name": "absent"}).json()["message"]
            assert message == "Kernel absent did not start: there is no program /no/such/program"
        assert a.call("GET", "api/kernels", 200).json() == []
        one = a.call("POST", "api/sessions", 201, json={**body, "kernel": {"name": "broken"}}).json()
        kid = one["kernel"]["id"]
        model = wait_for("the end", lambda: (m := a.model(kid))["execution_state"] == "dead" and m)
        assert model["reason"] == "The kernel ended with an error. Its last words: no such module"
        assert model["traceback"] == "no such module\n"
        # JupyterLab finds its socket refused, looks at the model, and shows what stands there.
        with pytest.raises(websocket.WebSocketBadStatusException) as e:
            Socket(a, kid)
        assert e.value.status_code == 500
        # A kernel that has ended can be asked to start once more, and the document for another one.
        assert "restart failed" in a.call("POST", f"api/kernels/{kid}/restart", 500).json()["message"]
        two = a.call("POST", "api/sessions", 201, json={**body, "kernel": {"name": "python3"}}).json()
        assert two["id"] != one["id"]
        a.call("GET", f"api/kernels/{kid}", 404)
        # A change of kernels that fails leaves the old one.
        r = a.call("PATCH", f"api/sessions/{two['id']}", 501, json={"kernel": {"name": "absent"}}).json()
        assert "/no/such/program" in r["message"] and r["short_message"]
        assert a.call("GET", f"api/sessions/{two['id']}", 200).json()["kernel"]["id"] == two["kernel"]["id"]
    finally:
        a.stop()


def test_specs_may_ask_for_tcp_and_for_interrupts_by_message(tmp_path):
    spec = tmp_path / "data/kernels/special"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({
        "argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "S", "language": "python",
        "interrupt_mode": "message", "env": {"GREETING": "hello ${HOME}"}, "metadata": {"carrel": {"transport": "tcp"}}}))
    a = Agent(tmp_path / "root", data_dir=tmp_path / "data").start()
    try:
        kid = a.new_kernel(name="special")
        s = Socket(a, kid)
        out = text(s.run("import os, json; from ipykernel import get_connection_file\n"
                         "print(json.load(open(get_connection_file()))['transport'], os.environ['GREETING'])"))
        assert out == f"tcp hello {tmp_path}\n"
        mid = s.start("import time\ntry:\n    time.sleep(1000)\nexcept KeyboardInterrupt:\n    print('stopped')")
        a.wait_state(kid, "busy")
        time.sleep(0.3)
        a.call("POST", f"api/kernels/{kid}/interrupt", 204)
        assert "stopped" in text(s.finish(mid))
        a.call("POST", f"api/kernels/{kid}/restart", 200)
        assert text(s.run("print(1)")) == "1\n"
    finally:
        assert a.stop() == 0


def test_what_happens_to_kernels_is_told_to_listeners(fresh):
    ws = websocket.create_connection(f"ws://127.0.0.1:{fresh.port}{fresh.base}api/events/subscribe", timeout=30,
                                     suppress_origin=True, header=[f"Authorization: token {fresh.token}"])
    kid = fresh.new_kernel()
    fresh.wait_state(kid, "idle")
    fresh.call("POST", f"api/kernels/{kid}/interrupt", 204)
    fresh.call("POST", f"api/kernels/{kid}/restart", 200)
    fresh.call("DELETE", f"api/kernels/{kid}", 204)
    seen = []
    while "shutdown" not in seen:
        event = json.loads(ws.recv())
        if event["schema_id"].endswith("kernel_actions/v1"):
            assert event["kernel_id"] == kid and event["status"] == "success" and event["msg"]
            seen.append(event["action"])
    assert seen == ["start", "interrupt", "restart", "shutdown"]
    ws.close()


def test_stopping_the_server_ends_its_kernels(tmp_path):
    a = Agent(tmp_path / "root").start()
    kid = a.new_kernel()
    a.wait_state(kid, "idle")
    pid = a.kernel_pid()
    assert a.stop() == 0
    assert start_time(pid) is None
    with pytest.raises(requests.ConnectionError):
        a.call("GET", "api/kernels")


def test_killing_the_server_leaves_no_kernel(tmp_path):
    a = Agent(tmp_path / "root").start()
    a.wait_state(a.new_kernel(), "idle")
    pid = a.kernel_pid()
    a.proc.send_signal(signal.SIGKILL)
    a.proc.wait()
    wait_for("the kernel's end", lambda: start_time(pid) is None, 10)
