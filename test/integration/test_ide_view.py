# SPDX-License-Identifier: Apache-2.0
"""The notebook's view in real Chromium, on a real agent with a real kernel: keys, runs, undo, find, moves, Markdown, large
notebooks, phones. What is timed is printed and never asserted."""

import itertools
import re
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from idepage import SLOW, Ide, notebook
from labdesk import browser, server  # noqa: F401
from product import BUILD, wait_for

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
PHONE = {"width": 390, "height": 844}


def markdown(text):
    return nbformat.v4.new_markdown_cell(text)


class View(Ide):
    """Gestures on cells by their ids c0, c1, …, wherever they stand."""

    def by(self, name):
        return self.page.locator(f'.row-host[data-cell="{name}"] > section.cell')

    def select(self, name):
        """Command mode, this cell being the active one."""
        cell = self.by(name)
        cell.scroll_into_view_if_needed()
        cell.locator(".gut").click(position={"x": 4, "y": 4})
        expect(cell).to_have_class(re.compile("is-active"))
        expect(cell).to_be_focused()

    def press(self, *keys):
        for k in keys:
            self.page.keyboard.press(k)

    def order(self):
        return self.page.locator(".row-host").evaluate_all("els => els.map((e) => e.dataset.cell)")

    def sources(self):
        """As the page shows them; rendered text cells by their text."""
        return self.page.locator(".row-host .cell").evaluate_all(
            """els => els.map((e) => {
                const lines = e.querySelectorAll('.cm-line, .ln');
                return lines.length ? [...lines].map((l) => l.textContent).join('\\n') : (e.querySelector('.md')?.textContent ?? '').trim();
            })""")

    def expect_sources(self, want):
        self.until(lambda: self.sources(), want)

    def until(self, what, want):
        end = time.monotonic() + SLOW / 1000
        while (now := what()) != want:
            assert time.monotonic() < end, f"{now} is not {want}"
            self.page.wait_for_timeout(50)

    def active(self):
        return self.page.evaluate("document.querySelector('.cell.is-active')?.closest('.row-host').dataset.cell ?? null")

    def saved(self):
        return ["".join(c["source"]) for c in self.disk()["cells"]]

    def axe(self):
        # Headings are those of the notebook's author; tabs and their panels are no landmarks.
        if not self.page.evaluate("typeof axe !== 'undefined'"):
            self.page.evaluate(AXE.read_text())
        # A colour on its way to another is neither.
        self.page.evaluate("Promise.allSettled(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished))")
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations'], rules: {region: {enabled: false}, 'heading-order': {enabled: false}, 'page-has-heading-one': {enabled: false}}})")
        bad = [(v["id"], [n["html"][:160] for n in v["nodes"]][:4]) for v in found["violations"]]
        assert not bad, bad


NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def signed_in(browser, server):  # noqa: F811
    c = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en")
    assert c.request.get(f"{server.url}ide?token={server.token}").ok
    yield c
    c.close()


@pytest.fixture
def ide(signed_in, server):  # noqa: F811
    pages = []

    def make(*cells, name=None):
        path = f"v{next(NUMBERS)}-{name or 'a.ipynb'}"  # the browser keeps what it knows of a file by its name
        (server.root / path).write_text(notebook(*cells))
        pages.append(View(signed_in.new_page(), server, path))
        return pages[-1].load()

    try:
        yield make
    finally:
        for p in pages:
            p.page.close()
        server.clean()


def picture(page, name):
    folder = BUILD / "ide-view"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")


