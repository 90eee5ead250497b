# SPDX-License-Identifier: Apache-2.0
"""A workspace's files, with its session stopped and running: the real hub, engine and agent (doc/internals/files.md)."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from processes import roles
from product import BUILD, ROOT, Api, wait_for
from stoppedfiles import MIB, RAW, Files, agent_pid, alive, as_user, files, keepers, status_of, volume_of, ws  # noqa: F401

CARREL = BUILD / "src/cli/carrel"


def test_nothing_is_made_for_looking_before_the_first_start(api):
    w = api.workspace("never-started")
    r = api.call("GET", f"/workspaces/{w['id']}/files/contents/")
    assert r.status_code == 409 and "first start" in r.json()["detail"], r.text
    api.delete(w)


def test_list_read_write_rename_delete(files):
    assert "a.txt" in files.names()
    assert files.read("a.txt") == b"hello"
    assert files.put("b.bin", bytes(range(256))).status_code == 201
    assert files.read("b.bin") == bytes(range(256))
    files.call("PUT", "contents/folder", 201, json={"type": "directory"})
    assert files.call("PATCH", "contents/b.bin", 200, json={"path": "folder/c.bin"}).json()["path"] == "folder/c.bin"
    assert files.names("folder") == ["c.bin"]
    assert files.put("a.txt", b"hello again").status_code == 200
    files.call("PATCH", "contents/a.txt", 409, json={"path": "folder/c.bin"})
    files.call("DELETE", "contents/folder/c.bin", 204)
    files.call("GET", "contents/folder/c.bin", 404)
    assert files.names("folder") == []
    # Undone, once.
    assert files.call("POST", "restore", 200, json={"path": "folder/c.bin"}).json()["path"] == "folder/c.bin"
    assert files.names("folder") == ["c.bin"]
    files.call("POST", "restore", 404, json={"path": "folder/c.bin"})
    files.call("DELETE", "contents/folder/c.bin", 204)


def test_a_part_of_a_file_for_a_preview(files):
    text = "zeile äöü €\n" * 10000
    files.put("long.csv", text.encode())
    whole, offset = "", 0
    while True:
        m = files.get(f"contents/long.csv?offset={offset}&length=1001")
        assert m["format"] == "text" and m["offset"] == offset and m["size"] == len(text.encode())
        whole += m["content"]
        offset += m["length"]
        if not m["more"]:
            break
    assert whole == text
    files.put("raw.bin", b"\xff\0" * 1000)
    m = files.get("contents/raw.bin?offset=1&length=4")
    assert m["format"] == "base64" and base64.b64decode(m["content"]) == b"\0\xff\0\xff"
    m = files.get("contents/raw.bin?offset=99999")
    assert m["length"] == 0 and not m["more"]
    for bad in ("offset=-1", "length=0", "length=99999999", "offset=x"):
        files.call("GET", f"contents/raw.bin?{bad}", 400)
    files.call("GET", "contents/folder?offset=0", 400)


def test_ten_thousand_entries(files, hub):
    def fill():
        os.mkdir("many")
        for i in range(10000):
            os.close(os.open(f"many/n{i:05}", os.O_CREAT | os.O_WRONLY))

    as_user(agent_pid(hub, files), fill)
    began = time.monotonic()
    names = files.names("many")
    print(f"10,000 entries in {(time.monotonic() - began) * 1000:.0f} ms")
    assert len(names) == 10000
    got = files.get("names?q=N0999&limit=5")
    assert len(got["items"]) == 5 and got["truncated"] and got["items"][0]["path"].startswith("many/n0999")


def test_what_uses_the_storage(files):
    files.put("big.bin", os.urandom(3 * MIB))
    d = files.get("disk")
    assert d["items"][0]["name"] == "big.bin" and d["items"][0]["bytes"] >= 3 * MIB and not d["truncated"]
    assert d["used_bytes"] >= 3 * MIB and d["size_bytes"] > 200 * MIB
    many = next(i for i in d["items"] if i["name"] == "many")
    assert many["files"] == 10000 and many["type"] == "directory"
    assert len(files.get("disk?limit=1")["items"]) == 1
    files.call("GET", "disk?path=../..", 404)
    files.call("GET", "disk?limit=0", 400)


def test_environment_says_what_the_home_has_beside_the_image(files, hub):
    before = files.get("environment")
    assert before["image_known"] and before["python"].startswith("3.")
    image = {p["name"].lower(): p for p in before["packages"] if p["where"] == "image"}
    assert "ipykernel" in image and all(p["change"] == "none" for p in image.values())

    def install():
        site = Path(f".local/lib/python{before['python']}/site-packages")
        for name, version in (("IPyKernel", "0.1"), ("my_own.thing", "2.0")):
            (site / f"{name}-{version}.dist-info").mkdir(parents=True)
        other = Path(".local/lib/python3.5/site-packages")  # left over from another image: this Python does not see them
        for name in ("numpy-0.1", "left_over-1.0"):
            (other / f"{name}.dist-info").mkdir(parents=True)
        (site / "my_own.thing-2.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: My-Own-Thing\nVersion: 2.0\n")

    as_user(agent_pid(hub, files), install)
    after = {p["name"].lower(): p for p in files.get("environment")["packages"]}
    assert after["ipykernel"]["change"] == "changed" and after["ipykernel"]["version"] == "0.1"
    assert after["ipykernel"]["image_version"] == image["ipykernel"]["version"]
    assert after["my-own-thing"]["change"] == "added" and after["my-own-thing"]["image_version"] is None
    assert after["numpy"] == image["numpy"] and "left-over" not in after and "left_over" not in after


# ---- uploads ----

def test_an_upload_is_cut_and_goes_on(files, hub):
    data = os.urandom(5 * MIB)
    up = files.begin("up.bin", len(data))
    files.piece(up, 0, data[:MIB])
    # The line is cut in the middle of a piece: what came is kept.
    with socket.create_connection(("127.0.0.1", hub.port)) as s:
        head = (f"PATCH /api/v1{files.path}/uploads/{up['id']}?offset={MIB} HTTP/1.1\r\nHost: localhost:{hub.port}\r\n"
                f"Authorization: token {files.api.token}\r\nContent-Type: application/octet-stream\r\nContent-Length: {2 * MIB}\r\n\r\n")
        s.sendall(head.encode() + data[MIB:MIB + 700000])
        wait_for("bytes", lambda: files.get(f"uploads/{up['id']}")["offset"] > MIB)
    at = wait_for("the end of the cut piece", lambda: ready_at(files, up))
    assert MIB < at <= MIB + 700000
    assert files.piece(up, 0, data[:10], 409).json()["offset"] == at
    files.finish(up, 409)
    files.piece(up, at, data[at:])
    assert "up.bin" not in files.names()
    assert files.finish(up).json()["size"] == len(data)
    assert files.finish(up).json()["path"] == "up.bin"
    assert files.read("up.bin") == data
    assert files.get(f"uploads/{up['id']}")["done"]
    files.begin("up.bin", 10, 409)
    again = files.begin("up.bin", 3, replace=True)
    files.piece(again, 0, b"new")
    files.finish(again)
    assert files.read("up.bin") == b"new"


def test_a_piece_that_was_refused_and_is_cut_then_harms_nobody(files, hub):
    """Edge has answered, and waits for the rest of the body only to find the next request; then the route ends."""
    up, before = files.begin("refused.bin", 10), roles(hub)["edge"]
    other = files.api.call("POST", "/tokens", 201, json={"name": "short"}).json()
    with socket.create_connection(("127.0.0.1", hub.port)) as s:
        s.settimeout(10)
        s.sendall(f"PATCH /api/v1{files.path}/uploads/{up['id']}?offset=0 HTTP/1.1\r\nHost: localhost:{hub.port}\r\n"
                  f"Authorization: token {other['token']}\r\nContent-Type: application/octet-stream\r\nContent-Length: 20\r\n\r\n"
                  "12345".encode())
        assert b" 413 " in s.recv(4096).split(b"\r\n")[0]
        files.api.call("DELETE", f"/tokens/{other['id']}", 204)
        time.sleep(4)  # within 2.5 s edge asks whether the token still holds
    assert roles(hub)["edge"] == before
    files.call("DELETE", f"uploads/{up['id']}", 204)


def ready_at(files, up):
    """The offset, once no other request has the upload's lock."""
    r = files.call("PATCH", f"uploads/{up['id']}?offset={10 ** 12}", data=b"", headers=RAW)
    assert r.status_code in (409, 503), r.text
    return r.json()["offset"] if r.status_code == 409 else None


