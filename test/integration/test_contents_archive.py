# SPDX-License-Identifier: Apache-2.0
"""Folders as archives: read back with Python's own readers, as a stream, with bounded memory."""

import io
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

from kernelsocket import Agent

NAMES = ["plain.txt", "with space", "é 日本 😀.csv", "x" * 200, "a/b/c/deep.bin", "quote\"'.txt", "zero"]


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("archive") / "root", base="/a%40b/")
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


@pytest.fixture(scope="module")
def tree(agent):
    """What must be in the archive of `w/data`: name → bytes; beside it what must not."""
    top = agent.root / "w" / "data"
    want = {}
    for i, name in enumerate(NAMES):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = b"" if name == "zero" else os.urandom(1000 * i + 70_000 * (i % 3))
        path.write_bytes(content)
        path.chmod(0o640)
        os.utime(path, (1_700_000_001, 1_700_000_001))
        want[f"data/{name}"] = content
    (top / "empty").mkdir()
    (top / ".hidden").write_text("secret")
    (top / ".git").mkdir()
    (top / ".git" / "config").write_text("secret")
    (top / "__pycache__").mkdir()
    (top / "x.pyc").write_text("secret")
    os.mkfifo(top / "pipe")
    (agent.root / "elsewhere.txt").write_text("beneath the root")
    (agent.root.parent / "outside.txt").write_text("outside")
    (top / "link").symlink_to("../../elsewhere.txt")
    want["data/link"] = b"beneath the root"
    (top / "out").symlink_to(agent.root.parent / "outside.txt")
    (top / "out2").symlink_to("../../../outside.txt")
    (top / "loop").symlink_to("..")
    (top / "dead").symlink_to("nowhere")
    return want


def test_a_folder_is_downloaded_as_a_zip(agent, tree):
    r = agent.call("GET", "files/w/data", 200, params={"download": "1", "format": "zip"})
    assert r.headers["Content-Type"] == "application/zip" and "sandbox" in r.headers["Content-Security-Policy"]
    assert r.headers["Content-Disposition"] == "attachment; filename*=utf-8''data.zip"
    with zipfile.ZipFile(io.BytesIO(r.content)) as z:
        assert z.testzip() is None
        files = {i.filename: z.read(i) for i in z.infolist() if not i.is_dir()}
        assert files == tree
        assert {i.filename for i in z.infolist() if i.is_dir()} >= {"data/", "data/empty/", "data/a/b/c/"}
        info = z.getinfo("data/plain.txt")
        assert info.external_attr >> 16 == 0o100640 and info.date_time == (2023, 11, 14, 22, 13, 20)


def test_some_entries_of_a_folder(agent, tree):
    only = "é 日本 😀.csv/a/.hidden/nowhere/plain.txt"
    r = agent.call("GET", "files/w/data", 200, params={"download": "1", "format": "zip", "only": only})
    with zipfile.ZipFile(io.BytesIO(r.content)) as z:
        assert {n for n in z.namelist() if not n.endswith("/")} == {"data/é 日本 😀.csv", "data/a/b/c/deep.bin", "data/plain.txt"}


@pytest.mark.parametrize("form", ["tar", "tar.gz", "tgz"])
def test_a_folder_is_downloaded_as_a_tar(agent, tree, form):
    r = agent.call("GET", "files/w/data/", 200, params={"download": "1", "format": form})
    assert r.headers["Content-Disposition"].endswith(f"data.{form}")
    with tarfile.open(fileobj=io.BytesIO(r.content), mode="r|gz" if form != "tar" else "r|") as t:
        files = {}
        for m in t:
            if m.isfile():
                files[m.name] = t.extractfile(m).read()
                assert m.name == "data/link" or (m.mode, m.mtime) == (0o640, 1_700_000_001)
            else:
                assert m.isdir()
    assert files == tree


