# SPDX-License-Identifier: Apache-2.0
"""Random `kill -9` over every process of the platform under load, then the checker: nothing acknowledged is lost,
sessions live, the ledger equals the journals, nothing is left behind. The seed is printed and repeats the run."""

import os
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fault"))

import checker  # noqa: E402
import facts  # noqa: E402
from clientlog import Client, Log  # noqa: E402
from leftovers import check_clean, mounts  # noqa: E402
from processes import roles, shims, start_time  # noqa: E402
from product import ROOT, Hub, Jupyter, select_pause, wait_for  # noqa: E402

KILLS = int(os.environ.get("CARREL_KILLS", "200"))
SEED = int(os.environ.get("CARREL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
SESSIONS = 3
MOST = 200  # workspaces at a time


@pytest.fixture(scope="module")
def hub(state_dir):
    hub = Hub(state_dir / "kill")
    try:
        yield hub.start()
    finally:
        hub.stop()
        check_clean(hub)


class Load(threading.Thread):
    """Makes workspaces as fast as the platform answers; the log says what was acknowledged."""

    def __init__(self, api):
        super().__init__(daemon=True)
        self.api, self.log, self.done = api, Log(), threading.Event()
        self.client, self.made = Client(self.log, self.send), []

    def send(self, method, path, body, headers):
        try:
            r = requests.request(method, self.api.hub.url + "/api/v1" + path, timeout=5, json=body,
                                 headers={"Authorization": f"token {self.api.token}", **headers})
        except requests.RequestException as e:
            raise OSError(str(e)) from e
        return r.status_code, r.json() if r.content else None

    def run(self):
        n = 0
        while not self.done.is_set():
            n += 1
            name = f"load-{n}"
            o = self.client.act("workspace.create", "POST", "/workspaces", {"name": name, "auto_stop_seconds": 3600, "storage_bytes": 64 << 20},
                                object=f"workspace:{name}",
                                claim=lambda a, name=name: ["SELECT count(*) FROM workspace WHERE id = ? AND name = ? AND deleted_us IS NULL",
                                                            [a["id"], name], 1])
            self.settled()
            if o.answer:
                self.made.append((o.answer["id"], name))
            if len(self.made) > MOST:
                self.delete(*self.made.pop(0))
            self.done.wait(0.25)

    def delete(self, wid, name):
        """An account has room for 5,000 only; and what is deleted must be it, too."""
        self.client.act("workspace.delete", "DELETE", f"/workspaces/{wid}", {"confirm": name}, object=f"workspace:{name}",
                        claim=lambda a: ["SELECT count(*) FROM workspace WHERE id = ? AND deleted_us IS NULL", [wid], 0])
        self.settled()

    def settled(self):
        while self.client.pending and not self.done.is_set():
            self.client.settle(0.1)
            self.done.wait(0.2)

    def acked(self):
        return [x for x in self.log.entries if x["type"] == "ok"]


def ensure_parent(hub):
    """What systemd or the next `make run` does: the parent that died is started again."""
    if hub.proc.poll() is not None:
        for _ in range(50):
            try:
                hub.start()
                return
            except RuntimeError:
                select_pause(0.2)
        raise AssertionError(hub.tail())


def test_two_hundred_kills(hub, record_property):
    print(f"CARREL_SEED={SEED}")
    record_property("seed", SEED)
    rng = random.Random(SEED)
    api = hub.login()
    spaces = [api.workspace(f"live-{i}", instance_type="small") for i in range(SESSIONS)]
    kernels = []
    for ws in spaces:
        s = api.start(ws)
        lab = Jupyter(s["program_url"], api.token)
        k = lab.kernel()
        pid = int(k.text("import os; counter = 0\nprint(os.getpid())"))
        kernels.append((s, lab, k, pid))
    before = facts.containers(hub.runtime)
    load = Load(api)
    for s, _, _, _ in kernels:
        load.log.seen("counter", kernel=s["id"], value=0)
    load.start()
    killed = {}
    try:
        for i in range(KILLS):
            ensure_parent(hub)
            targets = [(role, pid) for role, pids in roles(hub).items() for pid in pids]
            targets += [("shim", pid) for pid in shims(hub)]
            role, pid = rng.choice(targets)
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
            killed[role] = killed.get(role, 0) + 1
            if role == "parent":
                hub.proc.wait()
            select_pause(rng.uniform(0.02, 1.0))
    finally:
        load.done.set()
        load.join(60)
    print("killed", killed)
    assert {"parent", "edge", "core", "engine", "shim"} <= set(killed)

    ensure_parent(hub)
    hub.wait_ready(30)
    assert load.client.settle(60), ("not everything that was asked was told", load.log.entries[-1])
    for s, lab, k, pid in kernels:
        now = wait_for("running session", lambda s=s: (lambda x: x if x["state"] == "running" else None)(api.session(s["id"])), 60)
        assert now["epoch"] == s["epoch"], "the session was restarted behind the user's back"
        again = wait_for("kernel's socket", lambda k=k: reconnect(k), 30)
        said = again.text("import os; counter += 1\nprint(os.getpid(), counter)").split()
        assert said == [str(pid), "1"]
        load.log.seen("counter", kernel=s["id"], value=int(said[1]))
    wait_for("a shim for each session", lambda: len(shims(hub)) == SESSIONS, 60)

    assert len(load.acked()) > 20, len(load.acked())
    settled(hub, load.log, before, [api.token])
    for ws in spaces:
        api.stop(ws, 60)
    audit(hub)


def settled(hub, log, before, secrets):
    """Every promise, once what was under way has come to rest."""
    def judged():
        checker.check(hub.state, log.entries, facts.of(hub.state, before), secrets)
        return True

    wait_for("kept promises", judged, 60, 1)


def reconnect(k):
    k.close()
    k.connect()
    return k


def audit(hub):
    """The ledger equals the journals: recomputed by a program that shares no code with the platform."""
    def equal():
        r = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(hub.state / "db/carrel.db"),
                            str(hub.state / "journal"), "--live"], capture_output=True, text=True, timeout=60, check=False)
        print(r.stdout[-2000:])
        assert r.returncode == 0, r.stdout + r.stderr
        return True

    # A segment that ended this instant may still be on its way.
    wait_for("ledger equal to the journals", equal, 20, 0.5)


