# SPDX-License-Identifier: Apache-2.0
"""The console on a bad day, in a real Chromium against a real core: sessions die under an open page, two tabs disagree, the laptop sleeps,
the network is gone for minutes, every answer takes two seconds or is 503, buttons are pressed twice, clocks are wrong."""

import contextlib
import re

import pytest
from playwright.sync_api import Error, expect, sync_playwright

from browser import launch
from core_alone import Core, wait_for
from weather import Weather

LONG = 30_000


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    c = Core(tmp_path_factory.mktemp("core"), "warn=60").start()
    yield c
    assert c.stop() == 0


@pytest.fixture(scope="module")
def sky(core):
    w = Weather(core.sock)
    yield w
    w.close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


@pytest.fixture(scope="module")
def user(core):
    return core.user()


@pytest.fixture
def context(browser, core, sky):
    sky.mode = "fair"
    c = browser.new_context(viewport={"width": 1280, "height": 800})
    c.set_default_timeout(LONG)
    r = c.request.post(f"http://localhost:{sky.port}/api/v1/login", data={"code": core.code()},
                       headers={"X-Carrel-CSRF": "1", "Sec-Fetch-Site": "same-origin"})
    assert r.ok, r.text()
    c.said = []
    c.on("weberror", lambda e: c.said.append(str(e.error)))
    yield c
    sky.mode = "fair"
    c.close()
    assert not c.said, c.said


@pytest.fixture
def page(context, sky):
    return opened(context, sky, "/workspaces")


def opened(context, sky, path):
    p = context.new_page()
    p.goto(f"http://localhost:{sky.port}{path}")
    return p


def h1(page, text):
    expect(page.get_by_role("heading", level=1)).to_contain_text(text, timeout=LONG)


def pill(page, word):
    expect(page.locator(".pill, .status, [data-state]").filter(has_text=re.compile(word)).first).to_be_visible(timeout=LONG)


@contextlib.contextmanager
def frozen(context, page):
    cdp = context.new_cdp_session(page)
    cdp.send("Page.setWebLifecycleState", {"state": "frozen"})
    yield
    cdp.send("Page.setWebLifecycleState", {"state": "active"})


def calm(page):
    """Nothing is said to be wrong."""
    expect(page.locator(".banner.away, .banner[data-kind=danger], .error-text, .toast[data-kind=danger]")).to_have_count(0)


def stop_in(page):
    page.get_by_role("button", name=re.compile("^Stop")).first.click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Stop")).click()


def test_a_session_dies_under_an_open_page(core, user, context, sky):
    ws = user.workspace("dies")
    s = user.start(ws)
    page = opened(context, sky, f"/workspaces/{ws['id']}")
    pill(page, "Running")
    core.engine.end(s["id"], s["epoch"], "oom")
    pill(page, "Failed")
    expect(page.get_by_role("button", name=re.compile("^Start")).first).to_be_enabled()
    # The reason in words, on the same page, without a reload.
    expect(page.get_by_text(re.compile("memory", re.I)).first).to_be_visible()


