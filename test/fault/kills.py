#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kills.py [--kills N] [--seed S]: core dies at random moments under the load of several people, and is started again.

The engine goes away now and then too, and acknowledgements get lost. Every ROUND kills all come to rest and the checker judges.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from load import Person  # noqa: E402
from rig import Died, Rig, fresh  # noqa: E402

ROUND, PEOPLE = 20, 4


def worker(person, stop):
    while not stop.is_set():
        try:
            person.step()
        except (Died, OSError):
            stop.wait(0.01)


def one_round(folder, seed, number, kills):
    """A store of its own, so that any round can be run again by itself."""
    rng = random.Random(f"{seed} {number}")
    r = Rig(fresh(Path(folder) / "state")).start().sign_in()
    stop = threading.Event()
    people = [Person(r, random.Random(f"{seed} {number} {i}"), f"p{i}") for i in range(PEOPLE)]
    threads = [threading.Thread(target=worker, args=(p, stop), daemon=True) for p in people]
    try:
        for t in threads:
            t.start()
        for _ in range(kills):
            time.sleep(rng.uniform(0.005, 0.12))
            event = rng.random()
            if event < 0.1:
                r.core.engine.away()
                time.sleep(rng.uniform(0, 0.05))
                r.core.engine.start()
            r.core.engine.lose_acks = event > 0.9
            r.core.kill()
            r.start(engine=False)
        stop.set()
        for t in threads:
            t.join(30)
        r.core.engine.lose_acks = False
        r.core.kill()  # what was not acknowledged comes again
        r.start()
        r.settle(60)
        r.check()
        return len([x for x in r.log.entries if x["type"] == "ok"])
    finally:
        stop.set()
        r.stop()


def run(folder, seed, kills):
    done, acked, began = 0, 0, time.monotonic()
    while done < kills:
        n = min(ROUND, kills - done)
        try:
            acked += one_round(folder, seed, done // ROUND, n)
        except AssertionError as e:
            raise AssertionError(f"seed {seed}, round {done // ROUND}: {e}") from e
        done += n
    return f"{done} kills of core, {acked} acknowledged calls, 0 lost, all promises held, {time.monotonic() - began:.0f} s, seed {seed}"


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--kills", type=int, default=200)
    p.add_argument("--seed", type=int, default=int(os.environ.get("CARREL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31))
    a = p.parse_args()
    print(f"seed {a.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="carrel-kills-") as tmp:
        print(run(tmp, a.seed, a.kills))


if __name__ == "__main__":
    main()
