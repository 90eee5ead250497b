# SPDX-License-Identifier: Apache-2.0
"""A workspace's files in a real Chromium, stopped and running: upload, preview, edit, download, keyboard, phone."""

import base64
import io
import json
import os
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from product import BUILD, wait_for

SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))
expect.set_options(timeout=30_000)
MIB = 1 << 20
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
CANARY = "window.canary = 'sang'"
NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}},
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": f"# Runoff\n\n**bold** <script>{CANARY}</script> <img src=x onerror=\"{CANARY}\">\n\n[bad](javascript:{CANARY}) [good](https://example.org/x)"},
        {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 7, "source": "import math", "outputs": [
            {"output_type": "stream", "name": "stdout", "text": "".join(f"line {i}\n" for i in range(500))},
            {"output_type": "display_data", "metadata": {}, "data": {"text/html": f"<script>{CANARY}</script><table><tr><th>gauge</th></tr><tr><td>Dresden</td></tr></table>"}},
            {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>{CANARY}</script><rect width='9' height='9'/></svg>"}},
            {"output_type": "display_data", "metadata": {}, "data": {"image/png": base64.b64encode(PNG).decode()}},
            {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": CANARY}},
        ]},
    ],
}
FILES = {
    "note.ipynb": json.dumps(NOTEBOOK), "broken.ipynb": '{"cells": [', "read.md": f"# Title here\n\n- one\n\n<iframe srcdoc='<script>{CANARY}</script>'></iframe>",
    "rows.csv": "gauge,q\n" + "".join(f"g{i},{i}.5\n" for i in range(11_000)), "data.json": '{"a":[1,2]}', "big.log": "a line of the log\n" * 60_000,
    "map.svg": f"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><script>{CANARY}</script><rect width='40' height='40' fill='teal'/></svg>",
    "model.py": "def f(x):\n    return x\n", "odd #name ü.txt": "odd",
}


class Files:
    """What lies on the volume, by the API."""

    def __init__(self, api, ws):
        self.api, self.path = api, f"/workspaces/{ws['id']}/files/contents/"

    def read(self, path):
        m = self.api.call("GET", f"{self.path}{path}?type=file&format=base64", 200).json()
        return base64.b64decode(m["content"])

    def put(self, path, text):
        self.api.call("PUT", self.path + path, json={"type": "file", "format": "text", "content": text})

    def names(self, folder=""):
        return sorted(e["name"] for e in self.api.call("GET", self.path + folder, 200).json()["content"])


@pytest.fixture(scope="module")
def ws(api):
    w = api.workspace("catchment", storage_bytes=512 * MIB)
    api.start(w)
    files = Files(api, w)
    api.call("PUT", files.path + "data", 201, json={"type": "directory"})
    for name, text in FILES.items():
        files.put(name.replace("#", "%23"), text)
    files.put("data/inner.txt", "inner")
    api.call("PUT", files.path + "data/dot.png", json={"type": "file", "format": "base64", "content": base64.b64encode(PNG).decode()})
    api.stop(w)
    yield w
    api.delete(w)


@pytest.fixture(scope="module")
def files(api, ws):
    return Files(api, ws)


@pytest.fixture(scope="module")
def context(hub):
    with sync_playwright() as p:
        b = launch(p)
        c = b.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
        c.set_default_timeout(30_000)
        page = c.new_page()
        page.goto(hub.url + "/")
        page.get_by_label(re.compile("code", re.I)).fill(hub.code())
        page.get_by_role("button", name=re.compile("sign in", re.I)).click()
        expect(page.locator("a.avatar")).to_be_visible(timeout=30_000)
        page.close()
        yield c
        b.close()


@pytest.fixture
def page(context, hub, ws):
    p = context.new_page()
    p.said = []
    p.on("pageerror", lambda e: p.said.append(str(e)))
    p.at = f"{hub.url}/workspaces/{ws['id']}/files"
    p.goto(p.at)
    expect(row(p, "model.py")).to_be_visible(timeout=60_000)
    yield p
    assert p.said == []
    assert p.evaluate("window.canary") is None
    p.close()


