# SPDX-License-Identifier: Apache-2.0
"""Files under bad conditions: lost replies, two at once, a full disk; and by range."""

import base64
import concurrent.futures
import hashlib
import io
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import zipfile
from pathlib import Path

import nbformat
import pytest
import requests

from kernelsocket import Agent
from product import wait_for

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts a small file system")


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("contents") / "root", base="/a%40b/")
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


def put(agent, path, content, expect=None, **more):
    body = {"type": "file", "format": "text", "content": content, **more}
    return agent.call("PUT", f"api/contents/{path}", expect, json=body)


def put_nb(agent, path, nb, expect=None):
    return agent.call("PUT", f"api/contents/{path}", expect, json={"type": "notebook", "format": "json", "content": nb})


def chunk(agent, path, n, data, expect=None):
    return put(agent, path, base64.b64encode(data).decode(), expect, format="base64", chunk=n)


def temporary(folder):
    return [p.name for p in Path(folder).iterdir() if p.name.startswith(".~")]


# ----------------------------------------------------------------------------- uploads

def test_a_lost_reply_is_asked_for_again(agent):
    """A proxy or a browser that got no reply sends the piece again, the last one too."""
    parts = [os.urandom(1 << 20), os.urandom(1 << 20), os.urandom(777)]
    for n, data, first in ((1, parts[0], 201), (2, parts[1], 200), (-1, parts[2], 200)):
        chunk(agent, "lost.bin", n, data, first)
        chunk(agent, "lost.bin", n, data, first if n != 1 else 201)
    assert (agent.root / "lost.bin").read_bytes() == b"".join(parts)
    # Somebody changed the file meanwhile: then it is no repetition.
    (agent.root / "lost.bin").write_bytes(b"other")
    r = chunk(agent, "lost.bin", -1, parts[2], 409)
    assert "upload the file again" in r.json()["message"]
    assert (agent.root / "lost.bin").read_bytes() == b"other" and not temporary(agent.root)


def test_two_uploads_of_one_name_do_not_mix(agent):
    a, b = ([os.urandom(100_000) for _ in range(3)] for _ in range(2))
    chunk(agent, "two.bin", 1, a[0], 201)
    r = chunk(agent, "two.bin", 1, b[0], 409)
    assert "being uploaded already" in r.json()["message"]
    chunk(agent, "two.bin", 2, a[1], 200)
    chunk(agent, "two.bin", 2, b[1], 409)
    chunk(agent, "two.bin", 1, b[0], 409)
    chunk(agent, "two.bin", -1, a[2], 200)
    chunk(agent, "two.bin", -1, b[2], 409)
    assert (agent.root / "two.bin").read_bytes() == b"".join(a)
    # When the first is through, the second may begin.
    for n, data in ((1, b[0]), (2, b[1]), (-1, b[2])):
        assert chunk(agent, "two.bin", n, data).status_code in (200, 201)
    assert (agent.root / "two.bin").read_bytes() == b"".join(b) and not temporary(agent.root)


def test_uploads_beside_each_other(agent):
    rnd = random.Random(7)
    files = {f"side{i}.bin": [rnd.randbytes(5000 + i) for _ in range(4)] for i in range(8)}
    for n in (1, 2, 3, -1):
        for name in rnd.sample(list(files), len(files)):
            assert chunk(agent, name, n, files[name][n - 1 if n > 0 else 3]).status_code in (200, 201)
    for name, parts in files.items():
        assert (agent.root / name).read_bytes() == b"".join(parts)


def test_a_large_upload_needs_little_memory(agent):
    """200 MB in pieces of 1 MiB."""
    piece, h = os.urandom(1 << 20), hashlib.sha256()
    body = {"type": "file", "format": "base64", "content": base64.b64encode(piece).decode()}
    for n in range(1, 201):
        h.update(piece)
        assert agent.call("PUT", "api/contents/large.bin", json={**body, "chunk": n if n < 200 else -1}).status_code in (200, 201)
    with open(agent.root / "large.bin", "rb") as f:
        assert hashlib.file_digest(f, "sha256").digest() == h.digest()
    (agent.root / "large.bin").unlink()
    assert agent.peak_kb() < 24_000


