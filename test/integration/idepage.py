# SPDX-License-Identifier: Apache-2.0
"""The notebook IDE in a real browser, as a user sees it: cells by their place, outputs by their text."""

import json
import re
import uuid
from urllib.parse import quote

import nbformat
import pytest
from playwright.sync_api import expect

SLOW = 60_000
PYTHON3 = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def notebook(*cells):
    """A notebook of these cells, with ids c0, c1, …"""
    made = [nbformat.v4.new_code_cell(c) if isinstance(c, str) else c for c in cells]
    for i, cell in enumerate(made):
        cell["id"] = f"c{i}"
    return nbformat.writes(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": PYTHON3}))


class Ide:
    """One page with one notebook open."""

    def __init__(self, page, server, path, url=None):
        self.page, self.server, self.path = page, server, path
        self.url = url or server.url
        self.errors = []
        page.set_default_timeout(SLOW)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)

    def load(self):
        self.page.goto(f"{self.url}ide/{quote(self.path)}")
        expect(self.page.locator("section.cell").first).to_be_visible(timeout=SLOW)
        return self

    def idle(self):
        expect(self.page.locator('.ib-kernel .lamp[data-state="idle"]')).to_be_visible(timeout=2 * SLOW)
        return self

    def cell(self, n):
        """By its number: those far from the window do not exist."""
        return self.page.locator(f'section.cell[aria-label*=" cell {n + 1} of "]')

    def source(self, n):
        return self.cell(n).locator(".cm-content, .src").first

    def type(self, n, text):
        """At the end of a cell's source."""
        self.source(n).click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.insert_text(text)
        return self

    def state(self, name):
        """Of the file: saved, dirty, offline, conflict, failed."""
        expect(self.page.locator(f'.saved[data-state="{name}"]')).to_be_visible(timeout=SLOW)
        return self

    def sources(self):
        """On disk."""
        return ["".join(c["source"]) for c in self.disk()["cells"]]

    def out(self, n):
        return self.cell(n).locator(".out")

    def run(self, n):
        """As a user: the cell's own button; the notebook has the focus then."""
        self.cell(n).locator(".gut").hover()
        self.cell(n).locator(".runb").click()
        return self.out(n)

    def ran(self, n, count=r"\d+"):
        expect(self.cell(n).locator(".exec")).to_have_text(re.compile(rf"\[{count}\]"), timeout=2 * SLOW)
        return self.out(n)

    def running(self, n):
        expect(self.cell(n)).to_have_attribute("data-state", "run", timeout=SLOW)

    def disk(self):
        return json.loads((self.server.root / self.path).read_text())

    def check(self, *noise):
        """The page said nothing that it should not."""
        bad = [e for e in self.errors if not e.startswith(("Failed to load resource", "WebSocket connection to", *noise))]
        assert not bad, bad


@pytest.fixture(scope="module")
def signed_in(browser, server):
    c = browser.new_context(viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"])
    yield c
    c.close()


@pytest.fixture
def ide(signed_in, server):
    """Opens notebooks of these cells, each in a page of its own; or the same in a second one."""
    pages = []

    def make(*cells, path=None, context=signed_in, url=None, before=None):
        # A server that was started again knows no cookie of before.
        assert context.request.get(f"{url or server.url}ide?token={server.token}").ok
        if cells:
            path = path or f"{uuid.uuid4().hex[:8]}.ipynb"  # another one each time: the browser keeps what was not saved
            (server.root / path).write_text(notebook(*cells))
        made = Ide(context.new_page(), server, path, url)
        pages.append(made)
        if before:
            before(made.page)
        return made.load()

    try:
        yield make
    finally:
        for p in pages:
            p.page.close()
        server.clean()
