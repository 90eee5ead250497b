# SPDX-License-Identifier: Apache-2.0
"""A real jupyter_server with the interface of kernelsocket.Agent: to compare with, or to sit before an agent."""

import os
import shutil
import subprocess

from kernelsocket import Agent
from product import BUILD, ROOT, wait_for

VENV = BUILD / "peer-venv"


def peer_python():
    """The Python with jupyter_server and the kernels' packages; made on first use, as tools/run-judge does it."""
    subprocess.run([str(ROOT / "tools/venv"), str(VENV), str(ROOT / "test/judge/requirements.txt")],
                   check=True, stdin=subprocess.DEVNULL, timeout=900)
    return str(VENV / "bin/python")


class Peer(Agent):
    """`jupyter server` on a free port. Options are traits, as in IdentityProvider_token="x"."""

    def start(self):
        home = self.root.parent / f"peer-{self.port}"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        traits = {"ServerApp.port": self.port, "ServerApp.port_retries": 0, "ServerApp.ip": "127.0.0.1",
                  "ServerApp.base_url": self.base, "ServerApp.root_dir": self.root, "ServerApp.open_browser": False,
                  "ServerApp.allow_root": True, "IdentityProvider.token": self.token,
                  **{k.replace("_", ".", 1): v for k, v in self.options.items()}}
        env = {**os.environ, "HOME": str(home), "PATH": f"{VENV}/bin:{os.environ['PATH']}"}
        env.update({f"JUPYTER_{n}_DIR": str(home / n.lower()) for n in ("CONFIG", "DATA", "RUNTIME")})
        with open(self.log, "ab") as out:
            self.proc = subprocess.Popen([self.python, "-m", "jupyter_server", *(f"--{k}={v}" for k, v in traits.items())],
                                         stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, env=env)
        try:
            wait_for("jupyter server", lambda: self.call("GET", "api/kernels").status_code == 200, timeout=90, every=0.2)
        except AssertionError as e:
            self.stop()
            raise AssertionError(f"{e}\n{self.log.read_text()[-3000:]}") from e
        return self
