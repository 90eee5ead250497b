# SPDX-License-Identifier: Apache-2.0
"""The notebook IDE and its files, in Chromium on a real agent: opened, edited and saved without touching what was not changed,
beside other writers, while the server is away, and over a reload. What it writes, Jupyter's own programs read."""

import hashlib
import json
import re

import nbformat
import pytest
from playwright.sync_api import expect

from labdesk import SLOW, browser, context, server  # noqa: F401
from notebooks import lay_out
from product import wait_for

FIRST_LOAD_MAX = 200 << 10
STOOD = """new MutationObserver((_, o) => { if (document.querySelector(".cell .src")) { window.stood = performance.now(); o.disconnect() } })
.observe(document, {childList: true, subtree: true})"""
FOREIGN = re.compile(r"favicon|lsp/status")
CONFLICT_REPLY = re.compile("409|404|Failed to load resource|ERR_|WebSocket")


class Ide:
    """One page with one file in front; what it logged or threw fails the test."""

    def __init__(self, page, server):  # noqa: F811
        self.page, self.server = page, server
        self.errors, self.got = [], []
        page.set_default_timeout(SLOW)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" and not CONFLICT_REPLY.search(m.text) else None)
        page.on("requestfinished", lambda r: self.got.append(r))

    def open(self, path):
        self.page.goto(f"{self.server.url}ide/{path}")
        expect(self.page.locator("header .it-name")).to_have_text(path)
        return self

    def cell(self, n):
        return self.page.locator(".centre:not([hidden]) .cell").nth(n)

    def type(self, n, text):
        """At the end of a cell's source."""
        source = self.cell(n).locator(".cm-content, .src").first
        source.click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.insert_text(text)

    def saved(self):
        expect(self.page.locator('.saved[data-state="saved"]')).to_be_visible(timeout=SLOW)

    def state(self, name):
        expect(self.page.locator(f'.saved[data-state="{name}"]')).to_be_visible(timeout=SLOW)


@pytest.fixture
def ide(context, server):  # noqa: F811
    made = []

    def make():
        one = Ide(context.new_page(), server)
        made.append(one)
        return one

    try:
        yield make
        for one in made:
            assert not one.errors, one.errors
    finally:
        for one in made:
            one.page.close()
        server.clean()


def write(server, name, *sources, minor=5):  # noqa: F811
    """A notebook with what tends to get lost: members of its own, forms of numbers."""
    cells = [{"cell_type": "code", "execution_count": None, **({"id": f"cell{i}"} if minor > 4 else {}), "metadata": {"n": 1.0},
              "outputs": [], "source": s.splitlines(True)} for i, s in enumerate(sources)]
    text = json.dumps({"cells": cells, "metadata": {"own": {"a": 1e3}}, "nbformat": 4, "nbformat_minor": minor}, indent=1, sort_keys=True)
    path = server.root / name
    path.write_text(text + "\n")
    return path


def sources(path):
    return ["".join(c["source"]) for c in json.loads(path.read_text())["cells"]]


def accepted(server, path):  # noqa: F811
    """By nbformat and by the contents API, as JupyterLab asks it."""
    nbformat.validate(json.loads(path.read_text()))
    model = server.call("GET", f"api/contents/{path.relative_to(server.root)}", 200, params={"type": "notebook", "content": 1}).json()
    assert "message" not in model, model["message"]
    return model


def by_cell(text):
    """The text of each cell as it stands in the file."""
    return re.findall(r"^  \{\n.*?^  \}", text, re.M | re.S)


def test_an_edit_is_saved_and_nothing_else_changes(ide, server):  # noqa: F811
    path = write(server, "edit.ipynb", "a = 1", "b = 2", "c = 3")
    before = path.read_text()
    one = ide().open("edit.ipynb")
    one.type(1, "\nb += 1")
    one.saved()
    wait_for("the file", lambda: sources(path)[1] == "b = 2\nb += 1")
    # The kernel's name is written into the notebook's own metadata; all else is as it was.
    want = before.replace('"b = 2"', '"b = 2\\n",\n    "b += 1"')
    assert by_cell(path.read_text()) == by_cell(want) and '"a": 1000.0' in path.read_text()
    accepted(server, path)
    # Undo is a change like any other.
    one.page.keyboard.press("Control+z")
    wait_for("the cells as before", lambda: by_cell(path.read_text()) == by_cell(before))


