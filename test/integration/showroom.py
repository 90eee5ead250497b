# SPDX-License-Identifier: Apache-2.0
"""A laboratory of hydrologists with a month behind it: real core, an engine without containers, and clocks that are moved, so that
a month is lived in seconds and every picture of it shows the same Saturday, 21 November 2026, 10:54."""

import datetime
import struct

import fake_engine
import backstage
from core_alone import BUILD, Core, wait_for
from core_bridge import Bridge

UTC = datetime.timezone.utc
TODAY = "2026-11-21T10:54:00"
GIB = 1 << 30
# id, name, CPU, GiB, GPU class, price
TYPES = [("free", "Free", 1, 2, None, "0.00"), ("small", "Small", 1, 2, None, "0.04"), ("medium", "Medium", 2, 8, None, "0.11"),
         ("large", "Large", 4, 16, None, "0.22"), ("xlarge", "Extra large", 8, 32, None, "0.44"), ("gpu-t4", "GPU T4", 4, 16, "t4", "0.74"),
         ("gpu-v100", "GPU V100", 8, 64, "v100", "2.30")]
# owner, workspace, type, GiB
SPACES = [
    ("mara", "hello-carrel", "free", 5), ("mara", "soil-moisture-cnn", "gpu-t4", 40), ("mara", "era5-download", "small", 100),
    ("mara", "ml-course-solutions", "small", 5), ("mara", "thesis-figures", "small", 10), ("mara", "evaporation-model", "large", 20),
    ("mara", "rainfall-bayes", "xlarge", 20), ("mara", "dam-safety-review", "large", 40), ("mara", "teaching-week-47", "small", 5),
    ("mara", "turbidity-gpu", "gpu-t4", 40), ("mara", "sensor-cleaning", "medium", 20), ("mara", "catchment-forecast", "large", 50),
    ("jonas", "flood-maps-2026", "xlarge", 100), ("jonas", "gpu-bench", "gpu-t4", 20), ("anna", "lidar-tiles", "xlarge", 80),
    ("anna", "groundwater-tracer", "medium", 20), ("anna", "unet-bathymetry", "gpu-t4", 40), ("priya", "river-gauges-etl", "medium", 20),
    ("priya", "snowmelt", "large", 40), ("tomas", "class-23", "small", 5), ("lea", "nightly-era5", "small", 30),
    ("lea", "era5-upscale", "gpu-t4", 30), ("priya", "snow-cnn", "gpu-t4", 20), ("tomas", "class-gpu", "gpu-t4", 20),
    ("jonas", "flood-cnn", "gpu-t4", 60),
]
PEOPLE = {"mara": "Mara Lindqvist", "jonas": "Jonas Okafor", "anna": "Anna Weiss", "priya": "Priya Raman", "tomas": "Tomas Novak",
          "lea": "Lea Sørensen", "new": "Nils Keller"}
# workspace, begin, end, reason: Mara's November until today
PAST = [
    ("dam-safety-review", "11-14T08:55:31", "11-14T11:51:24", "idle"), ("catchment-forecast", "11-14T08:08:15", "11-14T12:15:46", "idle"),
    ("catchment-forecast", "11-14T13:15:03", "11-14T13:56:22", "calendar"), ("turbidity-gpu", "11-15T11:28:37", "11-15T17:01:28", "idle"),
    ("teaching-week-47", "11-15T13:29:53", "11-15T16:35:14", "user"), ("catchment-forecast", "11-16T09:43:35", "11-16T11:16:32", "idle"),
    ("rainfall-bayes", "11-16T15:08:55", "11-16T17:55:01", "idle"), ("teaching-week-47", "11-17T08:03:02", "11-17T09:59:22", "idle"),
    ("catchment-forecast", "11-17T13:40:39", "11-17T19:11:26", "oom"), ("rainfall-bayes", "11-17T15:08:37", "11-17T16:11:16", "user"),
    ("catchment-forecast", "11-18T08:45:16", "11-18T11:29:55", "user"), ("teaching-week-47", "11-18T09:43:24", "11-18T13:17:30", "idle"),
    ("catchment-forecast", "11-18T11:47:02", "11-18T17:49:12", "idle"), ("sensor-cleaning", "11-18T13:28:32", "11-18T20:30:22", "idle"),
    ("sensor-cleaning", "11-19T09:05:23", "11-19T11:02:20", "user"),
]
# What ran earlier: workspace, minutes each, days of November at the hour after them
EARLIER = [("catchment-forecast", 142, (2, 3, 4, 5, 6, 9, 10, 12), 8), ("dam-safety-review", 160, (3, 5, 10, 13), 13),
           ("turbidity-gpu", 206, (4, 9, 11), 9), ("rainfall-bayes", 153, (2, 6, 11, 13), 14), ("sensor-cleaning", 187, (5, 9, 12), 10),
           ("teaching-week-47", 220, (2, 4, 9, 11), 15)]
