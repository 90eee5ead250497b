# SPDX-License-Identifier: Apache-2.0
"""Planned restarts of each role and of the parent, under load: no request fails, no WebSocket ends, no session notices."""

import os
import select
import signal
import subprocess
import threading
import time
import uuid

import pytest
import requests
import websocket

from patience import PATIENCE
from processes import cmdline, roles, start_time
from product import BUILD, Jupyter, Kernel, wait_for

SOCKETS = 100
CARRELD = str(BUILD / "src/daemon/carreld")


def carreld(hub, *command, timeout=60):
    return subprocess.run([CARRELD, *command, *hub.args()], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)


class Load:
    """People at work: kept connections and new ones, reads and writes, console and session."""

    def __init__(self, hub, api, ws, session, jupyter):
        self.session = session
        self.hub, self.api, self.ws, self.jupyter = hub, api, ws, jupyter
        self.stop_event = threading.Event()
        self.done, self.failed = {}, []
        self.threads = [threading.Thread(target=self.run, args=(fn,)) for fn in (self.reads, self.writes, self.fresh, self.files, self.tokens,
                                                                             self.extends)]
        self.threads.append(threading.Thread(target=self.events))
        self.hellos, self.ids = [], []

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop_event.set()
        self.writes(requests.Session())  # an event, so that the reader looks up
        for t in self.threads:
            t.join()

    def events(self):
        """As EventSource does it: comes back after the last event that it has seen."""
        last = None
        while not self.stop_event.is_set():
            h = {"Authorization": f"token {self.api.token}", **({"Last-Event-ID": last} if last else {})}
            kind, number = None, None
            try:
                with requests.get(self.hub.url + "/api/v1/events", headers=h, stream=True, timeout=30) as r:
                    for line in r.iter_lines(chunk_size=1):
                        key, _, value = line.decode().partition(": ")
                        if key == "id":
                            number = value
                        elif not key and number:  # whole only with its empty line
                            last, number = number, None
                            if kind != "hello":  # which says where the reader is
                                self.ids.append(int(last))
                        elif key == "event":
                            kind = value
                        elif key == "data" and kind == "hello":
                            self.hellos.append(value)
                        if self.stop_event.is_set():
                            return
            except requests.RequestException:
                pass

    def extends(self, http):
        return self.ask(http, "POST", f"/api/v1/sessions/{self.session['id']}/extend", json={"seconds": 1})

    def run(self, fn):
        with requests.Session() as http:
            while not self.stop_event.is_set():
                try:
                    r = fn(http)
                    if r.status_code >= 400:
                        self.failed.append((fn.__name__, r.status_code, r.text[:300]))
                except requests.RequestException as e:
                    self.failed.append((fn.__name__, repr(e)))
                self.done[fn.__name__] = self.done.get(fn.__name__, 0) + 1
                self.stop_event.wait(0.01)

    def ask(self, http, method, path, **kw):
        return http.request(method, self.hub.url + path, headers={"Authorization": f"token {self.api.token}"}, timeout=30, **kw)

    def reads(self, http):
        return self.ask(http, "GET", "/api/v1/workspaces")

    def writes(self, http):
        return self.ask(http, "PATCH", f"/api/v1/workspaces/{self.ws['id']}", json={"auto_stop_seconds": 3600 + int(time.time()) % 60})

    def fresh(self, _):
        return self.ask(requests, "GET", "/api/v1/me")

    def tokens(self, http):  # without an Idempotency-Key: nobody may guess and send it twice
        r = self.ask(http, "POST", "/api/v1/tokens", json={"name": uuid.uuid4().hex, "expires_in_seconds": 600})
        return self.ask(http, "DELETE", f"/api/v1/tokens/{r.json()['id']}") if r.status_code == 201 else r

    def files(self, http):
        return http.get(self.jupyter.reach + "/api/contents", headers=dict(self.jupyter.http.headers), timeout=30)


@pytest.fixture(scope="module")
def work(hub, api):
    ws = api.workspace("restarted", instance_type="small")
    s = api.start(ws)
    jupyter = Jupyter(s["program_url"], api.token)
    kernel = jupyter.kernel()
    assert "41" in kernel.text("x = 41; print(x)")
    sockets = [kernel, *(Kernel(jupyter, kernel.id) for _ in range(SOCKETS - 1))]
    yield ws, s, jupyter, sockets
    for k in sockets:
        k.close()
    api.stop(ws)


