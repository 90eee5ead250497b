# SPDX-License-Identifier: Apache-2.0
"""What a user of a notebook feels: start, execute, memory, page load. Carrel beside jupyter_server in one run."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from figures import Series, Table, machine, pss_kib, quiet, rss_kib
from peers import BUILD, TOKEN, VENV, carrel_agent, jupyter_server
from product import Api, Hub, Jupyter

LAB = Path(os.environ.get("CARREL_LAB", BUILD / "session-root/lab"))


def kernel_info(k):
    msg = k.send("kernel_info_request", {})
    while True:
        m = k.recv(60)
        if m["header"]["msg_type"] == "kernel_info_reply" and m["parent_header"].get("msg_id") == msg:
            return


def first_reply(jupyter):
    """POST a kernel, connect, and the first kernel_info_reply."""
    k = jupyter.kernel()
    kernel_info(k)
    return k


def end_kernel(jupyter, k):
    k.close()
    jupyter.call("DELETE", f"/api/kernels/{k.id}", 204)


def bare_kernel_ms():
    """exec of ipykernel to its first kernel_info_reply over ipc: the floor of every start."""
    code = r"""
import sys, time, tempfile, json, subprocess, os, uuid
from jupyter_client import BlockingKernelClient
d = tempfile.mkdtemp(); cf = d + '/c.json'
json.dump(dict(shell_port=1, iopub_port=2, stdin_port=3, control_port=4, hb_port=5, ip=d + '/k', key=uuid.uuid4().hex,
               transport='ipc', signature_scheme='hmac-sha256', kernel_name='python3'), open(cf, 'w'))