# What runs now: workspace, since, what speaks for it
NOW = [
    ("lidar-tiles", "11-20T23:10:00", {"busy": [{"kernel": "k1", "name": "python3", "path": "tiles.ipynb", "since": "2026-11-20T23:41:00Z"}]}),
    ("nightly-era5", "11-21T01:14:00", {"last": {"what": "process", "at": "2026-11-21T10:53:00Z"}}),
    ("flood-maps-2026", "11-21T04:52:00", {"terminals": [{"name": "1", "job": "make"}]}),
    ("gpu-bench", "11-21T08:08:00", {"last": {"what": "run", "at": "2026-11-21T10:50:00Z"}}),
    ("catchment-forecast", "11-21T08:13:48",
     {"busy": [{"kernel": "k2", "name": "python3", "path": "04-ensemble.ipynb", "since": "2026-11-21T10:42:00Z"}]}),
    ("class-23", "11-21T08:34:00", {"last": {"what": "input", "at": "2026-11-21T10:03:00Z"}}),
    ("unet-bathymetry", "11-21T08:50:00", {"last": {"what": "run", "at": "2026-11-21T10:49:00Z"}}),
    ("sensor-cleaning", "11-21T09:02:20", {"last": {"what": "save", "at": "2026-11-21T10:12:00Z"}}),
    ("river-gauges-etl", "11-21T09:56:00", {"last": {"what": "transfer", "at": "2026-11-21T10:53:30Z"}}),
]
IDLE = {"sensor-cleaning": 42, "class-23": 51}  # minutes


def moment(text):
    return datetime.datetime.fromisoformat(text if len(text) > 14 else f"2026-{text}").replace(tzinfo=UTC).timestamp()


