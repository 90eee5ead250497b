# SPDX-License-Identifier: Apache-2.0
"""`carrel-agent serve` from outside: files, notebooks, terminals, JupyterLab's endpoints, bad input."""

import base64
import hashlib
import json
import os
import random
import socket
import subprocess
import time
from pathlib import Path

import nbformat
import pytest
import requests
import websocket

from kernelsocket import Agent
from processes import start_time
from product import BUILD, wait_for

LAB = Path(os.environ.get("CARREL_LAB", BUILD / "lib/session/lab"))
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts a small file system")


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("agent") / "root", base="/a%40b/", lab=LAB)
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


def put(agent, path, content, expect=None, **more):
    body = {"type": "file", "format": "text", "content": content, **more}
    return agent.call("PUT", f"api/contents/{path}", expect, json=body)


def get(agent, path, expect=200, **params):
    return agent.call("GET", f"api/contents/{path}", expect, params=params).json()


# ---------------------------------------------------------------------------- contents

def test_a_file_goes_in_and_out(agent):
    r = put(agent, "dir é/x.txt", "no folder", 404)
    agent.call("PUT", "api/contents/dir é", 201, json={"type": "directory"})
    r = put(agent, "dir é/x.txt", "hallo\nünïcode €", 201)
    assert r.headers["Location"] == "/a%40b/api/contents/dir%20%C3%A9/x.txt"
    put(agent, "dir é/x.txt", "hallo\nünïcode €", 200)
    m = get(agent, "dir é/x.txt", hash=1)
    raw = (agent.root / "dir é/x.txt").read_bytes()
    assert m["content"].encode() == raw and m["hash"] == hashlib.sha256(raw).hexdigest()
    assert (m["format"], m["mimetype"], m["size"]) == ("text", "text/plain", len(raw))
    assert m["last_modified"].endswith("Z") and "." in m["last_modified"]
    listing = get(agent, "dir é")["content"]
    assert [e["path"] for e in listing] == ["dir é/x.txt"] and listing[0]["content"] is None


def test_binary_files_are_base64_in_lines(agent):
    data = os.urandom(100_000)
    put(agent, "bin.dat", base64.b64encode(data).decode(), 201, format="base64")
    m = get(agent, "bin.dat")
    assert m["format"] == "base64" and base64.decodebytes(m["content"].encode()) == data
    assert max(map(len, m["content"].split("\n"))) == 76
    r = agent.call("GET", "api/contents/bin.dat", 400, params={"format": "text"})
    assert r.json()["reason"] == "bad format"


def test_a_large_text_is_streamed(agent):
    text = "".join(random.Random(1).choice("aé€😀\n\"\\\x01") for _ in range(700_000))
    put(agent, "large.txt", text, 201)
    assert get(agent, "large.txt")["content"] == text


def test_odd_parameters_are_ignored(agent):
    url = f"http://127.0.0.1:{agent.port}{agent.base}api/contents?contentProviderId=undefined&content=1&&1769000000000"
    assert agent.http.get(url).status_code == 200


def test_hidden_paths(agent):
    (agent.root / ".secret").mkdir(exist_ok=True)
    (agent.root / ".secret/x.txt").write_text("x")
    for path in (".secret", ".secret/x.txt", "a/.b"):
        agent.call("GET", f"api/contents/{path}", 404)
        put(agent, path, "x", 400)
        agent.call("DELETE", f"api/contents/{path}", 400)
        agent.call("GET", f"files/{path}", 404)
    agent.call("PATCH", "api/contents/.secret", 400, json={"path": "open"})
    assert ".secret" not in [e["name"] for e in get(agent, "")["content"]]


def test_nothing_outside_the_root(agent):
    (agent.root / "out").unlink(missing_ok=True)
    (agent.root / "out").symlink_to("/etc")
    agent.call("GET", "api/contents/out/passwd", 404)
    agent.call("GET", "files/out/passwd", 404)
    assert put(agent, "out/x", "x").status_code == 404
    for target in ("/api/contents/../../etc/passwd", "/files/..%2f..%2fetc/passwd", "/files/%00", "/files//etc/passwd"):
        assert raw(agent, target) in (400, 404)