def test_what_the_archive_extension_asks_for(agent, tree):
    """jupyter-archive's menu entry; its own server part is not needed."""
    r = agent.call("GET", "directories/w/data", 200, params={
        "archiveToken": "abc", "archiveFormat": "zip", "followSymlinks": "true", "downloadHidden": "true"})
    with zipfile.ZipFile(io.BytesIO(r.content)) as z:
        assert {n for n in z.namelist() if not n.endswith("/")} == set(tree)
    r = agent.call("GET", "directories/w/data", 400, params={"archiveToken": "x", "archiveFormat": "tar.xz"})
    assert "zip, tar or tar.gz" in r.json()["message"]
    agent.call("GET", "directories/w/none", 404, params={"archiveFormat": "zip"})
    agent.call("GET", "directories/w/data/plain.txt", 404, params={"archiveFormat": "zip"})
    agent.call("GET", "directories/w/data/.git", 404, params={"archiveFormat": "zip"})
    agent.call("GET", "directories/w/data/loop", 200, params={"archiveFormat": "tar"})
    agent.call("GET", "directories/w/data/out/../../../..", 404, params={"archiveFormat": "tar"})


def test_the_root_and_an_empty_folder(agent, tree):
    r = agent.call("GET", "files/", 200, params={"download": "1"})
    with zipfile.ZipFile(io.BytesIO(r.content)) as z:
        assert z.read("root/elsewhere.txt") == b"beneath the root" and "root/w/data/plain.txt" in z.namelist()
    r = agent.call("GET", "files/w/data/empty", 200, params={"download": "1", "format": "tar"})
    with tarfile.open(fileobj=io.BytesIO(r.content)) as t:
        assert [(m.name, m.isdir()) for m in t] == [("empty", True)]
    assert agent.call("HEAD", "files/w", 200, params={"download": "1"}).content == b""
    agent.call("GET", "files/w", 404)
    agent.call("GET", "files/w", 404, params={"download": "0"})


def test_others_are_answered_meanwhile(agent):
    """Gigabytes that come to next to nothing, to a reader that takes all at once."""
    top = agent.root / "holes"
    top.mkdir()
    with open(top / "big.bin", "wb") as f:
        f.truncate(1_000_000_000)
    code = ("import sys, urllib.request as u\n"
            "r = u.urlopen(u.Request(sys.argv[1], headers={'Authorization': 'token ' + sys.argv[2]}))\n"
            "while r.read(1 << 16): pass")
    url = f"http://127.0.0.1:{agent.port}{agent.base}files/holes?download=1&format=zip"
    reader = subprocess.Popen([sys.executable, "-c", code, url, agent.token])
    answers = 0
    while reader.poll() is None:
        agent.call("GET", "api/status", 200, timeout=30)
        answers += 1
    assert reader.returncode == 0 and answers > 20
    (top / "big.bin").unlink()


def test_a_large_folder_is_a_stream(agent):
    """150 MB of holes and 5,000 small files: the agent stays small, also when the reader goes away half way."""
    top = agent.root / "large"
    top.mkdir()
    with open(top / "big.bin", "wb") as f:
        f.truncate(150_000_000)
    for i in range(5000):
        (top / f"{i}.txt").touch()
    url = f"http://127.0.0.1:{agent.port}{agent.base}files/large"
    with agent.http.get(url, params={"download": "1", "format": "zip"}, stream=True, timeout=90) as r:
        n, tail = 0, b""
        for piece in r.iter_content(1 << 20):
            n += len(piece)
            tail = (tail + piece)[-22:]
    assert n > 150_000_000 and tail[:4] == b"PK\5\6" and int.from_bytes(tail[8:10], "little") == 5002
    with agent.http.get(url, params={"download": "1", "format": "tar"}, stream=True, timeout=90) as r:
        next(r.iter_content(1 << 16))
    assert agent.peak_kb() < 24_000
    (top / "big.bin").unlink()
    assert agent.call("GET", "api/status", 200)