class Showroom:
    """`console` is the address of its pages, `who` has the accounts by their short names, `ws` the workspaces by name."""

    def __init__(self, folder):
        self.stage = backstage.Backstage(folder / "stage")
        self.clock = folder / "clock"
        self.clock.write_bytes(bytes(16))
        self.core = Core(folder, "memory_overcommit=100", "memory_reserve=0", "cpu_overcommit=400", "warn=300")
        self.core.prefix = ["env", f"LD_PRELOAD={BUILD}/test/integration/libclockstep.so", f"CLOCKSTEP_FILE={self.clock}"]
        engine = self.core.engine
        engine.host = {"cpu_milli": 64000, "memory_bytes": 256 * GIB}
        engine.gpus = [{"class": "t4", "count": 2}, {"class": "v100", "count": 1}]
        engine.on_session_stats = self.stats
        engine.log_text = LOG
        self.docs = 1  # agents have something to tell
        self.who, self.ws, self.spaces = {}, {}, {}

    @staticmethod
    def real():
        return datetime.datetime.now(UTC).timestamp()

    def travel(self, to):
        """All clocks of core and engine go to that moment; they only ever go forward."""
        ahead = self.ahead = int((moment(to) if isinstance(to, str) else to) - self.real())
        if not hasattr(self, "first"):
            self.first = ahead
        with open(self.clock, "r+b") as f:  # in place: it is mapped
            f.write(struct.pack("<qq", ahead, ahead - self.first))
        fake_engine.AHEAD["ns"] = (ahead - self.first) * 10**9
        self.core.engine.wall = lambda: int((self.real() + ahead) * 1e6)

    def stats(self, session, epoch):
        r = self.core.engine.running.get((session, epoch))
        if not r:
            raise fake_engine.Refuse(-2, "no such session")
        return "SESSION_STATS_OK", {"cpu_ns": int(fake_engine.boot_ns() * r["cpu_milli"] / 1000 * 0.87), "memory_bytes": int(r["memory_bytes"] * 0.71),
                                    "memory_limit_bytes": r["memory_bytes"], "pids": 7, "disk_used_bytes": int(18.4 * GIB), "disk_size_bytes": 50 * GIB, "docs": self.docs}

    def open(self):
        self.travel("11-01T07:00:00")
        self.core.start()
        self.bridge = Bridge(self.core.sock)
        self.console = f"http://localhost:{self.bridge.port}"
        self.people()
        self.live_november()
        self.now_running()
        for name in ("catchment-forecast", "sensor-cleaning"):
            backstage.tell(self, name)
        self.docs = 0
        backstage.hush(self.core)
        self.stage.open()
        return self

    def close(self):
        fake_engine.AHEAD["ns"] = 0
        if hasattr(self, "bridge"):
            self.bridge.close()
        self.stage.close()
        return self.core.stop()

    def email(self, short):
        return None if short == "mara" else f"{short}@hydrolab.example"

    def people(self):
        for short, name in PEOPLE.items():
            u = self.who[short] = self.core.user(self.email(short))
            u.ok("PATCH", "/me", {"name": name})
        doc = self.who["mara"].ok("GET", "/admin/catalogue")
        doc["instance_types"] = [
            {"id": i, "name": n, "cpu": cpu, "memory_bytes": mem * GIB, "price_per_hour": price, "gpu_class": gpu, "gpu_count": 1 if gpu else 0,
             "preemptible": False} for i, n, cpu, mem, gpu, price in TYPES]
        doc["storage"]["price_per_gb_month"] = "0.10"
        for plan in doc["plans"]:
            if plan["id"] == "standard":
                plan["types"] = [t[0] for t in TYPES if t[0] != "gpu-v100"]
        self.who["mara"].ok("PUT", "/admin/catalogue", doc)
        self.who["mara"].ok("PUT", "/budget", {"amount": "80"})
        for owner, name, kind, size in SPACES:
            self.ws[name] = self.who[owner].workspace(name, instance_type=kind, storage_bytes=size * 10**9, auto_stop_seconds=3600)
            self.spaces[name] = self.who[owner]

    def start(self, name, state="running"):
        return self.spaces[name].start(self.ws[name], state)

    def phases(self, s, begin, *names):
        """They begin as long after one another as they usually take."""
        took = {"image": 0, "volume": 300, "container": 1100, "server": 2200}
        for phase in names:
            self.core.engine.event("EV_PHASE", session=s["id"], epoch=s["epoch"], phase=phase, at_boot_ns=begin + took[phase] * 10**6)

    def begin(self, name, at):
        """A start that takes its three seconds; these are over when it returns."""
        engine = self.core.engine
        s = self.held(name)
        begin = fake_engine.boot_ns()
        self.travel(at + 3)
        self.phases(s, begin, "image", "volume", "container", "server")
        with engine.lock:
            engine._record(s["id"], s["epoch"], 1, at=begin + 1100 * 10**6)
            r = engine.running[s["id"], s["epoch"]]
            r.update(began=begin + 1100 * 10**6, state="running")
            engine.event("EV_READY", session=s["id"], epoch=s["epoch"])
            engine.activity(s["id"], s["epoch"])
        return self.spaces[name].wait_state(s["id"], "running")

    def held(self, name):
        """A start of which the engine has heard and no more."""
        self.core.engine.hold = True
        s = self.start(name, None)
        wait_for("the start", lambda: (s["id"], s["epoch"]) in self.core.engine.running)
        self.core.engine.hold = False
        return s

    def beat(self):
        """What the agents of all that run say every few seconds."""
        for name, _, evidence in NOW:
            s, _ = self.ws[name]["live"]
            if name not in IDLE:
                self.core.engine.activity(s["id"], s["epoch"], JSON(evidence))

    def live_november(self):
        runs = [*PAST]
        for name, minutes, days, hour in EARLIER:
            for n, day in enumerate(days):
                begin = datetime.datetime(2026, 11, day, hour, 4 + 7 * n, 11 + n)
                end = begin + datetime.timedelta(minutes=minutes + 3 * n, seconds=5 * n)
                runs.append((name, begin.isoformat()[5:], end.isoformat()[5:], ("idle", "user", "idle", "max")[n % 4]))
        moments = sorted([(b, n, True, r) for n, b, e, r in runs] + [(e, n, False, r) for n, b, e, r in runs])
        on = {}
        for at, name, begins, reason in moments:
            self.travel(at)
            if begins:
                on[name] = self.begin(name, moment(at))
            else:
                s = on.pop(name)
                self.core.engine.end(s["id"], s["epoch"], reason)
                self.spaces[name].wait_state(s["id"], "failed" if reason == "oom" else "stopped")

    def now_running(self):
        for name, at, evidence in NOW:
            self.travel(at)
            self.ws[name]["live"] = (self.begin(name, moment(at)), evidence)
        # The two T4 are taken: who comes now waits.
        for minute, name in ((47, "era5-upscale"), (50, "turbidity-gpu"), (51, "snow-cnn"), (52, "class-gpu"), (53, "flood-cnn")):
            self.travel(f"2026-11-21T10:{minute}:48")
            self.start(name, "queued")
        self.travel("2026-11-21T10:53:20")
        self.failed_start()
        for name, at, evidence in NOW:
            s, _ = self.ws[name]["live"]
            idle = fake_engine.boot_ns() - IDLE.get(name, 0) * 60 * 10**9
            self.core.engine.activity(s["id"], s["epoch"], JSON(evidence), idle)
        for u in self.who.values():
            u.call("POST", "/notices/read", {}, {"Idempotency-Key": "read"})

    def failed_start(self):
        """Anna's image lacks what every image needs."""
        s = self.held("groundwater-tracer")
        self.phases(s, fake_engine.boot_ns(), "image", "volume", "container")
        self.travel(TODAY)
        self.core.engine.fail(s["id"], s["epoch"], "container", "no-user",
                              "The image has no user with id 1000. The container ended by itself three times.")
        self.spaces["groundwater-tracer"].wait_state(s["id"], "failed")

    def slow_start(self):
        """Priya's start, two seconds old; one that was there is ended."""
        ws = self.spaces["snowmelt"].ok("GET", f"/workspaces/{self.ws['snowmelt']['id']}")
        if ws["session"]:
            self.core.engine.fail(ws["session"]["id"], ws["session"]["epoch"], "container", "user", "")
            self.spaces["snowmelt"].wait_state(ws["session"]["id"], "failed")
        s = self.held("snowmelt")
        self.phases(s, fake_engine.boot_ns(), "image", "volume", "container")
        return self.spaces["snowmelt"].wait_state(s["id"], "starting")


def JSON(value):
    return fake_engine.json.dumps(value)


LOG = """carrel-shim: exec /usr/bin/carrel-agent: setuid 1000
carrel-shim: getpwuid(1000): no such user
image: registry.hydrolab.example/tracer:7
"""
