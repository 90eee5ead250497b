# SPDX-License-Identifier: Apache-2.0
"""The main job without a browser: the CLI, and a script that speaks only HTTP and WebSocket, by both addresses of a session."""

import json
import os
import subprocess
import uuid

import pytest
import requests
import websocket

from journal import runs
from product import BUILD, Api, Jupyter, Kernel, wait_for


class Cli:
    def __init__(self, home):
        self.env = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}

    def __call__(self, *args, expect=0, stdin=None, timeout=120):
        r = subprocess.run([str(BUILD / "src/cli/carrel"), *args], env=self.env, capture_output=True, text=True,
                           input=stdin if stdin is not None else "", timeout=timeout)
        assert r.returncode == expect, f"carrel {' '.join(args)}: {r.returncode}\n{r.stdout}\n{r.stderr}"
        return r.stdout

    def json(self, *args, **kw):
        return json.loads(self(*args, "--json", **kw))


@pytest.fixture(scope="module")
def cli(hub, tmp_path_factory):
    c = Cli(tmp_path_factory.mktemp("home"))
    c("login", hub.url, "--code", hub.code())
    return c


def test_the_cli_does_the_main_job(hub, cli):
    assert "admin@localhost" in cli("whoami")
    cli("workspace", "create", "by-cli", "--type", "small", "--storage", "1GiB", "--auto-stop", "30m")
    assert [w["name"] for w in cli.json("workspace", "list")["items"]].count("by-cli") == 1
    out = cli("start", "by-cli")
    assert "http://" in out
    s = cli.json("workspace", "show", "by-cli")["session"]
    assert s["state"] == "running"
    assert "by-cli" in cli("ls")
    before = s["stop_at"]
    cli("extend", "by-cli", "2h")
    wait_for("later stop", lambda: cli.json("workspace", "show", "by-cli")["session"]["stop_at"] > before)
    cli("logs", "by-cli")
    cli("stop", "by-cli")
    cli("workspace", "set", "by-cli", "--type", "medium")
    cli("start", "by-cli")
    cli("stop", "by-cli")
    usage = cli.json("usage")
    mine = [i for i in usage["items"] if i["workspace_id"] == cli.json("workspace", "show", "by-cli")["id"]]
    assert len(mine) == 2
    for line in mine:
        (start, stop), = runs(hub.state, line["session_id"])
        assert abs(line["seconds"] - (stop.boottime_ns - start.boottime_ns) / 1e9) < 1e-6
    assert "by-cli" in cli("usage", "--csv") or mine[0]["session_id"] in cli("usage", "--csv")


def test_the_cli_says_what_is_wrong_by_its_exit_code(cli, tmp_path):
    cli("start", "no-such-workspace", expect=3)
    cli("frobnicate", expect=2)
    cli("workspace", "create", expect=2)
    elsewhere = Cli(tmp_path)
    elsewhere("whoami", expect=4)
    elsewhere.env["CARREL_URL"] = "http://127.0.0.1:9"
    elsewhere("login", "http://127.0.0.1:9", "--code", "AAAA-AAAA", expect=5)
    assert "carrel" in cli("version")
    cli("workspace", "delete", "by-cli", "--yes")
    cli("workspace", "show", "by-cli", expect=3)


def test_a_deleted_workspace_comes_back_by_cli(cli):
    """The one of the tests above, with its real volume."""
    (one,) = cli.json("workspace", "list", "--deleted")["items"]
    assert one["name"] == "by-cli" and "by-cli" in cli("workspace", "list", "--deleted")
    assert "is back" in cli("workspace", "restore", "by-cli")
    cli("start", "by-cli")
    cli("stop", "by-cli")
    cli("workspace", "restore", "by-cli", expect=3)
    cli("workspace", "delete", "by-cli", "--yes")
    cli("workspace", "delete", "by-cli", "--yes", expect=3)
    cli("workspace", "delete", "by-cli", "--yes", "--forever")
    assert cli.json("workspace", "list", "--deleted")["items"] == []
    cli("workspace", "restore", one["id"], expect=3)


def test_tokens_by_cli_are_shown_once_and_revoked(hub, cli):
    made = cli.json("token", "create", "ci")
    assert Api(hub, made["token"]).get("/me")["account"]["email"] == "admin@localhost"
    assert made["token"] not in cli("token", "list")
    cli("token", "revoke", made["id"])
    assert requests.get(hub.url + "/api/v1/me", headers={"Authorization": f"token {made['token']}"}).status_code == 401


