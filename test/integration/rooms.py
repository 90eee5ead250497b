# SPDX-License-Identifier: Apache-2.0
"""The pages and states of the console that are looked at (tools/screens) and measured (test_axe.py): one row each. A new page or
state is one more row: its name, whose eyes, its address, the page of the design reference beside it, and what to do before."""

import re
from typing import NamedTuple

from playwright.sync_api import expect

import backstage

TODAY = "2026-11-21T10:54:02Z"
VIEWS = {"light": (1440, 900, "light"), "dark": (1440, 900, "dark"), "phone": (390, 844, "light"), "phone-dark": (390, 844, "dark")}


class Row(NamedTuple):
    name: str
    who: str            # "" is nobody: not signed in
    path: str           # {name} is the id of that workspace
    ref: str            # page of the reference, or ""
    act: object = None  # act(page, room) after the page is there
    before: object = None  # before(page, room) before it is asked for
    ready: str = "h1"


def button(page, name):
    return page.get_by_role("button", name=name)


def fulfil(pattern, status=503):
    """What the API answers to these addresses: nothing good."""
    def before(page, room):
        page.route(re.compile(pattern), lambda r: r.fulfill(
            status=status, content_type="application/problem+json", headers={"X-Request-Id": "r_7f3a91c2"},
            body='{"type":"https://carrel.dev/problems/unavailable","title":"Carrel is restarting","status":%d,'
                 '"detail":"Carrel is restarting.","request_id":"r_7f3a91c2"}' % status))
    return before


def never(pattern):
    """No answer yet: what a page shows while it waits."""
    return lambda page, room: page.add_init_script(
        "const real = window.fetch; window.fetch = (u, o) => new RegExp(%r).test(String(u)) ? new Promise(() => {}) : real(u, o);" % pattern)


def wrong_password(page, room):
    button(page, re.compile("e-mail and password")).click()
    page.get_by_label(re.compile("^E-mail")).fill("mara@hydrolab.example")
    page.get_by_label("Password", exact=True).fill("not this one")
    button(page, re.compile("^Sign in")).click()
    expect(page.locator("#password-e")).to_be_visible()


def why(page, room):
    page.get_by_role("row").filter(has_text="lidar-tiles").get_by_role("button").first.click()
    expect(page.get_by_role("complementary", name="Why is this still running?")).to_be_visible()


def edit_small(page, room):
    button(page, "Edit Small").click()
    panel = page.get_by_role("complementary", name="Small")
    panel.get_by_label("Price per hour, USD").fill("0.05")
    expect(panel.get_by_text(re.compile("0.04"))).to_be_visible()


def network_gone(page, room):
    page.clock.install(time=TODAY)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.context.set_offline(True)
    page.clock.fast_forward(90_000)
    expect(page.locator(".banner.away")).to_be_visible(timeout=30_000)


def keys(page, room):
    button(page, "Keyboard").first.click() if button(page, "Keyboard").count() else page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def bell(page, room):
    page.locator(".topbar").get_by_role("button", name=re.compile("notice|notification", re.I)).click()


def palette(page, room):
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search or jump to")).to_be_focused()
    page.keyboard.type("ens")
    expect(page.get_by_role("option").filter(has_text="04-ensemble.ipynb").first).to_be_visible()
    page.keyboard.press("ArrowDown")


def more(page, room):
    """The menu of a row, opened by keys: what has the focus is seen."""
    page.get_by_role("button", name=re.compile("^More")).locator("visible=true").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("menu").wait_for()
    page.keyboard.press("ArrowDown")


def first_row(page, room):
    page.locator("tbody").get_by_role("button").first.click()


def last_rows(page, room):
    """Far down in a list of ten thousand."""
    box = page.locator(".long-box")
    expect(page.get_by_text(re.compile("of 10.000"))).to_be_visible(timeout=60_000)
    # By whole rows: one that is half under the head has too little room to be hit, to axe.
    box.evaluate("""(e) => { const h = e.querySelector("tr[data-row]").getBoundingClientRect().height;
                            e.scrollTop = Math.round(e.scrollHeight * .42 / h) * h; }""")


def drawn(page, room):
    """The charts are there."""
    expect(page.locator(".chart canvas, .chart svg").first).to_be_visible()


def sparks(page, room):
    """Of each that runs, its last hour; a phone has no room for them."""
    expect(page.locator(".run-spark svg[aria-label*=Processor]")).to_have_count(2)


def budget(page, room):
    button(page, "Change").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def delete(page, room):
    button(page, re.compile("^Delete")).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