# --------------------------------------------------------------------- large notebooks

def large_notebook(size):
    """Images, long streams, sources: each kind about a third of the bytes, as Jupyter writes them."""
    rnd = random.Random(1)
    image = base64.encodebytes(rnd.randbytes(600_000)).decode()
    stream = [f"line {i} of the output: é \"quoted\" \t{i * i}\n" for i in range(20_000)]
    source = [f"x{i} = compute({i}, 'a\\tb')  # and a remark\n" for i in range(15_000)]
    v4, cells, have = nbformat.v4, [], 0
    while have < size:
        outputs = [v4.new_output("stream", text="".join(stream)),
                   v4.new_output("display_data", data={"image/png": image, "text/plain": "<Figure>"})]
        cells += [v4.new_code_cell("".join(source), outputs=outputs), v4.new_markdown_cell("".join(source[:500]))]
        have += sum(map(len, stream)) + len(image) + sum(map(len, source))
    return v4.new_notebook(cells=cells)


def test_a_notebook_of_100_mb(tmp_path):
    """Opened with at most 1.1 times its size of memory at a time, saved with little more, byte for byte."""
    a = Agent(tmp_path / "root")
    nb = large_notebook(100_000_000)
    text = nbformat.writes(nb).encode() + b"\n"
    (a.root / "large.ipynb").write_bytes(text)
    a.start()
    try:
        base_kb = a.peak_kb()
        r = a.call("GET", "api/contents/large.ipynb", 200, params={"content": "1", "hash": "1"})
        body = r.content
        limit = 1.1 * len(text) / 1024
        assert a.peak_kb() - base_kb < limit, (a.peak_kb(), base_kb, len(text))
        assert a.memory_kb() < 16_000
        model = json.loads(body)
        assert model["hash"] == hashlib.sha256(text).hexdigest()
        # As the browser sends it back; then a file's bytes are the same again.
        saved = b'{"type":"notebook","format":"json","content":' + json.dumps(model["content"]).encode() + b"}"
        del model, body
        a.call("PUT", "api/contents/large.ipynb", 200, data=saved)
        assert a.peak_kb() - base_kb < 1.25 * len(saved) / 1024, (a.peak_kb(), base_kb, len(saved))
        assert (a.root / "large.ipynb").read_bytes() == text
        assert a.memory_kb() < 16_000
    finally:
        a.stop()


# ------------------------------------------------------------- conditions and byte ranges

def test_conditional_downloads(agent):
    data = os.urandom(200_000)
    (agent.root / "c.bin").write_bytes(data)
    first = agent.call("GET", "files/c.bin", 200)
    tag, when = first.headers["ETag"], first.headers["Last-Modified"]
    assert tag.startswith('"') and first.headers["Accept-Ranges"] == "bytes"

    def get(expect, **fields):
        return agent.call("GET", "files/c.bin", expect, headers={k.replace("_", "-"): v for k, v in fields.items()})

    same = get(304, If_None_Match=tag)
    assert same.content == b"" and same.headers["ETag"] == tag
    get(304, If_None_Match=f'"x", W/{tag}')
    get(200, If_None_Match='"x"', If_Modified_Since=when)
    get(412, If_Match='"x"')
    get(412, If_Unmodified_Since="Sat, 01 Jan 2000 00:00:00 GMT")
    assert get(206, Range="bytes=10-19", If_Range=tag).content == data[10:20]
    assert get(206, Range="bytes=-5", If_Range=when).content == data[-5:]
    assert get(200, Range="bytes=10-19", If_Range='"x"').content == data
    assert get(206, Range="bytes=199990-").content == data[-10:]
    assert get(206, Range="bytes=0-99999999").content == data
    for one in ("bytes=200000-", "bytes=-0"):
        assert get(416, Range=one).headers["Content-Range"] == "bytes */200000"
    # Several ranges, another unit, nonsense: the whole file is a right answer.
    for other in ("bytes=0-1,5-6", "lines=1-2", "bytes=9-5", "bytes=a-b", "bytes="):
        assert get(200, Range=other).content == data
    # Written again within the same second: the tag tells.
    os.utime(agent.root / "c.bin", ns=(0, (agent.root / "c.bin").stat().st_mtime_ns + 1000))
    assert get(200, If_None_Match=tag).headers["ETag"] != tag