def raw(agent, target, method="GET"):
    """A target that no client library would send as it is."""
    with socket.create_connection(("127.0.0.1", agent.port)) as s:
        base = agent.base.rstrip("/")
        s.sendall(f"{method} {base}{target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: token {agent.token}\r\n"
                  "Connection: close\r\n\r\n".encode())
        return int(s.makefile("rb").readline().split()[1])


def test_untitled_copy_rename_delete(agent):
    agent.call("PUT", "api/contents/w", 201, json={"type": "directory"})
    names = [agent.call("POST", "api/contents/w", 201, json=b).json()["name"]
             for b in ({"type": "notebook"}, {"type": "notebook"}, {"ext": ".py"}, {"type": "directory"}, {"type": "directory"})]
    assert names == ["Untitled.ipynb", "Untitled1.ipynb", "untitled.py", "Untitled Folder", "Untitled Folder 1"]
    copies = [agent.call("POST", "api/contents/w", 201, json={"copy_from": "w/Untitled.ipynb"}).json()["name"] for _ in range(2)]
    assert copies == ["Untitled-Copy1.ipynb", "Untitled-Copy2.ipynb"]
    r = agent.call("PATCH", "api/contents/w/untitled.py", 200, json={"path": "w/mine.py"})
    assert r.json()["path"] == "w/mine.py" and (agent.root / "w/mine.py").exists()
    agent.call("PATCH", "api/contents/w/mine.py", 409, json={"path": "w/Untitled.ipynb"})
    agent.call("PATCH", "api/contents/w/nobody", 404, json={"path": "w/x"})
    agent.call("POST", "api/contents/", 201, json={"copy_from": "w"})
    agent.call("DELETE", "api/contents/w", 204)
    assert not (agent.root / "w").exists()
    agent.call("DELETE", "api/contents/w", 404)
    agent.call("DELETE", "api/contents/", 400)


def test_checkpoints(agent):
    put(agent, "c.txt", "one", 201)
    assert agent.call("GET", "api/contents/c.txt/checkpoints", 200).json() == []
    cp = agent.call("POST", "api/contents/c.txt/checkpoints", 201).json()
    put(agent, "c.txt", "two", 200)
    agent.call("PATCH", "api/contents/c.txt", 200, json={"path": "d.txt"})
    assert agent.call("GET", "api/contents/d.txt/checkpoints", 200).json()[0]["id"] == cp["id"]
    agent.call("POST", f"api/contents/d.txt/checkpoints/{cp['id']}", 204)
    assert get(agent, "d.txt")["content"] == "one"
    agent.call("DELETE", f"api/contents/d.txt/checkpoints/{cp['id']}", 204)
    agent.call("POST", f"api/contents/d.txt/checkpoints/{cp['id']}", 404)


def chunk(agent, path, n, data):
    return agent.call("PUT", f"api/contents/{path}", json={
        "type": "file", "format": "base64", "content": base64.b64encode(data).decode(), "chunk": n}).status_code


def test_uploads_in_pieces_appear_whole(agent):
    parts = [os.urandom(1 << 20), os.urandom(1 << 20), os.urandom(1234)]
    target = agent.root / "up.bin"
    assert chunk(agent, "up.bin", 1, parts[0]) == 201
    assert not target.exists()
    assert chunk(agent, "up.bin", 2, parts[1]) == 200
    assert chunk(agent, "up.bin", 2, parts[1]) == 200  # a proxy that asks again
    assert chunk(agent, "up.bin", -1, parts[2]) == 200
    assert target.read_bytes() == b"".join(parts)
    assert chunk(agent, "up.bin", 3, b"x") == 409  # no beginning
    assert [p.name for p in agent.root.iterdir() if p.name.startswith(".~")] == []
    assert chunk(agent, "up.bin", 1, b"x") in (200, 201) and chunk(agent, "up.bin", 3, b"x") == 409  # one is missing
    assert target.read_bytes() == b"".join(parts)


def test_a_save_keeps_the_mode_and_the_link(agent):
    put(agent, "m.sh", "a", 201)
    (agent.root / "m.sh").chmod(0o751)
    (agent.root / "l.sh").symlink_to("m.sh")
    put(agent, "l.sh", "b", 200)
    assert (agent.root / "l.sh").is_symlink() and (agent.root / "m.sh").read_text() == "b"
    assert (agent.root / "m.sh").stat().st_mode & 0o7777 == 0o751


# --------------------------------------------------------------------------- notebooks