def test_keys_of_command_mode(ide):
    i = ide("a = 1", "b = 2", "c = 3")
    i.select("c0")
    i.press("j")
    assert i.active() == "c1"
    i.press("ArrowDown", "ArrowDown", "k")
    assert i.active() == "c1"
    # Insert, delete, undo: the place comes back too.
    i.press("a")
    i.expect_sources(["a = 1", "", "b = 2", "c = 3"])
    i.press("d", "d")
    i.expect_sources(["a = 1", "b = 2", "c = 3"])
    i.press("z")
    i.expect_sources(["a = 1", "", "b = 2", "c = 3"])
    i.press("z")
    i.expect_sources(["a = 1", "b = 2", "c = 3"])
    i.press("Shift+Z", "Shift+Z")
    i.expect_sources(["a = 1", "b = 2", "c = 3"])
    # Several at once: cut and paste elsewhere.
    i.select("c0")
    i.press("Shift+J")
    expect(i.page.locator(".cell.is-selected")).to_have_count(2)
    i.press("x")
    i.expect_sources(["c = 3"])
    i.press("v")
    i.expect_sources(["c = 3", "a = 1", "b = 2"])
    # Merge, kinds, headings, line numbers, folding.
    expect(i.page.locator(".cell.is-selected")).to_have_count(2)
    i.press("Shift+M")
    i.expect_sources(["c = 3", "a = 1\nb = 2"])
    i.press("l")
    expect(i.page.locator(".cell.is-active").locator("[data-numbers], .cm-lineNumbers").first).to_be_visible()
    i.press("m")
    expect(i.page.locator('.cell.is-active[data-kind="markdown"]')).to_be_visible()
    i.press("2", "Control+Enter")
    expect(i.page.locator(".cell.is-active .md h2")).to_contain_text("a = 1")
    i.press("r")
    expect(i.page.locator('.cell.is-active[data-kind="raw"]')).to_be_visible()
    i.press("y", "Shift+O")
    expect(i.page.locator(".cell.is-active .src.folded")).to_be_visible()
    i.press("Shift+O")
    # All keys, and letters are letters in a field.
    i.press("h")
    expect(i.page.get_by_role("dialog")).to_contain_text("Delete cells")
    i.press("Escape")
    expect(i.page.locator(".cell.is-active")).to_be_focused()
    i.press("Enter", "Control+End")
    i.page.keyboard.type("\n# dd jk")
    i.press("Escape", "Control+s")
    wait_for("the save", lambda: "## a = 1\nb = 2\n# dd jk" in i.saved())
    i.check()


def test_run_edit_undo_complete(ide):
    i = ide("x = 20", "x * 2.1", markdown("# Title")).idle()
    i.select("c0")
    i.press("Shift+Enter")
    assert i.active() == "c1"
    i.press("Enter", "Control+End")
    i.page.keyboard.type(" + 0")
    i.press("Control+Enter")
    expect(i.by("c1").locator(".exec")).to_have_text("[2]", timeout=SLOW)
    expect(i.by("c1").locator(".out")).to_contain_text("42.0")
    expect(i.by("c1")).to_have_attribute("aria-label", re.compile(r"^Code cell 2 of 3, ran in \d"))
    # One undo takes back what was typed, and the next what was before, with the cursor in its cell.
    i.press("Enter", "Control+z")
    i.expect_sources(["x = 20", "x * 2.1", "Title"])
    i.press("Escape")
    # Run and insert below; the completer opens after a dot and by Tab, help by Shift Tab.
    i.press("Alt+Enter")
    i.page.keyboard.type("'abc'.")
    options = i.page.locator(".cm-tooltip-autocomplete [role=option]")
    expect(options.filter(has_text="upper").first).to_be_visible(timeout=SLOW)
    i.page.keyboard.type("upp")
    expect(options.first).to_contain_text("upper")
    # A key too soon is taken for typing: CodeMirror's own protection.
    expect(i.page.locator(".cm-tooltip-autocomplete [aria-selected]")).to_be_visible()
    i.page.wait_for_timeout(150)
    i.press("Enter")
    i.page.keyboard.type("()")
    i.press("Control+Enter")
    expect(i.page.locator(".cell.is-active .out")).to_contain_text("'ABC'", timeout=SLOW)
    i.press("b", "Enter")
    i.page.keyboard.type("len")
    i.press("Shift+Tab")
    expect(i.page.locator(".inspect")).to_contain_text("number of items", timeout=SLOW)
    i.press("Escape")
    expect(i.page.locator(".inspect")).to_have_count(0)
    i.press("Control+a")
    i.page.keyboard.type("1/0")
    i.press("Control+Enter")
    expect(i.page.locator(".cell.is-active")).to_have_attribute("data-state", "err", timeout=SLOW)
    # 0 0 asks first.
    i.press("Escape", "0", "0")
    expect(i.page.get_by_role("dialog")).to_contain_text("variables are lost")
    i.press("Escape")
    expect(i.page.locator(".cell.is-active")).to_be_focused()
    i.check()


