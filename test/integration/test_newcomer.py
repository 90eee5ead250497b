# SPDX-License-Identifier: Apache-2.0
"""Somebody who has never seen Carrel and reads no manual: a fresh account, the first page, an example that runs, the first plot. Only what
is visible and has a name is clicked, never an address typed after the first."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from labpage import LabPage
from product import BUILD, wait_for

SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


class Newcomer:
    def __init__(self, browser, size):
        self.size = size
        self.context = browser.new_context(viewport=SIZES[size], has_touch=size == "phone", is_mobile=size == "phone")
        self.page = self.context.new_page()
        self.said = []
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.step = 0

    def look(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.step += 1
        self.page.screenshot(path=str(SHOTS / f"newcomer-{self.size}-{self.step}-{name}.png"))

    def click(self, *names):
        """The first of these that is there to be seen, as a button or a link."""
        wanted = re.compile("|".join(names), re.I)

        def there():
            for role in ("button", "link"):
                for e in self.page.get_by_role(role, name=wanted).all():
                    if e.is_visible() and e.is_enabled():
                        return e
            return None

        target = wait_for(f"something to click named {names}", there, 60)
        target.tap() if self.size == "phone" else target.click()


def test_from_the_printed_code_to_the_first_plot(hub, api, browser):
    me = Newcomer(browser, "desktop")
    page = me.page
    page.goto(hub.url)
    me.look("sign-in")
    page.get_by_label(re.compile("code", re.I)).fill(hub.code())
    me.click("^sign in")
    # The first page says in one line what to do, and it is one click.
    expect(page.get_by_text(re.compile("first notebook", re.I)).first).to_be_visible(timeout=30_000)
    me.look("first-page")
    me.click("open an example", "^open a notebook", "example")
    me.look("starting")
    page.wait_for_url(re.compile(r"\.localhost:\d+/"), timeout=120_000)
    plot(me)
    me.look("first-plot")
    assert not me.said, me.said
    assert [w["session"]["state"] for w in api.get("/workspaces")["items"]] == ["running"]
    me.context.close()


def plot(me):
    """In whatever opened: the example's cells are run, or where there is none a line of one's own."""
    page = me.page
    if "/ide" in page.url:
        me.click("^run all")
        expect(page.locator("img[src^='data:image'], img[src^='blob:'], .output img, .output svg").first).to_be_visible(timeout=120_000)
        return
    lab = LabPage(page).ready()
    if not page.locator(".jp-NotebookPanel").count():
        lab.new_notebook()
        lab.run("import matplotlib.pyplot as plt\nplt.plot([1, 4, 9]); plt.show()")
    else:
        # JupyterLab runs nothing, without a word, while its kernel is on its way.
        expect(page.get_by_role("button", name=re.compile(r"\| Idle")).first).to_be_visible(timeout=60_000)
        lab.menu("Run", "Run All Cells")
    expect(page.locator(".jp-OutputArea img").first).to_be_visible(timeout=120_000)


def test_on_a_phone_the_way_back_and_the_stop_are_there(hub, api, browser):
    me = Newcomer(browser, "phone")
    page = me.page
    page.goto(hub.url)
    page.get_by_label(re.compile("code", re.I)).fill(hub.code())
    me.click("^sign in")
    ws = api.get("/workspaces")["items"][0]
    # What runs, what it costs and how long still: on the first page, without a search.
    expect(page.get_by_text(ws["name"]).locator("visible=true").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile(r"\$\d")).locator("visible=true").first).to_be_visible()
    me.look("home")
    me.click(f"^{re.escape(ws['name'])}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(ws["name"])
    me.look("workspace")
    me.click("^stop")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^stop", re.I)).tap()
    api.wait_state(ws["session"]["id"], "stopped")
    expect(page.get_by_role("button", name=re.compile("^start", re.I)).first).to_be_visible(timeout=30_000)
    me.look("stopped")
    me.click("^usage")
    expect(page.get_by_text(ws["name"]).locator("visible=true").first).to_be_visible(timeout=30_000)
    me.look("usage")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0 and not me.said, (wide, me.said)
    me.context.close()