def save_nb(agent, path, nb, expect=None):
    return agent.call("PUT", f"api/contents/{path}", expect, json={"type": "notebook", "format": "json", "content": nb})


def some_notebook(seed):
    r = random.Random(seed)
    alpha = list("abc \n\r\t\"\\/<>&é€😀\u2028\x85\x0b\x1c\x00{}[]") + ["\r\n", "\n\n"]

    def text():
        return "".join(r.choice(alpha) for _ in range(r.randrange(60)))

    v4 = nbformat.v4
    cells = [v4.new_markdown_cell(text()), v4.new_raw_cell(text()), v4.new_code_cell(text(), metadata={
        "n": [1e-5, 1e16, 100.0, -10**25, 5e-324], "é": {}}, outputs=[
            v4.new_output("stream", text=text()), v4.new_output("display_data", data={
                "text/plain": text(), "image/png": text(), "image/svg+xml": text(), "application/json": {"a": [text()]}}),
            v4.new_output("error", ename="E", evalue=text(), traceback=[text()])])]
    nb = v4.new_notebook(cells=cells, metadata={"k": text()})
    if seed % 3 == 0:
        nb.nbformat_minor = 4
        for c in nb.cells:
            c.pop("id")
    return nb


@pytest.mark.parametrize("seed", range(12))
def test_notebooks_are_written_byte_for_byte_as_nbformat_does(agent, seed):
    nb = some_notebook(seed)
    save_nb(agent, "cmp.ipynb", nb)
    want = nbformat.writes(nbformat.from_dict(json.loads(json.dumps(nb))), version=nbformat.NO_CONVERT)
    got = (agent.root / "cmp.ipynb").read_text(encoding="utf-8", newline="") if False else \
        (agent.root / "cmp.ipynb").read_bytes().decode()
    assert got == (want if want.endswith("\n") else want + "\n")
    back = get(agent, "cmp.ipynb")["content"]
    for c in back["cells"]:
        c["metadata"].pop("trusted", None)
    assert back == json.loads(json.dumps(nbformat.reads(want, as_version=nbformat.NO_CONVERT)))


def test_trust_is_earned(agent):
    evil = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script>"}}
    cell = {"cell_type": "code", "metadata": {}, "source": "", "execution_count": None, "outputs": [evil]}
    nb = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    (agent.root / "evil.ipynb").write_text(json.dumps(nb))

    def trusted():
        return get(agent, "evil.ipynb")["content"]["cells"][0]["metadata"]["trusted"]

    assert trusted() is False
    save_nb(agent, "evil.ipynb", nb, 200)
    assert trusted() is False
    agent.call("POST", "api/contents/evil.ipynb/trust", 201)
    assert trusted() is True
    cell["outputs"].append(dict(evil, data={"text/html": "<b>other</b>"}))
    (agent.root / "evil.ipynb").write_text(json.dumps(nb))
    assert trusted() is False
    cell["metadata"]["trusted"] = True  # the user ran it: the front end says so
    save_nb(agent, "evil.ipynb", nb, 200)
    assert trusted() is True


def test_broken_notebooks(agent):
    (agent.root / "b.ipynb").write_text("{nope")
    assert "Unreadable Notebook" in agent.call("GET", "api/contents/b.ipynb", 400).json()["message"]
    assert get(agent, "b.ipynb", type="file", format="text")["content"] == "{nope"
    (agent.root / "b.ipynb").write_text('{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [{"cell_type": "x"}]}')
    assert "validation failed" in get(agent, "b.ipynb")["message"]
    save_nb(agent, "b.ipynb", [1, 2], 400)
    assert "cell_type" in (agent.root / "b.ipynb").read_text()


# ------------------------------------------------------------------------ files by HTTP

def test_downloads(agent):
    data = os.urandom(300_000)
    (agent.root / "d.bin").write_bytes(data)
    r = agent.call("GET", "files/d.bin", 200)
    assert r.content == data and r.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in r.headers["Content-Security-Policy"]
    part = agent.call("GET", "files/d.bin", 206, headers={"Range": "bytes=100-199"})
    assert part.content == data[100:200] and part.headers["Content-Range"] == "bytes 100-199/300000"
    agent.call("GET", "files/d.bin", 416, headers={"Range": "bytes=300000-"})
    agent.call("GET", "files/d.bin", 304, headers={"If-Modified-Since": r.headers["Last-Modified"]})
    assert agent.call("HEAD", "files/d.bin", 200).headers["Content-Length"] == "300000"
    r = agent.call("GET", "files/d.bin", 200, params={"download": "1"})
    assert r.headers["Content-Disposition"] == "attachment; filename*=utf-8''d.bin"
    assert 'src="/a%40b/files/d.bin"' in agent.call("GET", "view/d.bin", 200).text


