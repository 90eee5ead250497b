# SPDX-License-Identifier: Apache-2.0
"""The command line's `files` and `search`, against a real hub, engine and agent."""

import hashlib
import json
import os
import subprocess
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from product import BUILD
from stoppedfiles import MIB, agent_pid, as_user, files, ws  # noqa: F401

CARREL = BUILD / "src/cli/carrel"


def test_the_cli(files, hub, tmp_path):
    (tmp_path / "token").write_text(files.api.token)
    env = {**os.environ, "CARREL_URL": hub.url, "CARREL_TOKEN_FILE": str(tmp_path / "token"), "HOME": str(tmp_path)}

    def carrel(*args, code=0):
        out = subprocess.run([str(CARREL), "files", *args], env=env, capture_output=True, text=True, cwd=tmp_path, timeout=60)
        assert out.returncode == code, (args, out.stdout, out.stderr)
        return out.stdout

    data = os.urandom(9 * MIB)
    (tmp_path / "data.bin").write_bytes(data)
    carrel("mkdir", "files:cli")
    carrel("put", "data.bin", "files:cli/")
    assert "data.bin" in carrel("ls", "files:cli")
    assert json.loads(carrel("ls", "files:cli", "--json"))["content"][0]["size"] == len(data)
    carrel("get", "files:cli/data.bin", "copy.bin")
    assert (tmp_path / "copy.bin").read_bytes() == data
    assert not list(tmp_path.glob(".*.part"))
    carrel("put", "data.bin", "files:cli/", code=1)
    carrel("put", "data.bin", "files:cli/", "--replace")
    carrel("mv", "files:cli/data.bin", "cli/moved.bin")
    assert "moved.bin" in carrel("du", "files:cli")
    carrel("rm", "files:cli/moved.bin")
    carrel("ls", "files:cli/moved.bin", code=3)
    carrel("restore", "files:cli/moved.bin")
    assert "moved.bin" in carrel("ls", "files:cli")
    carrel("rm", "files:cli/moved.bin")
    carrel("rm", "files", code=2)


def test_the_cli_copies_folders(files, hub, api, tmp_path):
    (tmp_path / "token").write_text(api.token)
    env = {**os.environ, "CARREL_URL": hub.url, "CARREL_TOKEN_FILE": str(tmp_path / "token"), "HOME": str(tmp_path)}

    def get(*args, code=0):
        out = subprocess.run([str(CARREL), "files", "get", *args], env=env, capture_output=True, text=True, cwd=tmp_path, timeout=120)
        assert out.returncode == code, (args, out.stdout, out.stderr)
        return out

    def laid():
        return {str(p.relative_to(tmp_path / "tree")): p.read_bytes() for p in (tmp_path / "tree").rglob("*") if p.is_file()}

    want = {"one.txt": b"1", "empty": b"", "a b/deep/ä.bin": os.urandom(3 * MIB), "a b/last.ipynb": b"{}"}

    def fill():
        for name, data in want.items():
            path = Path("tree", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        Path("tree/nothing").mkdir()
        Path("tree/a b/back").symlink_to("..")
        Path("tree/out").symlink_to("/etc/passwd")

    as_user(agent_pid(hub, files), fill)
    said = get("files:tree/").stderr
    assert laid() == want and (tmp_path / "tree/nothing").is_dir()
    assert "4 files" in said and not list(tmp_path.rglob("*.part"))
    there = files.get("contents/tree/one.txt?content=0")["last_modified"]
    assert abs((tmp_path / "tree/one.txt").stat().st_mtime - datetime.fromisoformat(there.replace("Z", "+00:00")).timestamp()) < 0.001
    # While its session runs, and again: only what is another one here is fetched; what was cut goes on.
    api.start(files.ws)
    (tmp_path / "tree/one.txt").write_bytes(b"2")
    (tmp_path / "tree/a b/last.ipynb").unlink()
    again = json.loads(get("files:tree", "--json").stdout)
    assert laid() == want
    assert again == {"path": "tree", "to": "tree", "folders": 4, "files": 2, "unchanged": 2, "failed": 0, "bytes": 3}
    (tmp_path / "into").mkdir()
    get("files:tree/a b", "into")
    assert (tmp_path / "into/a b/last.ipynb").read_bytes() == b"{}"
    get("files:tree", "-", code=2)
    get("files", code=2)
    get("files:no such", code=3)
    (tmp_path / "taken").write_text("mine")
    get("files:tree", "taken", code=1)
    assert (tmp_path / "taken").read_text() == "mine"


class Between(ThreadingHTTPServer):
    """Stands between the command and the hub: `hook(method, path)` is called before a request goes on."""
    daemon_threads = True

    def __init__(self, hub, hook):
        super().__init__(("127.0.0.1", 0), Passing)
        self.hub, self.hook, self.url = hub, hook, f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *args):
        self.shutdown()
        super().__exit__(*args)


class Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.hook(self.command, self.path)
        head = {k: v for k, v in self.headers.items() if k in ("Authorization", "Content-Type", "Idempotency-Key")}
        r = requests.request(self.command, self.server.hub.url + self.path, data=body, headers=head, timeout=60)
        self.send_response(r.status_code)
        for name in ("Content-Type", "Retry-After"):
            if name in r.headers:
                self.send_header(name, r.headers[name])
        if r.status_code != 204:
            self.send_header("Content-Length", str(len(r.content)))
        self.end_headers()
        self.wfile.write(r.content)

    do_GET = do_POST = do_PATCH = do_DELETE = pass_on

    def log_message(self, *args):
        pass


def cli(hub, token, cwd, *args, code=0, url=None):
    (cwd / "token").write_text(token)
    env = {**os.environ, "CARREL_URL": url or hub.url, "CARREL_TOKEN_FILE": str(cwd / "token"), "HOME": str(cwd)}
    out = subprocess.run([str(CARREL), "files", *args], env=env, capture_output=True, text=True, cwd=cwd, timeout=120)
    assert out.returncode == code, (args, out.stdout, out.stderr)
    return out


def test_the_cli_goes_on_only_with_the_very_same_file(files, hub, tmp_path):
    data, other = os.urandom(2 * MIB), os.urandom(2 * MIB)
    local = tmp_path / "same.bin"
    local.write_bytes(data)
    st = local.stat()
    source = hashlib.sha256(f"{st.st_dev} {st.st_ino} {st.st_size} {st.st_mtime_ns} {st.st_ctime_ns}".encode()).hexdigest()
    # A browser's, another file's, and this file's with the other option: none of them is gone on with.
    strange = [files.begin("same.bin", len(data), **more) for more in ({}, {"source": "0" * 64}, {"source": source, "replace": True})]
    for up in strange:
        files.piece(up, 0, other[:MIB])
    said = cli(hub, files.api.token, tmp_path, "put", "same.bin", "files:").stderr
    assert "Going on" not in said and files.read("same.bin") == data
    # Its own is: with bytes that only the upload has, which shows it.
    said = cli(hub, files.api.token, tmp_path, "put", "same.bin", "files:", "--replace").stderr
    assert "Going on" in said and files.read("same.bin") == other[:MIB] + data[MIB:]
    mine = files.begin("new.bin", len(data), source=source)
    files.piece(mine, 0, data[:MIB])
    assert "Going on" not in cli(hub, files.api.token, tmp_path, "put", "same.bin", "files:new.bin", "--replace").stderr
    cli(hub, files.api.token, tmp_path, "put", "same.bin", "files:new.bin", code=1)
    for up in files.get("uploads")["items"]:
        files.call("DELETE", f"uploads/{up['id']}", 204)
    # Rewritten in place, with the time it had.
    mine = files.begin("again.bin", len(data), source=source)
    files.piece(mine, 0, data[:MIB])
    with local.open("r+b") as f:
        f.write(other)
    os.utime(local, ns=(st.st_atime_ns, st.st_mtime_ns))
    assert "Going on" not in cli(hub, files.api.token, tmp_path, "put", "same.bin", "files:again.bin").stderr
    assert files.read("again.bin") == other
    files.call("DELETE", f"uploads/{mine['id']}", 204)


