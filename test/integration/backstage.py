# SPDX-License-Identifier: Apache-2.0
"""What stands behind the showroom's pages and is not core's: a workspace's files and packages (a real agent), the figures of an hour,
and a list of ten thousand. A page is given what the product answers, only without the machines behind it."""

import datetime
import json
import math
import os
import re
import sqlite3
import urllib.parse

from core_alone import wait_for
from kernelsocket import Agent
from scenedesk import fill

GIB = 1 << 30
NOW = datetime.datetime(2026, 11, 21, 10, 54, 2, tzinfo=datetime.timezone.utc).timestamp()
GROUPS = {"contents": "api/contents", "disk": "api/carrel/disk", "environment": "api/carrel/environment", "names": "api/carrel/names",
          "uploads": "api/carrel/uploads"}
# Packages of the home and of the image
OURS = {"xarray": "2026.10.0", "dask": "2026.11.1", "zarr": "3.1.3", "numpy": "2.4.0", "cftime": "1.6.5"}
IMAGE = {"pandas": "2.3.3", "scikit-learn": "1.8.0", "numpy": "2.3.5", "matplotlib": "3.10.7", "scipy": "1.16.3", "ipykernel": "7.1.0", "requests": "2.32.5"}
# Bytes of the home, as the disk's answer counts them; nobody writes 18 GB for a picture.
DISK = [("data", "directory", 14.1, 61), (".local", "directory", 2.3, 9120), ("models", "directory", 1.3, 4), ("figures", "directory", 0.04, 12)]
AGES = {"01-load.ipynb": 42.6, "02-clean.ipynb": 41.9, "03-features.ipynb": 19.2, "04-ensemble.ipynb": 0.03, "model.py": 18.4, "results.csv": 0.3,
        "README.md": 212.0, "logo.png": 212.0, "broken.ipynb": 44.0, "figures": 0.9, "data": 0.1}  # hours since they were changed


class Backstage:
    """`attach(page)` lets a page of the console have the files of every workspace."""

    def __init__(self, folder):
        home = folder / "home"
        fill(home)
        (home / "broken.ipynb").unlink()
        for name, hours in AGES.items():
            if (home / name).exists():
                os.utime(home / name, (NOW - hours * 3600,) * 2)
        self.agent = Agent(home)

    def open(self):
        self.agent.start()
        return self

    def close(self):
        return self.agent.stop() if self.agent.proc else 0

    def attach(self, page):
        page.route(re.compile(r"/api/v1/workspaces/ws_[^/]+/files/"), self.files)

    def files(self, route):
        asked = route.request
        group, _, rest = re.split(r"/files/", asked.url, maxsplit=1)[1].partition("/")
        name, _, query = group.partition("?")
        if name in ("disk", "environment"):
            return route.fulfill(status=200, content_type="application/json", body=json.dumps(disk() if name == "disk" else environment()))
        at = GROUPS[name] + ("/" + rest if rest else "") + ("?" + query if query else "")
        r = self.agent.call(asked.method, at, data=asked.post_data_buffer)
        return route.fulfill(status=r.status_code, content_type=r.headers.get("Content-Type", "application/json"), body=r.content)


def disk():
    items = [{"name": n, "path": n, "type": t, "bytes": int(gb * 1e9), "files": files} for n, t, gb, files in DISK]
    return {"size_bytes": 50 * 10**9, "used_bytes": int(18.4e9), "free_bytes": int(31.6e9), "path": "", "bytes": int(18.3e9), "truncated": False, "items": items}


def environment():
    """Of the home first, as the agent lists them; what the home hides of the image is not listed again."""
    mine = [{"name": n, "version": v, "where": "home", "image_version": IMAGE.get(n), "change": "changed" if n in IMAGE else "added"} for n, v in OURS.items()]
    theirs = [{"name": n, "version": v, "where": "image", "image_version": v, "change": "none"} for n, v in IMAGE.items() if n not in OURS]
    return {"python": "3.12", "image_known": True, "truncated": False, "packages": sorted(mine + theirs, key=lambda p: p["name"])}


def wave(i, *parts):
    """The same hour each time, and none like another."""
    return sum(a * math.sin(i / b + c) for a, b, c in parts)


