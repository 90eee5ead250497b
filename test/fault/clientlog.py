# SPDX-License-Identifier: Apache-2.0
"""What a client asked for and what it was told, in Jepsen's form: invoke, then ok, fail or unknown. One JSON object a line.

    {"type": "invoke", "n": 7, "at": <boot clock, ns>, "op": "workspace.create", "object": "workspace:a", "key": "…", "path": …}
    {"type": "ok",     "n": 7, "at": …, "status": 201, "id": "w_…", "claim": ["SELECT …", [args], wanted]}
    {"type": "seen",   "at": …, "what": "clock-step", …}

A claim is what an `ok` means for the store, a query with one number for an answer; the checker asks it afterwards. `fail` is
a definite no (4xx, 507); everything else, and no answer at all, is `unknown`, until a repetition with the same key is told more.
"""

import json
import threading
import time
import uuid

DEFINITE = (507,)


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def read(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.endswith("\n")]


class Log:
    def __init__(self, path=None):
        self.entries, self.lock, self.n = [], threading.Lock(), 0
        self.file = open(path, "a", encoding="utf-8") if path else None

    def put(self, kind, **fields):
        with self.lock:
            entry = {"type": kind, "at": boot_ns(), **fields}
            if kind == "invoke":
                self.n += 1
                entry["n"] = self.n
            self.entries.append(entry)
            if self.file:
                self.file.write(json.dumps(entry) + "\n")
                self.file.flush()
            return entry.get("n")

    def seen(self, what, **fields):
        self.put("seen", what=what, **fields)

    def close(self):
        if self.file:
            self.file.close()


class Op:
    """One thing that a client wants, however often it must ask."""

    def __init__(self, op, method, path, body=None, object=None, claim=None, headers=None):
        self.op, self.method, self.path, self.body = op, method, path, body
        self.object = object or f"{op}:{path}"
        self.claim = claim
        self.headers = dict(headers or {})
        self.key = str(uuid.uuid4()) if method == "POST" else None
        self.answer = None
        self.tries = 0


class Client:
    """`send(method, path, body, headers)` gives (status, parsed body or None), and raises OSError when there is no answer."""

    def __init__(self, log, send):
        self.log, self.send, self.pending = log, send, []

    def act(self, op, method, path, body=None, **kw):
        """Asks once; what stays unknown is asked again by settle(). Returns the Op."""
        return self._try(Op(op, method, path, body, **kw))

    def _try(self, o):
        o.tries += 1
        n = self.log.put("invoke", op=o.op, object=o.object, key=o.key, method=o.method, path=o.path)
        headers = {**o.headers, **({"Idempotency-Key": o.key} if o.key else {})}
        try:
            status, answer = self.send(o.method, o.path, o.body, headers)
        except OSError as e:
            status, answer = 0, {"error": repr(e)}
        if 200 <= status < 300 or (o.tries > 1 and o.method == "DELETE" and status == 404):
            o.answer = answer or {}
            claim = o.claim(o.answer) if o.claim else None
            self.log.put("ok", n=n, op=o.op, object=o.object, key=o.key, status=status, id=identity(o.answer), claim=claim)
            self.pending = [p for p in self.pending if p is not o]
        elif 400 <= status < 500 and status not in (408, 429) or status in DEFINITE and o.tries == 1:
            self.log.put("fail", n=n, op=o.op, object=o.object, key=o.key, status=status, why=str(answer)[:200])
            self.pending = [p for p in self.pending if p is not o]
            o.answer = None
        else:
            self.log.put("unknown", n=n, op=o.op, object=o.object, key=o.key, status=status, why=str(answer)[:200])
            if o not in self.pending:
                self.pending.append(o)
        return o

    def settle(self, timeout=20.0):
        """Repeats what is unknown, with the same keys, until it is told; True if nothing is open any more."""
        end = time.monotonic() + timeout
        while self.pending and time.monotonic() < end:
            for o in list(self.pending):
                self._try(o)
            if self.pending:
                time.sleep(0.02)
        return not self.pending


def identity(answer):
    if not isinstance(answer, dict):
        return None
    for inner in (answer, *(answer.get(k) for k in ("session", "workspace", "invoice"))):
        if isinstance(inner, dict) and inner.get("id"):
            return inner["id"]
    return None
