# SPDX-License-Identifier: Apache-2.0
"""What VS Code does with an "existing Jupyter server", call by call, against `carrel-agent serve`.

Written from the extension's sources: it asks for the base URL and for /tree to learn what is there and
whether a password is wanted, signs in by the form as a browser would, then lists kernels and kernel
specifications to see that it works. Notebooks that it runs live on its own side: for each it makes a
temporary notebook on the server, a session for that, and removes it at the end.
"""

import json
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import websocket

from kernelsocket import V1, Agent, Socket, of, text
from product import BUILD, wait_for

LAB = BUILD / "lib/session/lab"


@pytest.fixture(scope="module", params=["/", "/a%40b/"], ids=["at the root", "below a base"])
def agent(request, tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("agent") / "root", base=request.param, lab=LAB)
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


class Extension:
    """Its HTTP client: keeps cookies itself, follows redirects only where it says so."""

    def __init__(self, agent, token=None):
        self.agent, self.token = agent, token
        self.url = f"http://127.0.0.1:{agent.port}{agent.base}"
        self.http = requests.Session()
        # It is no browser: no Origin, no Referer, and `undici` or `node-fetch` by name.
        self.http.headers = {"User-Agent": "node", "Accept": "*/*"}

    def fetch(self, method, path, **kw):
        headers = dict(kw.pop("headers", {}))
        if self.token:
            headers["Authorization"] = f"token {self.token}"
        return self.http.request(method, self.url + path, headers=headers, allow_redirects=kw.pop("follow", False), timeout=60, **kw)

    def xsrf(self):
        return self.http.cookies.get("_xsrf")

    def api(self, method, path, expect, body=None):
        headers = {"Content-Type": "application/json"}
        if not self.token:
            headers["X-XSRFToken"] = self.xsrf() or ""
        r = self.fetch(method, path, headers=headers, data=json.dumps(body) if body is not None else None)
        assert r.status_code == expect, f"{method} {path}: {r.status_code} {r.text[:300]}"
        return r


def sign_in(ext, password):
    """The password dialog: the form for its cookie, then the form filled in."""
    form = ext.fetch("GET", "login?")
    assert form.status_code == 200 and ext.xsrf(), form.headers
    assert form.headers["Content-Type"].startswith("text/html")
    body = {"_xsrf": ext.xsrf(), "password": password}
    return ext.fetch("POST", "login?", data=body, headers={"Connection": "keep-alive", "X-XSRFToken": ext.xsrf(),
                                                           "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"})


@pytest.fixture(params=["token", "password"])
def ext(request, agent):
    """Signed in either way; what it made is gone afterwards."""
    e = Extension(agent, agent.token if request.param == "token" else None)
    if request.param == "password":
        assert sign_in(e, agent.token).status_code == 302
    yield e
    for s in e.api("GET", "api/sessions", 200).json():
        # 410: its kernel went with another session that shared it.
        assert e.fetch("DELETE", f"api/sessions/{s['id']}", headers={"X-XSRFToken": e.xsrf() or ""}).status_code in (204, 410)


def test_the_probes_find_a_server_that_wants_a_password(agent):
    e = Extension(agent)
    # Where does the address lead? To the form: then a password is wanted.
    r = e.fetch("GET", "", follow=True)
    assert r.status_code == 200 and urlsplit(r.url).path == f"{agent.base}login", r.url
    # Is this a Jupyter server at all? 404 would say no, 200 that no password is needed.
    r = e.fetch("GET", "tree?")
    assert r.status_code == 302 and urlsplit(r.headers["Location"]).path == f"{agent.base}login"
    # Where one is sent after signing in stays on this server.
    after = parse_qs(urlsplit(r.headers["Location"]).query)["next"][0]
    assert after.startswith(f"{agent.base}tree")


def test_the_probes_with_a_token(agent):
    e = Extension(agent, agent.token)
    r = e.fetch("GET", "", follow=True)
    assert r.status_code == 200 and urlsplit(r.url).path == f"{agent.base}lab"
    assert e.fetch("GET", "tree?", follow=True).status_code == 200
    # The address that the agent prints holds the token; no header is needed then.
    e = Extension(agent)
    assert e.fetch("GET", f"tree?token={agent.token}").status_code in (200, 302)
    assert e.fetch("GET", "tree?").headers.get("Location", "").find("login") < 0, "the cookie of the first call was not taken"


def test_without_a_token_nothing_is_asked(tmp_path):
    agent = Agent(tmp_path / "root", base="/", token="", lab=LAB)
    try:
        agent.start()
        e = Extension(agent)
        assert e.fetch("GET", "tree?", follow=True).status_code == 200
        r = e.fetch("GET", "login?", follow=True)
        assert r.status_code == 200 and "login" not in urlsplit(r.url).path
    finally:
        assert agent.stop() == 0


def test_signing_in_and_out(agent):
    e = Extension(agent)
    for wrong in ("", "wrong", agent.token + "x", "é" * 300):
        r = sign_in(e, wrong)
        assert r.status_code == 401 and "username-" not in str(r.headers.get("Set-Cookie"))
    assert e.fetch("GET", "api/kernels").status_code == 403
    r = sign_in(e, agent.token)
    assert r.status_code == 302 and r.headers["Location"] == agent.base
    name = f"username-127-0-0-1-{agent.port}"
    assert name in r.headers["Set-Cookie"] and "HttpOnly" in r.headers["Set-Cookie"]
    assert e.fetch("GET", "api/kernels").status_code == 200
    # With the cookie the form is not shown again, and /tree asks for nothing.
    r = e.fetch("GET", "login?")
    assert r.status_code == 302 and r.headers["Location"] == agent.base
    assert "login" not in e.fetch("GET", "tree?").headers.get("Location", "")
    r = e.fetch("GET", "logout")
    assert r.status_code == 200
    assert e.fetch("GET", "api/kernels").status_code == 403