def all_answer(sockets):
    """Each of them, on the connection it had at first. All are read while they wait, as pages do it: data for one that nobody
    reads stays in the kernel, which tries again after ever longer pauses and hangs up after a minute."""
    asked = {k.ws.sock: (k, k.send("kernel_info_request", {})) for k in sockets}
    waiting, end = set(asked), time.monotonic() + 60 * PATIENCE
    while waiting:
        assert time.monotonic() < end, f"{len(waiting)} of {len(sockets)} got no answer"
        for sock in select.select(list(asked), [], [], 1)[0]:
            k, msg_id = asked[sock]
            op, data = k.ws.recv_data(control_frame=True)
            assert op != websocket.ABNF.OPCODE_CLOSE, "closed by the server"
            if op != websocket.ABNF.OPCODE_PING and msg_id.encode() in data \
                    and k.parse(data if op == websocket.ABNF.OPCODE_BINARY else data.decode()).get("parent_header", {}).get("msg_id") == msg_id:
                waiting.discard(sock)


def held(hub):
    """The parent's sockets, which are shared with nobody else's: its listeners, and what keeps its slot."""
    links = [os.readlink(f"/proc/{hub.proc.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{hub.proc.pid}/fd")]
    return sorted(x for x in links if x.startswith(("socket:", "/run/carrel/slots")))


def edges_leaving(hub):
    out = carreld(hub, "status")
    return [line for line in out.stdout.splitlines() if line.startswith("leaving ")]


@pytest.mark.parametrize("what", ["edge", "core", "engine", "all"])
def test_a_planned_restart_is_noticed_by_nobody(hub, api, work, what):
    ws, s, jupyter, sockets = work
    before = {name: {(p, start_time(p)) for p in pids} for name, pids in roles(hub).items()}
    all_answer(sockets)
    with Load(hub, api, ws, s, jupyter) as load:
        wait_for("work", lambda: load.ids and len(load.done) == 6 and min(load.done.values()) > 5)
        for _ in range(2 if what == "all" else 1):
            out = carreld(hub, "restart", what)
            assert out.returncode == 0, out.stderr + hub.tail()
            all_answer(sockets)
        done = dict(load.done)
        wait_for("more work", lambda: all(load.done[k] > done[k] + 3 for k in done))
    assert not load.failed, load.failed[:5]
    assert load.ids == sorted(set(load.ids)) and len(load.ids) > 20, "every event once, in order"
    assert all("resumed" in h for h in load.hellos[1:]), load.hellos
    assert (len(load.hellos) > 1) == (what in ("core", "all"))
    print(what, load.done)
    after = {name: {(p, start_time(p)) for p in pids} for name, pids in roles(hub).items()}
    for name in ("edge", "core", "engine"):
        renewed = what in (name, "all")
        if name == "edge":
            renewed_pids = after[name] - before[name]
            assert bool(renewed_pids) == renewed
        else:
            assert (after[name] != before[name]) == renewed, name
    assert after["parent"] == before["parent"], "the parent goes on under its pid"
    assert sockets[0].text("print(x + 1)").strip() == "42"
    now = api.session(s["id"])
    assert now["state"] == "running" and now["started_at"] == s["started_at"]


def test_a_parent_that_went_on_as_another_program_is_the_same_hub(hub, api, work):
    """What it keeps: its slot, its listeners, the roles that die are started again, stop works."""
    wait_for("rest", lambda: held(hub) == held(hub))
    before = held(hub)
    out = carreld(hub, "restart")
    assert out.returncode == 0, out.stderr
    victim = roles(hub)["core"][0]
    os.kill(victim, signal.SIGKILL)
    wait_for("new core", lambda: set(roles(hub).get("core", [])) - {victim}, 5, 0.01)
    hub.wait_ready(10)
    again = subprocess.run([CARRELD, "--no-config", *hub.args()], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    assert again.returncode == 1 and "already runs" in again.stderr
    wait_for("the same descriptors, none lost and none kept twice", lambda: held(hub) == before, 5)


def test_edges_that_leave_go_with_their_last_connection(hub, api, work):
    _, _, jupyter, sockets = work
    assert carreld(hub, "restart", "edge").returncode == 0
    assert edges_leaving(hub), "they have our WebSockets"
    for k in sockets:
        k.close()
    jupyter.http.close()
    api.http.close()
    # What is kept alive without a request ends by the usual idle time; they don't wait for more than that.
    wait_for("only new edges", lambda: not edges_leaving(hub), 100, 0.5)
    n = len(roles(hub)["edge"])
    assert n == len([p for p in roles(hub)["edge"] if cmdline(p)[1] == "edge"])
    for k in sockets[:3]:
        k.connect()
    all_answer(sockets[:3])


def test_a_program_that_would_not_start_does_not_take_over(hub, api):
    """SIGHUP with arguments that are wrong by now: the running one goes on, and says why."""
    before = roles(hub)
    out = carreld(hub, "restart", "nonsense")
    assert out.returncode == 2 and "edge, core, engine or all" in out.stderr
    assert roles(hub) == before
