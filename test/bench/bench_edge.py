# SPDX-License-Identifier: Apache-2.0
"""Edge beside nginx, both in front of the same nginx on a unix socket: requests per second, latency, memory of idle
WebSockets. Alternately, in one run; what counts is the ratio."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from edgelab import Lab, frame, read_frame, ws_echo  # noqa: E402
from figures import Table, quiet  # noqa: E402

BUILD = Path(os.environ.get("CARREL_BUILD", Path(__file__).resolve().parents[2] / "build"))
LOAD = BUILD / "src/edge/bench-load"
CONNS, SECONDS, ROUNDS = 64, int(os.environ.get("BENCH_SECONDS", "4")), int(os.environ.get("BENCH_ROUNDS", "5"))
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


def nginx(tmp, name, server, upstream=""):
    d = Path(tmp) / name
    d.mkdir()
    (d / "html").mkdir()
    (d / "html/1k").write_bytes(b"x" * 1024)
    (d / "conf").write_text(f"""
worker_processes 1; daemon off; pid {d}/pid; error_log {d}/error.log; user root;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 100000000; tcp_nodelay on; sendfile on; open_file_cache max=100;
  client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f; uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  {upstream}
  server {{ {server} root {d}/html; }}
}}""")
    p = subprocess.Popen([NGINX, "-c", str(d / "conf"), "-p", str(d)], stderr=subprocess.DEVNULL)
    return p


def load(addr, request):
    r = subprocess.run([str(LOAD), addr, str(CONNS), str(SECONDS)], input=request.encode(), capture_output=True)
    if r.returncode:
        raise SystemExit(f"bench-load: {r.stderr.decode()} {r.stdout.decode()}")
    return json.loads(r.stdout)


def cpu_seconds(pid):
    """User and system time of a process and its children (nginx's worker)."""
    total, pids = 0, [pid]
    while pids:
        p = pids.pop()
        f = open(f"/proc/{p}/stat").read().rsplit(") ", 1)[1].split()
        total += int(f[11]) + int(f[12])
        pids += [int(c) for c in open(f"/proc/{p}/task/{p}/children").read().split()]
    return total / os.sysconf("SC_CLK_TCK")


def median(rows, key):
    v = sorted(r[key] for r in rows)
    return v[len(v) // 2]


def throughput(table, tmp):
    lab = Lab(tmp)
    host, cookie = lab.session("bench", None)
    port = lab.port + 1
    sock = f"{tmp}/bench.sock"
    procs = [nginx(tmp, "backend", f"listen unix:{sock};"),
             nginx(tmp, "proxy", f"listen 127.0.0.1:{port}; location / {{ proxy_pass http://up; proxy_http_version 1.1; "
                   "proxy_set_header Connection ''; proxy_set_header Host $host; }",
                   f"upstream up {{ server unix:{sock}; keepalive 128; }}")]
    try:
        time.sleep(0.5)
        os.chmod(sock, 0o666)
        browser = ("User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36\r\n"
                   "Accept: application/json, */*;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n"
                   "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n")
        request = f"GET /1k HTTP/1.1\r\nHost: {host}\r\nCookie: _xsrf=abc; {cookie}\r\n{browser}\r\n"
        sides = {"edge": f"tcp:127.0.0.1:{lab.port}", "nginx": f"tcp:127.0.0.1:{port}", "direct (unix)": f"unix:{sock}"}
        pids = {"edge": lab.edge.pid, "nginx": procs[1].pid, "direct (unix)": procs[0].pid}
        rows = {k: [] for k in sides}
        was_quiet = quiet()
        for _ in range(ROUNDS):
            for name, addr in sides.items():
                before = cpu_seconds(pids[name])
                r = load(addr, request)
                r["cpu_us"] = (cpu_seconds(pids[name]) - before) * 1e6 / r["n"]
                rows[name].append(r)
        print(f"\n{CONNS} connections, 1 KiB, {SECONDS} s, {ROUNDS} rounds alternately, machine {'quiet' if was_quiet else 'BUSY'}")
        for name, r in rows.items():
            print(f"  {name:14} {median(r, 'rps'):8.0f} req/s   p50 {median(r, 'p50_ms'):.2f}  p90 {median(r, 'p90_ms'):.2f}  "
                  f"p99 {median(r, 'p99_ms'):.2f}  max {max(x['max_ms'] for x in r):.1f} ms   "
                  f"{median(r, 'cpu_us'):.1f} µs of CPU each   n={sum(x['n'] for x in r)}  "
                  f"failures={sum(x['errors'] for x in r)}")
        note = f"unix upstream, 1 KiB, {CONNS} connections"
        table.at_least("edge, requests/s", median(rows["edge"], "rps"), median(rows["nginx"], "rps"), "nginx", 0.8, note=note)
        table.ratio("edge, CPU time per request", median(rows["edge"], "cpu_us"), median(rows["nginx"], "cpu_us"), "nginx", 1.25,
                    unit="µs", note=note)
        table.ratio("edge, p99", median(rows["edge"], "p99_ms"), median(rows["nginx"], "p99_ms"), "nginx", 1.25, note=note)
    finally:
        for p in procs:
            p.terminate()
            p.wait()
        lab.stop()


def memory(pid):
    f = dict(x.split(":", 1) for x in open(f"/proc/{pid}/smaps_rollup").read().splitlines()[1:])
    return int(f["Pss"].split()[0]) * 1024


def websockets(table, tmp, n=1000):
    lab = Lab(tmp)
    try:
        host, cookie = lab.session("ws", ws_echo)
        lab.websocket(host, cookie=cookie)
        before = memory(lab.edge.pid)
        socks = [lab.websocket(host, cookie=cookie) for _ in range(n)]
        opened = (memory(lab.edge.pid) - before) / n
        for w in socks:
            w.sock.sendall(frame(1, b"x" * 3000, mask=True))
        for w in socks:
            read_frame(w)
        used = (memory(lab.edge.pid) - before) / n
        table.add(f"edge, each of {n:,} idle WebSockets, PSS", used, 16384, "limit", "≤ 16 KiB", used / 16384, "bytes", used <= 16384,
                  f"after traffic; {opened:.0f} before")
        for w in socks:
            w.sock.close()
    finally:
        lab.stop()


def main():
    table = Table()
    with tempfile.TemporaryDirectory() as tmp:
        os.chmod(tmp, 0o755)
        throughput(table, tmp)
    with tempfile.TemporaryDirectory() as tmp:
        websockets(table, tmp)
    table.finish()


if __name__ == "__main__":
    main()