# --------------------------------------------------------------------------- the doors

def anonymous(agent, path, **kw):
    return requests.get(f"http://127.0.0.1:{agent.port}{agent.base}{path}", allow_redirects=False, timeout=10, **kw)


def test_who_is_let_in(agent):
    assert anonymous(agent, "api").status_code == 200
    assert anonymous(agent, "api/status").status_code == 403
    assert anonymous(agent, "api/status?token=secret").status_code == 200
    assert anonymous(agent, "api/status?token=Secret").status_code == 403
    assert anonymous(agent, "api/status", headers={"Authorization": "bearer secret"}).status_code == 200
    r = anonymous(agent, "lab")
    assert r.status_code == 302 and r.headers["Location"].startswith("/a%40b/login?next=")
    assert anonymous(agent, "api/status?token=secret", headers={"Host": "evil.example"}).status_code == 403


def test_a_browser_signs_in(agent):
    s = requests.Session()
    base = f"http://127.0.0.1:{agent.port}{agent.base}"
    page = s.get(base + "login")
    xsrf = s.cookies["_xsrf"]
    assert s.post(base + "login", data={"_xsrf": xsrf, "password": "wrong"}).status_code == 401
    assert s.post(base + "login", data={"_xsrf": "0" * 32, "password": "secret"}).status_code == 403
    r = s.post(base + "login?next=//evil.example/", data={"_xsrf": xsrf, "password": "secret"}, allow_redirects=False)
    assert r.status_code == 302 and r.headers["Location"] == agent.base, page.text
    assert s.get(base + "api/status").status_code == 200
    # With a cookie only: XSRF on what changes something, no foreign origins.
    assert s.post(base + "api/contents", json={"ext": ".txt"}).status_code == 403
    assert s.post(base + "api/contents", json={"ext": ".txt"}, headers={"X-XSRFToken": xsrf}).status_code == 201
    assert s.get(base + "api/status", headers={"Origin": "http://evil.example"}).status_code == 404
    (agent.root / "f.txt").write_text("x")
    assert s.get(base + "files/f.txt").status_code == 403
    assert s.get(base + "files/f.txt", headers={"Referer": base + "lab"}).status_code == 200
    with pytest.raises(websocket.WebSocketBadStatusException) as e:
        websocket.create_connection(base.replace("http", "ws") + "api/events/subscribe", origin="http://evil.example",
                                    cookie="; ".join(f"{c.name}={c.value}" for c in s.cookies))
    assert e.value.status_code == 403


# -------------------------------------------------------------------------- terminals

class Term:
    def __init__(self, agent, name):
        self.ws = websocket.create_connection(f"ws://127.0.0.1:{agent.port}{agent.base}terminals/websocket/{name}", timeout=20,
                                              header=[f"Authorization: token {agent.token}"])
        self.text = ""
        assert self.recv() == ["setup", {}]

    def recv(self):
        return json.loads(self.ws.recv())

    def type(self, text):
        self.ws.send(json.dumps(["stdin", text]))

    def until(self, what):
        while what not in self.text:
            kind, *rest = self.recv()
            if kind == "disconnect":
                break
            self.text += rest[0]
        assert what in self.text, self.text
        return self.text


@pytest.fixture
def term_name(agent):
    name = agent.call("POST", "api/terminals", 200, json={}).json()["name"]
    yield name
    agent.call("DELETE", f"api/terminals/{name}")


def test_a_terminal_talks_and_remembers(agent, term_name):
    a = Term(agent, term_name)
    a.type("echo $((6*7))-é€😀\n")
    a.until("42-é€😀")
    b = Term(agent, term_name)
    b.until("42-é€😀")  # replayed
    a.ws.send(json.dumps(["set_size", 40, 120, 800, 1200]))
    b.ws.send(json.dumps(["set_size", 30, 150]))
    wait_for("the smaller window", lambda: size_of(a) == "30 120")
    b.ws.close()
    wait_for("the other's window", lambda: size_of(a) == "40 120")
    a.ws.close()
    assert agent.call("GET", f"api/terminals/{term_name}", 200).json()["name"] == term_name


