# SPDX-License-Identifier: Apache-2.0
"""An engine without containers: speaks doc/internals/wire.md, keeps real journals, and does what a test tells it to."""

import hashlib
import json
import os
import socket
import struct
import threading
import time
from pathlib import Path

U32, U64, I64, STR = "u32", "u64", "i64", "str"
IDENT = [("session", STR), ("epoch", U32)]
MESSAGES = {
    1: ("OK", []), 2: ("ERROR", [("code", I64), ("message", STR)]),
    10: ("HOST_FACTS", []),
    11: ("HOST_FACTS_OK", [("cpu_milli", U32), ("memory_bytes", U64), ("pool_bytes_total", U64), ("pool_bytes_free", U64), ("warnings", STR),
                          ("gpus", STR), ("volume_limit_bytes", U64)]),
    12: ("IMAGE_LIST", []), 13: ("IMAGE_LIST_OK", [("items", STR)]),
    20: ("VOLUME_CREATE", [("volume_id", STR), ("size_bytes", U64)]), 21: ("VOLUME_GROW", [("volume_id", STR), ("size_bytes", U64)]),
    22: ("VOLUME_STAT", [("volume_id", STR)]), 24: ("VOLUME_DELETE", [("volume_id", STR)]),
    25: ("FILES_START", [("volume_id", STR), ("image_id", STR)]), 26: ("FILES_START_OK", [("key", STR)]),
    30: ("SESSION_START", IDENT + [("volume_id", STR), ("image_id", STR), ("cpu_milli", U32), ("memory_bytes", U64), ("pids", U32),
                                   ("idle_seconds", U32), ("max_seconds", U32), ("hostname", STR), ("env", STR), ("label", STR),
                                   ("calendar_at_boot_ns", U64), ("lease_until_boot_ns", U64)]),
    31: ("SESSION_STOP", IDENT + [("reason", STR), ("grace_seconds", U32)]),
    32: ("SESSION_DEADLINE", IDENT + [("idle_seconds", U32), ("extend_until_boot_ns", U64), ("max_at_boot_ns", U64),
                                      ("calendar_at_boot_ns", U64), ("lease_until_boot_ns", U64)]),
    33: ("SESSION_LIST", [("after", STR)]), 34: ("SESSION_LIST_OK", [("items", STR), ("next", STR)]),
    35: ("SESSION_STATS", IDENT),
    36: ("SESSION_STATS_OK", [("cpu_ns", U64), ("memory_bytes", U64), ("memory_limit_bytes", U64), ("pids", U32), ("disk_used_bytes", U64),
                              ("disk_size_bytes", U64), ("oom_kills", U32), ("rx_bytes", U64), ("tx_bytes", U64), ("docs", U64)]),
    37: ("SESSION_LOG", IDENT + [("max_bytes", U32)]), 38: ("SESSION_LOG_OK", [("text", STR)]),
    40: ("EVENTS", []), 41: ("JOURNAL_ACK", IDENT),
    42: ("SESSION_INDEX", IDENT + [("acked", U64), ("credit", U32), ("want", STR)]),
    50: ("EV_PHASE", IDENT + [("phase", STR), ("at_boot_ns", U64)]), 51: ("EV_READY", IDENT),
    52: ("EV_RUN", IDENT + [("segment", U32), ("record", U32), ("kind", U32), ("boot_id", STR), ("boottime_ns", U64), ("wall_us", I64),
                            ("reason", STR), ("cpu_ns", U64), ("mem_peak_bytes", U64), ("oom_kills", U32), ("exit_status", I64),
                            ("estimated", U32), ("evidence", STR)]),
    53: ("EV_ACTIVITY", IDENT + [("last_active_boot_ns", U64), ("stop_at_boot_ns", U64), ("stop_why", STR), ("evidence", STR)]),
    54: ("EV_FAILED", IDENT + [("phase", STR), ("reason", STR), ("message", STR)]),
    55: ("EV_DOC", IDENT + [("gen", U64), ("part", U32), ("parts", U32), ("body", STR)]),
}
LATE = ("calendar_at_boot_ns", "lease_until_boot_ns", "volume_limit_bytes")  # left out when both are 0
NUMBER = {name: n for n, (name, _) in MESSAGES.items()}
BOOT_ID = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