def test_split_move_and_many_cursors(ide):
    i = ide("one\ntwo\nthree", "alpha = 1\nbeta = alpha", "last")
    i.by("c0").locator(".src").click()
    i.press("Control+Home", "ArrowDown", "Control+Shift+Minus")
    i.expect_sources(["one", "two\nthree", "alpha = 1\nbeta = alpha", "last"])
    i.press("Control+z")
    i.expect_sources(["one\ntwo\nthree", "alpha = 1\nbeta = alpha", "last"])
    # Moved without a pointer.
    i.select("c2")
    i.press("Alt+ArrowUp", "Alt+ArrowUp")
    assert i.order() == ["c2", "c0", "c1"]
    expect(i.by("c2")).to_be_focused()
    expect(i.by("c2")).to_have_attribute("aria-label", re.compile("cell 1 of 3"))
    # Moved with one, by the gutter.
    box, end = i.by("c2").locator(".gut").bounding_box(), i.by("c1").bounding_box()
    i.page.mouse.move(box["x"] + 6, box["y"] + 10)
    i.page.mouse.down()
    i.page.mouse.move(box["x"] + 6, box["y"] + 40, steps=4)
    i.page.mouse.move(box["x"] + 6, end["y"] + end["height"] - 2, steps=8)
    expect(i.page.locator(".drop-line")).to_be_visible()
    expect(i.page.locator(".drop-line")).to_have_attribute("style", re.compile("top"))
    i.page.mouse.up()
    i.until(i.order, ["c0", "c1", "c2"])
    # Two cursors by Ctrl D; a comment by Ctrl /.
    i.by("c1").locator(".src").click()
    i.press("Control+Home", "Control+d", "Control+d")
    i.page.keyboard.type("gamma")
    i.expect_sources(["one\ntwo\nthree", "gamma = 1\nbeta = gamma", "last"])
    i.press("Escape", "Control+Home", "Control+/")
    i.expect_sources(["one\ntwo\nthree", "# gamma = 1\nbeta = gamma", "last"])
    i.check()


def test_find_and_replace(ide):
    i = ide("data = load('data')", markdown("the Data set"), "print('data' * 2)").idle()
    i.select("c2")
    i.press("Control+Enter")
    expect(i.by("c2").locator(".out")).to_contain_text("datadata", timeout=SLOW)
    i.press("Control+h")
    bar = i.page.get_by_role("search", name="Find and replace")
    bar.get_by_label("Find in this notebook").fill("data")
    expect(bar.locator(".find-count")).to_contain_text("of 4")
    bar.get_by_role("button", name="Match case").click()
    expect(bar.locator(".find-count")).to_contain_text("of 3")
    bar.get_by_role("button", name="Also in outputs").click()
    expect(bar.locator(".find-count")).to_contain_text("of 5")
    bar.get_by_label("Find in this notebook").fill("da(t)a")
    bar.get_by_role("button", name="Regular expression").click()
    bar.get_by_label("Replace with").fill("$1x")
    bar.get_by_role("button", name="Replace all").click()
    i.expect_sources(["tx = load('tx')", "the Data set", "print('tx' * 2)"])
    expect(i.by("c2").locator(".out")).to_contain_text("datadata")
    bar.get_by_label("Find in this notebook").fill("(")
    expect(bar.locator(".find-count")).to_contain_text("Not a pattern")
    i.press("Escape")
    expect(bar).to_have_count(0)
    i.press("z")
    i.expect_sources(["data = load('data')", "the Data set", "print('data' * 2)"])
    i.check()