@pytest.mark.parametrize("role", ["edge", "core", "engine", "parent", "shim"])
@pytest.mark.parametrize("phase", ["start", "stop"])
def test_a_kill_in_the_middle_of_a_start_or_a_stop(hub, role, phase):
    """Whatever dies while a session starts or stops: it gets there, or fails with a reason and can be started again."""
    ensure_parent(hub)
    hub.wait_ready(30)
    api = hub.login()
    ws = api.workspace(f"mid-{phase}-{role}", instance_type="small", storage_bytes=64 << 20)
    if phase == "stop":
        api.start(ws)
    path = f"/workspaces/{ws['id']}/{phase}"
    sid = api.call("POST", path, 202).json()["session"]["id"]
    select_pause(0.03)
    pids = shims(hub) if role == "shim" else roles(hub).get(role, [])
    for pid in pids:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass
    if role == "parent":
        hub.proc.wait()
    ensure_parent(hub)
    hub.wait_ready(30)
    want = ("running", "failed", "stopped") if phase == "start" else ("stopped", "failed")
    end = wait_for("end of the phase", lambda: (lambda s: s if s["state"] in want else None)(api.session(sid)), 90, 0.2)
    if phase == "start" and end["state"] == "failed":
        assert end["reason"], end
        api.start(ws)
    if phase == "start":
        lab = Jupyter(wait_for("address", lambda: api.get(f"/workspaces/{ws['id']}")["session"])["program_url"], api.token)
        wait_for("answer", lambda: lab.call("GET", "/api/status").status_code == 200, 30)
        api.stop(ws)
    audit(hub)


def test_the_agent_or_a_kernel_killed_ends_with_a_reason(hub):
    ensure_parent(hub)
    api = hub.login()
    ws = api.workspace("agent-dies", instance_type="small", storage_bytes=64 << 20)
    s = api.start(ws)
    init = wait_for("container", lambda: hub.container_pid(s))
    os.kill(init, 9)
    end = wait_for("end", lambda: (lambda x: x if x["state"] in ("failed", "stopped") else None)(api.session(s["id"])), 60)
    assert end["reason"] in ("exit", "oom"), end
    assert end["stopped_at"] and end["seconds"] > 0
    api.start(ws)
    api.stop(ws)
    audit(hub)


def test_a_host_reboot_bills_to_the_last_beat_and_starts_again(hub):
    """Everything dies at once and the run-time state is gone, as after a power cut."""
    ensure_parent(hub)
    api = hub.login()
    ws = api.workspace("reboot", instance_type="small", storage_bytes=64 << 20)
    s = api.start(ws)
    select_pause(6)  # one beat at least
    victims = [pid for pids in roles(hub).values() for pid in pids] + shims(hub) + [hub.container_pid(s)]
    stamps = {pid: start_time(pid) for pid in victims}
    for pid in victims:
        if start_time(pid) == stamps[pid]:
            os.kill(pid, 9)
    hub.proc.wait()
    wait_for("all dead", lambda: not any(start_time(p) == stamps[p] for p in victims), 20)
    clear_runtime(hub)
    hub.start()
    end = wait_for("end", lambda: (lambda x: x if x["state"] in ("failed", "stopped", "lost") else None)(api.session(s["id"])), 60)
    assert end["reason"] == "host-lost", end
    line = [i for i in api.get("/usage?limit=200")["items"] if i["session_id"] == s["id"]][0]
    assert line["estimated"] and 0 < line["seconds"] < 3600
    api.start(ws)
    api.stop(ws)
    audit(hub)


def clear_runtime(hub):
    for m in sorted(mounts(hub), reverse=True):
        if m.startswith(hub.runtime):
            subprocess.run(["umount", "-l", m], check=False)
    shutil.rmtree(hub.runtime, ignore_errors=True)
    for d in sorted(Path("/sys/fs/cgroup").glob(f"**/*{Path(hub.runtime).name}*"), key=lambda p: -len(p.parts)):
        try:
            for child in sorted((x for x in d.glob("**/*") if x.is_dir()), key=lambda p: -len(p.parts)):
                child.rmdir()
            d.rmdir()
        except OSError:
            pass