def test_uploads_refuse_what_they_must(files):
    for body in ({}, {"path": "x"}, {"path": "x", "size": -1}, {"path": "x", "size": "3"}, {"path": ".hidden", "size": 1}):
        assert files.call("POST", "uploads", json=body).status_code == 400, body
    files.begin("no/such/folder/x", 1, 404)
    files.begin("../x", 1, 404)
    files.begin("folder", 1, 409)
    files.begin("huge", 1 << 40, 507)
    for name in ("nothing", "../../etc/passwd", "a" * 300):
        files.call("GET", f"uploads/{name}", 404)
    up = files.begin("two", 4)
    assert files.piece(up, 0, b"12345", 413).status_code == 413
    files.call("DELETE", f"uploads/{up['id']}", 204)
    files.call("GET", f"uploads/{up['id']}", 404)
    assert files.get("uploads")["items"] == []


def test_two_uploads_of_one_name(files):
    one, two = files.begin("same", 3), files.begin("same", 3)
    files.piece(one, 0, b"one")
    files.piece(two, 0, b"two")
    files.finish(one)
    files.finish(two, 409)
    assert files.read("same") == b"one"
    files.call("DELETE", f"uploads/{two['id']}", 204)


def test_a_full_volume_can_be_read_and_cleared(files):
    free = files.get("disk?limit=1")["free_bytes"]
    up = files.begin("filler", free - 64 * 1024)
    at = 0
    while at < up["size"]:
        n = min(8 * MIB, up["size"] - at)
        r = files.call("PATCH", f"uploads/{up['id']}?offset={at}", data=bytes(n), headers=RAW)
        if r.status_code == 507:
            break
        at += n
    assert files.put("more.bin", os.urandom(2 * MIB)).status_code == 507
    assert files.read("same") == b"one"
    files.call("DELETE", f"uploads/{up['id']}", 204)
    files.call("DELETE", "contents/big.bin", 204)
    assert files.put("more.bin", os.urandom(MIB)).status_code == 201
    files.call("DELETE", "contents/more.bin", 204)


