#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Search over 10,000 notebooks through the API, beside the same words asked of SQLite's FTS5 directly; Home and recents too."""

import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from core_alone import Core, wait_for  # noqa: E402
from figures import Series, Table, quiet  # noqa: E402

NOTEBOOKS = 10_000
WORDS = ("plot data frame model train test rain sun wind table index column row mean sum group merge axis figure colour legend label tensor layer "
         "loss batch epoch random seed array matrix vector solve fit predict score error import numpy pandas pyplot read write file path").split()


def text(rng):
    rare = [f"term{rng.randrange(20000)}" for _ in range(20)]
    return " ".join(rng.choices(WORDS, k=300) + rare)


def fill(core, session, rng):
    texts = []
    for i in range(NOTEBOOKS):
        body, head = text(rng), " ".join(rng.choices(WORDS, k=4))
        path = f"{rng.choice(WORDS)}/{rng.choice(WORDS)}-{i}.ipynb"
        gen = core.engine.doc(session, {"op": "put", "path": path, "notebook": True, "changed": i + 1, "size": len(body), "title": head, "heads": head,
                                        "text": body})
        while not any(name == "SESSION_INDEX" and f["acked"] == gen for name, f in core.engine.calls[-20:]):
            time.sleep(0.0005)
        texts.append((path, head, body))
    return texts


def floor(folder, texts):
    db = sqlite3.connect(f"{folder}/floor.db")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(path, heads, body, prefix='2 3')")
    db.executemany("INSERT INTO t VALUES(?,?,?)", texts)
    db.commit()
    return db


def queries(rng, n):
    for _ in range(n):
        kind = rng.randrange(4)
        if kind == 0:
            yield rng.choice(WORDS) + " ", f'"{rng.choice(WORDS)}"'
        elif kind == 1:
            w = f"term{rng.randrange(20000)}"
            yield w, f'"{w}" *'
        elif kind == 2:
            a, b = rng.sample(WORDS, 2)
            yield f"{a} {b} ", f'"{a}" "{b}"'
        else:
            p = rng.choice(WORDS)[:3]
            yield p, f'"{p}" *'


def main():
    rng = random.Random(11)
    table = Table()
    with tempfile.TemporaryDirectory(prefix="bs") as folder:
        core = Core(folder)
        core.engine.docs = 1
        core.start()
        try:
            user = core.user()
            s = user.start(user.workspace("Bench"))
            wait_for("credit", lambda: core.engine.verbs("SESSION_INDEX"))
            began = time.monotonic()
            db = floor(folder, fill(core, s, rng))
            print(f"{NOTEBOOKS} notebooks in the index after {time.monotonic() - began:.0f} s")
            quiet()
            ours, plain, home = Series("search"), Series("FTS5"), Series("home")
            for q, match in queries(rng, 1000):
                ours.time(lambda: user.ok("GET", "/search?limit=20&q=" + quote(q)))
                plain.time(lambda: db.execute("SELECT rowid, snippet(t, 2, '', '', '', 24) FROM t WHERE t MATCH ? ORDER BY rank LIMIT 20", (match,)).fetchall())
                home.time(lambda: user.ok("GET", "/home"))
            for x in (ours, plain, home):
                print(x.text())
            report(table, ours, plain, home)
        finally:
            core.stop()


def report(table, ours, plain, home):
    note = f"p99 {ours.q(.99):.1f} ms, {ours.failures} failures"
    table.ratio(f"search over {NOTEBOOKS:,} notebooks through the API, p99", ours.q(.99), 50, "limit", 1.0, note=f"p50 {ours.p50:.1f} ms")
    table.ratio("the same, p50", ours.p50, plain.p50, "the words asked of FTS5 alone", 5.0, note=note)
    table.ratio("Home in one request, p99", home.q(.99), 20, "limit", 1.0, note=f"p50 {home.p50:.1f} ms")
    table.finish()


if __name__ == "__main__":
    main()