ROWS = [
    Row("sign-in", "", "/", "signin"),
    Row("sign-in-wrong", "", "/", "signin", wrong_password),
    Row("home", "mara", "/", "home", sparks, backstage.charts),
    Row("home-new", "new", "/", "empty"),
    Row("home-loading", "mara", "/", "home", None, never(r"/api/v1/(home|workspaces)(\?|$)")),
    Row("palette", "mara", "/", "palette", palette),
    Row("search", "mara", "/search?q=ensemble", "palette"),
    Row("search-none", "mara", "/search?q=turbine", "empty"),
    Row("workspaces", "mara", "/workspaces", "workspaces"),
    Row("workspaces-menu", "mara", "/workspaces", "workspaces", more),
    Row("workspaces-10000", "mara", "/workspaces", "workspaces", last_rows, backstage.ten_thousand),
    Row("workspaces-empty", "new", "/workspaces", "empty"),
    Row("workspaces-error", "mara", "/workspaces", "empty", None, fulfil(r"/api/v1/workspaces(\?|$)")),
    Row("workspaces-loading", "mara", "/workspaces", "empty", None, never(r"/api/v1/workspaces(\?|$)"), "body"),
    Row("new-workspace", "mara", "/workspaces/new", "new-workspace"),
    Row("starting", "priya", "/workspaces/{snowmelt}/start", "starting", None, lambda page, room: room.slow_start()),
    Row("queued", "mara", "/workspaces/{turbidity-gpu}/start", "starting"),
    Row("start-failed", "anna", "/workspaces/{groundwater-tracer}/start", "starting"),
    Row("workspace", "mara", "/workspaces/{catchment-forecast}", "workspace", drawn, backstage.charts),
    Row("workspace-stopped", "mara", "/workspaces/{rainfall-bayes}", "workspace", drawn, backstage.charts),
    Row("workspace-files", "mara", "/workspaces/{catchment-forecast}/files", "workspace", None, None, ".file-table tbody tr"),
    Row("workspace-files-stopped", "mara", "/workspaces/{rainfall-bayes}/files", "workspace", None, None, ".file-table tbody tr"),
    Row("workspace-preview", "mara", "/workspaces/{rainfall-bayes}/files?file=04-ensemble.ipynb", "workspace", None, None, ".pv-nb"),
    Row("workspace-environment", "mara", "/workspaces/{catchment-forecast}/environment", "workspace", None, None, ".env-table"),
    Row("workspace-sessions", "mara", "/workspaces/{catchment-forecast}/sessions", "workspace"),
    Row("workspace-logs", "mara", "/workspaces/{catchment-forecast}/logs", "workspace"),
    Row("workspace-settings", "mara", "/workspaces/{catchment-forecast}/settings", "workspace"),
    Row("workspace-delete", "mara", "/workspaces/{rainfall-bayes}/settings", "workspace", delete),
    Row("usage", "mara", "/usage", "usage"),
    Row("usage-empty", "new", "/usage", "empty"),
    Row("usage-budget", "mara", "/usage", "usage", budget),
    Row("invoices", "mara", "/invoices", "invoice"),
    Row("tokens", "mara", "/tokens", ""),
    Row("account", "mara", "/account", ""),
    Row("admin-sessions", "mara", "/admin/sessions", "admin-sessions"),
    Row("admin-sessions-why", "mara", "/admin/sessions", "admin-sessions", why),
    Row("admin-catalogue", "mara", "/admin/catalogue", "admin-catalogue"),
    Row("admin-catalogue-edit", "mara", "/admin/catalogue", "admin-catalogue", edit_small),
    Row("admin-accounts", "mara", "/admin/accounts", "admin-catalogue"),
    Row("admin-usage", "mara", "/admin/usage", "usage"),
    Row("admin-budgets", "mara", "/admin/budgets", ""),
    Row("admin-capacity", "mara", "/admin/capacity", ""),
    Row("admin-audit", "mara", "/admin/audit", ""),
    Row("admin-audit-line", "mara", "/admin/audit", "", first_row),
    Row("admin-health", "mara", "/admin/health", "", None, backstage.calm_store),
    Row("not-found", "mara", "/workspaces/nothing-here/at/all", "error"),
    Row("away", "mara", "/workspaces", "error", network_gone),
    Row("unreachable", "mara", "/workspaces", "error", None, fulfil(r"/api/v1/me$"), "body"),
    Row("keys", "mara", "/workspaces", "palette", keys),
    Row("notices", "mara", "/workspaces", "home", bell),
    Row("deleted", "mara", "/workspaces/deleted", "", None, backstage.deleted, "tbody tr"),
]


class Eyes:
    """Browser contexts for each person and view, signed in once."""

    def __init__(self, browser, room):
        self.browser, self.room = browser, room
        self.kept = {}
        self.open = {}

    def state(self, who):
        if who and who not in self.kept:
            c = self.browser.new_context()
            email = self.room.email(who)
            code = self.room.core.code(email) if email else self.room.core.code()
            r = c.request.post(f"{self.room.console}/api/v1/login", data={"code": code},
                               headers={"X-Carrel-CSRF": "1", "Sec-Fetch-Site": "same-origin"})
            assert r.ok, r.text()
            self.kept[who] = c.storage_state()
            c.close()
        return self.kept.get(who)

    def page(self, who, view):
        """A fresh page; its complaints are in `said`."""
        if (who, view) not in self.open:
            width, height, scheme = VIEWS[view]
            self.open[who, view] = self.browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, storage_state=self.state(who), timezone_id="UTC",
                locale="en-GB", reduced_motion="reduce", has_touch=view.startswith("phone"))
        p = self.open[who, view].new_page()
        p.said = []
        p.on("pageerror", lambda e: p.said.append(str(e)))
        p.clock.set_fixed_time(TODAY)
        return p

    def show(self, row, view):
        page = self.page(row.who, view)
        self.room.beat()
        self.room.stage.attach(page)
        if row.before:
            row.before(page, self.room)
        ids = {name: w["id"] for name, w in self.room.ws.items()}
        page.goto(self.room.console + re.sub(r"\{(.*?)\}", lambda m: ids[m.group(1)], row.path))
        page.locator(row.ready).first.wait_for()
        settled(page)
        if row.act:
            row.act(page, self.room)
            settled(page)
        return page

    def done(self, page):
        page.context.set_offline(False)
        page.close()

    def close(self):
        for c in self.open.values():
            c.close()


def settled(page):
    """Nothing is asked for any more (the stream of events stays) and two frames were drawn."""
    page.wait_for_function(
        """() => { const n = performance.getEntriesByType('resource').length;
        if (window.__settled?.n !== n) window.__settled = { n, frames: 0 };
        return ++window.__settled.frames > 12; }""", polling="raf", timeout=30_000)