def test_markdown_is_tame(ide, server):  # noqa: F811
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    pictured = markdown("![dot](attachment:dot.png) ![beside](fig.png) ![out](../../../etc/passwd)")
    pictured["attachments"] = {"dot.png": {"image/png": png}}
    hostile = ("<script>window.bad=1</script><img src=x onerror='window.bad=1'><iframe src='javascript:parent.bad=1'></iframe>"
               "<a href='java\nscript:window.bad=1' id=a1>one</a> [two](javascript:window.bad=1) <svg onload='window.bad=1'><script>window.bad=1</script></svg>"
               "<math><mi xlink:href='javascript:window.bad=1'>x</mi></math><form action='/x'><input name=q><button>go</button></form>"
               "<style>body{display:none}</style><div style='position:fixed;inset:0'>over</div> $\\href{javascript:window.bad=1}{x}$")
    i = ide(markdown("# Math\n\nInline $e^{i\\pi}=-1$, price \\$5 and\n\n$$\\int_0^1 x^2\\,dx = \\frac13$$\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n\n- [x] done\n\n[up](#Code-part)"),
            markdown("## Code part\n\n```python\nfor x in y: pass\n```\n[web](https://example.org) [file](data/a.csv)"), markdown(hostile), pictured, "1")
    expect(i.by("c0").locator(".katex-mathml")).to_have_count(2, timeout=SLOW)
    expect(i.by("c0").locator(".katex-display")).to_have_count(1)
    expect(i.by("c0")).to_contain_text("price $5")
    expect(i.by("c1").locator("pre .k").first).to_have_text("for")
    web = i.by("c1").get_by_role("link", name="web")
    expect(web).to_have_attribute("rel", "noopener noreferrer")
    expect(i.by("c1").get_by_role("link", name="file")).to_have_attribute("href", re.compile(r"/ide/data/a\.csv$"))
    links = i.by("c2").locator("a").evaluate_all("els => els.map((a) => a.getAttribute('href'))")
    assert all(h is None or h == "#" or h.startswith("/ide/") for h in links), links
    assert i.by("c2").locator("script, iframe, form, button, style, svg, [style*=fixed], [onerror]").count() == 0
    srcs = i.by("c3").locator("img").evaluate_all("els => els.map((e) => e.getAttribute('src'))")
    assert srcs[0].startswith("data:image/png;base64,") and srcs[1].endswith("/files/fig.png") and srcs[2] is None, srcs
    assert i.page.evaluate("window.bad") is None
    # The anchor jumps; a double click writes; leaving it by Ctrl Enter renders.
    i.by("c0").get_by_role("link", name="up").click()
    assert i.active() == "c1"
    i.by("c1").locator(".md h2").dblclick()
    expect(i.by("c1").locator(".cm-content")).to_be_focused()
    i.press("Control+Home")
    i.page.keyboard.type("#")
    i.press("Control+Enter")
    expect(i.by("c1").locator(".md h3")).to_have_text("Code part")
    # The outline follows and collapses.
    outline = i.page.get_by_role("region", name="Outline")
    expect(outline.get_by_role("button", name="Code part", exact=True)).to_be_visible()
    i.select("c0")
    i.press("ArrowLeft")
    expect(i.by("c0").locator(".hides")).to_contain_text("4 cells")
    i.until(i.order, ["c0"])
    i.press("ArrowRight")
    i.until(lambda: len(i.order()), 5)
    i.check("Executing inline event handler")  # DOMPurify's own document: the policy says that it would not run there either


SCROLL = """async () => {
    const nb = document.querySelector('.nb'), times = [];
    let last = performance.now(), most = 0;
    const end = nb.scrollHeight - nb.clientHeight;
    for (let n = 0; n < 240; n++) {
        nb.scrollTop = Math.min(end, nb.scrollTop + 60);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - last);
        last = now;
        most = Math.max(most, document.querySelectorAll('.row-host').length);
        const seen = nb.getBoundingClientRect(), mid = document.elementFromPoint(seen.left + 300, seen.top + seen.height / 2);
        if (!mid?.closest('.row-host')) throw new Error('nothing in the middle at ' + nb.scrollTop);
    }
    times.sort((a, b) => a - b);
    return { p50: times[120], p95: times[228], worst: times[239], rows: most };
}"""


def test_a_thousand_cells(ide, capsys):
    cells = []
    for n in range(1000):
        cells.append(markdown(f"## Part {n}\n\nText *number* {n} with `code`.") if n % 5 == 0
                     else "\n".join(f"def f{n}_{k}(a, b={k}):\n    return a * {n} + len('text')  # {k}" for k in range(n % 4 + 1)))
    i = ide(*cells)
    figures = i.page.evaluate(SCROLL)
    with capsys.disabled():
        print(f"\nscroll of 1,000 cells, ms between frames: {figures}")
    assert figures["rows"] < 80
    # The end is reached, and a cell is written there, while its neighbours stay as they are.
    i.select(i.order()[0])
    i.press("End")
    i.until(i.active, "c999")
    expect(i.by("c999")).to_be_in_viewport()
    expect(i.by("c999")).to_have_attribute("aria-label", re.compile("cell 1000 of 1000"))
    i.press("Enter", "Control+End")
    delays = i.page.evaluate("""async () => {
        const out = [], el = document.activeElement;
        for (let n = 0; n < 100; n++) {
            const from = performance.now();
            document.execCommand('insertText', false, 'x');
            await new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
            out.push(performance.now() - from);
        }
        out.sort((a, b) => a - b);
        return { p50: out[50], p99: out[98] };
    }""")
    with capsys.disabled():
        print(f"typing in a notebook of 1,000 cells, ms to the next frame: {delays}")
    i.press("Escape", "Control+s")
    wait_for("the save", lambda: i.saved()[999].endswith("x" * 100), 60)
    # What is found far away is shown; undo brings one back.
    i.press("Control+f")
    i.page.get_by_label("Find in this notebook").fill("Part 0")
    i.until(i.active, "c0")
    expect(i.by("c0")).to_be_in_viewport()
    i.press("Escape", "z")
    i.until(i.active, "c999")
    expect(i.by("c999")).to_be_in_viewport()
    i.check()


