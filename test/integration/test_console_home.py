# SPDX-License-Identifier: Apache-2.0
"""Home, first steps, palette, search, notices and languages, in a real Chromium against a core by itself."""

import re

import pytest
from playwright.sync_api import expect

from core_alone import wait_for
from deskpage import PHONE, browser, console, heading, looks, shot, signed_in, too_wide  # noqa: F401

pytest_plugins = ["core_fixtures"]


@pytest.fixture
def desk(browser, console, core):
    """A page of an account of its own, which has been there before."""
    pages = []

    def make(email, tour=False, **kw):
        user = core.user(email)
        page = signed_in(browser, console, core, email, **kw)
        if not tour:
            page.evaluate("localStorage.setItem('carrel.tour', 'done')")
            page.reload()
            expect(page.locator("a.avatar")).to_be_visible()
        pages.append(page)
        return page, user
    yield make
    for p in pages:
        assert p.said == []
        p.context.close()


def test_the_first_steps_are_shown_once_and_by_keyboard(desk):
    page, _ = desk("new@example.org", tour=True)
    tour = page.get_by_role("region", name="First steps")
    heading(page, "Your desk")
    expect(tour).to_contain_text("1 of 4")
    expect(page.get_by_role("button", name="Open an example notebook")).to_be_visible()
    looks(page, "home-new")
    tour.get_by_role("button", name="Next").focus()
    for step in range(2, 5):
        page.keyboard.press("Enter" if step == 2 else "ArrowRight")
        expect(tour).to_contain_text(f"{step} of 4")
        expect(tour.get_by_role("heading")).to_be_focused()
    page.keyboard.press("Escape")
    expect(tour).to_have_count(0)
    page.reload()
    heading(page, "Your desk")
    expect(page.get_by_role("button", name="Open an example notebook")).to_be_visible()
    expect(tour).to_have_count(0)


def test_what_runs_says_its_cost_and_its_stop_and_stops(desk):
    page, user = desk("runs@example.org")
    ws = user.workspace("catchment-forecast", auto_stop_seconds=3600)
    user.workspace("rainfall")
    s = user.start(ws)
    row = page.get_by_role("article", name="catchment-forecast")
    expect(row).to_contain_text("Cost per hour")
    expect(row).to_contain_text(re.compile(r"Stops in (1 h|59 min|5\d min)"))
    expect(row).to_contain_text(re.compile(r"\$0\.0\d"))
    expect(page.locator(".sub-line")).to_contain_text("One session runs.")
    looks(page, "home")
    row.get_by_role("button", name="Extend 1 h: catchment-forecast").dblclick()
    expect(page.get_by_text(re.compile(r"catchment-forecast runs until"))).to_have_count(1)
    row.get_by_role("link", name=re.compile(r"\$0")).click()
    heading(page, "Usage")
    page.go_back()
    row.get_by_role("button", name="Stop catchment-forecast").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(row).to_have_count(0)
    user.wait_state(s["id"], "stopped")
    expect(page.locator("#run-h ~ *, section[aria-labelledby=run-h]").first).to_be_visible()
    expect(page.get_by_text("Nothing runs, nothing is metered but storage.").first).to_be_visible()


def test_the_palette_does_everything_from_the_keyboard(desk):
    page, user = desk("keys@example.org")
    a = user.workspace("sensor-cleaning")
    user.workspace("snowmelt")
    user.start(a)
    expect(page.get_by_role("article", name="sensor-cleaning")).to_be_visible()
    box = page.get_by_role("combobox", name="Search or jump to")
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.type("sens")
    expect(page.get_by_role("option", selected=True)).to_contain_text("sensor-cleaning")
    expect(page.get_by_role("option", selected=True).locator("mark")).to_have_text("sens")
    looks(page, "palette")
    page.keyboard.press("Enter")
    heading(page, "sensor-cleaning")
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    expect(page.locator("[role=group]").filter(has_text="Recent")).to_contain_text("sensor-cleaning")
    page.keyboard.type("stop sensor")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Stop sensor-cleaning")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Stop sensor-cleaning?")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.type("zzzz")
    expect(page.get_by_text("Nothing matches “zzzz”")).to_be_visible()
    page.keyboard.press("Tab")
    heading(page, "Search")
    expect(page).to_have_url(re.compile(r"/search\?q=zzzz"))
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    for keys, title in (("gw", "Workspaces"), ("gu", "Usage"), ("gh", "Your desk")):
        page.keyboard.type(keys)
        heading(page, title)
    page.keyboard.press("/")
    heading(page, "Search")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(page.url.split("/search")[0] + "/account")
    page.get_by_role("switch", name="One-letter keys").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.type("gw")
    heading(page, "Account")
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()


def test_the_search_says_what_it_searched_and_can_be_cleared(desk):
    page, user = desk("find@example.org")
    user.workspace("dam-safety")
    page.goto(page.url.rstrip("/") + "/search")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("runof <b>x</b>")
    expect(page.get_by_role("heading", name="Nothing matches “runof <b>x</b>”")).to_be_visible()
    shot(page, "search-none")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.get_by_role("heading", name="What are you looking for?")).to_be_visible()


