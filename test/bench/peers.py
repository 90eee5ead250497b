# SPDX-License-Identifier: Apache-2.0
"""The servers that are measured beside each other: jupyter_server with JupyterLab, and carrel-agent stand-alone."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from product import BUILD, free_port, wait_for  # noqa: E402

VENV = Path(os.environ.get("CARREL_BENCH_VENV", BUILD / "bench-venv"))
TOKEN = "bench-token"


class Server:
    def __init__(self, argv, port, base, env=None, cwd=None):
        self.port, self.base = port, f"http://127.0.0.1:{port}{base}"
        self.log = tempfile.TemporaryFile()
        t = time.perf_counter()
        self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=env, cwd=cwd)
        wait_for(argv[0], self.answers, 60, 0.0005)
        self.ready_ms = (time.perf_counter() - t) * 1e3

    def answers(self):
        if self.proc.poll() is not None:
            self.log.seek(0)
            raise RuntimeError(self.log.read()[-2000:].decode(errors="replace"))
        return requests.get(self.base + "api", timeout=5).status_code == 200

    def close(self):
        self.proc.terminate()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()


def env():
    return {**os.environ, "PATH": f"{VENV}/bin:{os.environ['PATH']}", "JUPYTER_PLATFORM_DIRS": "1"}


def jupyter_server(root, *options):
    port = free_port()
    return Server([f"{VENV}/bin/jupyter", "lab", "--allow-root", "--no-browser", f"--ServerApp.port={port}",
                   "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}",
                   "--LabApp.news_url=", "--ServerApp.log_level=ERROR", *options], port, "/", env(), root)


def carrel_agent(root, lab):
    port = free_port()
    return Server([str(BUILD / "session/src/agent/carrel-agent"), "serve", "--port", str(port), "--root", str(root),
                   "--token", TOKEN, "--base-url", "/", "--lab", str(lab), "--python", f"{VENV}/bin/python"], port, "/", env(), root)