def test_first_load_is_small(ide, server):  # noqa: F811
    write(server, "small.ipynb", "x = 1")
    one = ide()
    one.page.add_init_script(STOOD)
    one.open("small.ipynb")
    expect(one.cell(0)).to_contain_text("x = 1")
    # What comes after the first cells is not counted.
    early = one.page.evaluate("performance.getEntriesByType('resource').filter((e) => e.startTime <= stood).map((e) => e.name)")
    files = [r for r in one.got if "/ide" in r.url and (r.is_navigation_request() or r.url in early)]
    sizes = {r.url.rsplit("/", 1)[1]: r.sizes()["responseBodySize"] for r in files}
    assert len(sizes) > 2 and sum(sizes.values()) <= FIRST_LOAD_MAX, sizes
    policy = " ".join(h["value"] for r in files if r.is_navigation_request() for h in r.response().headers_array() if h["name"].lower() == "content-security-policy")
    assert "script-src 'self';" in policy and "unsafe-eval" not in policy
    kept = [r for r in files if "/ide/assets/" in r.url]
    assert kept and all("immutable" in r.response().headers["cache-control"] for r in kept)
    assert all(r.response().headers.get("content-encoding") == "br" for r in kept if re.search(r"\.(js|css)$", r.url))


def test_first_cells_come_whole(ide, server):  # noqa: F811
    """What draws Markdown and outputs is there before the cells that need it: nothing jumps."""
    v4 = nbformat.v4
    shown = v4.new_output("execute_result", {"text/html": "<table><tbody><tr><td>7</td></tr></tbody></table>", "text/plain": "7"}, execution_count=1)
    cells = [v4.new_code_cell("x", outputs=[v4.new_output("stream", name="stdout", text="a line"), shown]), v4.new_markdown_cell("Some **bold** words")]
    (server.root / "whole.ipynb").write_text(nbformat.writes(v4.new_notebook(cells=cells)))
    one = ide()
    one.page.add_init_script(STOOD.replace("window.stood =", "window.parts = ['.md strong', '.out .out-text', '.out .df td'].filter((s) => document.querySelector(s)); window.stood ="))
    one.open("whole.ipynb")
    expect(one.cell(0)).to_contain_text("a line")
    assert one.page.evaluate("parts.length") == 3, one.page.evaluate("parts")


def test_beside_another_writer(ide, server):  # noqa: F811
    path = write(server, "both.ipynb", "a = 1", "b = 2")
    one = ide().open("both.ipynb")
    expect(one.cell(1)).to_be_visible()
    # Another cell there, another one here: both are in the file.
    one.page.context.set_offline(True)
    one.type(0, "0")
    one.state("offline")
    write(server, "both.ipynb", "a = 1", "b = 22")
    one.page.context.set_offline(False)
    wait_for("both changes", lambda: sources(path) == ["a = 10", "b = 22"])
    one.saved()
    # Nothing to save here: what was written there is shown.
    write(server, "both.ipynb", "a = 10", "b = 33")
    one.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(one.cell(1)).to_contain_text("b = 33")


def test_one_cell_changed_by_both_is_asked_about(ide, server):  # noqa: F811
    path = write(server, "conflict.ipynb", "a = 1", "b = 2")
    one = ide().open("conflict.ipynb")
    expect(one.cell(1)).to_be_visible()
    one.page.context.set_offline(True)
    one.type(0, "0")
    one.state("offline")
    write(server, "conflict.ipynb", "a = 999", "b = 2")
    there = path.read_text()
    one.page.context.set_offline(False)
    one.state("conflict")
    assert path.read_text() == there
    # The same after a reload: nothing was decided by it.
    one.page.reload()
    one.state("conflict")
    assert path.read_text() == there
    merge = one.page.locator(".merge")
    expect(merge).to_be_visible()
    merge.get_by_role("button", name="All mine").click()
    merge.get_by_role("button", name="Finish and save").click()
    wait_for("mine in the file", lambda: sources(path) == ["a = 10", "b = 2"])
    one.saved()


def test_what_was_typed_offline_survives_the_page(ide, server):  # noqa: F811
    path = write(server, "offline.ipynb", "a = 1", "b = 2", minor=4)
    one = ide().open("offline.ipynb")
    expect(one.cell(1)).to_be_visible()
    one.page.context.set_offline(True)
    one.type(1, "\n# on the train")
    one.state("offline")
    expect(one.page.get_by_role("alert").filter(has_text="kept in this browser").first).to_be_visible()
    one.page.context.set_offline(False)
    # The tab dies before the line is back; another one opens the file.
    one.page.close()
    two = ide().open("offline.ipynb")
    wait_for("what was typed", lambda: sources(path) == ["a = 1", "b = 2\n# on the train"])
    two.saved()
    assert '"id"' not in path.read_text()
    assert two.page.evaluate("Object.keys(localStorage).filter(k => k.endsWith(':offline.ipynb'))") == []