for _ in range(int(sys.argv[1])):
    t = time.perf_counter()
    p = subprocess.Popen([sys.executable, '-m', 'ipykernel_launcher', '-f', cf], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    c = BlockingKernelClient(connection_file=cf); c.load_connection_file(); c.start_channels()
    c.kernel_info(reply=True, timeout=30)
    print((time.perf_counter() - t) * 1e3, flush=True)
    c.stop_channels(); p.kill(); p.wait()
    for n in range(1, 6):
        try: os.unlink(f'{d}/k-{n}')
        except OSError: pass
"""
    out = subprocess.run([f"{VENV}/bin/python", "-c", code, "5"], capture_output=True, text=True, timeout=120)
    return [float(x) for x in out.stdout.split()]


def raw_zmq_ms(n):
    code = r"""
import sys, time
from jupyter_client.manager import start_new_kernel
km, kc = start_new_kernel()
for i in range(int(sys.argv[1]) + 5):
    t = time.perf_counter()
    kc.execute('1', reply=True, timeout=30)
    while True:
        m = kc.get_iopub_msg(timeout=30)
        if m['msg_type'] == 'status' and m['content']['execution_state'] == 'idle': break
    if i >= 5: print((time.perf_counter() - t) * 1e3)
kc.stop_channels(); km.shutdown_kernel(now=True)
"""
    out = subprocess.run([f"{VENV}/bin/python", "-c", code, str(n)], capture_output=True, text=True, timeout=120)
    return [float(x) for x in out.stdout.split()]


def execute_series(name, k, n):
    s = Series(name)
    for _ in range(5):
        k.run("1")
    for _ in range(n):
        s.time(lambda: k.run("1"))
    print(s.text())
    return s


def bench_execute(table, agent, peer, edge_lab, n=100):
    quiet()
    ours_k, peer_k, edge_k = agent.kernel(), peer.kernel(), edge_lab.kernel()
    raw = raw_zmq_ms(n)
    direct = execute_series("execute 1, agent direct", ours_k, n)
    edge = execute_series("execute 1, through edge", edge_k, n)
    theirs = execute_series("execute 1, jupyter_server", peer_k, n)
    raw_s = Series("execute 1, raw ZeroMQ")
    raw_s.values = raw
    print(raw_s.text())
    table.ratio("execute `1`, p50, agent directly", direct.p50, theirs.p50, "jupyter_server", 0.2)
    table.ratio("execute `1`, p50, through edge", edge.p50, theirs.p50, "jupyter_server", 0.2)
    over = edge.p50 - raw_s.p50
    table.add("execute `1` through edge, above raw ZeroMQ", edge.p50, raw_s.p50, "raw ZeroMQ", "≤ +2 ms", edge.p50 / raw_s.p50,
              "ms", over <= 2.0, f"{over:+.2f} ms")
    for j, k in ((agent, ours_k), (peer, peer_k), (edge_lab, edge_k)):
        end_kernel(j, k)


def bench_start(table, api, peer, n):
    ws = api.workspace("bench-start", instance_type="medium")
    ours, theirs = Series("POST start → kernel_info_reply through edge"), Series("jupyter_server: POST kernel → kernel_info_reply")
    quiet()
    for i in range(n + 1):
        t = time.perf_counter()
        s = api.call("POST", f"/workspaces/{ws['id']}/start", 202).json()["session"]
        lab = None
        while True:
            now = api.session(s["id"])
            if now["state"] == "running":
                break
            time.sleep(0.002)
        lab = Jupyter(now["program_url"], api.token)
        k = first_reply(lab)
        if i:
            ours.add((time.perf_counter() - t) * 1e3)
        k.close()
        api.stop(ws)
        k2 = theirs.time(lambda: first_reply(peer)) if i else first_reply(peer)
        end_kernel(peer, k2)
    bare = Series("bare ipykernel: exec → kernel_info_reply")
    bare.values = bare_kernel_ms()
    for s in (ours, theirs, bare):
        print(s.text())
    table.ratio("POST start → first kernel reply through edge", ours.p50, theirs.p50, "jupyter_server, no container", 1.3)
    table.ratio("the same against the bare kernel's start", ours.p50, bare.p50, "ipykernel exec", 1.3)


def bench_agent_start(table, root, n=20):
    ours, theirs = Series("agent exec → serving"), Series("jupyter_server exec → serving")
    for _ in range(n):
        a = carrel_agent(root, LAB)
        ours.add(a.ready_ms)
        a.close()
    for _ in range(3):
        p = jupyter_server(root)
        theirs.add(p.ready_ms)
        p.close()
    print(ours.text(), theirs.text(), sep="\n")
    table.add("agent: exec → serving", ours.p50, theirs.p50, "jupyter_server", "≤ 10 ms", ours.p50 / theirs.p50, "ms", ours.p50 <= 10)


def page_load(browser, base, n, keep=False):
    s = Series(f"page load {base}")
    page = None
    for i in range(n + 1):
        ctx = browser.new_context(viewport={"width": 1280, "height": 800})
        page = ctx.new_page()
        t = time.perf_counter()
        page.goto(f"{base}lab?token={TOKEN}&reset", wait_until="commit")
        page.wait_for_selector(".jp-Launcher", timeout=60_000)
        page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
        if i:
            s.add((time.perf_counter() - t) * 1e3)
        if not (keep and i == n):
            ctx.close()
    return s, page


def bench_page(table, agent, peer, n=5):
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        quiet()
        ours, page = page_load(b, agent.base, n, keep=True)
        time.sleep(3)
        ours_pss = pss_kib(agent.proc.pid) / 1024
        page.context.close()
        theirs, page = page_load(b, peer.base, n, keep=True)
        time.sleep(3)
        theirs_pss = pss_kib(peer.proc.pid) / 1024
        b.close()
    print(ours.text(), theirs.text(), sep="\n")
    table.ratio("JupyterLab page load, navigation → launcher", ours.p50, theirs.p50, "jupyter_server", 1.0, note="aim 0.5")
    table.add("server memory with JupyterLab open, PSS", ours_pss, theirs_pss, "jupyter_server", "≤ 3 MB", ours_pss / theirs_pss,
              "MB", ours_pss <= 3.0)


def reads_per_second(addr, request, connections=16, seconds=4):
    r = subprocess.run([str(BUILD / "src/edge/bench-load"), addr, str(connections), str(seconds)], input=request,
                       capture_output=True, timeout=60, check=True)
    return json.loads(r.stdout)


def bench_reads(table, hub, api, peer):
    """A list of 20 workspaces through edge, beside jupyter_server's list of kernels: the smallest list it has."""
    quiet()
    ours = reads_per_second(f"tcp:127.0.0.1:{hub.port}", (
        f"GET /api/v1/workspaces?limit=20 HTTP/1.1\r\nHost: localhost:{hub.port}\r\n"
        f"Authorization: token {api.token}\r\n\r\n").encode())
    theirs = reads_per_second(f"tcp:127.0.0.1:{peer.port}", (
        f"GET /api/kernels HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\nAuthorization: token {TOKEN}\r\n\r\n").encode())
    print("reads", ours, theirs)
    table.at_least("GET /api/v1/workspaces, 20 of them, through edge", ours["rps"], theirs["rps"], "jupyter_server /api/kernels", 10)


def bench_control_plane(table, hub, api):
    from concurrent.futures import ThreadPoolExecutor

    have = len(api.get("/workspaces?limit=200")["items"])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: Api(hub, api.token).workspace(f"many-{i}", storage_bytes=64 << 20), range(1000 - have)))
    from processes import roles

    total = sum(rss_kib(pid) for pids in roles(hub).values() for pid in pids) / 1024
    total_pss = sum(pss_kib(pid) for pids in roles(hub).values() for pid in pids) / 1024
    table.add("control plane with 1,000 workspaces, RSS of all roles", total, 30, "limit", "≤ 30 MB", total / 30, "MB", total <= 30,
              f"PSS {total_pss:.1f} MB")


def main():
    n = int(os.environ.get("CARREL_BENCH_N", "10"))
    table = Table()
    with tempfile.TemporaryDirectory(dir=BUILD) as tmp:
        root = Path(tmp) / "root"
        root.mkdir()
        bench_agent_start(table, root)
        peer_srv, agent_srv = jupyter_server(root), carrel_agent(root, LAB)
        peer, agent = Jupyter(peer_srv.base, TOKEN), Jupyter(agent_srv.base, TOKEN)
        hub = Hub(Path(tmp) / "state").start()
        try:
            api = hub.login()
            ws = api.workspace("bench", instance_type="medium")
            edge_lab = Jupyter(api.start(ws)["program_url"], api.token)
            bench_execute(table, agent, peer, edge_lab)
            api.stop(ws)
            bench_start(table, api, peer, n)
            bench_page(table, agent_srv, peer_srv)
            bench_control_plane(table, hub, api)
            bench_reads(table, hub, api, peer_srv)
        finally:
            hub.stop()
            peer_srv.close()
            agent_srv.close()
    print(machine())
    print(table.markdown())
    out = os.environ.get("CARREL_BENCH_OUT")
    if out:
        with open(out, "a") as f:
            f.write(f"\n{table.markdown()}\n")


if __name__ == "__main__":
    main()
