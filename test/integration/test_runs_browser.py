# SPDX-License-Identifier: Apache-2.0
"""Cells that outlive the page which started them: the page is closed at a random moment and another browser goes on;
two pages on one notebook; a network that goes away and comes back. What is on disk in the end is what a page that
was never closed would have saved.

CARREL_POINTS: how many random moments; CARREL_SEED: where the random numbers begin."""

import difflib
import json
import os
import random
import re
import time

import pytest
from playwright.sync_api import expect

from labdesk import SLOW, Desk, Server, browser, code  # noqa: F401  (browser is a fixture)
from product import wait_for
from relay import Relay

POINTS = int(os.environ.get("CARREL_POINTS", "5"))
SEED = int(os.environ.get("CARREL_SEED") or time.time_ns() % 1_000_000)

# Everything that changes what was put out before, for about two seconds; then it waits to be told to end.
LONG = """\
import pathlib, sys, time
from IPython.display import clear_output, display
print('not to be seen')
clear_output(wait=True)
bar = display('step none', display_id=True)
for i in range(20):
    print('line', i)
    print('\\r%3d %%' % (5 * i), end='')
    print('\\b\\b\\n' if i % 4 == 3 else '  \\r', end='')
    if i % 5 == 4:
        print('note', i, file=sys.stderr)
    bar.update('step %d' % i)
    sys.stdout.flush()
    time.sleep(0.1)
    if i == 9:
        clear_output(wait=True)
        bar = display('step again', display_id=True)
while not pathlib.Path('NAME').exists():
    time.sleep(0.05)
bar.update('all steps')
print('the end')
'the result'"""


def cells(name):
    return [code("first = 1"), code(LONG.replace("NAME", name + ".go")), code("print('after', first)")]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("runs"))
    try:
        yield s.start()
    finally:
        assert s.stop() == 0


class Pages:
    """Each page is a browser of its own: nothing but the server connects them."""

    def __init__(self, browser, server):
        self.browser, self.server = browser, server
        self.open, self.relays = [], []

    def new(self, folder, port=None):
        context = self.browser.new_context(viewport={"width": 1280, "height": 900})
        desk = Desk(context.new_page(), self.server, folder)
        desk.dir.mkdir(exist_ok=True)
        desk.context_ = context
        self.open.append(desk)
        at = f"http://localhost:{port}/" if port else self.server.url
        desk.page.goto(f"{at}lab/workspaces/{folder}-{len(self.open)}/tree/{folder}?token={self.server.token}")
        return desk.ready(SLOW)

    def relay(self):
        self.relays.append(Relay(self.server.port))
        return self.relays[-1]

    def close(self, desk):
        """At once: the page is not asked."""
        desk.page.evaluate("0")
        desk.check()
        self.open.remove(desk)
        desk.context_.close()

    def end(self):
        for r in self.relays:
            r.close()
        for desk in list(self.open):
            desk.context_.close()
        self.server.clean()


@pytest.fixture
def pages(browser, server):  # noqa: F811
    p = Pages(browser, server)
    try:
        yield p
        for desk in list(p.open):
            p.close(desk)
    finally:
        p.end()


def on_disk(desk, what, fn):
    """Waits for a file to be so, while the page goes on."""
    for _ in range(300):
        try:
            if fn():
                return
        except (OSError, ValueError, LookupError):
            pass
        desk.page.wait_for_timeout(200)
    raise AssertionError(f"no {what} within 60 s")


def open_notebook(desk, name):
    """Not `open`: a kernel that is busy never shows itself idle."""
    desk.item(name).dblclick()
    expect(desk.tab(name).first).to_be_visible()
    expect(desk.cells()).to_have_count(3)
    return desk


def run(desk, n):
    """Until it begins: a panel that is still being laid out may take the keyboard away."""
    for last in (False, False, True):
        asked = desk.page.locator(".jp-Dialog")
        assert asked.count() == 0, f"JupyterLab asks: {asked.first.inner_text()}"
        desk.editor(n).click()
        expect(desk.editor(n)).to_be_focused()
        desk.page.keyboard.press("Control+Enter")
        try:
            expect(prompt(desk, n)).to_have_text(re.compile(r"\[(\*|\d+)\]:"), timeout=SLOW if last else 10_000)
            return desk.output(n)
        except AssertionError:
            if last:
                raise
    return None


def start(desk, name):
    open_notebook(desk, name)
    desk.idle()
    run(desk, 0)
    desk.ran(0)
    run(desk, 1)
    expect(desk.output(1)).to_contain_text("line 0")


def prompt(desk, n):
    return desk.cell(n).locator(".jp-InputPrompt").first


def go(desk, name):
    (desk.dir / f"{name}.go").touch()


def finish(desk, name):
    """Waits for the end in the page, saves, and returns what is on disk then."""
    desk.ran(1)
    expect(desk.output(1)).to_contain_text("the result")
    desk.cell(0).locator(".jp-InputPrompt").click()
    desk.save()
    expect(desk.page.locator(".jp-Dialog")).to_have_count(0)
    on_disk(desk, "saved result", lambda: "the result" in desk.text(name) and not desk.tab(name).locator(".jp-mod-dirty").count())
    expect(desk.tab(name).first).not_to_have_class(re.compile("jp-mod-dirty"))
    return plain(desk.document(name))


