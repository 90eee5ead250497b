# SPDX-License-Identifier: Apache-2.0
"""JupyterHub's own API beside ours, without its proxy (which its API does not need): the one of jupyterhub.txt (tools/bench makes its venv),
or the program in CARREL_JUPYTERHUB."""

import http.client
import json
import os
import subprocess
import threading
import time
from pathlib import Path

from product import BUILD, free_port, wait_for

PROGRAM = os.environ.get("CARREL_JUPYTERHUB", str(BUILD / "jupyterhub-venv/bin/jupyterhub"))
TOKEN = "0123456789abcdef0123456789abcdef"
THREADS = 8
CONFIG = """
from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    should_start = False

    async def get_all_routes(self):
        return {{}}

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass


c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_port = {port}
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie"
c.JupyterHub.authenticator_class = "null"
c.JupyterHub.log_level = "ERROR"
c.JupyterHub.services = [{{"name": "bench", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{"name": "bench", "services": ["bench"], "scopes": ["admin:users", "tokens", "read:users"]}}]
"""


class JupyterHub:
    def __init__(self, folder):
        self.port = free_port()
        config = Path(folder) / "jupyterhub_config.py"
        config.write_text(CONFIG.format(port=self.port, folder=folder, token=TOKEN))
        self.log = open(Path(folder) / "jupyterhub.log", "wb")
        self.proc = subprocess.Popen([PROGRAM, "-f", str(config)], cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        wait_for("JupyterHub", lambda: self.call(self.connect(), "GET", "/hub/api/")[0] == 200, 60, 0.2)
        assert self.call(self.connect(), "POST", "/hub/api/users/bench")[0] == 201

    @classmethod
    def start_if_there(cls, folder):
        return cls(folder) if os.access(PROGRAM, os.X_OK) else None

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def call(self, conn, method, path, body=None):
        conn.request(method, path, json.dumps(body) if body is not None else None, {"Authorization": f"token {TOKEN}"})
        r = conn.getresponse()
        return r.status, r.read()

    def rate(self, seconds, method, path, body, expect):
        done = [0] * THREADS
        end = time.monotonic() + seconds

        def client(n):
            conn = self.connect()
            while time.monotonic() < end:
                status, text = self.call(conn, method, path, body)
                assert status == expect, text
                done[n] += 1

        threads = [threading.Thread(target=client, args=(n,)) for n in range(THREADS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return sum(done) / seconds

    def writes(self, seconds):
        return self.rate(seconds, "POST", "/hub/api/users/bench/tokens", {"note": "bench", "expires_in": 3600}, 201)

    def reads(self, seconds):
        return self.rate(seconds, "GET", "/hub/api/users/bench", None, 200)

    def stop(self):
        self.proc.terminate()
        try:
            self.proc.wait(15)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.log.close()