# ---- who may ----

def test_only_the_owner_and_only_a_script_of_the_console(files, hub):
    url = hub.url + "/api/v1" + files.path + "/contents/"
    assert requests.get(url, timeout=10).status_code == 401
    login = requests.post(hub.url + "/api/v1/login", json={"code": hub.code()}, timeout=10, headers={"Origin": hub.url})
    cookie = {"Cookie": "__Host-s=" + login.cookies.get("__Host-s", login.headers["Set-Cookie"].split("=", 1)[1].split(";")[0])}
    script = {**cookie, "Sec-Fetch-Site": "same-origin", "X-Carrel-CSRF": "1"}
    ok = requests.get(url, headers=script, timeout=10)
    assert ok.status_code == 200
    assert ok.headers["Content-Type"] == "application/json" and ok.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in ok.headers["Content-Security-Policy"] and ok.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Set-Cookie" not in ok.headers and "Server" not in ok.headers
    for wrong in ({"X-Carrel-CSRF": ""}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Mode": "navigate"}):
        assert requests.get(url, headers={**script, **wrong}, timeout=10).status_code == 403, wrong
    none = {k: v for k, v in script.items() if k != "Sec-Fetch-Site"}
    assert requests.get(url, headers=none, timeout=10).status_code == 403
    assert requests.get(url, headers={**none, "Origin": hub.url}, timeout=10).status_code == 200
    assert requests.get(url, headers={**none, "Origin": "http://evil.example"}, timeout=10).status_code == 403


def test_scopes_of_tokens(files, api, hub):
    def token(*scopes):
        t = api.call("POST", "/tokens", 201, json={"name": "t", "scopes": list(scopes)}).json()["token"]
        return Files(Api(hub, t), files.ws)

    reader, other = token("read"), token("session:s_" + "0" * 26)
    assert "a.txt" in reader.names()
    assert reader.put("x", b"").status_code == 403
    reader.call("DELETE", "contents/a.txt", 403)
    other.call("GET", "contents/", 403)


def test_not_even_an_administrator(files, hub):
    """`api` is one: a workspace of somebody else is 404 for him."""
    out = subprocess.run(["curl", "-sS", "--unix-socket", f"{hub.runtime}/edge/core.sock", "-H", "Content-Type: application/json",
                          "-d", json.dumps({"email": "other@example.org", "name": "Other", "create": True}),
                          "http://localhost/internal/sign-in-code"], capture_output=True, text=True, check=True)
    r = requests.post(hub.url + "/api/v1/login", json={"code": json.loads(out.stdout)["code"], "grant": "token", "name": "x"}, timeout=10)
    other = Api(hub, r.json()["token"])
    mine = other.workspace("mine", storage_bytes=64 * MIB)
    r = files.api.call("GET", f"/workspaces/{mine['id']}/files/contents/")
    assert r.status_code == 404, r.text
    assert other.call("GET", files.path + "/contents/").status_code == 404
    other.delete(mine)


# ---- what the process is ----

def test_the_process_has_no_rights(files, hub):
    pid = agent_pid(hub, files)
    st = status_of(pid)
    inside, outside, count = map(int, Path(f"/proc/{pid}/uid_map").read_text().split())
    assert inside == 0 and outside >= 0x100000 and count == 65536
    assert set(st["Uid"].split()) == {str(outside + 1000)} and set(st["Gid"].split()) == {str(outside + 1000)} and not st["Groups"].split()
    for caps in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(st[caps], 16) == 0, caps
    assert st["NoNewPrivs"] == "1" and st["Seccomp"] == "2" and st["NSpid"].split()[-1] == "1"
    for ns in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
        assert os.readlink(f"/proc/{pid}/ns/{ns}") != os.readlink(f"/proc/self/ns/{ns}"), ns
    interfaces = [line.split(":")[0].strip() for line in Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]]
    assert interfaces == ["lo"]
    assert len(Path(f"/proc/{pid}/net/unix").read_text().splitlines()) <= 2
    mounts = {line.split()[4]: line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()}
    assert set(mounts) == {"/", "/home/carrel", "/image", "/proc"}
    for where, m in mounts.items():
        options = m[5].split(",")
        assert {"nosuid", "nodev", "noexec"} <= set(options), (where, options)
        assert ("rw" in options) == (where in ("/home/carrel", "/proc")), (where, options)
    root = Path(f"/proc/{pid}/root")
    assert sorted(p.name for p in root.iterdir()) == ["home", "image", "proc"]
    assert not [p for p in (root / "proc").iterdir() if p.name.isdigit() and p.name != "1"]
    groups = Path(f"/proc/{pid}/cgroup").read_text()
    assert f"carrel-{hub.instance}" in groups
    limits = [p.read_text().strip() for p in Path("/sys/fs/cgroup").glob(f"**/carrel-{hub.instance}/files/v_*/pids.max")]
    assert limits and all(v == "8" for v in limits)
    assert not Path(f"/proc/{pid}/environ").read_bytes().count(b"CARREL")