def test_two_tabs(ide, server):  # noqa: F811
    path = write(server, "tabs.ipynb", "a = 1", "b = 2")
    one, two = ide().open("tabs.ipynb"), ide().open("tabs.ipynb")
    expect(two.cell(1)).to_be_visible()
    one.page.bring_to_front()
    one.type(0, "1")
    one.saved()
    wait_for("the first tab's", lambda: sources(path) == ["a = 11", "b = 2"])
    expect(two.cell(0)).to_contain_text("a = 11")
    two.page.bring_to_front()
    two.type(1, "2")
    two.saved()
    wait_for("both", lambda: sources(path) == ["a = 11", "b = 22"])
    expect(one.cell(1)).to_contain_text("b = 22")


@pytest.mark.parametrize(("name", "text", "says"), [
    ("broken.ipynb", '{"cells": [', "not valid JSON"),
    ("shape.ipynb", '{"cells": []}', "no nbformat number"),
    ("later.ipynb", '{"cells": [], "nbformat": 5, "nbformat_minor": 0}', "newer"),
    ("old.ipynb", json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [
        {"metadata": {}, "cells": [{"cell_type": "code", "language": "python", "input": ["old = 1"], "outputs": [], "collapsed": False, "prompt_number": 1, "metadata": {}}]}]}), "notebook format 3.0"),
])
def test_what_is_no_notebook_says_so_and_stays(ide, server, name, text, says):  # noqa: F811
    path = server.root / name
    path.write_text(text)
    one = ide().open(name)
    expect(one.page.get_by_role("alert").first).to_contain_text(says)
    assert path.read_text() == text
    if name == "old.ipynb":
        one.page.get_by_role("button", name="Convert").click()
        expect(one.cell(0)).to_contain_text("old = 1")
        accepted(server, path)
        assert (server.root / "old.ipynb.old").read_text() == text
        return
    one.page.get_by_role("button", name="Open as text").click()
    expect(one.page.locator(".centre:not([hidden]) .cm-content")).to_contain_text("cells")
    assert path.read_text() == text


def test_text_keeps_its_ends_of_lines(ide, server):  # noqa: F811
    path = server.root / "dos.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    one = ide().open("dos.txt")
    text = one.page.locator(".centre:not([hidden]) .cm-content")
    text.click()
    one.page.keyboard.press("Control+End")
    one.page.keyboard.insert_text("three\n")
    wait_for("the text", lambda: path.read_bytes() == b"\xef\xbb\xbfone\r\ntwo\r\nthree\r\n")
    one.saved()


def test_tree(ide, server):  # noqa: F811
    many = server.root / "many"
    many.mkdir()
    for i in range(10_000):
        (many / f"f{i:05}.txt").touch()
    one = ide()
    one.page.goto(f"{server.url}ide")
    tree = one.page.get_by_role("tree")
    tree.get_by_role("treeitem", name="many").focus()
    one.page.keyboard.press("ArrowRight")
    expect(tree.get_by_role("treeitem", name="f00000.txt")).to_be_visible()
    assert tree.get_by_role("treeitem").count() < 200
    one.page.keyboard.press("End")
    expect(tree.get_by_role("treeitem").last).to_be_focused()
    # By keys: rename, delete.
    one.page.keyboard.press("Home")
    one.page.keyboard.press("ArrowLeft")
    one.page.keyboard.press("ArrowLeft")
    (server.root / "old name.txt").write_text("x")
    one.page.get_by_role("button", name="Refresh").click()
    item = tree.get_by_role("treeitem", name="old name.txt")
    item.focus()
    one.page.keyboard.press("F2")
    one.page.get_by_role("dialog").get_by_role("textbox").fill("new name.txt")
    one.page.keyboard.press("Enter")
    expect(tree.get_by_role("treeitem", name="new name.txt")).to_be_visible()
    assert (server.root / "new name.txt").read_text() == "x"
    tree.get_by_role("treeitem", name="new name.txt").focus()
    one.page.keyboard.press("Delete")
    one.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    wait_for("the file's end", lambda: not (server.root / "new name.txt").exists())
    # Undone, it is where it was, with what was in it.
    one.page.locator(".toast", has_text="new name.txt").get_by_role("button", name="Undo").click()
    expect(tree.get_by_role("treeitem", name="new name.txt")).to_be_visible()
    assert (server.root / "new name.txt").read_text() == "x"