AHEAD = {"ns": 0}  # how far this engine's clock since boot is ahead of the machine's


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) + AHEAD["ns"]


def encode(name, seq, **fields):
    out = b""
    for field, kind in MESSAGES[NUMBER[name]][1]:
        v = fields.get(field, "" if kind == STR else 0)
        if kind == STR:
            raw = v.encode()
            out += struct.pack("<I", len(raw)) + raw
        else:
            out += struct.pack({U32: "<I", U64: "<Q", I64: "<q"}[kind], v)
    return struct.pack("<IHHI", len(out) + 8, NUMBER[name], 0, seq) + out


def decode(number, body):
    name, spec = MESSAGES[number]
    fields, at = {}, 0
    for field, kind in spec:
        if field in LATE and at == len(body):
            fields[field] = 0
        elif kind == STR:
            (n,) = struct.unpack_from("<I", body, at)
            fields[field] = body[at + 4:at + 4 + n].decode()
            at += 4 + n
        else:
            fmt = {U32: "<I", U64: "<Q", I64: "<q"}[kind]
            (fields[field],) = struct.unpack_from(fmt, body, at)
            at += struct.calcsize(fmt)
    assert at == len(body), (name, at, len(body))
    return name, fields


class Refuse(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class FakeEngine:
    """Sessions run until a test or core ends them. `hold` leaves starts at their first phase; `refuse` maps a verb to (code, message)."""

    def __init__(self, path, journal_dir):
        self.path = str(path)
        self.journals = Path(journal_dir)
        (self.journals / "done").mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.conn = None
        self.events_on = False
        self.running = {}        # (session, epoch) -> dict
        self.records = {}        # (session, epoch) -> [record], until acknowledged
        self.acked = {}          # the same, after it
        self.volumes = {}
        self.pool = 1 << 60      # what all volumes together may have
        self.calls = []          # (verb, fields), in order
        self.hold = False
        self.refuse = {}
        self.lose_acks = False
        self.wall = lambda: time.time_ns() // 1000  # what the host's clock says
        self.host = {"cpu_milli": 64000, "memory_bytes": 256 << 30}
        self.gpus = []           # [{"class": "t4", "count": 2}]
        self.log_text = "hello from the container\n"
        self.docs = 0            # 1: the shims pass documents on (WIRE_DOCS_*)
        self.doc_gen = 0
        self.stats = {}          # what SESSION_STATS says beside the usual
        self.images = [{"id": "default-0123456789ab", "name": "default", "digest": "sha256:00", "size_bytes": 1 << 30, "ready": True}]
        self.listener = None
        self.stop_event = threading.Event()

    # --- process ---

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.stop_event.clear()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def away(self):
        """Dies, with its sessions living on: they are the shims'."""
        with self.lock:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self._drop()

    def _drop(self):
        conn, self.conn = self.conn, None
        self.events_on = False
        if conn:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            conn.close()

    def _accept(self, listener):
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self._drop()
                self.conn = conn
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        data = b""
        while True:
            try:
                piece = conn.recv(65536)
            except OSError:
                return
            if not piece:
                return
            data += piece
            while len(data) >= 12:
                n, number, flags, seq = struct.unpack_from("<IHHI", data)
                if len(data) < 4 + n:
                    break
                assert flags == 0 and seq != 0
                name, fields = decode(number, data[12:4 + n])
                data = data[4 + n:]
                with self.lock:
                    if self.conn is conn:
                        self._answer(name, seq, fields)

    def _send(self, raw):
        try:
            if self.conn:
                self.conn.sendall(raw)
        except OSError:
            pass

    def event(self, name, **fields):
        with self.lock:
            if self.events_on:
                self._send(encode(name, 0, **fields))

    def _answer(self, name, seq, fields):
        self.calls.append((name, fields))
        try:
            if name in self.refuse:
                raise Refuse(*self.refuse[name])
            answer, values = getattr(self, "on_" + name.lower())(**fields) or ("OK", {})
        except Refuse as e:
            answer, values = "ERROR", {"code": e.code, "message": str(e)}
        self._send(encode(answer, seq, **values))
        after, self.after = getattr(self, "after", None), None
        if after:
            after()

    # --- verbs ---

    def on_host_facts(self):
        return "HOST_FACTS_OK", {"pool_bytes_total": 1 << 40, "pool_bytes_free": 1 << 39, "warnings": "[]", "volume_limit_bytes": self.pool, **self.host,
                                 "gpus": json.dumps(self.gpus)}

    def on_image_list(self):
        return "IMAGE_LIST_OK", {"items": json.dumps(self.images)}

    def on_volume_create(self, volume_id, size_bytes):
        if volume_id not in self.volumes and sum(self.volumes.values()) + size_bytes > self.pool:
            raise Refuse(-28, "this host has no room for the volume")
        self.volumes.setdefault(volume_id, size_bytes)

    def on_volume_grow(self, volume_id, size_bytes):
        if any(r["volume_id"] == volume_id for r in self.running.values()):
            raise Refuse(-16, "the volume is attached")
        self.volumes[volume_id] = size_bytes

    def on_volume_delete(self, volume_id):
        if any(r["volume_id"] == volume_id for r in self.running.values()):
            raise Refuse(-16, "the volume is attached")
        self.volumes.pop(volume_id, None)

    def on_files_start(self, volume_id, image_id):
        if any(r["volume_id"] == volume_id for r in self.running.values()):
            raise Refuse(-16, "a session has the volume")
        if volume_id not in self.volumes:
            raise Refuse(-2, "the workspace's volume is not there")
        return "FILES_START_OK", {"key": f"{volume_id}-1"}

    def on_session_start(self, session, epoch, **kw):
        key = (session, epoch)
        if key in self.running or key in self.records:
            return  # idempotent
        assert kw["volume_id"] in self.volumes, "the volume was not made"
        assert not any(r["volume_id"] == kw["volume_id"] for r in self.running.values()), "two sessions on one volume"
        json.loads(kw["env"])
        self.running[key] = {"state": "starting", "since": boot_ns(), "extend": 0, **kw}
        if not self.hold:
            self.after = lambda: self.bring_up(session, epoch)

    def on_session_stop(self, session, epoch, reason, grace_seconds):
        if (session, epoch) not in self.running:
            raise Refuse(-2, "no such session")
        self.after = lambda: self.end(session, epoch, reason)

    def on_session_deadline(self, session, epoch, idle_seconds, extend_until_boot_ns, max_at_boot_ns, calendar_at_boot_ns, lease_until_boot_ns):
        s = self.running.get((session, epoch))
        if not s:
            raise Refuse(-2, "no such session")
        s["idle_seconds"] = idle_seconds
        s["extend"] = extend_until_boot_ns
        s["calendar_at_boot_ns"] = calendar_at_boot_ns
        s["lease_until_boot_ns"] = lease_until_boot_ns
        self.after = lambda: self.activity(session, epoch)

    page = 5000

    def on_session_list(self, after=""):
        keys = sorted(f"{s}-{e}" for s, e in self.running)
        keys = [k for k in keys if k > after]
        items = []
        for key in keys[:self.page]:
            s, e = key.rsplit("-", 1)
            r = self.running[(s, int(e))]
            items.append({"session": s, "epoch": int(e), "state": r["state"], "pid": 1, "since_boot_ns": r["since"]})
        return "SESSION_LIST_OK", {"items": json.dumps(items), "next": keys[self.page - 1] if len(keys) > self.page else ""}

    def on_session_stats(self, session, epoch):
        if (session, epoch) not in self.running:
            raise Refuse(-2, "no such session")
        return "SESSION_STATS_OK", {"cpu_ns": boot_ns() // 2, "memory_bytes": 100 << 20, "memory_limit_bytes": 2 << 30, "pids": 7,
                                    "disk_used_bytes": 1 << 20, "disk_size_bytes": 1 << 30, "docs": self.docs, **self.stats}

    def on_session_index(self, session, epoch, acked, credit, want):
        if (session, epoch) not in self.running:
            raise Refuse(-2, "no such session")

    def doc(self, session, body, part=3000):
        """An agent tells of a document; its number."""
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        pieces = [text[i:i + part] for i in range(0, len(text), part)] or [""]
        with self.lock:
            self.doc_gen += 1
            for i, piece in enumerate(pieces):
                self.event("EV_DOC", session=session["id"], epoch=session["epoch"], gen=self.doc_gen, part=i, parts=len(pieces), body=piece)
            return self.doc_gen

    def on_session_log(self, session, epoch, max_bytes):
        return "SESSION_LOG_OK", {"text": self.log_text}

    def on_events(self):
        def replay():
            self.events_on = True
            for key, records in list(self.records.items()):
                for r in records:
                    self.event("EV_RUN", **r)
            for (s, e), r in self.running.items():
                if r["state"] == "running":
                    self.event("EV_READY", session=s, epoch=e)
        self.events_on = False
        self.after = replay

    def on_journal_ack(self, session, epoch):
        if self.lose_acks:
            return
        self.acked.setdefault((session, epoch), []).extend(self.records.pop((session, epoch), []))
        path = self.journals / f"{session}-{epoch}.journal"
        if path.exists():
            path.rename(self.journals / "done" / path.name)

    def tell_again(self):
        """The store was put back to an earlier one: what was acknowledged is told again (carreld restore)."""
        with self.lock:
            for key, records in self.acked.items():
                self.records[key] = records + self.records.get(key, [])
                done = self.journals / "done" / f"{key[0]}-{key[1]}.journal"
                if done.exists():
                    done.rename(self.journals / done.name)
            self.acked = {}

    # --- what happens to sessions ---

    def _record(self, session, epoch, kind, reason="", evidence="", at=None, estimated=0, segment=0):
        records = self.records.setdefault((session, epoch), [])
        r = {"session": session, "epoch": epoch, "segment": segment, "record": len(records), "kind": kind, "boot_id": BOOT_ID,
             "boottime_ns": at or boot_ns(), "wall_us": self.wall(), "reason": reason, "cpu_ns": 1, "mem_peak_bytes": 2,
             "exit_status": 0, "estimated": estimated, "evidence": evidence}
        raw = struct.pack("<4sI40sIIIIQqQQIi40s32s256s72x", b"CRLJ", kind, session.encode(), epoch, segment, r["record"], estimated,
                          r["boottime_ns"], r["wall_us"], 1, 2, 0, 0, BOOT_ID.encode(), reason.encode(), evidence.encode())
        with open(self.journals / f"{session}-{epoch}.journal", "ab") as f:
            f.write(raw + hashlib.sha256(raw).digest()[:8])
        records.append(r)
        self.event("EV_RUN", **r)

    def bring_up(self, session, epoch):
        with self.lock:
            for phase in ("image", "volume", "container"):
                self.event("EV_PHASE", session=session, epoch=epoch, phase=phase, at_boot_ns=boot_ns())
            self._record(session, epoch, 1)
            self.running[(session, epoch)]["began"] = boot_ns()
            self.event("EV_PHASE", session=session, epoch=epoch, phase="server", at_boot_ns=boot_ns())
            self.running[(session, epoch)]["state"] = "running"
            self.event("EV_READY", session=session, epoch=epoch)
            self.activity(session, epoch)

    def activity(self, session, epoch, evidence='{"last":{"what":"start"}}', idle_from=None):
        with self.lock:
            r = self.running[(session, epoch)]
            now = boot_ns()
            idle = max((idle_from or now) + r["idle_seconds"] * 10**9, r["extend"])
            clocks = [(r["began"] + r["max_seconds"] * 10**9, "max"), (r["lease_until_boot_ns"], "budget"),
                      (r["calendar_at_boot_ns"], "calendar"), (idle, "idle")]
            at, why = min(((at, why) for at, why in clocks if at), key=lambda c: c[0])
            self.event("EV_ACTIVITY", session=session, epoch=epoch, last_active_boot_ns=now, stop_at_boot_ns=at,
                       stop_why=why, evidence=evidence)

    def end(self, session, epoch, reason, **kw):
        with self.lock:
            r = self.running.pop((session, epoch), None)
            if r and r.get("began"):
                self._record(session, epoch, 2, reason, '{"last":{"what":"save"}}', **kw)

    def fail(self, session, epoch, phase, reason, message):
        with self.lock:
            r = self.running.pop((session, epoch))
            self.event("EV_FAILED", session=session, epoch=epoch, phase=phase, reason=reason, message=message)
            if r.get("began"):
                self._record(session, epoch, 2, "start-failed")

    def verbs(self, name):
        with self.lock:
            return [f for n, f in self.calls if n == name]