def test_every_workspace_is_by_itself(files, api, hub):
    other = api.workspace("beside", storage_bytes=64 * MIB)
    api.start(other)
    api.stop(other)
    beside = Files(api, other)
    beside.put("secret", b"s")
    mine, its = agent_pid(hub, files), agent_pid(hub, beside)
    assert status_of(mine)["Uid"] != status_of(its)["Uid"]
    assert "secret" not in files.names() and beside.names() == ["secret"]
    api.delete(other)
    wait_for("the end of its process", lambda: not alive(its))
    wait_for("the end of its volume", lambda: len(list((hub.state / "volumes").glob("v_*.img"))) == 1)


def test_links_pipes_and_names_that_are_no_text(files, hub):
    def set_traps():
        os.mkdir("traps")
        for name, to in (("etc", "/etc"), ("up", "../../.."), ("image", "/image/etc/passwd"), ("self", "/proc/self/root"), ("loop", "loop"),
                         ("dangling", "nowhere"), ("inside", "../a.txt")):
            os.symlink(to, f"traps/{name}")
        os.mkfifo("traps/pipe")
        socket.socket(socket.AF_UNIX).bind("traps/socket")
        os.close(os.open(b"traps/bad-\xff\xfe", os.O_CREAT | os.O_WRONLY))

    pid = agent_pid(hub, files)
    as_user(pid, set_traps)
    names = files.names("traps")
    assert "inside" in names and not {"etc", "up", "image", "self", "loop", "dangling", "pipe", "socket"} & set(names)
    assert files.read("traps/inside") == b"hello again"
    for bad in ("etc/passwd", "etc", "up/image/etc/passwd", "image", "self/proc/1/environ", "loop", "dangling", "pipe", "socket"):
        assert files.call("GET", f"contents/traps/{bad}").status_code in (400, 404), bad
        assert files.call("GET", f"contents/traps/{bad}?offset=0").status_code in (400, 404), bad
    for bad in ("..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%00", "traps/%2e%2e/%2e%2e/image/etc/passwd"):
        assert files.call("GET", f"contents/{bad}").status_code in (400, 404), bad
    assert files.put("traps/etc/evil", b"x").status_code in (403, 404)
    as_user(pid, lambda: (os.rename(".cache", ".cache-was"), os.symlink("/image", ".cache")))  # where uploads are kept
    assert files.call("POST", "uploads", json={"path": "z", "size": 1}).status_code in (403, 404)
    as_user(pid, lambda: (os.unlink(".cache"), os.rename(".cache-was", ".cache")))


