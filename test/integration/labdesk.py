# SPDX-License-Identifier: Apache-2.0
"""The unmodified JupyterLab as `carrel-agent serve` gives it out: one server and one browser for a module of tests, and
for each test a fresh page with a folder and a window layout of its own.

A test fails also when the page has logged an error or when the server has refused what JupyterLab did not expect it to
refuse; `lab.allow` and `lab.noise` name what is expected."""

import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from kernelsocket import Agent
from labpage import LabPage
from product import BUILD, wait_for

LAB = Path(os.environ.get("CARREL_LAB", BUILD / "lib/session/lab"))
SLOW = 60_000  # ms: how long a loaded machine may take for what a quiet one does at once
# JupyterLab looks for a language server; a server without any has no such address.
EXPECTED = [("GET", 404, re.compile(r"/lsp/status$"))]
PYTHON3 = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def code(text):
    return nbformat.v4.new_code_cell(text)


def markdown(text):
    return nbformat.v4.new_markdown_cell(text)


class Desk(LabPage):
    """One page. Files in its folder are on `self.dir`; gestures are those of a user."""

    def __init__(self, page, server, folder):
        super().__init__(page)
        self.server, self.folder = server, folder
        self.dir = server.root / folder
        self.expected = list(EXPECTED)
        self.refused = []
        self.noise = []
        page.set_default_timeout(SLOW)
        page.on("response", lambda r: self.refused.append((r.request.method, r.status, r.url.partition("?")[0]))
                if r.status >= 400 else None)

    def load(self):
        self.page.goto(f"{self.server.url}lab/workspaces/{self.folder}/tree/{self.folder}")
        self.ready(SLOW)
        expect(self.crumb(self.folder)).to_be_visible()
        return self

    def reload(self):
        self.page.reload()
        return self.ready(SLOW)

    # What the server and the page said

    def allow(self, method, status, pattern):
        self.expected.append((method, status, re.compile(pattern)))

    def check(self):
        """Nothing was refused and nothing was logged but what was to be expected."""
        def fits(method, status, url):
            return any((m, s) == (method, status) and p.search(url) for m, s, p in self.expected)

        refused = [r for r in self.refused if not fits(*r)]
        assert not refused, refused
        # The browser itself writes a line for each refused request.
        # JupyterLab's comm handler says "not found" where two pages share a kernel and one of them leaves; the
        # network changes when another test makes a container's link.
        noise = ["Failed to load resource: the server responded with", "Failed to load resource: net::ERR_NETWORK_CHANGED",
                 "Comm not found", *self.noise]
        logged = [e for e in self.errors if not e.startswith(tuple(noise))]
        assert not logged, logged

    # Files

    def put(self, name, data):
        """A file in the folder, as another program would write it, and seen in the file browser."""
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, list):
            data = nbformat.writes(nbformat.v4.new_notebook(cells=data, metadata={"kernelspec": PYTHON3}))
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        self.tool("refresh")
        expect(self.item(name.split("/")[0])).to_be_visible()
        return path

    def text(self, name):
        return (self.dir / name).read_text()

    def document(self, name):
        """A notebook on disk."""
        return json.loads(self.text(name))

    def wait_for(self, what, fn):
        """Waits for what is on disk or at the server while the page goes on."""
        for _ in range(300):
            try:
                if fn():
                    return
            except (OSError, ValueError, LookupError):
                pass
            self.page.wait_for_timeout(200)
        raise AssertionError(f"no {what} within 60 s; the folder has {sorted(p.name for p in self.dir.iterdir())}")

    # The file browser

    def tool(self, name):
        self.page.locator(f'.jp-FileBrowser-toolbar [data-jp-item-name="{name}"] :is(button, jp-button)').first.click()

    def item(self, name):
        return self.page.locator(f'.jp-DirListing-item:has(.jp-DirListing-itemText :text-is("{name}"))')

    def items(self):
        return self.page.locator(".jp-DirListing-item .jp-DirListing-itemText").all_inner_texts()

    def crumb(self, name):
        return self.page.locator(f'.jp-BreadCrumbs-item:text-is("{name}")')

    def enter(self, name):
        self.item(name).dblclick()
        expect(self.crumb(name)).to_be_visible()

    def rename(self, name, to):
        self.item(name).click()
        self.page.keyboard.press("F2")
        self.page.locator(".jp-DirListing-editor").fill(to)
        self.page.keyboard.press("Enter")

    def context(self, target, *names, **kw):
        target.click(button="right", **kw)
        self.choose(*names)

    def drag(self, source, target, place=None):
        """By hand, as Lumino's drag and drop wants it: a first small move begins it."""
        a, b = source.bounding_box(), target.bounding_box()
        x, y = a["x"] + a["width"] / 2, a["y"] + a["height"] / 2
        to = place(b) if place else (b["x"] + b["width"] / 2, b["y"] + b["height"] / 2)
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 8, y + 8, steps=4)
        mouse.move(*to, steps=12)
        self.page.wait_for_selector(".lm-mod-drag-image, .jp-dragImage")
        mouse.move(to[0] + 1, to[1] + 1)
        mouse.up()

    # Documents

    def tab(self, name):
        return self.page.locator(f'#jp-main-dock-panel .lm-TabBar-tab:has(.lm-TabBar-tabLabel:text-is("{name}"))')

    def open(self, name):
        self.item(name).dblclick()
        expect(self.tab(name).first).to_be_visible()
        if name.endswith(".ipynb"):
            self.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell")
            self.idle()
        return self

    def notebook(self, *cells, name="a.ipynb"):
        """A notebook of these cells, open, its kernel ready."""
        self.put(name, [c if isinstance(c, dict) else code(c) for c in cells])
        return self.open(name)

    def save(self):
        self.page.keyboard.press("Control+s")

    # The notebook in front

    def cell(self, n):
        return self.panel().locator(".jp-Notebook .jp-Cell").nth(n)

    def cells(self):
        return self.panel().locator(".jp-Notebook .jp-Cell")

    def editor(self, n):
        return self.cell(n).locator(".cm-content")

    def output(self, n):
        return self.cell(n).locator(".jp-Cell-outputArea")

    def sources(self):
        return [c.inner_text() for c in self.panel().locator(".jp-Notebook .jp-Cell .cm-content").all()]

    def select(self, n):
        """Command mode, this cell being the active one."""
        self.cell(n).locator(".jp-InputPrompt").click()
        expect(self.panel().locator(".jp-Notebook.jp-mod-commandMode")).to_be_visible()

    def write(self, n, text):
        """Into a cell, in place of what was there. A page that has just been loaded may take the focus away once more."""
        def bare(s):
            return "".join(s.split())

        def written():
            self.editor(n).click()
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(text)
            return bare(self.editor(n).inner_text()) == bare(text)

        self.wait_for(f"text in cell {n}", written)

    def run_cell(self, n, wait=True):
        """A page that has just been loaded may take the focus away once more, and the key is lost: then it is pressed again."""
        prompt = self.cell(n).locator(".jp-InputPrompt").first
        before = prompt.inner_text()
        self.press_run(n)
        if not wait:
            return self.output(n)
        try:
            expect(prompt).not_to_have_text(before, timeout=SLOW / 2)
        except AssertionError:
            self.press_run(n)
        self.ran(n)
        return self.output(n)

    def press_run(self, n):
        self.editor(n).click()
        self.page.keyboard.press("Control+Enter")

    def ran(self, n, count=r"\d+"):
        expect(self.cell(n).locator(".jp-InputPrompt").first).to_have_text(re.compile(rf"\[{count}\]:"), timeout=2 * SLOW)

    def dialog(self, title=None):
        found = self.page.locator(".jp-Dialog")
        if title:
            found = found.filter(has_text=title)
        expect(found).to_be_visible()
        return found

    # Kernels and terminals of the server

    def session_of(self, name):
        """The session of a document, by its path."""
        found = [s for s in self.server.call("GET", "api/sessions", 200).json() if s["path"] == f"{self.folder}/{name}"]
        return found[0] if found else None