def test_an_interrupted_download_goes_on(agent):
    """What browsers and wget -c do: the rest by range, if it is still the same file."""
    data = os.urandom(3_000_000)
    (agent.root / "r.bin").write_bytes(data)
    got, tag = b"", None
    for stop in (1_000_000, 2_500_000, 3_000_000):
        fields = {"Range": f"bytes={len(got)}-", "If-Range": tag} if tag else {}
        url = f"http://127.0.0.1:{agent.port}{agent.base}files/r.bin"
        with requests.get(url, headers={**fields, "Authorization": f"token {agent.token}"}, stream=True, timeout=30) as r:
            assert r.status_code == (206 if tag else 200)
            tag = r.headers["ETag"]
            for piece in r.iter_content(50_000):
                got += piece
                if len(got) >= stop:
                    break
    assert got == data


# ---------------------------------------------------------------------------- full disk

@pytest.fixture
def small_disk(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(root)], check=True)
    a = Agent(root, workspaces_dir=root / ".workspaces")
    try:
        yield a.start()
    finally:
        a.stop()
        subprocess.run(["umount", str(root)], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as f:
        for size in (65536, 4096, 1):
            try:
                while True:
                    f.write(b"x" * size)
            except OSError:
                pass


@ROOT_ONLY
def test_at_100_percent_what_does_not_grow_is_saved(small_disk):
    a = small_disk
    pad = ["y" * 99 + "\n"] * 8000  # 800 KB
    nb = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"note": pad}, "cells": []}
    put_nb(a, "n.ipynb", nb, 201)
    put(a, "t.txt", "a" * 600_000, 201)
    os.chmod(a.root / "t.txt", 0o640)
    fill(a.root / "big.bin")
    before = (a.root / "n.ipynb").read_bytes()
    # It stays as long as it was, then shrinks: saved both times, in place.
    put_nb(a, "n.ipynb", {**nb, "metadata": {"note": ["z" * 99 + "\n"] * 8000}}, 200)
    assert len((a.root / "n.ipynb").read_bytes()) == len(before)
    put_nb(a, "n.ipynb", {**nb, "metadata": {"note": pad[:10]}}, 200)
    got = json.loads((a.root / "n.ipynb").read_text())
    assert got["metadata"]["note"] == pad[:10] and (a.root / "n.ipynb").read_text().endswith("}\n")
    put(a, "t.txt", "b" * 600_000, 200)
    assert (a.root / "t.txt").read_text() == "b" * 600_000 and (a.root / "t.txt").stat().st_mode & 0o777 == 0o640
    fill(a.root / "big2.bin")  # what the shorter notebook had left
    # One that grows is refused in words that help, and stays whole.
    r = put(a, "t.txt", "c" * 3_000_000)
    assert r.status_code == 507 and "big.bin" in r.json()["message"] and "disk is full" in r.json()["message"]
    assert (a.root / "t.txt").read_text() == "b" * 600_000
    small = (a.root / "n.ipynb").read_bytes()
    r = put_nb(a, "n.ipynb", nb)
    assert r.status_code == 507 and (a.root / "n.ipynb").read_bytes() == small
    r = put(a, "new.txt", "d" * 100_000)
    assert r.status_code == 507 and not (a.root / "new.txt").exists()
    fill(a.root / "big3.bin")
    for method, path, body in (("POST", "api/contents/", {"type": "notebook"}), ("POST", "api/contents/", {"copy_from": "t.txt"}),
                               ("PUT", "lab/api/workspaces/w", {"data": {"x": "y" * 100_000}, "metadata": {"id": "w"}})):
        r = a.call(method, path, json=body)
        assert r.status_code == 507 and "big.bin" in r.json()["message"], (path, r.text)
    assert {p.name for p in a.root.iterdir()} >= {"t.txt", "n.ipynb"} and not list(a.root.glob("*Copy*"))
    r = chunk(a, "up.bin", 1, b"e" * 1_000_000)
    assert r.status_code == 507 and not (a.root / "up.bin").exists()
    assert not temporary(a.root)
    a.call("GET", "api/contents/", 200)
    a.call("DELETE", "api/contents/big.bin", 204)
    put_nb(a, "n.ipynb", nb, 200)
    assert (a.root / "n.ipynb").read_bytes() == before


