# SPDX-License-Identifier: Apache-2.0
"""The main job without a pointer: sign in, make, start, open, run a cell, come back, extend, stop, look at the bill. The focus is always
somewhere, can be seen, is not covered, and goes through a page in the order in which it is read."""

import re

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from hands import Hands
from labpage import LabPage
from product import wait_for



@pytest.fixture(scope="module")
def page():
    with sync_playwright() as p:
        b = launch(p)
        yield b.new_context(viewport={"width": 1280, "height": 800}).new_page()
        b.close()


@pytest.fixture(scope="module")
def hands(page):
    return Hands(page)


@pytest.fixture(scope="module")
def job():
    return {}


@pytest.fixture(autouse=True)
def without_faults(hands):
    hands.faults.clear()
    yield
    assert not hands.faults, "\n".join(dict.fromkeys(hands.faults))


def test_signing_in(hub, page, hands):
    page.goto(hub.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert re.search("code", hands.look()["name"], re.I), "the first field has the focus"
    hands.type(hub.code())
    hands.press("Enter")
    expect(page.locator("a.avatar")).to_be_visible(timeout=30_000)


def test_the_first_stop_leads_past_the_navigation(page, hands):
    page.evaluate("document.activeElement?.blur()")
    hands.press("Tab")
    assert re.search("Skip", hands.look()["name"])
    hands.press("Enter")
    assert hands.focus()["main"]


def test_a_workspace_is_made_and_started(hub, page, api, hands, job):
    hands.press("n")
    expect(page).to_have_url(re.compile("/workspaces/new$"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    wait_for("the field of the name", lambda: re.search("name", (hands.focus() or {}).get("name", ""), re.I), 20)
    hands.type("by-keys")
    hands.tab_to("^(Free|Small|Medium)")
    hands.arrow_to("^Small")
    hands.tab_to("1 h|2 h|30 min")
    hands.tab_to("^Start")
    hands.press("Enter")
    job["ws"] = wait_for("the workspace", lambda: [w for w in api.get("/workspaces")["items"] if w["name"] == "by-keys"])[0]
    job["session"] = wait_for("the session", lambda: api.get(f"/workspaces/{job['ws']['id']}")["session"])
    page.wait_for_url(re.compile(r"\.localhost:\d+/"), timeout=90_000)


def test_a_cell_is_run(page, hands, job):
    # The start led to JupyterLab: its own keys.
    lab = LabPage(page).ready()
    hands.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input:visible").wait_for()
    page.keyboard.insert_text("new notebook")
    expect(page.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text("Notebook")
    hands.press("Enter")
    page.locator(".jp-Dialog select").wait_for(timeout=30_000)
    hands.press("Enter")
    lab.idle()
    wait_for("the notebook", lambda: page.evaluate("!!document.activeElement.closest('.jp-Notebook')"), 20)
    hands.press("Escape", "Enter")
    page.keyboard.insert_text("print('by keys', 6 * 7)")
    hands.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("by keys 42", timeout=60_000)
    hands.press("Control+s")


def test_back_to_the_console_extended_and_stopped(hub, page, api, hands, job):
    page.goto(f"{hub.url}/workspaces")
    # Its row, not its name among what runs now, which stands there before the page does.
    expect(page.locator("tbody").get_by_role("link", name="by-keys")).to_be_visible()
    # The list's own keys: first row, open.
    hands.press("j")
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("by-keys")
    hands.press("Enter")
    page.wait_for_url(re.compile(job["ws"]["id"]))
    before = api.session(job["session"]["id"])["stop_at"]
    hands.tab_to("^Extend")
    hands.press("Enter")
    wait_for("a later stop", lambda: api.session(job["session"]["id"])["stop_at"] > before)
    assert hands.focus() is not None, "the focus was lost with the answer"
    hands.tab_to("^Stop", back=True)
    hands.press("Enter")
    stopped = []

    def gone():
        if page.get_by_role("dialog").count() and not stopped:
            hands.tab_to("^Stop", 12)
            hands.press("Enter")
            stopped.append(1)
        return api.session(job["session"]["id"])["state"] == "stopped"

    wait_for("the stop", gone, 60)
    expect(page.get_by_role("button", name=re.compile("^Start")).first).to_be_visible()
    hands.look()


def test_the_bill_is_read(page, hands):
    hands.press("g", "u")
    expect(page).to_have_url(re.compile("/usage"))
    expect(page.locator("tbody tr").first).to_be_visible()
    hands.tab_to("Workspace|Filter")


def test_every_page_has_its_stops_in_reading_order(hub, page, hands, job):
    wrong = []
    for path in ("/", "/workspaces", "/workspaces/new", f"/workspaces/{job['ws']['id']}", f"/workspaces/{job['ws']['id']}/settings", "/usage",
                 "/tokens", "/account", "/admin/sessions", "/admin/catalogue", "/admin/accounts", "/admin/capacity"):
        page.goto(hub.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        stops = hands.order()
        assert len(stops) > 5, (path, stops)
        parts = [("main" if "main" in s["where"] else "header" if "header" in s["where"] else "nav" if "nav" in s["where"] else "") for s in stops]
        firsts = [p for i, p in enumerate(parts) if p and (i == 0 or parts[i - 1] != p)]
        if sorted(set(firsts), key=firsts.index) != ["nav", "header", "main"][:3 if "main" in firsts else 2]:
            wrong.append(f"{path}: {firsts} of {[s['name'] for s in stops]}")
        if re.search("Skip", stops[0]["name"]) is None:
            wrong.append(f"{path}: the first stop is {stops[0]['name']!r}")
        assert all(s["name"] for s in stops), (path, [s for s in stops if not s["name"]])
    assert not wrong, wrong