def figures(end, seconds, step):
    """An hour of a machine that reads for a while, then counts."""
    n = seconds // step
    t = [int(end) - (n - 1 - i) * step for i in range(n)]
    busy = [min(1.0, max(0.0, (x - (end - 2900)) / 240)) for x in t]
    cpu = [round(min(3.97, max(0.04, 0.2 + 3.1 * b + b * wave(x, (0.3, 41, 0), (0.22, 17, 1), (0.13, 5.3, 2)))), 2) for x, b in zip(t, busy)]
    memory = [int(GIB * (3.1 + 8.1 * b * min(1, 0.6 + (x - end + 2900) / 6000) + wave(x, (0.08, 130, 0), (0.03, 37, 1)))) for x, b in zip(t, busy)]
    read = [int(1e6 * max(0, (1 - b) * (2.6 + wave(x, (1.1, 29, 0), (0.7, 11, 1))) + 0.06 * b)) for x, b in zip(t, busy)]
    return {"step": step, "live": True, "limits": {"cpu_cores": 4, "memory_bytes": 16 * GIB, "disk_bytes": 50 * 10**9}, "t": t, "cpu_cores": cpu,
            "memory_bytes": memory, "disk_bytes": [int(18.1e9 + 3e8 * (x - end + 3600) / 3600) for x in t], "rx_bytes_per_s": read,
            "tx_bytes_per_s": [x // 23 for x in read], "processes": [12] * n, "gpu_percent": None, "gpu_memory_bytes": None}


def charts(page, room):
    """An hour's figures for whichever session is looked at; for one that ended, its last."""
    def answer(route):
        url = urllib.parse.urlparse(route.request.url)
        sid = url.path.split("/")[-2]
        stopped = room.who["mara"].session(sid)["stopped_at"]
        end = datetime.datetime.fromisoformat(stopped.replace("Z", "+00:00")).timestamp() if stopped else room.real() + room.ahead
        fine = "step=1" in url.query.split("&")
        doc = {"session_id": sid, **(figures(end, 600, 1) if fine else figures(end, 3600, 10))}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(doc))
    page.route(re.compile(r"/api/v1/sessions/[^/]+/metrics"), answer)


def hush(core):
    """Clocks that jump over an hour make sessions look as if they were about to stop: nobody was told that."""
    db = sqlite3.connect(core.dir / "db/carrel.db", timeout=20)
    with db:
        db.execute("DELETE FROM notice WHERE kind = 'stops-soon'")
    db.close()


def calm_store(page, room):
    """A commit that a clock jumps over seems to take days."""
    def answer(route):
        doc = room.who["mara"].ok("GET", "/admin/health")
        doc["store"]["commit_microseconds"] = 412
        route.fulfill(status=200, content_type="application/json", body=json.dumps(doc))
    page.route(re.compile(r"/api/v1/admin/health"), answer)


def ten_thousand(page, room):
    """The first workspaces again and again, as pages of 200."""
    def answer(route):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(route.request.url).query)
        if "deleted" in query:
            return route.fallback()
        first = room.who["mara"].ok("GET", "/workspaces?limit=200")["items"]
        resting = [w for w in first if not w["session"]]
        begin, limit = int(query.get("cursor", ["0"])[0]), int(query.get("limit", ["50"])[0])
        items = []
        for i in range(begin, min(10_000, begin + limit)):
            w = first[i] if i < len(first) else {**resting[i % len(resting)], "id": f"ws_{i:026d}", "name": f"station-{i:05d}"}
            items.append(w)
        end = begin + limit
        route.fulfill(status=200, content_type="application/json", body=json.dumps({"items": items, "next": str(end) if end < 10_000 else None, "total": 10_000}))
    page.route(re.compile(r"/api/v1/workspaces(\?|$)"), answer)


def deleted(page, room):
    """Two that can be brought back."""
    mara = room.who["mara"]
    if not mara.ok("GET", "/workspaces?deleted=true")["items"]:
        for name, gb in (("old-gauges", 8), ("turbine-try", 2)):
            ws = mara.workspace(name, storage_bytes=gb << 30)
            mara.ok("DELETE", f"/workspaces/{ws['id']}", {"confirm": name})


# What agents told of their files: workspace, path, title, text, what was done last, minutes before now
TOLD = [
    ("catchment-forecast", "04-ensemble.ipynb", "Ensemble runoff forecast", "Ten days ahead for five gauges of the Elbe. fc = Ensemble(members=51).forecast(gauges)", "run", 12),
    ("catchment-forecast", "03-features.ipynb", "Features of the ensemble", "Lagged rain, snow and soil moisture for the ensemble of 51 members", "saved", 1150),
    ("catchment-forecast", "01-load.ipynb", "Load", "gauges = pd.read_parquet(\"data/gauges.parquet\")", "saved", 2556),
    ("catchment-forecast", "model.py", "", "class Ensemble: The ensemble, its weights and its skill", "saved", 1104),
    ("sensor-cleaning", "gap-filling.ipynb", "Gaps", "Gaps shorter than an hour are interpolated, longer ones taken from the neighbour", "saved", 44),
    ("sensor-cleaning", "drift.ipynb", "Sensor drift", "The sensors drift by 0.2 % a month; sensitivity falls with fouling", "opened", 46),
]


def tell(room, name):
    """Core takes documents as it grants credit for them; here it hears of all at once and says which it has."""
    engine = room.core.engine
    s, _ = room.ws[name]["live"]
    mine = [m for m in TOLD if m[0] == name]
    granted = lambda gen: [m for m in engine.verbs("SESSION_INDEX") if m["session"] == s["id"] and m["acked"] == gen]  # noqa: E731
    wait_for("credit for documents", lambda: granted(0), 30)
    for _, path, title, text, what, minutes in sorted(mine, key=lambda m: -m[5]):
        at = int((NOW - minutes * 60) * 1e6)
        for doc in ({"op": "put", "path": path, "notebook": path.endswith(".ipynb"), "changed": at, "size": len(text), "title": title, "heads": title, "text": text},
                    {"op": "seen", "path": path, "what": what, "at": at}):
            gen = engine.doc(s, doc)
            wait_for("the acknowledgement", lambda: granted(gen), 30)
    if name == "catchment-forecast":
        gen = engine.doc(s, {"op": "kernels", "items": [["04-ensemble.ipynb", 1, 0]]})
        wait_for("the acknowledgement", lambda: granted(gen), 30)