class Server(Agent):
    """A stand-alone agent with the tests' own Python, and a second kernel beside."""

    def __init__(self, home):
        data = home / "share"
        second = data / "kernels/second"
        second.mkdir(parents=True)
        (second / "kernel.json").write_text(json.dumps({
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python",
            "display_name": "Second Python", "env": {"WHICH_KERNEL": "the second"}, "metadata": {"debugger": True}}))
        super().__init__(home / "files", base="/", lab=LAB, data_dir=data)
        self.home = home
        self.url = f"http://localhost:{self.port}/"

    def clean(self):
        """Ends what a test has left running; a page that was just left may still ask for a kernel."""
        def ended():
            left = [(kind, it) for kind in ("sessions", "kernels", "terminals") for it in self.call("GET", f"api/{kind}", 200).json()]
            for kind, it in left:
                self.call("DELETE", f"api/{kind}/{it.get('id') or it['name']}")
            return not left

        wait_for("end of kernels", ended, every=0.2)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("lab"))
    try:
        yield s.start()
    finally:
        assert s.stop() == 0


@pytest.fixture(scope="module")
def browser():
    expect.set_options(timeout=SLOW)
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


@pytest.fixture(scope="module")
def context(browser, server):
    c = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True,
                            permissions=["clipboard-read", "clipboard-write"])
    # Signs in without a page: one that is closed as soon as it begins to load has been seen never to close.
    assert c.request.get(f"{server.url}lab/tree?token={server.token}").ok
    yield c
    c.close()


@pytest.fixture
def desk(context, server):
    """Makes pages: the first in the test's own folder, further ones where they are told."""
    pages = []

    def make(folder):
        d = Desk(context.new_page(), server, folder)
        pages.append(d)
        d.dir.mkdir(exist_ok=True)
        return d.load()

    try:
        yield make
        for d in pages:
            d.page.evaluate("0")  # what was said until now is heard
            d.check()
    finally:
        for d in pages:
            d.page.close()
        server.clean()


@pytest.fixture
def lab(desk, request):
    return desk(re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:40].strip("-_"))