def test_to_look_at_a_notebook_writes_nothing(ide, server):  # noqa: F811
    path = write(server, "looked.ipynb", "a = 1", "b = 2")
    before = path.read_bytes()
    one = ide().open("looked.ipynb")
    expect(one.page.locator('.ib-kernel .lamp[data-state="idle"]')).to_be_visible(timeout=2 * SLOW)
    # A save that is asked for has nothing to say either.
    with one.page.expect_response(lambda r: "/api/contents/looked.ipynb" in r.url):
        one.page.keyboard.press("Control+s")
    one.saved()
    assert path.read_bytes() == before
    # The first edit names the kernel, and all else stays.
    one.type(0, "0")
    wait_for("the kernel's name", lambda: json.loads(path.read_text())["metadata"].get("kernelspec", {}).get("name") == "python3")
    assert by_cell(path.read_text()) == by_cell(before.decode().replace('"a = 1"', '"a = 10"'))


def test_a_file_made_anew_does_not_get_the_old_ones_draft(ide, server):  # noqa: F811
    path = server.root / "anew.txt"
    path.write_text("once\n")

    def left_unsaved():
        one = ide()
        one.page.goto(f"{server.url}ide/anew.txt")
        one.page.locator(".cm-content").click()
        one.page.keyboard.press("Control+Home")
        one.page.context.set_offline(True)
        one.page.keyboard.insert_text("typed")
        one.state("offline")
        one.page.close()
        one.page.context.set_offline(False)

    def again(content):
        two = ide()
        path.unlink()
        path.write_text(content)
        two.page.goto(f"{server.url}ide/anew.txt")
        return two, two.page.get_by_role("dialog")

    kept = "Object.keys(localStorage).filter(k => k.endsWith(':anew.txt')).length"
    left_unsaved()
    two, dialog = again("something else\n2\n3\n")
    expect(dialog).to_contain_text("An earlier anew.txt was not saved")
    dialog.get_by_role("button", name="Discard them").click()
    expect(two.page.locator(".cm-content")).to_contain_text("something else")
    assert two.page.evaluate(kept) == 0
    two.page.close()
    # With a line in common it is the same file, changed.
    left_unsaved()
    three, _ = again("something else\n2\n3\nand more\n")
    wait_for("what was typed", lambda: path.read_text() == "typedsomething else\n2\n3\nand more\n")
    assert three.page.evaluate("document.querySelector('dialog[open]')") is None


def test_an_upload_goes_on_after_the_line_broke(ide, server):  # noqa: F811
    data = bytes(range(256)) * (40 << 10)  # 10 MB
    one = ide()
    one.page.goto(f"{server.url}ide")
    expect(one.page.get_by_role("tree")).to_be_visible()
    cut = []

    def once(route):
        """The second piece arrives, its answer does not."""
        if len(cut) == 1:
            cut.append(1)
            route.fetch()
            route.abort()
            return
        cut.append(1)
        route.continue_()

    one.page.route("**/api/contents/big.bin", lambda route: once(route) if route.request.method == "PUT" else route.continue_())
    with one.page.expect_file_chooser() as chooser:
        one.page.get_by_role("button", name="Upload").click()
    chooser.value.set_files({"name": "big.bin", "mimeType": "application/octet-stream", "buffer": data})
    expect(one.page.get_by_text("Uploaded big.bin")).to_be_visible()
    assert hashlib.sha256((server.root / "big.bin").read_bytes()).digest() == hashlib.sha256(data).digest()
    assert len(cut) > 4


def test_notebooks_of_others(ide, server):  # noqa: F811
    """Ten published ones: opened, a cell put in, saved; all others byte for byte."""
    lay_out(server.root / "public")
    found = sorted((server.root / "public").rglob("*.ipynb"))
    chosen = [p for p in found if json.loads(p.read_text()).get("nbformat") == 4 and by_cell(p.read_text())][:10]
    assert len(chosen) == 10
    one = ide()
    for path in chosen:
        before = path.read_text()
        name = str(path.relative_to(server.root))
        one.open(name)
        one.cell(0).click()
        one.page.keyboard.press("Escape")
        one.page.keyboard.press("b")
        one.cell(1).locator(".cm-content, .src").first.click()
        expect(one.page.locator(".centre:not([hidden]) .cm-focused")).to_be_visible()
        one.page.keyboard.insert_text("1 + 1  # seen")
        wait_for(f"{name} saved", lambda path=path: "# seen" in path.read_text())
        one.saved()
        old, new = by_cell(before), by_cell(path.read_text())
        added = [c for c in new if c not in old]
        assert len(new) == len(old) + 1 and len(added) == 1 and "# seen" in added[0], name
        assert [c for c in new if c in old] == old, name
        accepted(server, path)