def test_the_cli_does_not_put_a_file_that_changes_meanwhile(files, hub, tmp_path):
    local = tmp_path / "moving.bin"
    local.write_bytes(os.urandom(MIB))

    def change(method, path):
        if method == "PATCH":
            with local.open("r+b") as f:
                f.write(os.urandom(1000))

    with Between(hub, change) as between:
        said = cli(hub, files.api.token, tmp_path, "put", "moving.bin", "files:", code=1, url=between.url).stderr
        assert "changed while it was copied" in said
        assert "moving.bin" not in files.names() and files.get("uploads")["items"] == []
        local.write_bytes(b"short")
        between.hook = lambda method, path: method == "POST" and path.endswith("/uploads") and os.truncate(local, 0)
        said = cli(hub, files.api.token, tmp_path, "put", "moving.bin", "files:", code=1, url=between.url).stderr
        assert "changed while it was copied" in said and files.get("uploads")["items"] == []


def test_the_cli_copies_what_it_can_of_a_folder(files, hub, tmp_path):
    long = "n" * 255

    def fill():
        for name in ("odd/a/one", "odd/locked/inner", "odd/closed", "odd/back\\slash", f"odd/{long}", "odd/taken", "odd/z"):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(name)
        Path("odd/closed").chmod(0)
        Path("odd/locked").chmod(0)

    def open_again():
        Path("odd/closed").chmod(0o644)
        Path("odd/locked").chmod(0o755)

    as_user(agent_pid(hub, files), fill)
    here = tmp_path / "odd"
    (here / "taken").mkdir(parents=True)  # a folder here, a file there
    for _ in range(2):
        out = cli(hub, files.api.token, tmp_path, "get", "files:odd", "--json", code=1)
        assert json.loads(out.stdout)["failed"] == 4, out.stderr
        for name in ("closed", "locked", "slash", "taken"):
            assert name in out.stderr, out.stderr
        assert sorted(p.name for p in here.rglob("*") if p.is_file()) == sorted(["one", "z", long])
    as_user(agent_pid(hub, files), open_again)
    cli(hub, files.api.token, tmp_path, "get", "files:odd", code=1)
    assert (here / "closed").read_text() == "odd/closed" and (here / "locked/inner").read_text() == "odd/locked/inner"


def test_two_commands_do_not_copy_into_one_file(files, hub, tmp_path):
    data = os.urandom(3 * MIB)
    files.put("both.bin", data)
    seen = []

    def second(method, path):
        if "offset=" in path and not seen:
            seen.append(cli(hub, files.api.token, tmp_path, "get", "files:both.bin", code=1).stderr)

    with Between(hub, second) as between:
        cli(hub, files.api.token, tmp_path, "get", "files:both.bin", url=between.url)
    assert "being copied already" in seen[0]
    assert (tmp_path / "both.bin").read_bytes() == data and not list(tmp_path.glob(".*.part"))


def test_what_is_found_does_not_drive_the_terminal(tmp_path):
    wild = "a\x1b]0;owned\x07\nb\u009b31m\u202ec"
    answers = {"/api/v1/search": {"items": [{"workspace_name": wild, "path": wild, "snippet": [{"text": wild, "match": True}]}], "more": False},
               "/api/v1/notices": {"items": [{"at": "2026-01-01T00:00:00Z", "data": {"text": wild}}]}}

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(answers[self.path.split("?")[0]]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    (tmp_path / "token").write_text("t")
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = {**os.environ, "CARREL_URL": f"http://127.0.0.1:{server.server_port}", "CARREL_TOKEN_FILE": str(tmp_path / "token"), "HOME": str(tmp_path)}
        for args, lines in ((["search", "b"], 2), (["notifications"], 1)):
            out = subprocess.run([str(CARREL), *args], env=env, capture_output=True, text=True, timeout=60)
            assert out.returncode == 0, out.stderr
            assert out.stdout.count("\n") == lines and "a?]0;owned? b?31m?c" in out.stdout, out.stdout
            assert not any(c in out.stdout for c in "\x1b\x07\u009b\u202e")
        server.shutdown()
