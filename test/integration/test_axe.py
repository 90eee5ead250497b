# SPDX-License-Identifier: Apache-2.0
"""axe-core over every page and state of the console (rooms.py), on a desktop and a phone, light and dark: no violation of WCAG 2.2 A
and AA, nor of axe's own best practices that hold here."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from browser import launch
from rooms import ROWS, VIEWS, Eyes
from scenes import SCENES, Desk, fresh, show
from showroom import Showroom

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (only) => {
  const found = await axe.run(document, { runOnly: only, resultTypes: ['violations'] });
  return found.violations.map((v) => v.id + ': ' + v.help + '\\n' + v.nodes.slice(0, 6).map((n) => '    ' + n.html.slice(0, 160) + '\\n      '
    + n.any.concat(n.all, n.none).map((c) => c.message).join('; ').slice(0, 300)).join('\\n')); }"""


# What makes the page scroll sideways: the elements that reach over its edge and are cut off by none above them.
WIDE = """() => {
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= edge) return [];
  const cut = (e) => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return true; };
  return ['the page scrolls sideways by ' + (document.documentElement.scrollWidth - edge) + ' px', ...[...document.body.querySelectorAll('*')]
    .filter((e) => e.getBoundingClientRect().right > edge + 0.5 && !cut(e)).slice(0, 6).map((e) => e.cloneNode(false).outerHTML)]; }"""


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    r = Showroom(tmp_path_factory.mktemp("room"))
    try:
        r.open()
        yield r
    finally:
        assert r.close() == 0


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


@pytest.fixture(scope="module")
def eyes(room, browser):
    e = Eyes(browser, room)
    yield e
    e.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    d = Desk(tmp_path_factory.mktemp("desk")).open()
    yield d
    d.close()


def violations(page, rules=None):
    # By the debugger's way in: the page's own policy allows no script but its own, and that is as it should be.
    if not page.evaluate("'axe' in window"):
        cdp = page.context.new_cdp_session(page)
        cdp.send("Runtime.evaluate", {"expression": AXE.read_text()})
        cdp.detach()
    return page.evaluate(RUN, {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS})


def test_the_check_sees_a_planted_fault(eyes):
    page = eyes.show(ROWS[0], "light")
    page.evaluate("""() => { const b = document.createElement('button'); b.append(document.createElement('i'));
        document.querySelector('main').append(b); }""")
    found = violations(page)
    assert any(v.startswith("button-name") for v in found), found
    eyes.done(page)


def in_all_views(page):
    bad = {}
    for view in ("light", "dark", "phone"):
        # The same page in another width or in other colours; of these only the contrast is anew to be measured.
        width, height, scheme = VIEWS[view]
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("(t) => { document.documentElement.dataset.theme = t; }", scheme)
        found = violations(page, ["color-contrast"] if scheme == "dark" else None)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if found or wide > 0:
            bad[view] = [*found, *([f"the page scrolls sideways by {wide} px"] if wide > 0 else [])]
    # The narrowest phone that is promised.
    page.set_viewport_size({"width": 360, "height": 740})
    wide = page.evaluate(WIDE)
    if wide:
        bad["360 px"] = wide
    assert not bad, "\n".join(f"{view}:\n  " + "\n  ".join(v) for view, v in bad.items())


@pytest.mark.parametrize("row", ROWS, ids=[r.name for r in ROWS])
def test_no_violation_in_the_console(eyes, row):
    page = eyes.show(row, "light")
    in_all_views(page)
    eyes.done(page)


@pytest.mark.parametrize("scene", SCENES, ids=[s.name for s in SCENES])
def test_no_violation_in_the_ide(browser, desk, scene):
    page = fresh(browser, "light")
    try:
        show(page, desk, scene)
        in_all_views(page)
    finally:
        page.context.close()