# -------------------------------------------------------------------------------- names

NAMES = ["é decomposed: e\u0301", "é composed", "日本語 の 名前", "עברית", "👩\u200d🔬 zwj", "a\tb", "line\nbreak", "del\x7f", "trailing ",
         " leading", "per%cent %41 %2F", "q?u#e&r=y+;", "\"'<b>&amp;", "𝔘" * 60, "\ufeffbom", "a" * 251]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_what_the_user_says(agent, name):
    """Written, listed, read, copied, renamed, checkpointed, downloaded, archived and deleted under any name."""
    folder, file = agent.root / "names", f"{name}.txt"
    folder.mkdir(exist_ok=True)
    url = requests.utils.quote(f"names/{file}", safe="/")
    made = put(agent, url, "text", 201)
    assert made.json()["path"] == f"names/{file}" and requests.utils.unquote(made.headers["Location"]).endswith(f"/names/{file}")
    assert (folder / file).read_text() == "text"
    listed = agent.call("GET", "api/contents/names", 200).json()["content"]
    assert file in [e["name"] for e in listed]
    assert agent.call("GET", f"api/contents/{url}", 200).json()["content"] == "text"
    if len(file.encode()) < 200:
        agent.call("POST", f"api/contents/{url}/checkpoints", 201)
        copy = agent.call("POST", "api/contents/names", 201, json={"copy_from": f"names/{file}"}).json()
        assert copy["name"] == f"{name}-Copy1.txt"
        agent.call("DELETE", "api/contents/" + requests.utils.quote(copy["path"]), 204)
    r = agent.call("GET", f"files/{url}", 200, params={"download": "1"})
    assert r.content == b"text" and requests.utils.unquote(r.headers["Content-Disposition"].split("''")[1]) == file
    agent.call("PATCH", f"api/contents/{url}", 200, json={"path": f"names/2 {name[:40]}"})
    agent.call("PATCH", "api/contents/" + requests.utils.quote(f"names/2 {name[:40]}"), 200, json={"path": f"names/{file}"})
    r = agent.call("GET", "files/names", 200, params={"download": "1"})
    with zipfile.ZipFile(io.BytesIO(r.content)) as z:
        assert z.read(f"names/{file}") == b"text"
    agent.call("DELETE", f"api/contents/{url}", 204)
    assert not (folder / file).exists()


def test_names_that_are_not_utf_8_harm_nobody(agent):
    folder = agent.root / "odd"
    folder.mkdir()
    (folder / "good.txt").write_text("x")
    with open(os.fsencode(folder) + b"/bad\xff\xfe.txt", "w") as f:
        f.write("y")
    names = {e["name"] for e in agent.call("GET", "api/contents/odd", 200).json()["content"]}
    assert names == {"good.txt", "bad\ufffd\ufffd.txt"}
    assert agent.call("GET", "files/odd/bad%FF%FE.txt").status_code in (200, 400, 404)
    r = agent.call("GET", "files/odd", 200, params={"download": "1"})
    with zipfile.ZipFile(io.BytesIO(r.content)) as z:
        assert len([n for n in z.namelist() if not n.endswith("/")]) == 2
    agent.call("DELETE", "api/contents/odd", 204)


# -------------------------------------------------------------------------------- trash

def trash_of(folder):
    """What stands in a trash: name → the path that its .trashinfo tells."""
    return {p.name: (folder / "info" / f"{p.name}.trashinfo").read_text().split("Path=")[1].split("\n")[0]
            for p in (folder / "files").iterdir()}


