# SPDX-License-Identifier: Apache-2.0
"""A workspace whose session has stopped, its files over the hub, and the process that serves them."""

import base64
import os
from pathlib import Path

import pytest

from product import Jupyter

MIB = 1 << 20
RAW = {"Content-Type": "application/octet-stream"}


class Files:
    def __init__(self, api, ws):
        self.api, self.ws = api, ws
        self.path = f"/workspaces/{ws['id']}/files"

    def call(self, method, what, expect=None, **kw):
        return self.api.call(method, f"{self.path}/{what}", expect, **kw)

    def get(self, what):
        return self.call("GET", what, 200).json()

    def put(self, path, data):
        body = {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}
        return self.call("PUT", f"contents/{path}", json=body)

    def read(self, path):
        m = self.get(f"contents/{path}?format=base64")
        return base64.b64decode(m["content"])

    def names(self, folder=""):
        return sorted(e["name"] for e in self.get(f"contents/{folder}")["content"])

    def begin(self, path, size, expect=201, **more):
        return self.call("POST", "uploads", expect, json={"path": path, "size": size, **more}).json()

    def piece(self, upload, offset, data, expect=200):
        return self.call("PATCH", f"uploads/{upload['id']}?offset={offset}", expect, data=data, headers=RAW)

    def finish(self, upload, expect=200):
        return self.call("POST", f"uploads/{upload['id']}/finish", expect)


@pytest.fixture(scope="module")
def ws(api):
    w = api.workspace("files", storage_bytes=256 * MIB)
    s = api.start(w)
    j = Jupyter(s["program_url"], api.token)
    assert j.put_file("a.txt", b"hello").status_code == 201
    yield w
    api.delete(w)


@pytest.fixture
def files(api, ws):
    """Of the stopped workspace."""
    if api.get(f"/workspaces/{ws['id']}")["session"]:
        api.stop(ws)
    return Files(api, ws)


def volume_of(hub, ws):
    import sqlite3
    with sqlite3.connect(f"file:{hub.state}/db/carrel.db?mode=ro", uri=True) as db:
        return db.execute("SELECT volume_id FROM workspace WHERE id = ?", (ws["id"],)).fetchone()[0]


def keepers(hub, ws=None):
    """The files processes: {key: (keeper's pid, agent's pid)}."""
    found = {}
    volume = volume_of(hub, ws) if ws else ""
    for p in Path("/proc").iterdir():
        if not p.name.isdigit():
            continue
        try:
            argv = (p / "cmdline").read_bytes().split(b"\0")
            if len(argv) < 3 or argv[1] != b"--files" or not argv[2].decode().startswith(hub.runtime + "/files/" + volume):
                continue
            kids = (p / f"task/{p.name}/children").read_text().split()
        except OSError:
            continue
        found[argv[2].decode().rsplit("/", 1)[1]] = (int(p.name), int(kids[0]) if kids else None)
    return found


def agent_pid(hub, files):
    files.get("contents/?content=0")
    (_, pid), = keepers(hub, files.ws).values()
    return pid


def status_of(pid):
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def as_user(pid, fn):
    """fn() in the home that the process sees, as its user: root itself is nobody on that mount."""
    uid = int(status_of(pid)["Uid"].split()[0])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(f"/proc/{pid}/root/home/carrel")
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            fn()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


# ---- what can be done ----