def test_two_tabs_know_the_same_and_the_second_change_is_told(user, context, sky):
    ws = user.workspace("twice")
    user.start(ws)
    a, b = (opened(context, sky, f"/workspaces/{ws['id']}") for _ in range(2))
    pill(b, "Running")
    stop_in(a)
    for p in (a, b):
        pill(p, "Stopped")
    # Both start at the same time: one session.
    buttons = [p.get_by_role("button", name=re.compile("^Start")).first.element_handle() for p in (a, b)]
    for handle in buttons:
        handle.evaluate("(e) => e.click()")
    wait_for("one session", lambda: user.ok("GET", f"/workspaces/{ws['id']}")["session"])
    mine = [s for s in user.ok("GET", "/sessions")["items"] if s["workspace_id"] == ws["id"]]
    assert len(mine) == 2 and len([s for s in mine if s["state"] != "stopped"]) == 1
    user.stop(ws)
    # Both change the settings: the second is told and sees the other's value.
    for p in (a, b):
        p.close()  # a start leads to the session, whenever it is there
    a, b = (opened(context, sky, f"/workspaces/{ws['id']}/settings") for _ in range(2))
    for p in (a, b):
        expect(p.get_by_label("Name", exact=True)).to_have_value("twice")
    b.get_by_label("Name", exact=True).fill("second-loses")
    a.get_by_label("Name", exact=True).fill("first-wins")
    a.get_by_role("button", name="Save").first.click()
    wait_for("the first", lambda: user.ok("GET", f"/workspaces/{ws['id']}")["name"] == "first-wins")
    expect(b.get_by_role("heading", level=1)).to_have_text("first-wins")
    expect(b.get_by_label("Name", exact=True)).to_have_value("second-loses")
    b.get_by_role("button", name="Save").first.click()
    expect(b.get_by_text(re.compile("was changed elsewhere")).first).to_be_visible()
    expect(b.get_by_label("Name", exact=True)).to_have_value("first-wins")
    assert user.ok("GET", f"/workspaces/{ws['id']}")["name"] == "first-wins"
    # Where nothing was typed the other tab's change is simply shown.
    a.get_by_label("Name", exact=True).fill("once-more")
    a.get_by_role("button", name="Save").first.click()
    expect(b.get_by_label("Name", exact=True)).to_have_value("once-more")


def test_another_account_signs_in_in_another_tab(core, user, context, sky):
    user.workspace("not-theirs")
    page = opened(context, sky, "/workspaces")
    row = page.get_by_role("row").filter(has_text="not-theirs")
    expect(row).to_be_visible()
    wait_for("its stream", lambda: sky.streams)
    r = context.request.post(f"http://localhost:{sky.port}/api/v1/login", data={"code": core.code("else@example.org", create=True)},
                             headers={"X-Carrel-CSRF": "1", "Sec-Fetch-Site": "same-origin"})
    assert r.ok, r.text()
    sky.cut()
    # The page is theirs as a whole, not one with the other's things and their sign-in.
    expect(page.get_by_role("link", name=re.compile("^else.*, account"))).to_be_visible()
    expect(row).to_have_count(0)


def test_a_laptop_sleeps_and_wakes(user, context, sky):
    ws = user.workspace("sleeps")
    user.start(ws)
    page = opened(context, sky, f"/workspaces/{ws['id']}")
    pill(page, "Running")
    with frozen(context, page):
        context.set_offline(True)
        sky.cut()
        user.stop(ws)
        context.set_offline(False)
    pill(page, "Stopped")
    expect(page.get_by_role("button", name=re.compile("^Start")).first).to_be_enabled()
    # What happened meanwhile came as events that were missed, not as a page read anew.
    wait_for("a stream that goes on", lambda: sky.resumed[-1] is not None)
    calm(page)


def test_a_laptop_sleeps_while_something_is_asked_and_typed(user, context, sky):
    ws = user.workspace("half-asked")
    s = user.start(ws)
    page = opened(context, sky, "/workspaces")
    row = page.get_by_role("row").filter(has_text="half-asked")
    field = page.locator("[role=search] input").first
    field.fill("half-as")
    expect(row).to_contain_text("Running")
    sky.mode, there = "slow", len(sky.posts("/stop$"))
    row.get_by_role("button", name=re.compile("^More")).click()
    page.get_by_role("menuitem", name=re.compile("^Stop")).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Stop")).click()
    wait_for("the request", lambda: len(sky.posts("/stop$")) > there)
    with frozen(context, page):
        user.wait_state(s["id"], "stopped")
        sky.mode = "fair"
    expect(row).to_contain_text("Stopped")
    calm(page)
    expect(field).to_have_value("half-as")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_stream_that_died_unheard_in_a_sleep(user, context, sky):
    ws = user.workspace("forgotten")
    user.start(ws)
    page = context.new_page()
    page.clock.install()
    page.goto(f"http://localhost:{sky.port}/workspaces")
    row = page.get_by_role("row").filter(has_text="forgotten")
    expect(row).to_contain_text("Running")
    wait_for("its stream", lambda: sky.streams)
    sky.deafen()
    user.stop(ws)
    # Less than the page waits for a silent stream when it is awake, so it is the waking that looks.
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 55)

    def shown():
        page.clock.run_for(20)
        return "Stopped" in row.inner_text()

    wait_for("what happened meanwhile", shown)
    assert sky.resumed[-1] is not None
    calm(page)