# ---- who needs the volume more ----

def test_a_start_ends_it_at_once_and_an_upload_goes_on(files, api, hub):
    data = os.urandom(3 * MIB)
    up = files.begin("over.bin", len(data))
    files.piece(up, 0, data[:MIB])
    pid = agent_pid(hub, files)
    began = time.monotonic()
    session = api.start(files.ws)
    print(f"start with the files open: {(time.monotonic() - began) * 1000:.0f} ms")
    assert not alive(pid) and not keepers(hub, files.ws)
    files.piece(up, MIB, data[MIB:2 * MIB])
    assert "a.txt" in files.names() and files.get("environment")["image_known"]
    api.stop(files.ws)
    assert session["id"]
    files.piece(up, 2 * MIB, data[2 * MIB:])
    files.finish(up)
    assert files.read("over.bin") == data


def test_requests_during_starts_and_stops_lose_nothing(files, api):
    """Asked all the time: what is answered is right, and what is refused may be asked again."""
    seen, wrong, over = set(), [], threading.Event()

    def ask():
        while not over.is_set():
            r = files.call("GET", "contents/a.txt?content=0")
            seen.add(r.status_code)
            if r.status_code not in (200, 503) or (r.status_code == 503 and "Retry-After" not in r.headers):
                wrong.append((r.status_code, r.text[:200]))

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for t in asking:
        t.start()
    try:
        for _ in range(3):
            api.start(files.ws)
            api.stop(files.ws)
    finally:
        over.set()
        for t in asking:
            t.join()
    assert not wrong and 200 in seen, (wrong[:3], seen)


def test_growth_and_idleness_end_it(files, api, hub):
    pid = agent_pid(hub, files)
    etag = api.call("GET", f"/workspaces/{files.ws['id']}", 200).headers.get("ETag")
    api.call("PATCH", f"/workspaces/{files.ws['id']}", 200, json={"storage_bytes": 320 * MIB}, headers={"If-Match": etag} if etag else {})
    api.start(files.ws)
    assert not alive(pid)
    api.stop(files.ws)
    assert files.get("disk?limit=1")["size_bytes"] > 280 * MIB


def test_it_costs_nothing(files, api, hub):
    def lines():
        return [(i.get("kind"), i.get("session_id"), i.get("started_at")) for i in api.get("/usage?from=1970-01-02T00:00:00Z&limit=1000")["items"]]

    before = lines()
    runs = sorted(p.name for p in (hub.state / "journal").rglob("*.journal"))
    files.names()
    files.put("free.txt", b"free")
    assert lines() == before
    assert sorted(p.name for p in (hub.state / "journal").rglob("*.journal")) == runs
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(hub.state / "db/carrel.db"), str(hub.state / "journal")],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr


# ---- bad luck ----

