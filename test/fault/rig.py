# SPDX-License-Identifier: Apache-2.0
"""A core by itself under fault injection: a fake engine that survives, a client that writes down what it was told, and the facts."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import clientlog  # noqa: E402
from checker import check  # noqa: E402
from core_alone import BUILD, Core, wait_for  # noqa: E402

LIVE = ("queued", "starting", "running", "stopping")


class Died(Exception):
    """The process under test is gone: what was asked stays unknown until it is asked again."""


class Slow(AssertionError):
    """What was awaited did not come soon. Under faults it may take the reconciler's turn."""


class Rig:
    def __init__(self, folder, prefix=()):
        self.dir = Path(folder)
        self.prefix = list(prefix)  # words before the command, at every start
        self.dir.mkdir(parents=True, exist_ok=True)
        self.core = Core(self.dir, "auto_stop_min=2", "warn=300")
        self.log = clientlog.Log()
        self.client = clientlog.Client(self.log, self.send)
        self.people = [self.client]
        self.token = None
        self.secrets = []
        self.spaces = []
        self.before, self.counts = {}, {}
        self.n = 0
        self.dark = False  # the power is gone: nobody hears an answer any more

    # --- the process ---

    def start(self, engine=True):
        self.core.prefix = self.prefix
        self.core.start(engine)
        return self

    def spawn(self, prefix):
        """Starts it without expecting that it comes up. True if it serves."""
        self.core.prefix = [*prefix]
        if not self.core.engine.listener:
            self.core.engine.start()
        try:
            self.core.start()
            return True
        except AssertionError:
            if self.alive():
                raise
            return False

    def alive(self):
        return self.core.proc is not None and self.core.proc.poll() is None

    def ensure(self):
        """What the parent does: a core that died is started again."""
        if self.alive():
            return False
        self.start()
        return True

    def stop(self):
        self.core.stop()
        if self.core.engine.listener:
            self.core.engine.away()

    def forget(self):
        """Nothing was ever here."""
        self.core.kill()
        self.log.entries.clear()
        self.before, self.token = {}, None
        with self.core.engine.lock:
            self.core.engine.running.clear()
            self.core.engine.records.clear()
        for p in [*(self.dir / "db").glob("carrel.*"), *(self.dir / "journal").rglob("*.journal")]:
            p.unlink()

    def lights_out(self):
        """Before the power of the store's disk is cut: what core says from here on, to clients or to the engine, is not heard."""
        self.dark, self.core.engine.lose_acks = True, True

    def lights_on(self):
        self.dark, self.core.engine.lose_acks = False, False

    # --- what clients do ---

    def send(self, method, path, body, headers):
        if not self.alive():
            raise OSError("nobody is there")
        if "Authorization" not in headers and self.token and "X-Anonymous" not in headers:
            headers = {"Authorization": f"Bearer {self.token}", **headers}
        r = self.core.call(method, path, body, headers, timeout=8)
        if self.dark:
            raise OSError("the power went before the answer was heard")
        try:
            parsed = json.loads(r.body) if r.body else None
        except ValueError:
            parsed = {"text": r.body.decode(errors="replace")}
        return r.status, parsed

    def act(self, op, method, path, body=None, **kw):
        """Under faults. Died if there was no answer because the process is gone."""
        o = self.client.act(op, method, "/api/v1" + path if not path.startswith("/internal") else path, body, **kw)
        if o.answer is None and self.gone():
            raise Died
        return o

    def gone(self):
        """A killed process needs an instant to be seen as dead."""
        for _ in range(20):
            if not self.alive():
                return True
            try:
                self.core.call("GET", "/healthz", timeout=2)
                return False
            except OSError:
                time.sleep(0.01)
        return not self.alive()

    def get(self, path):
        status, answer = self.send("GET", "/api/v1" + path, None, {})
        assert status == 200, (path, status, answer)
        return answer

    def sign_in(self):
        self.token = self.core.user().token
        self.secrets.append(self.token)
        return self

    def name(self, what="w"):
        self.n += 1
        return f"{what}-{self.n}"

    def count(self, what):
        """How many of them were acknowledged, this one included."""
        self.counts[what] = self.counts.get(what, 0) + 1
        return self.counts[what]

    def workspace(self, **kw):
        """A workspace, acknowledged; counted in the log like every other."""
        o = self.make_workspace(**kw)
        assert o.answer, self.log.entries[-1]
        return o.answer

    def images(self):
        """The engine's list is in the store, also when a fault kept it out of it the first time."""
        return self.wait(lambda: self.get("/images")["items"], "list of images")

    def make_workspace(self, **kw):
        name = self.name()
        o = self.act("workspace.create", "POST", "/workspaces", {"name": name, **kw}, object=f"workspace:{name}",
                     claim=lambda a: ["SELECT count(*) FROM workspace WHERE id = ? AND name = ? AND deleted_us IS NULL", [a["id"], name], 1])
        self.spaces.append(o)
        return o

    def start_session(self, ws):
        return self.act("session.start", "POST", f"/workspaces/{ws['id']}/start", object=f"session of {ws['id']} {self.name('start')}",
                        claim=lambda a: ["SELECT count(*) FROM session WHERE id = ?", [a["session"]["id"]], 1])

    def stop_session(self, ws):
        return self.act("session.stop", "POST", f"/workspaces/{ws['id']}/stop", object=f"session of {ws['id']} {self.name('stop')}",
                        claim=lambda a: ["SELECT count(*) FROM session WHERE id = ? AND state IN ('queued','starting','running')",
                                         [a["session"]["id"]], 0])

    def running(self, ws):
        """A session that runs, seen to."""
        asked = clientlog.boot_ns()
        o = self.start_session(ws)
        assert o.answer, self.log.entries[-1]
        sid = o.answer["session"]["id"]
        s = self.wait(lambda: next((s for s in [self.get(f"/sessions/{sid}")] if s["state"] == "running"), None), f"{sid} to run")
        self.log.seen("running", session=sid, asked_start=asked)
        return s

    def wait(self, fn, what, timeout=5.0):
        """Until fn is true; a death of the process is not a failure of the wait but of the point."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                v = fn()
                if v:
                    return v
            except (OSError, AssertionError):
                pass
            if not self.alive():
                raise Died
            time.sleep(0.01)
        raise Slow(f"no {what} within {timeout} s\n{self.words()}")

    def words(self, n=3000):
        path = self.dir / "core.log"
        return path.read_text(errors="replace")[-n:] if path.exists() else ""

    # --- the end of a point ---

    def remember(self):
        """Which sessions run now, and as what."""
        with self.core.engine.lock:
            self.before = dict(self.runtime())

    def runtime(self):
        """The fake engine's word for pid and start is the moment at which it made the session."""
        return {(s, e): r["since"] for (s, e), r in self.core.engine.running.items()}

    def facts(self):
        with self.core.engine.lock:
            now = self.runtime()
        form = [{"session": s, "epoch": e, "pid": 1, "start": t} for (s, e), t in now.items()]
        return {"containers": form, "pids": [self.core.proc.pid] if self.alive() else [],
                "before": [{"session": s, "epoch": e, "pid": 1, "start": t} for (s, e), t in self.before.items()]}

    def settle(self, timeout=60.0):
        """Alive, everything that was asked is told, and nothing is under way."""
        end = time.monotonic() + timeout
        while True:
            self.ensure()
            try:
                for c in self.people:
                    assert c.settle(10), f"not told: {[o.op for o in c.pending]}\n{self.log.entries[-3:]}\n{self.words()}"
                if self.quiet():
                    return
            except OSError:
                pass
            assert time.monotonic() < end, f"still under way after {timeout} s: {self.under_way()}\n{self.words()}"
            time.sleep(0.02)

    def under_way(self):
        try:
            live = [s for s in LIVE if s != "running" for _ in self.get(f"/sessions?state={s}&limit=1")["items"]]
        except (OSError, AssertionError):
            live = ["core does not answer"]
        with self.core.engine.lock:
            return live, [k for k in self.core.engine.records if k not in self.core.engine.running]

    def quiet(self):
        live, records = self.under_way()
        return not live and not records

    def check(self, only=None):
        return check(self.dir, self.log.entries, self.facts(), self.secrets, only)

    def tidy(self):
        """Ends what runs, so that the next points have room."""
        for s in self.get("/sessions?state=running")["items"]:
            self.act("session.stop", "POST", f"/workspaces/{s['workspace_id']}/stop", object=f"tidy {s['id']}")
        self.settle()
        self.before = {}


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def has(program):
    return shutil.which(program) is not None and os.geteuid() == 0


__all__ = ["BUILD", "Died", "Rig", "Slow", "fresh", "has", "wait_for"]