def row(page, name):
    return page.locator(".file-table tbody tr").filter(has=page.locator(f'.name:text-is("{name}")'))


def opened(page, name):
    page.locator(".file-table .name", has_text=re.compile(f"^{re.escape(name)}$")).click()
    expect(page.get_by_role("heading", name=name, level=2)).to_be_attached()
    expect(page.get_by_role("button", name="Download")).to_be_visible()


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def drop(page, *entries):
    """Files let go over the page, as a hand with a mouse would."""
    page.evaluate("""(entries) => {
        const data = new DataTransfer();
        for (const [name, text] of entries) data.items.add(new File([text], name, { lastModified: 1 }));
        const to = document.querySelector(".files");
        for (const kind of ["dragenter", "dragover", "drop"]) to.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    }""", list(entries))


# ---- stopped ----

def test_a_stopped_workspace_is_read_for_nothing_and_by_the_keyboard(page, api, ws):
    expect(page.get_by_text("Reading files costs nothing")).to_be_visible()
    expect(page.get_by_role("tab", name="Files")).to_have_attribute("aria-selected", "true")
    first = page.locator(".file-table .name").first
    expect(first).to_have_text("data")
    page.keyboard.press("j")
    expect(first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".file-table .name").nth(1)).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(row(page, "inner.txt")).to_be_visible()
    assert "path=data" in page.url
    page.locator(".file-table .name").first.focus()
    page.keyboard.press("Backspace")
    expect(row(page, "model.py")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("zzz")
    expect(page.get_by_text("Nothing here is called “zzz”")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Size").click()
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")
    expect(page.locator(".file-table .name").nth(1)).to_have_text("big.log")
    shot(page, "files")
    assert api.get(f"/workspaces/{ws['id']}")["session"] is None


def test_what_is_dropped_is_uploaded_and_nothing_is_overwritten_unasked(page, files):
    drop(page, ("dropped ü.txt", "first"), ("empty.txt", ""))
    expect(row(page, "dropped ü.txt")).to_be_visible()
    expect(page.get_by_text("2 files are uploaded.")).to_be_visible()
    assert files.read("dropped ü.txt") == b"first" and files.read("empty.txt") == b""
    drop(page, ("dropped ü.txt", "second"))
    expect(page.get_by_role("alert")).to_contain_text("dropped ü.txt is there already.")
    shot(page, "files-upload-exists")
    page.get_by_role("button", name="Keep both").click()
    expect(row(page, "dropped ü (2).txt")).to_be_visible()
    assert files.read("dropped ü.txt") == b"first" and files.read("dropped ü (2).txt") == b"second"
    drop(page, ("dropped ü.txt", "third"))
    page.get_by_role("button", name="Replace").click()
    wait_for("the new text", lambda: files.read("dropped ü.txt") == b"third")


def test_a_cut_upload_goes_on_and_so_does_one_after_a_reload(page, context, files, tmp_path):
    data = bytes((i * 7 + i // 251) % 256 for i in range(11 * MIB))
    big = tmp_path / "big.bin"
    big.write_bytes(data)
    offsets, cut = [], {"after": 1}

    def pieces(route):
        offset = int(re.search(r"offset=(\d+)", route.request.url).group(1))
        offsets.append(offset)
        if cut["after"] is not None and len(offsets) > cut["after"]:
            if cut.get("once"):
                cut["after"] = None
            route.abort("connectionreset")
        else:
            route.continue_()

    context.route("**/uploads/*?offset=*", pieces)
    try:
        # The line breaks and stays broken: the page says so and waits.
        page.locator("#file-input").set_input_files(str(big))
        expect(page.get_by_text("The line is cut. It goes on by itself.")).to_be_visible()
        assert offsets[0] == 0 and 4 * MIB in offsets
        page.reload()
        expect(page.get_by_text(re.compile(r"big\.bin was not finished: .* are there"))).to_be_visible()
        # The same file chosen again, over a line that breaks once more.
        offsets.clear()
        cut.update(after=1, once=True)
        page.locator("#file-input").set_input_files(str(big))
        expect(row(page, "big.bin")).to_be_visible(timeout=60_000)
        assert offsets[0] == 4 * MIB, offsets
        expect(page.get_by_text("1 file is uploaded.")).to_be_visible()
    finally:
        context.unroute("**/uploads/*?offset=*")
    assert files.read("big.bin") == data


def test_every_kind_has_its_preview_and_no_script_runs(page):
    opened(page, "note.ipynb")
    expect(page.get_by_role("heading", name="Runoff")).to_be_visible()
    expect(page.locator(".pv-nb strong")).to_have_text("bold")
    expect(page.locator(".pv-nb a")).to_have_count(1)
    expect(page.locator(".pv-nb a")).to_have_attribute("href", "https://example.org/x")
    expect(page.locator(".pv-nb td").last).to_have_text("Dresden")
    expect(page.locator(".pv-nb img")).to_have_count(2)
    assert page.evaluate("[...document.querySelectorAll('.pv-nb img')].every((i) => i.src.startsWith('data:image/'))")
    expect(page.locator(".pv-nb script, .pv-nb svg, .pv-nb iframe, .pv-nb [onerror]")).to_have_count(0)
    expect(page.get_by_text("An output that only the notebook itself shows (application/javascript).")).to_be_visible()
    page.get_by_role("button", name="Show 460 more lines").click()
    expect(page.get_by_text("line 399")).to_be_visible()
    shot(page, "files-notebook")
    page.go_back()
    opened(page, "broken.ipynb")
    expect(page.get_by_text("The notebook is broken: it is no valid JSON.")).to_be_visible()
    page.get_by_role("button", name="Show as text").click()
    expect(page.locator(".pv-file")).to_have_text('{"cells": [')
    page.keyboard.press("Escape")
    opened(page, "read.md")
    expect(page.get_by_role("heading", name="Title here")).to_be_visible()
    expect(page.locator(".pv-page iframe")).to_have_count(0)
    page.go_back()
    opened(page, "rows.csv")
    expect(page.get_by_text(re.compile("The first 10000 rows|The first 10.000 rows"))).to_be_visible()
    grid = page.get_by_role("region", name="Rows of rows.csv")
    expect(grid.get_by_text("g3", exact=True)).to_be_visible()
    grid.evaluate("(e) => { e.scrollTop = e.scrollHeight; }")
    expect(grid.get_by_text("g9999", exact=True)).to_be_visible()
    assert grid.locator("tr").count() < 200
    page.go_back()
    opened(page, "map.svg")
    expect(page.locator("img.pv-image")).to_have_attribute("src", re.compile("^data:image/svg"))
    page.go_back()
    opened(page, "data.json")
    expect(page.locator(".pv-file")).to_contain_text('"a": [')
    page.go_back()
    opened(page, "big.log")
    expect(page.get_by_text("The first 256 KiB of 1.0 MiB.")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    page.go_back()
    opened(page, "odd #name ü.txt")
    expect(page.locator(".pv-file")).to_have_text("odd")


def test_text_is_edited_and_a_conflict_is_said(page, files):
    opened(page, "model.py")
    page.get_by_role("button", name="Edit", exact=True).click()
    editor = page.locator(".cm-content")
    expect(editor).to_be_focused()
    expect(editor).to_contain_text("def f(x):")
    page.keyboard.press("Control+Home")
    page.keyboard.type("# mine")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.get_by_text(re.compile(r"Saved \d\d:\d\d"))).to_be_visible()
    assert files.read("model.py") == b"# mine\ndef f(x):\n    return x\n"
    # Somebody else writes meanwhile.
    files.put("model.py", "theirs = 1\n")
    page.keyboard.type("more")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("model.py was changed by somebody else meanwhile")).to_be_visible()
    expect(page.get_by_label("On the volume")).to_have_text("theirs = 1\n")
    shot(page, "files-conflict")
    assert files.read("model.py") == b"theirs = 1\n"
    page.get_by_role("button", name="Save mine beside it").click()
    wait_for("the second file", lambda: "model (2).py" in files.names())
    assert files.read("model.py") == b"theirs = 1\n" and b"# mine\nmore" in files.read("model (2).py")


def test_text_that_is_not_saved_is_not_lost(page, files):
    files.put("kept.txt", "first\n")
    page.reload()
    editor = page.locator(".cm-content")
    ask = page.get_by_role("dialog", name="Leave without saving?")

    def types():
        opened(page, "kept.txt")
        page.get_by_role("button", name="Edit", exact=True).click()
        expect(editor).to_be_focused()
        expect(editor).to_have_text("first")
        page.keyboard.press("Control+Home")
        page.keyboard.type("mine ")
        expect(page.get_by_text("Not saved yet")).to_be_visible()

    # A link, a tab and Back ask; the answer may be no.
    types()
    at = page.url
    for leave in (page.locator(".file-crumbs a").first.click, page.get_by_role("tab", name="Overview").click, lambda: page.evaluate("history.back()")):
        leave()
        expect(ask).to_be_visible()
        ask.get_by_role("button", name="Keep editing").click()
        expect(ask).to_have_count(0)
        expect(editor).to_have_text("mine first")
        assert page.url == at
    page.evaluate("history.back()")
    ask.get_by_role("button", name="Leave").click()
    expect(row(page, "kept.txt")).to_be_visible()
    assert page.url == page.at
    # What was given up is gone. A sign-in that ends takes nothing along.
    types()
    page.route("**/contents/kept.txt*", lambda r: r.fulfill(status=401, content_type="application/json", body="{}"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("sign in", re.I))).to_be_visible()
    page.unroute("**/contents/kept.txt*")
    page.reload()
    expect(page.get_by_text("What you typed here and did not save is back.")).to_be_visible()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    expect(editor).to_have_text("mine first")
    page.get_by_role("button", name="Discard it").click()
    expect(editor).to_have_text("first")
    expect(page.get_by_text("Not saved yet")).to_have_count(0)
    assert files.read("kept.txt") == b"first\n"


def test_files_are_made_renamed_moved_and_deleted(page, files):
    page.get_by_role("button", name="New", exact=True).click()
    page.get_by_role("menuitem", name="Folder").click()
    page.get_by_label("Name", exact=True).fill("a/b")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("A name holds no / and no \\.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("fresh")
    page.keyboard.press("Enter")
    expect(row(page, "fresh")).to_be_visible()
    page.get_by_role("button", name="New", exact=True).click()
    page.get_by_role("menuitem", name="Notebook").click()
    page.get_by_label("Name", exact=True).fill("begin")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="begin.ipynb", level=2)).to_be_attached()
    assert json.loads(files.read("begin.ipynb"))["nbformat"] == 4
    page.go_back()
    row(page, "begin.ipynb").get_by_role("button").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_label("New name").fill("model.py")
    page.keyboard.press("Enter")
    expect(page.get_by_text("model.py is there already.")).to_be_visible()
    page.get_by_label("New name").fill("start.ipynb")
    page.keyboard.press("Enter")
    expect(row(page, "start.ipynb")).to_be_visible()
    row(page, "start.ipynb").get_by_role("button").click()
    page.get_by_role("menuitem", name="Move").click()
    page.get_by_label("Folder to move it to").fill("fresh")
    page.keyboard.press("Enter")
    expect(row(page, "start.ipynb")).to_have_count(0)
    assert files.names("fresh") == ["start.ipynb"]
    row(page, "fresh").get_by_role("button").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_text(re.compile(r"1 file in it go too"))).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(row(page, "fresh")).to_have_count(0)
    assert "fresh" not in files.names()


def test_several_are_chosen_and_a_delete_is_undone(page, files):
    many = [f"many {i}.txt" for i in range(6)]
    for name in many:
        files.put(name, name)
    page.goto(page.at)
    expect(row(page, many[5])).to_be_visible()
    bar = page.get_by_role("region", name=re.compile("chosen"))
    # By pointer: one, and with Shift all up to another.
    row(page, many[0]).get_by_role("checkbox").click()
    row(page, many[3]).get_by_role("checkbox").click(modifiers=["Shift"])
    row(page, many[1]).get_by_role("checkbox").click()
    expect(bar).to_contain_text("3 chosen")
    with page.expect_download() as d:
        bar.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(io.BytesIO(Path(d.value.path()).read_bytes())) as z:
        assert sorted(n.split("/", 1)[1] for n in z.namelist() if not n.endswith("/")) == [many[0], many[2], many[3]]
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    # By keys: Shift and an arrow, all, none.
    page.locator(".file-table .name", has_text=many[4]).focus()
    page.keyboard.press("Shift+ArrowDown")
    expect(bar).to_contain_text("2 chosen")
    page.keyboard.press("Control+a")
    expect(bar).to_contain_text(f"{len(files.names())} chosen")
    page.keyboard.press("Escape")
    page.get_by_label("Filter this folder").fill("many")
    page.locator(".file-table .name", has_text=many[0]).focus()
    page.keyboard.press("Control+a")
    expect(bar).to_contain_text("6 chosen")
    shot(page, "files-chosen")
    # All of them go, and come back.
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog", name="Delete 6 entries?")).to_contain_text("6 files")
    page.keyboard.press("Enter")
    expect(row(page, many[0])).to_have_count(0)
    assert not set(many) & set(files.names())
    toast = page.locator(".toast").filter(has_text="6 entries are deleted.")
    toast.get_by_role("button", name="Undo").click()
    expect(row(page, many[0])).to_be_visible()
    assert set(many) <= set(files.names()) and files.read(many[2]) == many[2].encode()
    # One that came again meanwhile stays as it is.
    row(page, many[5]).get_by_role("button").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(row(page, many[5])).to_have_count(0)
    files.put(many[5], "another one")
    page.locator(".toast").filter(has_text=f"{many[5]} is deleted.").get_by_role("button", name="Undo").click()
    expect(page.get_by_text(re.compile("There is a many 5.txt again"))).to_be_visible()
    assert files.read(many[5]) == b"another one"
    # Moved together.
    page.locator(".file-table .name", has_text=many[0]).focus()
    page.keyboard.press("Control+a")
    bar.get_by_role("button", name="Move").click()
    page.get_by_label("Folder to move it to").fill("data")
    page.keyboard.press("Enter")
    expect(row(page, many[0])).to_have_count(0)
    assert set(many) <= set(files.names("data"))


def test_a_file_and_a_folder_are_downloaded_from_the_other_origin(page, hub):
    row(page, "data.json").get_by_role("button").click()
    with page.expect_download() as d:
        page.get_by_role("menuitem", name="Download").click()
    assert Path(d.value.path()).read_text() == FILES["data.json"]
    assert not d.value.url.startswith(hub.url + "/")
    row(page, "data").get_by_role("button").click()
    with page.expect_download() as d:
        page.get_by_role("menuitem", name="Download as zip").click()
    with zipfile.ZipFile(io.BytesIO(Path(d.value.path()).read_bytes())) as z:
        assert any(n.endswith("inner.txt") for n in z.namelist())
    assert page.url.startswith(hub.url)


def test_on_a_phone_nothing_is_wider_than_the_page(page):
    page.set_viewport_size({"width": 360, "height": 740})
    expect(row(page, "model.py")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    shot(page, "files-phone")
    opened(page, "note.ipynb")
    expect(page.get_by_role("heading", name="Runoff")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    shot(page, "files-notebook-phone")


# ---- running ----

def test_a_running_workspace_shows_what_its_session_writes(page, api, ws, files):
    api.start(ws)
    page.reload()
    expect(row(page, "data.json")).to_be_visible()
    expect(page.get_by_text("Reading files costs nothing")).to_have_count(0)
    files.put("written.txt", "by the session")
    expect(row(page, "written.txt")).to_be_visible(timeout=60_000)
    drop(page, ("while.txt", "it runs"))
    expect(row(page, "while.txt")).to_be_visible()
    assert files.read("while.txt") == b"it runs"