@pytest.fixture(scope="module")
def session(api):
    ws = api.workspace("by-script", instance_type="small")
    yield api.start(ws)
    api.stop(ws)


@pytest.mark.parametrize("address", ["url", "program_url"])
def test_a_script_with_a_token_does_it_by_either_address(api, session, address):
    lab = Jupyter(session[address], api.token)
    lab.put_file("data.csv", b"a,b\n1,2\n3,4\n")
    assert lab.get_file("data.csv") == b"a,b\n1,2\n3,4\n"
    k = lab.kernel()
    out, reply = k.run("import pandas as pd, matplotlib.pyplot as plt\ndf = pd.read_csv('data.csv'); df.plot(); plt.show()\ndf.b.sum()")
    assert reply["content"]["status"] == "ok"
    assert any("image/png" in m["content"].get("data", {}) for m in out)
    assert any(m["content"].get("data", {}).get("text/plain", "").endswith("6") or
               m["content"].get("data", {}).get("text/plain") == "np.int64(6)" for m in out)
    msg = k.send("execute_request", {"code": "import time; print('on', flush=True); time.sleep(1000)", "silent": False, "store_history": True,
                                     "user_expressions": {}, "allow_stdin": False})
    wait_for("busy", lambda: lab.call("GET", f"/api/kernels/{k.id}", 200).json()["execution_state"] == "busy")
    while k.recv(60)["header"]["msg_type"] != "stream":  # ipykernel loses an interrupt between its "busy" and the code
        pass
    lab.call("POST", f"/api/kernels/{k.id}/interrupt", 204)
    _, reply = k.collect(msg, 30)
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    lab.call("POST", f"/api/kernels/{k.id}/restart", 200)
    k.close()
    k = Kernel(lab, k.id)
    assert "NameError" in k.text("df")
    k.close()
    lab.call("PATCH", "/api/contents/data.csv", 200, json={"path": f"{address}.csv"})
    lab.call("POST", "/api/contents/", 201, json={"copy_from": f"{address}.csv"})
    lab.call("DELETE", f"/api/contents/{address}.csv", 204)
    lab.call("DELETE", f"/api/kernels/{k.id}", 204)


def test_the_program_address_is_closed_to_browsers_and_to_the_tokenless(hub, api, session):
    url = session["program_url"] + "/api/status"
    assert requests.get(url).status_code in (401, 403)
    ok = {"Authorization": f"token {api.token}"}
    assert requests.get(url, headers=ok).status_code == 200
    for site in ("same-origin", "same-site", "cross-site", "none"):
        assert requests.get(url, headers={**ok, "Sec-Fetch-Site": site}).status_code in (403, 404)
    wrong = requests.get(f"{hub.url}/-/s/s_00000000000000000000000000/api/status", headers=ok)
    assert wrong.status_code == 404


def test_a_revoked_token_cuts_its_sockets(hub, api, session):
    made = api.call("POST", "/tokens", 201, json={"name": "short", "scopes": [f"session:{session['id']}"], "expires_in_seconds": 3600}).json()
    lab = Jupyter(session["program_url"], made["token"])
    k = lab.kernel()
    assert k.text("print(1)").strip() == "1"
    api.call("DELETE", f"/tokens/{made['id']}", 204)

    def cut():
        try:
            k.ws.settimeout(1)
            k.ws.ping()
            k.ws.recv()
            return False
        except websocket.WebSocketTimeoutException:
            return False
        except (websocket.WebSocketException, OSError):
            return True

    wait_for("cut socket", cut, 8, 0.2)
    assert lab.call("GET", "/api/status").status_code in (401, 403)


def test_terminals_over_the_program_address(api, session):
    lab = Jupyter(session["program_url"], api.token)
    name = lab.call("POST", "/api/terminals", 200, json={}).json()["name"]
    ws = websocket.create_connection(lab.reach.replace("http", "ws", 1) + f"/terminals/websocket/{name}", timeout=20,
                                     suppress_origin=True, header=[f"Authorization: token {api.token}"])
    assert json.loads(ws.recv()) == ["setup", {}]
    marker = uuid.uuid4().hex[:8]
    ws.send(json.dumps(["stdin", f"echo {marker}-$((40+2))\n"]))
    said = ""

    def seen():
        nonlocal said
        m = json.loads(ws.recv())
        if m[0] == "stdout":
            said += m[1]
        return f"{marker}-42" in said

    wait_for("echo", seen, 15, 0)
    ws.close()
    lab.call("DELETE", f"/api/terminals/{name}", 204)
