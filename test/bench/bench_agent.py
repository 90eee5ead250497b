# SPDX-License-Identifier: Apache-2.0
"""The agent as a Jupyter server, beside jupyter_server: requests, settings, output, memory, large files."""

import hashlib
import hmac
import json
import os
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import requests
import zmq

from figures import Series, Table, pss_kib, quiet
from peers import BUILD, TOKEN, VENV, carrel_agent, jupyter_server
from product import Jupyter, Kernel
from sink import Sink

LAB = Path(os.environ.get("CARREL_LAB", BUILD / "session-root/lab"))
MB = 1 << 20
DISPLAYS = """
from IPython.display import display
for i in range(20000):
    display({'text/plain': str(i)}, raw=True)
"""


def cookie_of(server):
    jar = requests.get(f"{server.base}lab?token={TOKEN}", timeout=30).cookies
    return "; ".join(f"{c.name}={c.value}" for c in jar)


def request(server, path):
    return (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: token {TOKEN}\r\n"
            f"Cookie: {cookie_of(server)}\r\n\r\n").encode()


def per_second(server, path, seconds=4):
    """Requests each second of 8 connections. The request brings the peer's cookies, or each answer would set others."""
    r = subprocess.run([str(BUILD / "src/edge/bench-load"), f"tcp:127.0.0.1:{server.port}", "8", str(seconds)],
                       input=request(server, path), capture_output=True, timeout=60, check=True)
    return json.loads(r.stdout)["rps"]


def bench_requests(table, root, ours, theirs):
    folder = root / "twenty"
    folder.mkdir()
    for i in range(20):
        (folder / f"file{i}.txt").write_text("x" * 100)
    quiet()
    for what, path, goal in (("GET /api/status", "/api/status", 12), ("contents of a folder of 20", "/api/contents/twenty", 12),
                             ("all settings", "/lab/api/settings", 50)):
        a, b = per_second(ours, path), per_second(theirs, path)
        table.at_least(f"{what}, requests/s", a, b, "jupyter_server", goal)


def firehose(server):
    r = requests.post(f"{server.base}api/kernels", json={"name": "firehose"}, headers={"Authorization": f"token {TOKEN}"}, timeout=60)
    r.raise_for_status()
    sink = Sink(server.port, f"/api/kernels/{r.json()['id']}/channels", TOKEN, "bench")
    sink.stream_bytes(1, 10000)
    return sink


class Bare:
    """The floor: the same kernel read by libzmq alone, with its signature checked; no server, no WebSocket, no browser."""

    def __init__(self, folder):
        at, self.key = f"{folder}/bare", b"bench"
        ports = {f"{n}_port": i for i, n in enumerate(("shell", "iopub", "stdin", "control", "hb"), 1)}
        conf = Path(folder) / "bare.json"
        conf.write_text(json.dumps({"transport": "ipc", "ip": at, "key": self.key.decode(), "signature_scheme": "hmac-sha256", **ports}))
        self.proc = subprocess.Popen([f"{VENV}/bin/python", str(Path(__file__).with_name("firehose.py")), str(conf)])
        self.context = zmq.Context()
        self.shell, self.iopub = self.context.socket(zmq.DEALER), self.context.socket(zmq.SUB)
        self.iopub.rcvhwm = 0
        self.iopub.subscribe(b"")
        self.shell.connect(f"ipc://{at}-1")
        self.iopub.connect(f"ipc://{at}-2")
        while not self.iopub.poll(200):  # a subscription needs its time
            self.send("kernel_info_request", {})
        self.stream_bytes(1, 10000)

    def sign(self, parts):
        mac = hmac.new(self.key, digestmod=hashlib.sha256)
        for p in parts:
            mac.update(p)
        return mac.hexdigest().encode()

    def send(self, kind, content):
        mid = uuid.uuid4().hex
        parts = [json.dumps({"msg_id": mid, "session": "bare", "username": "t", "msg_type": kind, "version": "5.3"}).encode(), b"{}", b"{}",
                 json.dumps(content).encode()]
        self.shell.send_multipart([b"<IDS|MSG>", self.sign(parts), *parts])
        return mid.encode()

    def stream_bytes(self, count, size):
        t, mid, n = time.perf_counter(), self.send("execute_request", {"code": f"{count} {size}"}), 0
        while True:
            _, _, signature, *parts = self.iopub.recv_multipart()
            assert self.sign(parts) == signature
            if len(parts[3]) > size:
                n += size
            elif mid in parts[1] and b'"idle"' in parts[3]:
                return time.perf_counter() - t, n

    def close(self):
        self.context.destroy(linger=0)
        self.proc.terminate()
        self.proc.wait()