def test_deleting_goes_to_the_trash(agent):
    (agent.root / "dé").mkdir()
    (agent.root / "l").symlink_to("dé")
    for n in range(3):
        put(agent, "dé/old ü.txt", f"text {n}", 201)
        agent.call("DELETE", "api/contents/l/old%20%C3%BC.txt", 204)
    put(agent, "dé/" + "n" * 250, "x", 201)
    agent.call("DELETE", "api/contents/d%C3%A9", 204)
    have = trash_of(agent.root.parent / ".local/share/Trash")
    # Where a file really lay, percent-encoded as the specification wants it.
    assert have["old ü.txt"] == have["old ü.txt.1"] == have["old ü.txt.2"] == f"{agent.root}/d%C3%A9/old%20%C3%BC.txt"
    assert (agent.root.parent / ".local/share/Trash/files/dé" / ("n" * 250)).read_text() == "x"
    agent.call("DELETE", "api/contents/l", 204)  # a link, not what it leads to
    assert trash_of(agent.root.parent / ".local/share/Trash")["l"] == f"{agent.root}/l"


def restore(a, path, status=200):
    return a.call("POST", "api/carrel/restore", status, json={"path": path})


def test_what_was_deleted_comes_back(agent):
    bin = agent.root.parent / ".local/share/Trash"
    (agent.root / "bäck").mkdir()
    (agent.root / "way").symlink_to("bäck")
    long = "n" * 240 + ".txt"
    for name in ("one ü.txt", "one ü.txt", long):  # twice the same name: the last one comes back
        put(agent, f"bäck/{name}", f"text of {len(list((bin / 'files').iterdir()))}", 201)
        last = (agent.root / "bäck" / name).read_text()
        agent.call("DELETE", f"api/contents/bäck/{name}", 204)
        if name == "one ü.txt":
            want = last
    before = len(list((bin / "info").iterdir()))
    assert restore(agent, "way/one ü.txt").json()["path"] == "way/one ü.txt"  # by the way it was reached, or another
    assert (agent.root / "bäck/one ü.txt").read_text() == want
    assert len(list((bin / "info").iterdir())) == len(list((bin / "files").iterdir())) == before - 1
    # Nothing is overwritten: the older one waits until the name is free again.
    assert "again" in restore(agent, "bäck/one ü.txt", 409).json()["message"]
    agent.call("PATCH", "api/contents/bäck/one ü.txt", 200, json={"path": "bäck/two.txt"})
    restore(agent, "bäck/one ü.txt")
    assert (agent.root / "bäck/one ü.txt").read_text() != want
    restore(agent, f"bäck/{long}")
    assert (agent.root / "bäck" / long).read_text() == last
    # A folder with all that is in it, and a link as a link.
    agent.call("DELETE", "api/contents/bäck", 204)
    restore(agent, "bäck/two.txt", 404)
    assert "folder" in restore(agent, "bäck/two.txt", 404).json()["message"]
    agent.call("DELETE", "api/contents/way", 204)
    restore(agent, "bäck")
    restore(agent, "way")
    assert {p.name for p in (agent.root / "way").iterdir()} == {"one ü.txt", "two.txt", long} and (agent.root / "way").is_symlink()


def test_only_what_was_deleted_there_comes_back(agent):
    put(agent, "mine.txt", "x", 201)
    agent.call("DELETE", "api/contents/mine.txt", 204)
    bin = agent.root.parent / ".local/share/Trash"
    restore(agent, "never.txt", 404)
    for path in ("../outside.txt", ".bashrc", "a/../../b", "", "mine.txt/x", "\0"):
        assert agent.call("POST", "api/carrel/restore", json={"path": path}).status_code in (400, 404), path
    for body in ({}, {"path": 5}, [], "x"):
        assert agent.call("POST", "api/carrel/restore", json=body).status_code == 400, body
    # What somebody wrote into the trash by hand harms nobody.
    (bin / "info/mine.txt.7.trashinfo").write_text(f"[Trash Info]\nPath={agent.root}/mine.txt\nDeletionDate=2099-01-01T00:00:00\n")
    (bin / "info/mine.txt.8.trashinfo").symlink_to("/etc/passwd")
    os.mkfifo(bin / "info/mine.txt.9.trashinfo")
    restore(agent, "mine.txt", 404)  # the newest says so, but nothing lies there
    (bin / "info/mine.txt.7.trashinfo").unlink()
    restore(agent, "mine.txt")
    assert (agent.root / "mine.txt").read_text() == "x"
    restore(agent, "mine.txt", 404)