def test_five_minutes_without_a_network(user, context, sky):
    ws = user.workspace("cut-off")
    user.start(ws)
    page = context.new_page()
    page.clock.install()
    page.goto(f"http://localhost:{sky.port}/workspaces")
    row = page.get_by_role("row").filter(has_text="cut-off")
    expect(row).to_contain_text("Running")
    context.set_offline(True)
    user.stop(ws)
    for _ in range(10):
        page.clock.run_for(30_000)
    banner = page.locator(".banner.away")
    expect(banner).to_be_visible()
    expect(banner).to_contain_text(re.compile("Next try|Trying"))
    # The last good content stays, and is not said to be now.
    expect(row).to_be_visible()
    context.set_offline(False)
    # It tries by itself; one may also ask for it at once.
    for _ in range(40):
        page.clock.run_for(1_000)
        if not banner.count():
            break
    expect(banner).to_have_count(0)
    expect(row).to_contain_text("Stopped")


def test_every_answer_takes_two_seconds(user, context, sky):
    ws = user.workspace("patience")
    sky.mode = "slow"
    page = opened(context, sky, "/workspaces")
    row = page.get_by_role("row").filter(has_text="patience")
    expect(row).to_be_visible(timeout=LONG)
    sky.asked.clear()
    start = row.get_by_role("button", name=re.compile("^Start"))
    start.dblclick()
    wait_for("the start", lambda: user.ok("GET", f"/workspaces/{ws['id']}")["session"], 30)
    sky.mode = "fair"
    assert len([s for s in user.ok("GET", "/sessions")["items"] if s["workspace_id"] == ws["id"]]) == 1
    assert len(sky.posts(f"/workspaces/{ws['id']}/start$")) == 1, sky.asked


