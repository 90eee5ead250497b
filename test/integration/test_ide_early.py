# SPDX-License-Identifier: Apache-2.0
"""The IDE's first moment: the page shows cells and runs them before it has an editor. What is typed until then goes nowhere else."""

import re

import pytest
from playwright.sync_api import expect

from idepage import SLOW, ide, signed_in  # noqa: F401
from labdesk import browser, server  # noqa: F401

EDITOR = re.compile(r"/ide/assets/codemirror-[^/]+\.js$")


class Held:
    """The editor's file, asked for and not answered before `let` or `fail`."""

    def __init__(self):
        self.routes, self.what = [], None

    def watch(self, page):
        page.route(EDITOR, self.take)

    def take(self, route):
        self.routes.append(route)
        if self.what:
            self.answer()

    def answer(self):
        while self.routes:
            getattr(self.routes.pop(), self.what)()

    def let(self):
        self.what = "continue_"
        self.answer()

    def fail(self):
        self.what = "abort"
        self.answer()


@pytest.fixture
def held():
    return Held()


@pytest.fixture
def early(ide, browser, server, held):  # noqa: F811
    """A browser that has nothing of the page yet."""
    contexts = []

    def make(*cells):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block"))
        return ide(*cells, context=contexts[-1], before=held.watch).idle()

    yield make
    for c in contexts:
        c.close()


def field(i, n=0):
    return i.cell(n).locator("textarea.simple")


def editor(i, n=0):
    return i.cell(n).locator(".cm-content")


def caret_at(i, offset, n=0):
    """The point of the page between two characters of a still cell's first line."""
    return i.cell(n).locator("pre.still .ln").first.evaluate(
        """(line, at) => {
            const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
            for (let t = walk.nextNode(); t; at -= t.length, t = walk.nextNode()) {
                if (at > t.length) continue;
                const r = document.createRange();
                r.setStart(t, at); r.setEnd(t, at);
                const b = r.getBoundingClientRect();
                return [b.x, b.y + b.height / 2];
            }
        }""", offset)


def test_what_is_typed_before_the_editor_comes_is_in_it(early, held):
    i = early("x = 1\ny = 2", "z = 3")
    keys = i.page.keyboard
    keys.press("Enter")
    expect(field(i)).to_be_focused()
    keys.type("# by hand\n")
    keys.press("Tab")
    keys.type("w")
    expect(editor(i)).to_have_count(0)
    held.let()
    expect(editor(i)).to_be_focused(timeout=SLOW)
    keys.type("x")
    expect(editor(i)).to_have_text("# by hand    wxx = 1y = 2")
    i.state("saved")
    assert i.sources() == ["# by hand\n    wxx = 1\ny = 2", "z = 3"]
    keys.press("Control+z")
    expect(editor(i)).to_have_text("x = 1y = 2")
    i.check()


def test_a_click_goes_where_it_points(early, held):
    i = early("import os  # one two", "second")
    x, y = caret_at(i, 16)
    i.page.mouse.move(x, y)
    i.page.mouse.down()
    i.page.mouse.up()
    expect(field(i)).to_be_focused()
    i.page.keyboard.type(" X")
    assert field(i).input_value() == "import os  # one X two"
    i.page.keyboard.press("Shift+ArrowRight")
    held.let()
    expect(editor(i)).to_be_focused(timeout=SLOW)
    i.page.keyboard.type("-")
    expect(editor(i)).to_have_text("import os  # one X-two")
    # Long after, a cell that nobody was in yet: an editor at once, the cursor where the click was.
    x, y = caret_at(i, 3, 1)
    i.page.mouse.click(x, y)
    expect(editor(i, 1)).to_be_focused()
    i.page.keyboard.type("_")
    expect(editor(i, 1)).to_have_text("sec_ond")
    i.check()


def test_without_an_editor_one_writes_and_runs_all_the_same(early, held):
    i = early("a = 6", "", "b = 7")
    held.fail()
    keys = i.page.keyboard
    keys.press("Shift+Enter")
    i.ran(0)
    keys.press("Enter")
    expect(field(i, 1)).to_be_focused()
    keys.type("print(a * 7)")
    keys.press("Shift+Enter")
    expect(i.ran(1).get_by_text("42")).to_be_visible()
    keys.press("Enter")
    expect(field(i, 2)).to_be_focused()
    keys.type("#")
    keys.press("Escape")
    expect(field(i, 2)).to_have_count(0)
    keys.press("b")
    expect(i.page.locator("section.cell")).to_have_count(4)
    i.state("saved")
    assert i.sources() == ["a = 6", "print(a * 7)", "#b = 7", ""]
    # It is asked for again, and then all is as ever.
    held.let()
    held.watch(i.page)
    keys.press("ArrowUp")
    keys.press("Enter")
    expect(editor(i, 2)).to_be_focused(timeout=SLOW)
    i.check()


def test_a_source_that_no_field_can_hold_waits_for_the_editor(early, held):
    i = early("a = 1\r\nb = 2", "c = 3")
    keys = i.page.keyboard
    keys.press("Enter")
    keys.type("dd")  # two cells less one, were it a command
    expect(i.page.locator("section.cell")).to_have_count(2)
    held.let()
    expect(editor(i)).to_be_focused(timeout=SLOW)
    keys.type("#")
    i.state("saved")
    assert i.sources() == ["#a = 1\r\nb = 2", "c = 3"]
    i.check()


def test_a_word_that_is_being_composed_is_not_torn(early, held):
    i = early("")
    i.page.keyboard.press("Enter")
    expect(field(i)).to_be_focused()
    session = i.page.context.new_cdp_session(i.page)
    session.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    with i.page.expect_response(EDITOR):
        held.let()
    i.page.wait_for_function("() => performance.getEntriesByType('resource').some((r) => /codemirror-.*js/.test(r.name) && r.responseEnd > 0)")
    session.send("Input.imeSetComposition", {"text": "にほん", "selectionStart": 3, "selectionEnd": 3})
    expect(field(i)).to_be_focused()
    session.send("Input.insertText", {"text": "日本"})
    expect(editor(i)).to_be_focused(timeout=SLOW)
    i.page.keyboard.type("!")
    expect(editor(i)).to_have_text("日本!")
    i.check()