@ROOT_ONLY
def test_another_disk_has_a_trash_of_its_own(small_disk):
    a = small_disk
    put(a, "plain.txt", "kept", 201)
    (a.root / "sub").mkdir()
    put(a, "sub/x.txt", "kept too", 201)
    a.call("DELETE", "api/contents/plain.txt", 204)
    a.call("DELETE", "api/contents/sub/x.txt", 204)
    own = a.root / f".Trash-{os.geteuid()}"
    assert trash_of(own) == {"plain.txt": "plain.txt", "x.txt": "sub/x.txt"} and (own / "files/plain.txt").read_text() == "kept"
    restore(a, "sub/x.txt")
    assert (a.root / "sub/x.txt").read_text() == "kept too"
    a.call("DELETE", "api/contents/sub/x.txt", 204)
    # One that somebody else prepared is not used; then a file goes for good.
    shutil.rmtree(own)
    own.symlink_to(a.root / "sub")
    put(a, "plain.txt", "gone", 201)
    a.call("DELETE", "api/contents/plain.txt", 204)
    assert not (a.root / "plain.txt").exists() and list((a.root / "sub").iterdir()) == []


# ------------------------------------------------------------------------------ copies

def test_others_are_answered_while_a_large_file_is_copied(agent):
    """In steps; with the bytes and the mode of the first, under the first name that is free."""
    large = agent.root / "copies" / "large.bin"
    large.parent.mkdir()
    large.write_bytes(os.urandom(1 << 20) * 300)
    large.chmod(0o640)
    answers = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        copy = pool.submit(Agent.call, agent, "POST", "api/contents/copies", 201, json={"copy_from": "copies/large.bin"})
        while not copy.done():
            answers.append(requests.get(f"http://127.0.0.1:{agent.port}{agent.base}api/status",
                                        headers={"Authorization": f"token {agent.token}"}, timeout=30).status_code)
    assert copy.result().json()["path"] == "copies/large-Copy1.bin" and set(answers) == {200} and len(answers) > 3
    made = large.with_name("large-Copy1.bin")
    assert made.read_bytes() == large.read_bytes() and made.stat().st_mode & 0o777 == 0o640
    assert not temporary(large.parent)
    shutil.rmtree(large.parent)


def test_a_copy_that_nobody_waits_for_leaves_nothing(agent):
    large = agent.root / "left" / "large.bin"
    large.parent.mkdir()
    with open(large, "wb") as f:
        f.truncate(1 << 40)  # all of it a hole, and still the work of minutes
    body = json.dumps({"copy_from": "left/large.bin"}).encode()
    with socket.create_connection(("127.0.0.1", agent.port)) as s:
        s.sendall(f"POST {agent.base}api/contents/left HTTP/1.1\r\nHost: localhost\r\nAuthorization: token {agent.token}\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        wait_for("its beginning", lambda: temporary(large.parent))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, not just shut
    wait_for("its end", lambda: not temporary(large.parent))
    assert os.listdir(large.parent) == ["large.bin"]
    shutil.rmtree(large.parent)


def test_files_that_no_editor_opens_have_no_checkpoints(agent):
    with open(agent.root / "huge.bin", "wb") as f:
        f.truncate((256 << 20) + 1)
    r = agent.call("POST", "api/contents/huge.bin/checkpoints", 413)
    assert r.json()["message"] == "Files larger than 256 MB have no checkpoints. Use a terminal: cp"
    assert agent.call("GET", "api/contents/huge.bin/checkpoints", 200).json() == []
    (agent.root / "huge.bin").unlink()
