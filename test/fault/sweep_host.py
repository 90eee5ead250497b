#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sweep_host.py [--points N] [--seed S] [--point VICTIM:ACT:POINT]: engine and shim die, or a call of theirs fails, at every place.

VICTIM is engine or shim, ACT is start or stop. Real containers with a stand-in for the agent. After each point the engine is started
again if it died, the verb is asked again, the session is ended; then there is one start and one stop in its journal, the volume is
sound, and nothing is left on the machine.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import inject  # noqa: E402
from enginehost import EngineHost, collect, images, leftovers, shim_program  # noqa: E402
from enginewire import EngineError  # noqa: E402
from journal import records  # noqa: E402
from product import wait_for  # noqa: E402

ACTS = [(v, a) for v in ("engine", "shim") for a in ("start", "stop")]
MOST = 40
WRAP = """#!/bin/sh
# The first shim after a point was set is watched; the one that takes over is not.
if [ -f {args} ]; then
	mv {args} {args}.used
	exec strace -D -o {log} $(cat {args}.used) {shim} "$@"
fi
exec {shim} "$@"
"""


class Host:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.args, self.log = self.folder / "shim.args", self.folder / "shim.strace"
        wrap = self.folder / "carrel-shim"
        wrap.write_text(WRAP.format(args=self.args, log=self.log, shim=shim_program()))
        wrap.chmod(0o755)
        self.folder.chmod(0o755)
        self.h = EngineHost(self.folder / "host", shim=wrap)
        self.h.start()
        self.volume = self.h.volume()

    def close(self):
        self.h.stop()

    def connected(self):
        """As core does: an engine that died is started again, a line that broke is made anew."""
        collect()
        if self.h.proc.poll() is not None:
            self.h.client.close()
            self.h.start()
        elif self.h.client.closed:
            self.h.client.close()
            self.h.connect()

    def again(self, name, **values):
        """A verb as core asks it: again, after whatever happened. True when the engine did it, False when it has nothing to do."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                self.connected()
                self.h.call(name, **values)
                return True
            except EngineError as e:
                if e.code == -2:
                    return False
                time.sleep(0.1)  # "not now", or the injected error
            except (ConnectionError, OSError, AssertionError):
                time.sleep(0.05)
        raise AssertionError(f"{name} is not possible:\n{self.h.log.read_text()[-3000:]}")

    def decided(self, s):
        """It runs, or has ended."""
        def look():
            self.connected()
            path = self.h.journals().get(s.key)
            if path and [r.kind for r in records(path)] == [1, 2]:
                return True
            return any(n == "EV_READY" and v["session"] == s.name for n, v in self.h.client.events)

        wait_for(f"end or readiness of {s.key}", look, 60, 0.02)

    def one(self, victim, act, point):
        """point None: counts the calls. Returns whether it was reached, or the counts."""
        session = make(self.h, self.volume)
        log = self.log if victim == "shim" else self.folder / "engine.strace"
        log.unlink(missing_ok=True)
        tracer = None
        if victim == "shim":
            self.args.write_text(" ".join(point.inject if point else ["-e", "trace=all"]))
        if act == "stop":
            self.again("SESSION_START", **session.values)
            if victim == "shim" and point is None:
                self.decided(session)
        if victim == "engine":
            if act == "stop":
                self.decided(session)
            tracer = inject.Strace(self.h.proc.pid, log, point)
        if act == "start":
            self.again("SESSION_START", **session.values)
        self.decided(session)
        self.end(session)
        if tracer:
            hit = tracer.end()
        else:
            hit = "(INJECTED)" in inject.words(log) or "+++ killed by SIGKILL" in inject.words(log)
        self.judge(session)
        if point is None:
            return tracer.calls() if tracer else counted(log)
        return hit

    def end(self, session):
        if session.dir.exists():
            self.again("SESSION_STOP", session=session.name, epoch=1, reason="user", grace_seconds=0)

        def over():
            self.connected()
            return not session.dir.exists() and not session.sockets.exists()

        wait_for(f"end of {session.key}", over, 60, 0.02)

    def judge(self, session):
        path = self.h.journals().get(session.key)
        kinds = [r.kind for r in records(path)] if path else None
        assert kinds == [1, 2], f"journal of {session.key}: {kinds}"
        wait_for("clean machine", lambda: (collect(), not leftovers(self.h))[1], 60, 0.02)
        volume = self.h.state / "volumes" / f"{self.volume}.img"
        out = subprocess.run(["e2fsck", "-fp", str(volume)], capture_output=True, text=True, check=False)
        assert out.returncode in (0, 1), out.stdout
        self.again("JOURNAL_ACK", session=session.name, epoch=1)


def make(host, volume):
    from enginehost import Session
    import secrets
    return Session(host, "s_" + secrets.token_hex(10), {"volume_id": volume})


def counted(log):
    found = {}
    for line in inject.words(log).splitlines():
        name = line.split("(", 1)[0].strip()
        if name.replace("_", "").isalnum() and name.islower() and name not in inject.NOT_SWEPT:
            found[(-1, name)] = found.get((-1, name), 0) + 1
    return found


def run(victim, act, folder, n, seed):
    """Returns how many points broke something, and its line of figures. What broke is printed, and the next point has a new host."""
    began, hosts, hits, broken = time.monotonic(), [], 0, 0

    def fresh():
        hosts.append(Path(folder) / f"{victim}-{act}-{len(hosts)}")
        hosts[-1].mkdir(parents=True)
        return Host(hosts[-1])

    host = fresh()
    # The way down is swept with the way up: a shim lives through both.
    everything = inject.points_of(host.one(victim, act, None), MOST, ("kill", "error"))
    chosen = everything if n is None else random.Random(f"{seed} {victim} {act}").sample(everything, min(n, len(everything)))
    for p in chosen:
        try:
            hits += host.one(victim, act, p)
        except AssertionError as e:
            broken += 1
            print(f"BROKEN {victim}:{act}:{p}, seed {seed}: {e}\n{host.h.log.read_text()[-4000:]}", flush=True)
            given_up(host)
            host = fresh()
    host.connected()
    host.close()
    return broken, (f"{victim} at {act}: {len(chosen)} of {len(everything)} points, {hits} reached, {broken} broken; one start and one stop "
                    f"each, nothing left, {time.monotonic() - began:.0f} s, seed {seed}")


def given_up(host):
    """What is wrong in it was said; that its end fails too says nothing more."""
    try:
        host.connected()
        host.close()
    except (AssertionError, OSError) as e:
        print(f"its host did not end well: {str(e)[:400]}", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--points", type=int)
    p.add_argument("--seed", type=int, default=int(os.environ.get("CARREL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31))
    p.add_argument("--acts", help="engine:start,shim:stop,…")
    p.add_argument("--point")
    a = p.parse_args()
    if not images().exists() or not shim_program().exists():
        sys.exit("sweep_host: build first, and set CARREL_IMAGES")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="carrel-host-") as tmp:
        if a.point:
            victim, act, text = a.point.split(":", 2)
            host = Host(Path(tmp))
            try:
                print("reached" if host.one(victim, act, inject.Point.parse(text)) else "not reached")
            finally:
                host.close()
            return
        for victim, act in [x.split(":") for x in a.acts.split(",")] if a.acts else ACTS:
            broken, figures = run(victim, act, tmp, a.points, a.seed)
            failed += broken
            print(figures, flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