def size_of(t):
    mark = str(time.monotonic_ns())
    t.type(f"echo {mark[:5]}''{mark[5:]} $(stty size)\n")
    return t.until(mark + " ").split(mark + " ")[-1].split("\r")[0] or t.recv()[1].split("\r")[0]


def test_characters_are_never_cut(agent, term_name):
    t = Term(agent, term_name)
    t.type("python3 -c \"import sys; sys.stdout.write('€😀' * 30000 + 'E''ND')\"\n")
    text = t.until("END")
    assert "\ufffd" not in text and text.count("😀") >= 30000


def test_a_flood_does_not_fill_the_memory(agent, term_name):
    t = Term(agent, term_name)
    t.type("yes 0123456789 | head -c 20000000; echo do''ne\n")
    time.sleep(2)  # nobody reads meanwhile
    assert agent.memory_kb() < 16_000
    while "done" not in t.text[-200:]:
        t.text = (t.text + (t.recv() + [""])[1])[-400:]


def test_the_end_of_a_shell_is_told(agent, term_name):
    t = Term(agent, term_name)
    t.type("exit 3\n")
    t.until("ended with status 3")
    assert t.recv() == ["disconnect", 1]
    agent.call("GET", f"api/terminals/{term_name}", 404)


@pytest.mark.parametrize("what", ["sleep 1000", "sleep 0.3; sleep 1000"], ids=["one", "one more after the deletion"])
def test_a_deleted_terminal_ends_its_programs(agent, what):
    name = agent.call("POST", "api/terminals", 200, json={}).json()["name"]
    t = Term(agent, name)
    t.type(f"trap '' HUP INT TERM; echo pi''d=$$.; {what}\n")
    t.until("pid=")
    pid = int(t.until(".\r\n").split("pid=")[1].split(".")[0])
    agent.call("DELETE", f"api/terminals/{name}", 204)
    wait_for("the end of the shell", lambda: start_time(pid) is None)
    # What has ended may wait for the machine's init to collect it.
    wait_for("the end of its program", lambda: not subprocess.run(
        ["pgrep", "-s", str(pid), "-r", "R,S,D,T"], stdout=subprocess.DEVNULL, check=False).returncode == 0)


# ------------------------------------------------------------------ JupyterLab's needs

def page_config(agent, path="lab"):
    html = agent.call("GET", path, 200).text
    return json.loads(html.split('type="application/json">')[1].split("</script>")[0])


def test_the_page(agent):
    c = page_config(agent)
    assert c["baseUrl"] == "/a%40b/" and c["fullStaticUrl"] == "/a%40b/static/lab" and c["treePath"] == ""
    assert isinstance(c["federated_extensions"], list) and c["terminalsAvailable"] is True
    assert page_config(agent, "lab/tree/a/b.txt")["treePath"] == "a/b.txt"
    w = page_config(agent, "lab/workspaces/foo/tree/x")
    assert (w["workspace"], w["treePath"]) == ("foo", "x")
    assert page_config(agent, "doc")["mode"] == "single-document"
    assert page_config(agent, "lab/no/such")["notFoundUrl"] == "/a%40b/lab/no/such"
    html = agent.call("GET", "lab/tree/%3C%2Fscript%3E%3Cscript%3Ealert(1)", 200).text
    assert "<script>alert" not in html


def test_static_files_are_precompressed_and_immutable(agent):
    main = next(p.name for p in (LAB / "static").glob("main.*.js"))
    plain = agent.call("GET", f"static/lab/{main}", 200, headers={"Accept-Encoding": "identity"})
    assert "immutable" in plain.headers["Cache-Control"] and plain.headers["Content-Type"] == "text/javascript"
    assert plain.content == (LAB / "static" / main).read_bytes()
    gz = agent.call("GET", f"static/lab/{main}", 200, headers={"Accept-Encoding": "gzip"})
    assert gz.headers["Content-Encoding"] == "gzip" and gz.content == plain.content
    br = agent.call("GET", f"static/lab/{main}", 200, headers={"Accept-Encoding": "gzip, br"}, stream=True)
    assert br.headers["Content-Encoding"] == "br" and int(br.headers["Content-Length"]) < int(gz.headers["Content-Length"])
    br.close()
    agent.call("GET", "static/lab/nothing.js", 404)
    agent.call("GET", "static/favicons/favicon.ico", 200)
    agent.call("GET", "custom/custom.css", 200)


