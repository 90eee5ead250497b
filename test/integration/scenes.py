# SPDX-License-Identifier: Apache-2.0
"""The notebook IDE's pages and states that are looked at and measured, one scene each (scenedesk.py has the files and the agent)."""

import datetime
import json
import math
import re
from typing import NamedTuple

from playwright.sync_api import expect

from rooms import VIEWS, settled
from scenedesk import NOTEBOOK, Desk


class Scene(NamedTuple):
    name: str
    path: str
    ref: str = "ide"
    act: object = None
    ready: str = ".centre, .centre-page"
    before: object = None  # before(page, desk) before it is asked for


def cells(page, desk):
    expect(page.locator(".cell h1")).to_have_text("Ensemble runoff forecast", timeout=60_000)
    expect(page.locator(".cell").nth(2)).to_be_visible()


def key(*keys):
    def act(page, desk):
        cells(page, desk)
        for k in keys:
            page.keyboard.press(k)
        page.wait_for_timeout(300)
    return act


def offline(page, desk):
    cells(page, desk)
    page.context.set_offline(True)
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text("kept = 'in this browser'")
    page.keyboard.press("Control+s")
    expect(page.get_by_text(re.compile("offline|No connection", re.I)).first).to_be_visible(timeout=60_000)


def machine(page, desk):
    """What the session's host would say of the machine and its cost; a server by itself knows neither."""
    desk.afresh()
    asked = [0]

    def session(route):
        n = asked[0] = asked[0] + 1
        cpu = sum(3.1 + 0.5 * math.sin(i / 3) + 0.3 * math.sin(i / 1.3) if i > 9 else 0.4 for i in range(n))
        stop = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=58)
        body = {"session": "s_1", "cpu_ns": int(cpu * 1e10), "measured_ns": n * 10**10, "cpu_milli": 4000, "memory_bytes": int((9.1 + 0.04 * min(n, 60)) * 2**30),
                "memory_limit_bytes": 16 << 30, "disk_used_bytes": int(18.4e9), "disk_size_bytes": 50 * 10**9, "idle_seconds": 0,
                "stop_at": stop.isoformat(), "stop_why": "idle", "max_at": (stop + datetime.timedelta(hours=8)).isoformat()}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))
    page.route(re.compile(r"/api/carrel/session(\?|$)"), session)
    # The name that edge's sessions have; a server by itself has none.
    page.add_init_script("document.addEventListener('readystatechange', () => { document.documentElement.dataset.workspace = 'catchment-forecast'; }, { once: true })")
    page.route(re.compile(r"/\.carrel/cost$"), lambda r: r.fulfill(
        status=200, content_type="application/json", body='{"cost":"0.591067","per_hour":"0.22","currency":"USD"}'))


def narrow(page):
    return page.viewport_size["width"] < 760


def look_again(page):
    """Sixty looks at the machine at once: its little charts are full."""
    for _ in range(60):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(15)


def run_folds(page):
    page.locator('.ib-kernel .lamp[data-state="idle"]').wait_for(timeout=60_000)
    cell = page.locator('.row-host[data-cell="c8"]')
    while not cell.count():
        page.keyboard.press("j")
    page.keyboard.press("End")
    page.keyboard.press("k")
    expect(page.locator('.cell[aria-current="true"]')).to_have_attribute("aria-label", re.compile("cell 9 of 10"))
    page.keyboard.press("Control+Enter")
    expect(cell.get_by_text("fold 6 of 10").first).to_be_visible(timeout=60_000)


def busy(page, desk):
    """The cell of the folds runs, the one below waits; a terminal is open where there is room for one."""
    cells(page, desk)
    if not narrow(page):
        expect(page.locator(".vars tbody tr").nth(4)).to_be_visible(timeout=60_000)
        page.keyboard.press("Control+`")
        expect(page.locator(".xterm-rows")).to_contain_text("catchment-forecast", timeout=60_000)
        page.locator(".xterm-helper-textarea").focus()
        page.keyboard.type("ls data && wc -l results.csv\n")
        expect(page.locator(".xterm-rows")).to_contain_text("8413 results.csv", timeout=30_000)
        page.locator('.cell[aria-current="true"]').focus()
    run_folds(page)
    page.keyboard.press("j")
    page.keyboard.press("Control+Enter")
    expect(page.locator('.cell[data-state="wait"]')).to_have_count(1)
    page.keyboard.press("k")
    look_again(page)