def test_merge_by_cell(ide, server):  # noqa: F811
    i = ide("first = 1", "second = 2", "third = 3").idle()
    i.select("c0")
    path = server.root / i.path
    disk = i.disk()
    disk["cells"][0]["source"] = "first = 'theirs'"
    disk["cells"][1]["source"] = "second = 'theirs'"
    path.write_text(nbformat.writes(nbformat.from_dict(disk)))
    i.press("Enter", "Control+a")
    i.page.keyboard.type("first = 'mine'")
    i.press("Escape", "Control+s")
    merge = i.page.locator("section.merge")
    expect(merge.locator(".merge-one")).to_have_count(1, timeout=SLOW)
    expect(merge.locator(".cm-content").nth(1)).to_contain_text("theirs", timeout=SLOW)
    i.axe()
    picture(i.page, "merge")
    merge.get_by_role("radio", name="Keep both").check(force=True)
    merge.get_by_role("button", name="Finish and save").click()
    i.until(i.saved, ["first = 'mine'", "first = 'theirs'", "second = 'theirs'", "third = 3"])
    i.expect_sources(i.saved())
    i.check()


def test_empty_phone_and_names(ide, signed_in):
    i = ide()
    expect(i.page.locator(".nb-hint")).to_be_visible()
    i.page.locator(".src").first.click()
    i.page.keyboard.type("40 + 2")
    i.press("Shift+Enter")
    expect(i.page.locator(".cell .out").first).to_contain_text("42", timeout=2 * SLOW)
    expect(i.page.locator(".nb-hint")).to_have_count(0)
    j = ide(markdown("# Ensemble runoff forecast\n\nTen days ahead for five gauges, with weights from last month's skill:\n\n$$Q_t = \\sum_{k=1}^{K} w_k \\hat{Q}_t^{(k)} + \\varepsilon_t$$"),
            "import math, random\nrandom.seed(4)\nvalues = [math.sin(k / 3) for k in range(10)]\nprint(max(values))", markdown("## Skill"), "1/0",
            "import time\nfor k in range(3000):\n    time.sleep(.1)", "sum(values)", name="04-ensemble.ipynb").idle()
    j.select("c1")
    j.press("Shift+Enter", "j", "Control+Enter")
    expect(j.by("c3")).to_have_attribute("data-state", "err", timeout=SLOW)
    j.press("j", "Shift+Enter", "Control+Enter")
    expect(j.by("c4")).to_have_attribute("data-state", "run", timeout=SLOW)
    expect(j.by("c5")).to_have_attribute("data-state", "wait")
    expect(j.by("c5").locator(".meta")).to_contain_text("waits")
    expect(j.by("c4").get_by_label("Running")).to_be_visible()
    expect(j.by("c0").locator(".katex").first).to_be_visible(timeout=SLOW)
    for theme in ("light", "dark"):
        j.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        j.axe()
        picture(j.page, f"notebook-{theme}")
    for width in (390, 360):
        j.page.set_viewport_size({**PHONE, "width": width})
        j.page.evaluate("document.documentElement.dataset.theme = 'light'")
        assert j.page.evaluate("document.documentElement.scrollWidth") <= width
        more = j.page.get_by_role("toolbar", name="Notebook").get_by_role("button", name="More actions on cells")
        expect(more).to_be_in_viewport()
        j.axe()
        picture(j.page, f"notebook-{width}")
    more.click()
    j.page.get_by_role("menuitem", name="Insert a cell above").click()
    expect(j.page.locator('.cell[aria-label*="of 7"]').first).to_be_visible()
    j.page.set_viewport_size({"width": 1280, "height": 900})
    j.press("i", "i")
    expect(j.by("c4")).to_have_attribute("data-state", "err", timeout=SLOW)
    j.check()
    i.check()