def bench_stream(table, root, ours, theirs):
    """A kernel and a client that are not the limit; each message must arrive."""
    quiet()
    a, b, bare = firehose(ours), firehose(theirs), Bare(root.parent)
    for count, size in ((160, 1 << 16), (2560, 1 << 12)):
        x, y, z = (Series(f"10 MiB of stream in messages of {size >> 10} KiB, {who}") for who in ("agent", "jupyter_server", "libzmq alone"))
        for _ in range(9):
            for sink, series in ((a, x), (b, y), (bare, z)):
                seconds, n = sink.stream_bytes(count, size)
                assert n == 10 * MB, f"{n} bytes of 10 MiB arrived"
                series.add(seconds * 1e3)
        print(x.text(), y.text(), z.text(), sep="\n")
        table.at_least(f"10 MiB of stream output to a WebSocket, messages of {size >> 10} KiB, rate", 10 / x.p50 * 1e3, 10 / y.p50 * 1e3,
                       "jupyter_server, limits off", 3, "MiB/s")
        table.at_least("the same, against the floor", 10 / x.p50 * 1e3, 10 / z.p50 * 1e3, "the kernel read by libzmq alone", 0.5, "MiB/s")
    for sink in (a, b, bare):
        sink.close()


def bench_displays(table, ours, theirs):
    quiet()
    ka, kb = Jupyter(ours.base, TOKEN).kernel(), Jupyter(theirs.base, TOKEN).kernel()
    arrived = {}
    for k, name in ((ka, "ours"), (kb, "theirs")):
        out, _ = k.run(DISPLAYS, timeout=300)
        arrived[name] = sum(m["header"]["msg_type"] == "display_data" for m in out)
    table.at_least("small displays of 20,000 that arrive", arrived["ours"], arrived["theirs"], "jupyter_server, limits off", 0, "")
    ka.close()
    kb.close()


def bench_tabs(table, root):
    """Twenty notebooks: a kernel, a session and three WebSockets each, as twenty tabs of JupyterLab have."""
    server = carrel_agent(root, LAB)
    jupyter, open_ = Jupyter(server.base, TOKEN), []
    try:
        for i in range(20):
            (root / f"tab{i}.ipynb").write_text('{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}\n')
            s = jupyter.call("POST", "/api/sessions", 201, json={
                "path": f"tab{i}.ipynb", "name": f"tab{i}.ipynb", "type": "notebook", "kernel": {"name": "python3"}}).json()
            ks = [Kernel(jupyter, s["kernel"]["id"]) for _ in range(3)]
            ks[0].run("1")
            open_ += ks
            if i == 0:
                one = pss_kib(server.proc.pid) / 1024
        many = pss_kib(server.proc.pid) / 1024
    finally:
        for k in open_:
            k.close()
        server.close()
    table.add("agent with one notebook, PSS", one, 3, "limit", "≤ 3 MB", one / 3, "MB", one <= 3)
    table.add("agent with 20 notebooks (60 WebSockets), PSS", many, 4, "limit", "≤ 4 MB", many / 4, "MB", many <= 4)