def test_settings_keep_their_text(agent):
    pid = "@jupyterlab/apputils-extension:themes"
    listing = agent.call("GET", "lab/api/settings", 200).json()["settings"]
    assert len(listing) > 50 and all(e["schema"] for e in listing)
    assert {e["id"] for e in listing} == {e["id"] for e in agent.call(
        "GET", "lab/api/settings", 200, params={"ids_only": "true"}).json()["settings"]}
    raw_text = "{\n  // mine\n  'theme': \"JupyterLab Dark\", /* é */\n}\n"
    agent.call("PUT", f"lab/api/settings/{pid}", 204, json={"raw": raw_text})
    e = agent.call("GET", f"lab/api/settings/{pid}", 200).json()
    assert e["raw"] == raw_text and e["settings"] == {"theme": "JupyterLab Dark"}
    for bad in ({"raw": "{theme: 3}"}, {"raw": "{"}, {"cooked": "{}"}, "eh"):
        agent.call("PUT", f"lab/api/settings/{pid}", 400, json=bad)
    agent.call("GET", "lab/api/settings/@no/such:plugin", 404)
    agent.call("PUT", "lab/api/settings/@no/.x:plugin", 404, json={"raw": "{}"})
    assert agent.call("GET", f"lab/api/settings/{pid}", 200).json()["raw"] == raw_text


def test_workspaces(agent):
    empty = agent.call("GET", "lab/api/workspaces/new", 200).json()
    assert empty == {"data": {}, "metadata": {"id": "/new"}}
    agent.call("PUT", "lab/api/workspaces/new", 204, json={"data": {"a": 1.50}, "metadata": {"id": "new"}})
    got = agent.call("GET", "lab/api/workspaces/new", 200).json()
    assert got["data"] == {"a": 1.5} and got["metadata"]["last_modified"].endswith("+00:00")
    assert "new" in agent.call("GET", "lab/api/workspaces", 200).json()["workspaces"]["ids"]
    agent.call("PUT", "lab/api/workspaces/other", 400, json={"data": {}, "metadata": {"id": "new"}})
    agent.call("PUT", "lab/api/workspaces/new", 400, data="{")
    agent.call("DELETE", "lab/api/workspaces/new", 204)
    agent.call("DELETE", "lab/api/workspaces/new", 404)


def test_what_a_page_load_asks_for(agent):
    for path in ("api/me", "api/kernelspecs", "api/kernels", "api/sessions", "api/terminals", "lab/api/translations",
                 "lab/api/translations/default", "api/config/jupyterlabapputilsextensionannouncements", "lsp/status",
                 "lab/api/build", "lab/api/extensions", "lab/api/plugins", "lab/api/licenses/", "api/nbconvert", "lab/api/news",
                 "lab/api/listings/@jupyterlab/extensionmanager-extension/listings.json", "lab/api/update", "api/carrel/session"):
        assert agent.call("GET", path, 200).json() is not None, path
    css = agent.call("GET", "lab/api/themes/@jupyterlab/theme-light-extension/index.css", 200)
    assert css.headers["Content-Type"] == "text/css"


def test_federated_extensions_come_and_go(agent):
    ext = agent.root.parent / ".local/share/jupyter/labextensions/@x/hello"
    (ext / "static").mkdir(parents=True)
    (ext / "static/remoteEntry.abc.js").write_text("entry")
    (ext / "package.json").write_text(json.dumps({"name": "@x/hello", "version": "1.2.3", "jupyterlab": {
        "disabledExtensions": ["@jupyterlab/foo:bar"],
        "_build": {"load": "./static/remoteEntry.abc.js", "extension": "./extension"}}}))
    c = page_config(agent)
    assert {"name": "@x/hello", "load": "static/remoteEntry.abc.js", "extension": "./extension"} in c["federated_extensions"]
    assert "@jupyterlab/foo:bar" in c["disabledExtensions"]
    assert agent.call("GET", "lab/extensions/@x/hello/static/remoteEntry.abc.js", 200).text == "entry"
    agent.call("GET", "lab/extensions/@x/hello/static/../../../../../secret", 404)
    (ext / "package.json").unlink()
    assert page_config(agent)["federated_extensions"] == c["federated_extensions"][:-1] or \
        "@x/hello" not in [e["name"] for e in page_config(agent)["federated_extensions"]]