def test_a_volume_that_does_not_mount_is_said(files, api, hub):
    w = api.workspace("broken", storage_bytes=64 * MIB)
    api.start(w)
    api.stop(w)
    image = hub.state / "volumes" / f"{volume_of(hub, w)}.img"
    with open(image, "r+b") as f:
        f.seek(1024)
        f.write(bytes(1024))
    r = Files(api, w).call("GET", "contents/")
    assert r.status_code == 423 and "can't be opened" in r.json()["detail"], r.text
    api.delete(w)


@pytest.mark.parametrize("victim", ["engine", "core", "edge", "keeper", "agent"])
def test_kill_of_any_part_during_an_upload(files, hub, victim):
    data = os.urandom(2 * MIB)
    name = f"kill-{victim}.bin"
    up = files.begin(name, len(data))
    files.piece(up, 0, data[:MIB])
    keeper, agent = next(iter(keepers(hub, files.ws).values()))
    if victim in ("keeper", "agent"):
        os.kill(keeper if victim == "keeper" else agent, signal.SIGKILL)
    else:
        for pid in roles(hub)[victim]:
            os.kill(pid, signal.SIGKILL)
    again = wait_for("an answer", lambda: asked_again(files, up), 30)
    assert again == MIB
    if victim in ("engine", "keeper"):
        # Until it is gone too it may answer, and be cut off in the middle.
        wait_for("the end of the former process", lambda: not alive(agent) and not alive(keeper))
    files.piece(up, MIB, data[MIB:])
    files.finish(up)
    assert files.read(name) == data
    assert len(keepers(hub, files.ws)) == 1


def asked_again(files, up):
    r = files.call("GET", f"uploads/{up['id']}")
    return r.json()["offset"] if r.status_code == 200 else None


def test_a_download_from_the_workspace_s_own_origin(files, hub):
    entry = files.api.call("POST", f"/workspaces/{files.ws['id']}/enter", 200, json={}).json()
    host = entry["url"].split("//", 1)[1]
    at = f"http://127.0.0.1:{hub.port}"
    r = requests.post(at + "/.carrel/enter", data={"code": entry["code"], "next": "/files/a.txt?download=1"}, headers={"Host": host},
                      allow_redirects=False, timeout=10)
    e = files.api.call("POST", f"/workspaces/{files.ws['id']}/enter", 200, json={}).json()
    more = requests.post(at + "/.carrel/enter", data={"code": e["code"], "next": "/files/?download=1&format=zip&only=a.txt/b%20c.txt"},
                         headers={"Host": host}, allow_redirects=False, timeout=10)
    assert more.status_code == 303 and more.headers["Location"] == "/files/?download=1&format=zip&only=a.txt/b%20c.txt", more.headers
    assert r.status_code == 303 and r.headers["Location"] == "/files/a.txt?download=1", r.text
    ticket = {"Host": host, "Cookie": r.headers["Set-Cookie"].split(";")[0]}
    r = requests.get(at + "/files/a.txt?download=1", headers=ticket, timeout=10)
    assert r.status_code == 200 and r.content == b"hello again" and "attachment" in r.headers["Content-Disposition"]
    r = requests.get(at + "/files/folder?download=1&format=zip", headers=ticket, timeout=10)
    assert r.status_code == 200 and r.content[:2] == b"PK"
    page = {**ticket, "Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}
    r = requests.get(at + "/files/?download=1&format=zip&only=a.txt/b%20c.txt", headers=page, allow_redirects=False, timeout=10)
    assert r.status_code == 200 and r.content[:2] == b"PK", (r.status_code, r.headers, r.text[:300])
    page = {**ticket, "Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
    r = requests.get(at + "/lab", headers=page, allow_redirects=False, timeout=10)
    assert r.status_code == 303 and "/open/" in r.headers["Location"]
    assert requests.get(at + "/files/a.txt", headers={"Host": host}, timeout=10).status_code == 401
    assert requests.get(at + "/api/contents/a.txt", headers=ticket, timeout=10).status_code == 401
    for next_ in ("//evil.example", "https://evil.example", "/\\evil.example"):
        e = files.api.call("POST", f"/workspaces/{files.ws['id']}/enter", 200, json={}).json()
        r = requests.post(at + "/.carrel/enter", data={"code": e["code"], "next": next_}, headers={"Host": host}, allow_redirects=False, timeout=10)
        assert r.headers["Location"] == "/lab", next_