def peak_mb(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0


def open_notebook(server, name):
    """Seconds and the most memory that the server took at a time."""
    Path(f"/proc/{server.proc.pid}/clear_refs").write_text("5")
    before, t, n = peak_mb(server.proc.pid), time.perf_counter(), 0
    with requests.get(f"{server.base}api/contents/{name}?type=notebook&content=1", stream=True, timeout=300,
                      headers={"Authorization": f"token {TOKEN}"}) as r:
        r.raise_for_status()
        for chunk in r.iter_content(MB):
            n += len(chunk)
    return time.perf_counter() - t, peak_mb(server.proc.pid) - before, n


def bench_large_notebook(table, root, ours, theirs):
    path = root / "large.ipynb"
    with open(path, "w") as f:
        text = ["line %06d of a long output\\n" % i for i in range(2000)]
        cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["print('x')"],
                "outputs": [{"name": "stdout", "output_type": "stream", "text": text}]}
        one = len(json.dumps(cell))
        cells = [{**cell, "id": f"c{i}"} for i in range(100 * MB // one)]
        json.dump({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, f, indent=1)
    size = path.stat().st_size / MB
    quiet()
    (a_s, a_mb, n), (b_s, b_mb, _) = (open_notebook(s, path.name) for s in (ours, theirs))
    assert n > 50 * MB
    path.unlink()
    table.add(f"opening a notebook of {size:.0f} MB, memory above rest", a_mb, b_mb, "jupyter_server", "≤ 1.1 × its size", a_mb / size,
              "MB", a_mb <= 1.1 * size, "ratio to its size")
    table.ratio("the same, time", a_s * 1e3, b_s * 1e3, "jupyter_server", 1.0)


def bench_download(table, root, ours):
    path = root / "big.bin"
    with open(path, "wb") as f:
        f.truncate(1 << 30)
        for at in range(0, 1 << 30, MB):  # no holes: the page cache holds what a user's file would
            f.seek(at)
            f.write(b"x" * MB)
    ask = (f"GET /files/big.bin HTTP/1.1\r\nHost: 127.0.0.1:{ours.port}\r\nAuthorization: token {TOKEN}\r\n"
           "Connection: close\r\n\r\n").encode()
    first, whole, floor = Series("first byte of a 1 GB download"), Series("the whole"), Series("sendfile between two sockets")
    sink = bytearray(MB)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", ours.port)) as s:
            t = time.perf_counter()
            s.sendall(ask)
            assert s.recv_into(sink)
            first.add((time.perf_counter() - t) * 1e3)
            while s.recv_into(sink):
                pass
            whole.add((time.perf_counter() - t) * 1e3)
        floor.add(sendfile_ms(path, sink))
    path.unlink()
    print(first.text(), whole.text(), floor.text(), sep="\n")
    table.add("first byte of a 1 GB download", first.p50, 10, "limit", "≤ 10 ms", first.p50 / 10, "ms", first.p50 <= 10)
    table.ratio("the whole 1 GB, time", whole.p50, floor.p50, "one sendfile over loopback TCP", 1.25)


def sendfile_ms(path, sink):
    with socket.create_server(("127.0.0.1", 0)) as server:
        pid = os.fork()
        if pid == 0:
            c, _ = server.accept()
            with open(path, "rb") as f:
                c.sendfile(f)
            os._exit(0)
        with socket.create_connection(server.getsockname()) as s:
            t = time.perf_counter()
            while s.recv_into(sink):
                pass
            ms = (time.perf_counter() - t) * 1e3
        os.waitpid(pid, 0)
    return ms


def main():
    table = Table()
    with tempfile.TemporaryDirectory(dir=BUILD) as tmp:
        root = Path(tmp) / "root"
        root.mkdir()
        spec = Path(tmp) / "jupyter/kernels/firehose"
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(json.dumps({
            "argv": [f"{VENV}/bin/python", str(Path(__file__).with_name("firehose.py")), "{connection_file}"],
            "display_name": "Firehose", "language": "text"}))
        os.environ["JUPYTER_PATH"] = str(Path(tmp) / "jupyter")
        theirs = jupyter_server(root, "--ZMQChannelsWebsocketConnection.limit_rate=False")
        ours = carrel_agent(root, LAB)
        try:
            bench_requests(table, root, ours, theirs)
            bench_stream(table, root, ours, theirs)
            bench_displays(table, ours, theirs)
            bench_tabs(table, root)
            bench_large_notebook(table, root, ours, theirs)
            bench_download(table, root, ours)
        finally:
            theirs.close()
            ours.close()
    table.finish()


if __name__ == "__main__":
    main()