def test_an_old_form_is_refused(agent):
    e = Extension(agent)
    form = {"_xsrf": "0" * 32, "password": agent.token}
    r = e.fetch("POST", "login?", data=form)
    assert r.status_code == 403 and "username-" not in str(r.headers.get("Set-Cookie"))


def test_it_sees_that_the_server_works(ext):
    assert ext.api("GET", "api/kernels", 200).json() == []
    specs = ext.api("GET", "api/kernelspecs", 200).json()
    python = specs["kernelspecs"][specs["default"]]
    assert python["name"] == specs["default"] and python["spec"]["language"] == "python" and python["spec"]["display_name"]
    assert isinstance(ext.api("GET", "api/sessions", 200).json(), list)
    status = ext.api("GET", "api/status", 200).json()
    assert set(status) == {"started", "last_activity", "kernels", "connections"}


def connect(ext, kernel, session):
    """The kernel's WebSocket, signed in by cookie or by token in the address, as the extension has either."""
    url = f"ws://127.0.0.1:{ext.agent.port}{ext.agent.base}api/kernels/{kernel}/channels?session_id={session}"
    if ext.token:
        url += f"&token={ext.token}"
    cookies = "; ".join(f"{c.name}={c.value}" for c in ext.http.cookies)
    ws = websocket.create_connection(url, timeout=60, suppress_origin=True, subprotocols=[V1], cookie=cookies or None)
    s = Socket.__new__(Socket)
    s.agent, s.kid, s.v1, s.session, s.ws, s.seen = ext.agent, kernel, True, session, ws, []
    assert ws.getsubprotocol() == V1
    return s


def test_a_notebook_of_its_own_runs(ext):
    """A temporary notebook, a session for it, cells, a restart, an interrupt, and everything away again."""
    made = ext.api("POST", "api/contents/", 201, {"type": "notebook"}).json()
    assert made["type"] == "notebook" and made["path"].endswith(".ipynb")
    # It gets a name of its own, so that two windows don't meet.
    path = f"nb-jvsc-{uuid.uuid4()}.ipynb"
    assert ext.api("PATCH", f"api/contents/{made['path']}", 200, {"path": path}).json()["path"] == path
    body = {"path": path, "type": "notebook", "name": "hello", "kernel": {"name": "python3"}}
    session = ext.api("POST", "api/sessions", 201, body).json()
    kernel = session["kernel"]["id"]
    assert session["path"] == path and isinstance(session["name"], str)
    # The same path again is the same session.
    assert ext.api("POST", "api/sessions", 201, body).json()["id"] == session["id"]

    s = connect(ext, kernel, uuid.uuid4().hex)
    info = s.ask("kernel_info_request", {})
    assert info["status"] == "ok" and info["language_info"]["name"] == "python"
    got = s.run("import os\nprint('from', os.getcwd() and 'there')\n6 * 7")
    assert text(got) == "from there\n" and of(got, "execute_result")[0]["content"]["data"]["text/plain"] == "42"
    assert s.ask("inspect_request", {"code": "os.getcwd", "cursor_pos": 9, "detail_level": 0})["found"]

    mid = s.start("import time\nprint('on', flush=True)\ntime.sleep(600)")
    s.until(lambda m: m["msg_type"] == "stream")
    ext.api("POST", f"api/kernels/{kernel}/interrupt", 204)
    assert of(s.finish(mid), "error")[0]["content"]["ename"] == "KeyboardInterrupt"
    assert ext.api("POST", f"api/kernels/{kernel}/restart", 200).json()["id"] == kernel
    s.close()
    s = connect(ext, kernel, uuid.uuid4().hex)
    assert of(s.run("os"), "error")[0]["content"]["ename"] == "NameError"
    s.close()

    ext.api("DELETE", f"api/sessions/{session['id']}", 204)
    ext.api("DELETE", f"api/contents/{path}", 204)
    wait_for("no kernel", lambda: ext.api("GET", "api/kernels", 200).json() == [])
    ext.api("GET", f"api/contents/{path}", 404)


def test_it_joins_a_kernel_that_runs(ext):
    """A kernel that another window or JupyterLab has started is offered, and shared."""
    first = ext.api("POST", "api/sessions", 201, {"path": "x.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}).json()
    kernel = first["kernel"]["id"]
    a = connect(ext, kernel, uuid.uuid4().hex)
    a.run("shared = 'yes'")
    listed = {m["id"]: m for m in ext.api("GET", "api/sessions", 200).json()}
    assert listed[first["id"]]["kernel"]["id"] == kernel and listed[first["id"]]["kernel"]["last_activity"].endswith("Z")
    second = ext.api("POST", "api/sessions", 201, {"path": f"{uuid.uuid4()}.ipynb", "type": "notebook", "name": "", "kernel": {"id": kernel}}).json()
    assert second["kernel"]["id"] == kernel and second["id"] != first["id"]
    b = connect(ext, kernel, uuid.uuid4().hex)
    assert text(b.run("print(shared)")) == "yes\n"
    a.close(), b.close()