def test_events_reach_the_browser(agent):
    ws = websocket.create_connection(f"ws://127.0.0.1:{agent.port}{agent.base}api/events/subscribe", timeout=10,
                                     header=[f"Authorization: token {agent.token}"])
    put(agent, "ev.txt", "x")
    e = json.loads(ws.recv())
    assert e["schema_id"].endswith("contents_service/v1") and (e["action"], e["path"]) == ("upload", "ev.txt")
    agent.call("POST", "api/events", 400, json={"schema_id": "http://unknown/", "version": "1", "data": {}})
    ws.close()


# --------------------------------------------------------------------------- bad input

@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b'{"type":"file","format":"text"}', b'{"type":"file","content":"x"}',
                                  b'{"type":"file","format":"base64","content":"%%%"}', b'"x"', b"[" * 5000,
                                  b'{"type":"notebook","content":"x"}', b'{"type":"file","format":"text","content":1}'])
def test_bad_bodies_are_refused(agent, body):
    (agent.root / "keep.txt").write_text("keep")
    r = agent.call("PUT", "api/contents/keep.txt", data=body)
    assert r.status_code in (400, 413) and r.json()["message"]
    assert (agent.root / "keep.txt").read_text() == "keep"


def test_strange_names(agent):
    for name in ("emoji 😀.txt", "quote\".txt", "percent%41.txt", "a" * 255, "plus+&?#.txt"):
        path = requests.utils.quote(name)
        put(agent, path, "x", 201)
        assert get(agent, path)["name"] == name
        agent.call("DELETE", f"api/contents/{path}", 204)
    assert put(agent, "a" * 256, "x").status_code == 404
    assert put(agent, "a" * 5000, "x").status_code in (404, 414)


def test_unknown_methods_and_paths(agent):
    agent.call("DELETE", "api/status", 405)
    agent.call("GET", "api/nothing", 404)
    agent.call("GET", "nothing", 404)
    assert agent.call("GET", "nothing/", allow_redirects=False).status_code == 302
    assert agent.call("OPTIONS", "api/contents").status_code == 204


def test_fifos_and_directories_do_not_hang(agent):
    fifo = agent.root / "pipe"
    if not fifo.exists():
        os.mkfifo(fifo)
    agent.call("GET", "api/contents/pipe", 400)
    agent.call("GET", "files/pipe", 400)
    assert "pipe" not in [e["name"] for e in get(agent, "")["content"]]
    fifo.unlink()


def test_a_huge_folder_is_listed(agent):
    d = agent.root / "huge"
    d.mkdir()
    for i in range(20_000):
        (d / f"file number {i}").touch()
    assert len(get(agent, "huge")["content"]) == 20_000
    assert agent.memory_kb() < 16_000
    subprocess.run(["rm", "-r", str(d)], check=True)


# ---------------------------------------------------------------------------- full disk

@ROOT_ONLY
def test_a_full_disk_loses_nothing(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(root)], check=True)
    a = Agent(root)
    try:
        a.start()
        put(a, "small.txt", "the old text", 201)
        nb = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}
        save_nb(a, "n.ipynb", nb, 201)
        with open(root / "big.bin", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 65536)
            except OSError:
                pass
        r = put(a, "small.txt", "y" * 100_000)
        assert r.status_code == 507 and "big.bin" in r.json()["message"], r.text
        assert (root / "small.txt").read_text() == "the old text"
        r = save_nb(a, "n.ipynb", dict(nb, metadata={"x": "y" * 100_000}))
        assert r.status_code == 507
        assert get(a, "n.ipynb")["content"]["cells"] == []
        assert [p.name for p in root.iterdir() if p.name.startswith(".~")] == []
        a.call("DELETE", "api/contents/big.bin", 204)  # for good, not to a trash on the same disk
        put(a, "small.txt", "y" * 100_000, 200)
    finally:
        a.stop()
        subprocess.run(["umount", str(root)], check=True)


def test_memory_stays_small(agent):
    """After everything above, with its large answers and uploads."""
    assert agent.memory_kb() < 16_000