def test_the_bell_counts_and_is_read(desk, core):
    page, user = desk("told@example.org")
    s = user.start(user.workspace("night-run"))
    admin = core.user()
    admin.ok("POST", f"/admin/sessions/{s['id']}/stop", {"reason": "the machine is needed"}, expect=200)
    bell = page.get_by_role("button", name=re.compile("^Notices, "))
    expect(bell).to_be_visible()
    expect(page.locator(".feed")).to_contain_text("the machine is needed")
    bell.click()
    panel = page.get_by_role("dialog", name="Notices")
    expect(panel).to_contain_text("the machine is needed")
    shot(page, "bell")
    panel.get_by_role("button", name="Mark all as read").dblclick()
    expect(page.get_by_role("button", name="Notices", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert wait_for("read", lambda: user.ok("GET", "/notices?unread=true")["unread"] == 0)


PAGES = ("/", "/workspaces", "/workspaces/new", "/search", "/usage", "/tokens", "/account")


def test_german_is_whole_and_fits_the_phone(desk, core):
    page, user = desk("lang@example.org")
    ws = user.workspace("talsperren-beobachtung-mit-langem-namen")
    user.start(ws)
    fetched = []
    page.on("request", lambda r: fetched.append(r.url))
    base = page.url.rstrip("/")
    page.goto(base + "/account")
    before = len(fetched)
    page.get_by_label("Language").select_option("de")
    heading(page, "Konto")
    assert page.evaluate("document.documentElement.lang") == "de"
    assert any(".js" in u for u in fetched[before:]), "German comes when it is chosen"
    page.reload()
    heading(page, "Konto")
    for size in (PHONE, {"width": 1440, "height": 900}):
        page.set_viewport_size(size)
        for path in (*PAGES, f"/workspaces/{ws['id']}", f"/workspaces/{ws['id']}/settings"):
            page.goto(base + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert too_wide(page) == [], (path, size)
            if path in ("/", "/workspaces"):
                shot(page, f"german-{path.strip('/') or 'home'}-{size['width']}")
    page.goto(base + "/")
    expect(page.get_by_role("article")).to_contain_text("Kosten pro Stunde")
    expect(page.get_by_role("article")).to_contain_text(re.compile(r"0,\d\d\s\$"))


def test_the_browsers_language_is_spoken_at_first(browser, console):
    page = browser.new_context(locale="de-AT").new_page()
    page.goto(console)
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "de"
    page.context.close()


def test_an_api_that_is_away_keeps_what_was_there(desk, core):
    page, user = desk("away@example.org")
    user.start(user.workspace("tides"))
    expect(page.get_by_role("article", name="tides")).to_be_visible()
    core.kill()
    try:
        banner = page.locator(".banner.away")
        expect(banner).to_contain_text(re.compile(r"No connection to Carrel since \d\d:\d\d"))
        expect(banner).to_contain_text(re.compile(r"Next try in \d+ s|Trying now"))
        expect(page.get_by_role("article", name="tides")).to_be_visible()
        shot(page, "home-away")
    finally:
        core.start()
    expect(banner).to_have_count(0)
    expect(page.get_by_role("article", name="tides")).to_be_visible()


def test_a_slow_api_and_one_that_is_busy(desk):
    page, user = desk("slow@example.org")
    user.workspace("dunes")

    held = []
    page.route("**/api/v1/home", lambda r: held.append(r))
    page.reload()
    heading(page, "Your desk")
    expect(page.locator(".cont-wait [aria-busy=true]")).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.get_by_text("Notebooks and files that you open or save stand here")).to_be_visible()
    page.unroute("**/api/v1/home")
    answers = [503, 503, 503]

    def busy(route):
        if answers:
            route.fulfill(status=answers.pop(), content_type="application/problem+json", body='{"title":"Carrel is restarting.","status":503,"detail":"Your sessions run on."}')
        else:
            route.continue_()
    page.route("**/api/v1/home", busy)
    page.reload()
    alert = page.get_by_role("alert").filter(has_text="What you worked on last did not load.")
    expect(alert).to_contain_text("Your sessions run on.")
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)


def test_two_tabs_and_the_way_back(desk):
    page, user = desk("tabs@example.org")
    ws = user.workspace("glacier")
    other = page.context.new_page()
    other.goto(page.url)
    user.start(ws)
    for p in (page, other):
        expect(p.get_by_role("article", name="glacier")).to_be_visible()
    other.get_by_role("link", name="All workspaces").click()
    other.get_by_role("link", name="glacier").first.click()
    heading(other, "glacier")
    other.go_back()
    heading(other, "Workspaces")
    other.go_back()
    heading(other, "Your desk")
    other.go_forward()
    heading(other, "Workspaces")