def plain(doc):
    """Without what differs between two notebooks made of the same cells: ids, the file that a cell waits for, and what
    JupyterLab writes of the language once the kernel has said it."""
    made = json.loads(re.sub(r"'\w+\.go'", "'NAME'", json.dumps(doc)))
    made["metadata"].pop("language_info", None)
    return {**made, "cells": [{k: v for k, v in c.items() if k != "id"} for c in made["cells"]]}


def same(doc, other):
    """With a failure that can be read."""
    for a, b in zip(doc["cells"], other["cells"], strict=True):
        lines = [json.dumps(c, indent=1, sort_keys=True).splitlines() for c in (a, b)]
        assert a == b, "\n".join(difflib.unified_diff(*lines, "this", "never closed", lineterm="", n=6))
    assert doc == other


def kernel_busy(desk, name):
    return desk.session_of(name)["kernel"]["execution_state"] == "busy"


@pytest.fixture(scope="module")
def never_closed(browser, server):  # noqa: F811
    p = Pages(browser, server)
    try:
        desk = p.new("never")
        desk.put("a.ipynb", cells("a"))
        start(desk, "a.ipynb")
        expect(desk.output(1)).to_contain_text("line 19")
        go(desk, "a")
        doc = finish(desk, "a.ipynb")
        texts = ["".join(o["text"]) for o in doc["cells"][1]["outputs"] if o["output_type"] == "stream"]
        assert "line 19" in "".join(texts) and "not to be seen" not in "".join(texts)
        p.close(desk)
        return doc
    finally:
        p.end()


def test_a_page_is_closed_at_a_random_moment_and_another_goes_on(pages, never_closed):
    rng = random.Random(SEED)
    print(f"CARREL_SEED={SEED}")
    first = pages.new("points")
    for n in range(POINTS):
        name, pause, ended, late = f"p{n}", rng.uniform(0, 2.2), rng.random() < 0.4, rng.random() < 0.4
        print(f"{name}: closed {pause:.2f} s after its first line, {'ended' if ended else 'running'}, "
              f"opened {'later' if late else 'at once'}")
        file = f"{name}.ipynb"
        first.put(file, cells(name))
        second = pages.new("points")
        start(first, file)
        first.page.wait_for_timeout(pause * 1000)
        pages.close(first)
        if ended:
            go(second, name)
            wait_for("idle kernel", lambda: not kernel_busy(second, file), 60)
        if late:  # by now without a page: the agent has written
            on_disk(second, "outputs", lambda: second.document(file)["cells"][1]["outputs"])
        open_notebook(second, file)
        if not ended:
            expect(prompt(second, 1)).to_have_text("[*]:")
            expect(second.output(1)).to_contain_text("line 19")
            go(second, name)
        same(finish(second, file), never_closed)
        # It is a page like any other: what is run in it now works as ever.
        expect(second.run_cell(2)).to_contain_text("after 1")
        second.tab(file).locator(".lm-TabBar-tabCloseIcon").click()
        second.dialog().locator('button:has-text("Discard")').click()
        first = second


def test_two_pages_on_one_notebook_show_the_same_run(pages, never_closed):
    one = pages.new("two")
    one.put("a.ipynb", cells("a"))
    other = pages.new("two")
    for desk in (one, other):
        open_notebook(desk, "a.ipynb").idle()
    one.run_cell(0)
    expect(prompt(other, 0)).to_have_text("[1]:")
    one.run_cell(1, wait=False)
    expect(prompt(other, 1)).to_have_text("[*]:")
    expect(other.output(1)).to_contain_text("line 19")
    go(one, "a")
    for desk in (one, other):
        desk.ran(1, "2")
        expect(desk.output(1)).to_contain_text("the result")
    texts = [desk.output(1).inner_text() for desk in (one, other)]
    assert texts[0] == texts[1]
    expect(other.run_cell(2)).to_contain_text("after 1")
    expect(one.output(2)).to_contain_text("after 1")
    one.save()
    on_disk(one, "saved outputs", lambda: "after 1" in one.text("a.ipynb"))
    assert plain(one.document("a.ipynb"))["cells"][:2] == never_closed["cells"][:2]


def test_a_network_that_comes_back_leaves_no_trace(pages, never_closed):
    relay = pages.relay()
    desk = pages.new("drop", relay.port)
    desk.put("a.ipynb", cells("a"))
    start(desk, "a.ipynb")
    before = desk.text("a.ipynb")
    desk.context_.set_offline(True)
    relay.cut()
    # The agent writes what the page does not see.
    on_disk(desk, "outputs without the page", lambda: desk.text("a.ipynb") != before)
    written = desk.text("a.ipynb")
    relay.mend()
    desk.context_.set_offline(False)
    expect(desk.output(1)).to_contain_text("line 19")
    go(desk, "a")
    same(finish(desk, "a.ipynb"), never_closed)
    assert written != before
    # What failed while there was no network is what the page logs.
    desk.refused.clear()
    desk.errors.clear()