def test_every_answer_is_503_for_a_while(context, sky):
    sky.mode = "refuse"
    page = opened(context, sky, "/workspaces")
    expect(page.get_by_text(re.compile("restart|not answer|unreachable|away", re.I)).first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Try"))).to_be_visible()
    sky.mode = "fair"
    # It comes back by itself; nobody has to press anything.
    h1(page, "Workspaces")
    sky.mode = "refuse"
    page.get_by_role("link", name="Usage").first.click()
    expect(page.get_by_text(re.compile("restart|not answer|did not load|again", re.I)).first).to_be_visible()
    sky.mode = "fair"
    page.get_by_role("button", name=re.compile("Try")).first.click()
    h1(page, "Usage")
    expect(page.get_by_role("button", name=re.compile("^Try"))).to_have_count(0)


def test_the_back_button(user, context, sky):
    ws = user.workspace("back")
    page = opened(context, sky, "/workspaces")
    page.get_by_role("link", name="back", exact=True).first.click()
    h1(page, "back")
    page.locator(".tabs").get_by_text("Settings").click()
    page.get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    h1(page, "back")
    page.go_back()
    h1(page, "Workspaces")
    page.go_forward()
    h1(page, "back")
    # A start that has ended is not begun again by coming back to its page.
    user.start(ws)
    user.stop(ws)
    page.goto(f"http://localhost:{sky.port}/workspaces/{ws['id']}/start")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(f"http://localhost:{sky.port}/usage")
    h1(page, "Usage")
    page.go_back()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert user.ok("GET", f"/workspaces/{ws['id']}")["session"] is None


def test_everything_is_pressed_twice(user, context, sky):
    sky.asked.clear()
    page = opened(context, sky, "/workspaces/new")
    page.get_by_label(re.compile("^Name")).fill("pressed-twice")
    page.get_by_role("button", name="Create without starting").dblclick()
    page.wait_for_url(re.compile("/workspaces/ws_"))
    made = [w for w in user.ok("GET", "/workspaces")["items"] if w["name"].startswith("pressed-twice")]
    assert len(made) == 1 and len(sky.posts("/workspaces$")) == 1, (made, sky.asked)
    ws = made[0]
    page.goto(f"http://localhost:{sky.port}/workspaces/{ws['id']}")
    page.get_by_role("button", name=re.compile("^Start")).first.dblclick()
    s = wait_for("the session", lambda: user.ok("GET", f"/workspaces/{ws['id']}")["session"])
    user.wait_state(s["id"], "running")
    assert len(sky.posts("/start$")) == 1
    page.goto(f"http://localhost:{sky.port}/workspaces/{ws['id']}")
    before = user.session(s["id"])["stop_at"]
    page.get_by_role("button", name=re.compile("^Extend")).first.dblclick()
    wait_for("a later stop", lambda: user.session(s["id"])["stop_at"] > before)
    assert len(sky.posts("/extend$")) == 1
    page.get_by_role("button", name=re.compile("^Stop")).first.dblclick()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Stop")).dblclick()
    user.wait_state(s["id"], "stopped")
    assert len(sky.posts("/stop$")) == 1
    pill(page, "Stopped")
    page.goto(f"http://localhost:{sky.port}/tokens")
    page.get_by_role("button", name=re.compile("New token|Make|Create", re.I)).first.click()
    page.get_by_label(re.compile("^Name")).fill("pressed twice")
    page.get_by_role("button", name=re.compile("^(Make|Create)", re.I)).last.dblclick()
    wait_for("the token", lambda: [x for x in user.ok("GET", "/tokens")["items"] if x["name"] == "pressed twice"])
    assert len([x for x in user.ok("GET", "/tokens")["items"] if x["name"] == "pressed twice"]) == 1


@pytest.mark.parametrize("hours", [-30, 26])
def test_the_clock_of_the_browser_is_wrong(user, context, sky, hours):
    ws = user.workspace(f"skew {hours}", auto_stop_seconds=3600)
    user.start(ws)
    page = context.new_page()
    page.add_init_script(f"const real = Date; const off = {hours} * 3600e3; Date = class extends real {{ constructor(...a) {{"
                         " a.length ? super(...a) : super(real.now() + off); } static now() { return real.now() + off; } };")
    page.goto(f"http://localhost:{sky.port}/workspaces/{ws['id']}")
    pill(page, "Running")
    # An hour is left, whatever the browser's clock says; it has run for seconds, and the month is the server's.
    expect(page.get_by_text(re.compile(r"\b(1 h|60 min|59 min|58 min)\b")).first).to_be_visible()
    page.goto(f"http://localhost:{sky.port}/usage")
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.locator("tbody")).to_contain_text(f"skew {hours}")
    user.stop(ws)


def test_the_sign_in_ends_while_one_works(core, user, context, sky):
    page = opened(context, sky, "/usage")
    h1(page, "Usage")
    context.clear_cookies()
    with contextlib.suppress(Error):  # the page may notice by itself, and then there is no such link any more
        page.get_by_role("link", name="Tokens").first.click(timeout=5000)
    h1(page, "Sign in")
    page.get_by_label(re.compile("code", re.I)).fill(core.code())
    page.get_by_role("button", name=re.compile("^sign in", re.I)).click()
    # It goes on where one was, or was going.
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("Tokens|Usage"), timeout=LONG)
