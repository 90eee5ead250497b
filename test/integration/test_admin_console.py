# SPDX-License-Identifier: Apache-2.0
"""The administration's pages Catalogue and Accounts in a real Chromium, against a core by itself."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from core_alone import BUILD
from core_bridge import Bridge

pytest_plugins = ["core_fixtures"]
SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))


@pytest.fixture(scope="module")
def console(core):
    bridge = Bridge(core.sock)
    yield f"http://localhost:{bridge.port}"
    bridge.close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


def signed_in(browser, console, core, email=None, **kw):
    """A page of a browser of its own; what its console complains about fails the test at the end."""
    page = browser.new_context(viewport=kw.pop("viewport", {"width": 1440, "height": 900}), **kw).new_page()
    page.said = []
    page.on("pageerror", lambda e: page.said.append(str(e)))
    page.goto(console)
    page.get_by_label(re.compile("code", re.I)).fill(core.code(email, create=True) if email else core.code())
    page.get_by_role("button", name=re.compile("sign in", re.I)).click()
    expect(page.locator("a.avatar")).to_be_visible()
    return page


@pytest.fixture
def page(browser, console, core):
    p = signed_in(browser, console, core)
    yield p
    assert p.said == []
    p.context.close()


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def open_catalogue(page):
    page.get_by_role("link", name="Catalogue").first.click()
    expect(page.get_by_role("heading", name="Catalogue")).to_be_visible()
    expect(page.get_by_role("button", name="Edit Small")).to_be_visible()


def test_a_price_is_changed_after_it_says_whom_it_touches(core, user, page):
    ws = user.workspace(instance_type="small")
    user.start(ws)
    open_catalogue(page)
    page.get_by_role("button", name="Edit Small").click()
    panel = page.get_by_role("complementary", name="Small")
    expect(panel.get_by_text("Nothing is changed yet.")).to_be_visible()
    save = panel.get_by_role("button", name=re.compile("^Save"))
    expect(save).to_be_disabled()
    panel.get_by_label("Price per hour, USD").fill("0.0000001")
    expect(panel.get_by_text("has 7 decimals; at most 6 are exact.")).to_be_visible()
    expect(save).to_be_disabled()
    panel.get_by_label("Price per hour, USD").fill("0.075")
    expect(panel.get_by_text("price_per_hour 0.06 → 0.075")).to_be_visible()
    expect(panel.get_by_text("1 running session is touched. 1 workspace is touched.")).to_be_visible()
    shot(page, "admin-catalogue-panel")
    save.click()
    expect(page.get_by_text("The catalogue is changed.")).to_be_visible()
    expect(panel).to_have_count(0)
    expect(page.get_by_role("row", name=re.compile("Edit Small"))).to_contain_text("$0.075")
    user.stop(ws)
    # Planned for a day, and taken back.
    page.get_by_role("button", name="Edit Small").click()
    panel.get_by_text("A date", exact=True).click()
    panel.get_by_label("Date and time from which the price holds").fill("2031-05-01T00:00")
    panel.get_by_label("Price per hour, USD").fill("0.09")
    expect(panel.get_by_text(re.compile("Until then"))).to_be_visible()
    save = panel.get_by_role("button", name=re.compile("Save for 1 May 2031"))
    expect(save).to_be_enabled()
    save.click()
    expect(page.get_by_role("row", name=re.compile("Edit Small"))).to_contain_text("0.09 from 1 May 2031")
    shot(page, "admin-catalogue")
    # The stopped one still has its workspace; what it cost before stands in the panel.
    expect(page.get_by_role("row", name=re.compile("Edit Small"))).to_contain_text("1 workspace, 0 sessions")
    page.get_by_role("button", name="Edit Small").click()
    past = panel.get_by_role("list", name="Prices until now").get_by_role("listitem")
    expect(past).to_have_count(2)
    expect(past.last).to_have_text("$0.06 at first")
    shot(page, "admin-catalogue-past")
    panel.get_by_role("button", name="Discard").click()
    doc = user.ok("GET", "/admin/catalogue")
    small = next(t for t in doc["instance_types"] if t["id"] == "small")
    assert small["price_per_hour"] == "0.075" and [p["price_per_hour"] for p in small["next_prices"]] == ["0.09"]
    page.get_by_role("button", name="Edit Small").click()
    panel.get_by_label("Take planned prices back").check()
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("Edit Small"))).not_to_contain_text("0.09 from 1 May 2031")


def test_a_type_and_a_plan_are_made_and_retired(user, page):
    open_catalogue(page)
    page.get_by_role("button", name="Instance type").click()
    panel = page.get_by_role("complementary")
    panel.get_by_label("Id").fill("gpu-t4")
    panel.get_by_label("Name").fill("T4")
    panel.get_by_label("GPU class").fill("t4")
    panel.get_by_label("GPUs").fill("2")
    panel.get_by_label("Price per hour, USD").fill("0.7364")
    expect(panel.get_by_text("Instance type gpu-t4: new")).to_be_visible()
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name=re.compile("Edit T4"))).to_contain_text("2 × t4")
    page.get_by_role("button", name="Plan", exact=True).click()
    panel.get_by_label("Id").fill("lab")
    panel.get_by_label("Name").fill("Lab")
    panel.get_by_label("Sessions at once").fill("0")
    expect(panel.get_by_text("must be a whole number from 1 to 100000.")).to_be_visible()
    panel.get_by_label("Sessions at once").fill("3")
    panel.get_by_label("All, also new ones").uncheck()
    panel.get_by_label("T4").check()
    expect(panel.get_by_text("Plan lab: new")).to_be_visible()
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name=re.compile("Edit Lab"))).to_contain_text("gpu-t4")
    page.get_by_role("button", name="Edit T4").click()
    panel.get_by_label("Can be started").uncheck()
    expect(panel.get_by_text("Instance type gpu-t4: not offered any more")).to_be_visible()
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name=re.compile("Edit T4"))).to_have_count(0)
    plan = next(p for p in user.ok("GET", "/admin/catalogue")["plans"] if p["id"] == "lab")
    assert plan["types"] == [] and plan["sessions_max"] == 3


def test_the_second_of_two_sees_both_values(user, page):
    open_catalogue(page)
    page.get_by_role("button", name="Edit Pro").click()
    panel = page.get_by_role("complementary", name="Pro")
    theirs = user.ok("GET", "/admin/catalogue")
    pro = next(p for p in theirs["plans"] if p["id"] == "pro")
    pro["sessions_max"], pro["priority"] = 6, 77
    user.ok("PUT", "/admin/catalogue", theirs)
    panel.get_by_label("Sessions at once").fill("8")
    expect(panel.get_by_text("Somebody else has changed the catalogue meanwhile.")).to_be_visible()
    expect(panel.get_by_role("row", name="sessions_max 6 8")).to_be_visible()
    expect(panel.get_by_role("row", name=re.compile("priority"))).to_have_count(0)  # that is theirs alone
    shot(page, "admin-catalogue-conflict")
    panel.get_by_role("button", name="Keep mine").click()
    expect(panel.get_by_text("Plan pro: sessions_max 6 → 8")).to_be_visible()
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The catalogue is changed.")).to_be_visible()
    pro = next(p for p in user.ok("GET", "/admin/catalogue")["plans"] if p["id"] == "pro")
    assert (pro["sessions_max"], pro["priority"]) == (8, 77)


def test_an_account_gets_a_plan_and_its_form_follows(core, console, browser, user, other, page):
    other.workspace(instance_type="small", storage_bytes=6 << 30)
    page.get_by_role("link", name="Accounts").first.click()
    choice = page.get_by_label("Plan of other@example.org")
    choice.select_option("free")
    expect(page.get_by_text("other@example.org has the plan Free.")).to_be_visible()
    expect(page.get_by_text(re.compile("nothing is deleted"))).to_be_visible()
    shot(page, "admin-accounts")
    them = signed_in(browser, console, core, "other@example.org")
    expect(them.get_by_text("Administration")).to_have_count(0)
    them.goto(console + "/workspaces/new")
    types = them.locator("label.type")
    expect(types.first).to_contain_text("Free")
    expect(types.last).to_contain_text("not in your plan")
    expect(types.last).to_contain_text("ask an administrator")
    expect(types.last.get_by_role("radio")).to_be_disabled()
    shot(them, "new-workspace-out-of-plan")
    assert them.said == []
    them.context.close()
    choice.select_option("")
    expect(page.get_by_text("other@example.org has the plan Standard.")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_how_it_looks(core, console, browser, theme, size):
    viewport = {"width": 1440, "height": 900} if size == "desktop" else {"width": 390, "height": 844}
    page = signed_in(browser, console, core, viewport=viewport, color_scheme=theme)
    for path in ("catalogue", "accounts"):
        page.goto(f"{console}/admin/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("table").first).to_be_visible()
        if path == "catalogue":
            page.get_by_role("button", name="Edit Standard").click()
            expect(page.get_by_role("complementary", name="Standard")).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        shot(page, f"admin-{path}-{size}-{theme}")
        if path == "catalogue":
            page.keyboard.press("Escape")
            expect(page.get_by_role("complementary")).to_have_count(0)
            shot(page, f"admin-{path}-table-{size}-{theme}")
        assert wide <= 0
    if size == "phone":
        page.goto(f"{console}/account")
        expect(page.get_by_role("navigation", name="Administration").get_by_role("link", name="Catalogue")).to_be_visible()
    assert page.said == []
    page.context.close()