def sheet(name, opener):
    """A side of the page; on a phone it comes over the notebook."""
    def act(page, desk):
        cells(page, desk)
        page.locator('.ib-kernel .lamp[data-state="idle"]').wait_for(timeout=60_000)
        look_again(page)
        if narrow(page):
            page.get_by_role("button", name=opener).click()
        expect(page.get_by_role("complementary", name=name)).to_be_visible()
    return act


def menu(page, desk):
    """By keys alone: what has the focus is seen."""
    cells(page, desk)
    page.keyboard.press("Escape")
    more = page.get_by_role("button", name="More actions on cells").locator("visible=true").first
    more.focus()
    page.keyboard.press("Enter")
    page.get_by_role("menu").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")


def palette(page, desk):
    cells(page, desk)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").locator("input")).to_be_focused()
    page.keyboard.type("run")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("dialog").get_by_role("option", selected=True)).to_be_visible()


def find(page, desk):
    cells(page, desk)
    page.keyboard.press("Control+h")
    page.get_by_label("Find in this notebook").fill("skill")
    expect(page.locator(".find-count")).to_contain_text("of")


HELD = []


def never_comes(page, desk):
    """The file is on its way."""
    page.route(re.compile(r"/api/contents/04-ensemble"), lambda r: HELD.append(r))


def still_loading(page, desk):
    page.locator(".wait").wait_for()
    page.wait_for_timeout(300)
    page.unroute_all(behavior="ignoreErrors")


def conflict(page, desk):
    """Somebody else's change of the cell that one writes in."""
    cells(page, desk)
    page.locator('.ib-kernel .lamp[data-state="idle"]').wait_for(timeout=60_000)
    for _ in range(6):
        page.keyboard.press("j")
    expect(page.locator('.cell[aria-current="true"]')).to_have_attribute("aria-label", re.compile("cell 7 of 10"))
    file = desk.root / NOTEBOOK
    doc = json.loads(file.read_text())
    doc["cells"][6]["source"] = ["skill(fc.q_p50, gauges.q_obs.mean(axis=0))"]
    file.write_text(json.dumps(doc, indent=1) + "\n")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("  # per gauge")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    expect(page.locator(".merge-one")).to_have_count(1, timeout=60_000)
    page.locator(".merge-one .cm-content").first.wait_for()


SCENES = [
    Scene("ide", "/04-ensemble.ipynb", act=busy, before=machine),
    Scene("ide-idle", "/04-ensemble.ipynb", act=cells),
    Scene("ide-loading", "/04-ensemble.ipynb", act=still_loading, before=never_comes),
    Scene("ide-files", "/04-ensemble.ipynb", act=sheet("Files and outline", "Show or hide files"), before=machine),
    Scene("ide-machine", "/04-ensemble.ipynb", act=sheet("Variables and machine", "Show or hide variables and machine"), before=machine),
    Scene("ide-menu", "/04-ensemble.ipynb", act=menu),
    Scene("ide-conflict", "/04-ensemble.ipynb", act=conflict, before=lambda page, desk: desk.afresh()),
    Scene("ide-start", "", act=None),
    Scene("ide-edit", "/04-ensemble.ipynb", act=key("Enter")),
    Scene("ide-find", "/04-ensemble.ipynb", act=find),
    Scene("ide-keys", "/04-ensemble.ipynb", act=key("?")),
    Scene("ide-palette", "/04-ensemble.ipynb", act=palette),
    Scene("ide-text", "/model.py"),
    Scene("ide-broken", "/broken.ipynb"),
    Scene("ide-missing", "/nothing-here.ipynb"),
    Scene("ide-offline", "/04-ensemble.ipynb", act=offline),
]


def show(page, desk, scene):
    if scene.before:
        scene.before(page, desk)
    elif desk.used:
        desk.afresh()
        desk.used = False
    page.goto(desk.address(scene.path))
    page.locator(scene.ready).first.wait_for(timeout=30_000)
    settled(page)
    if scene.act:
        scene.act(page, desk)


def fresh(browser, view):
    width, height, scheme = VIEWS[view]
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, timezone_id="UTC", locale="en-GB",
                               reduced_motion="reduce", has_touch=view.startswith("phone")).new_page()
    page.said = []
    page.on("pageerror", lambda e: page.said.append(str(e)))
    return page
