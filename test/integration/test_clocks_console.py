# SPDX-License-Identifier: Apache-2.0
"""The console's words for clocks: settings, warnings with extend, notices, evidence of a stop, and the administrator's sessions."""

import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from product import BUILD, Jupyter, wait_for

SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))


@pytest.fixture(scope="module")
def page(hub):
    with sync_playwright() as p:
        b = launch(p)
        page = b.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin").new_page()
        page.goto(hub.url + "/")
        page.get_by_label(re.compile("code", re.I)).fill(hub.code())
        page.get_by_role("button", name=re.compile("sign in", re.I)).click()
        page.wait_for_url(re.compile(r"/(workspaces)?$"))
        yield page
        b.close()


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


@pytest.fixture(scope="module")
def ws(api):
    """Its session stops by the calendar in a quarter of an hour at most: the first warning is due at once."""
    soon = datetime.now(timezone.utc) + timedelta(minutes=13)
    w = api.workspace("lidar-tiles", instance_type="small", stop_calendar=soon.strftime("%H:%M"))
    api.start(w)
    return w


def test_a_warning_is_put_off_in_one_click(api, page, ws):
    warned = wait_for("notice", lambda: [n for n in api.get("/notices")["items"] if n["kind"] == "stops-soon"], 10)
    assert "lidar-tiles stops in 1" in warned[0]["data"]["text"] and warned[0]["data"]["why"] == "calendar"
    alert = page.get_by_role("alert").filter(has_text="lidar-tiles stops in")
    expect(alert).to_contain_text("by its calendar")
    shot(page, "clocks-warning")
    alert.get_by_role("button", name=re.compile("extend", re.I)).click()
    expect(page.get_by_text(re.compile(r"lidar-tiles runs until \d\d:\d\d\."))).to_be_visible()
    expect(alert).to_have_count(0)
    got = api.get(f"/workspaces/{ws['id']}")["session"]
    assert got["stop_why"] == "calendar" and got["extended_until"]


def test_the_bell_tells_and_forgets(api, page, ws):
    page.get_by_role("button", name=re.compile("^Notices, ")).click()
    dialog = page.get_by_role("dialog", name="Notices")
    expect(dialog).to_contain_text("lidar-tiles stops in")
    shot(page, "clocks-notices")
    dialog.get_by_role("button", name="Mark all as read").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Notices", exact=True)).to_be_visible()
    wait_for("all read", lambda: api.get("/notices?unread=true")["unread"] == 0, 5)


def test_the_clocks_are_set_in_the_settings(api, page, ws):
    page.goto(f"{page.url.split('/workspaces')[0].rstrip('/')}/workspaces/{ws['id']}/settings")
    page.get_by_role("radiogroup", name="Stop by the clock").get_by_text("Weekdays at 19:00").click()
    page.get_by_role("radiogroup", name="Longest run").get_by_text("8 h").click()
    shot(page, "clocks-settings")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile(r"^Saved \d"))).to_be_visible()
    got = api.get(f"/workspaces/{ws['id']}")
    assert got["stop_calendar"] == "19:00 mon-fri Europe/Berlin" and got["max_seconds"] == 8 * 3600
    page.get_by_role("radiogroup", name="Stop by the clock").get_by_text("Other").click()
    page.get_by_label("Times of day").fill("noon Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile("noon is no time of day"))).to_be_visible()
    assert api.get(f"/workspaces/{ws['id']}")["stop_calendar"] == "19:00 mon-fri Europe/Berlin"
    api.call("PATCH", f"/workspaces/{ws['id']}", 200, json={"stop_calendar": ""})


def test_the_administrator_sees_why_and_stops_with_a_reason(hub, api, page, ws):
    s = api.get(f"/workspaces/{ws['id']}")["session"]
    lab = Jupyter(s["program_url"], api.token)
    k = lab.kernel()
    k.send("execute_request", {"code": "while True: pass", "silent": False, "store_history": True, "user_expressions": {},
                               "allow_stdin": False, "stop_on_error": True})
    wait_for("evidence", lambda: api.session(s["id"])["evidence"].get("busy"), 20)
    page.goto(f"{hub.url}/admin/sessions")
    row = page.get_by_role("row").filter(has_text="lidar-tiles")
    expect(row).to_contain_text("in use", timeout=15_000)
    row.get_by_role("button").click()
    panel = page.get_by_role("complementary", name="Why is this still running?")
    expect(panel).to_contain_text("In use: a cell in")
    expect(panel).to_contain_text("Longest run")
    shot(page, "clocks-admin-sessions")
    panel.get_by_role("button", name="Stop").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Stop")).to_be_disabled()
    dialog.get_by_label("Reason").fill("The node is mended at noon.")
    shot(page, "clocks-admin-stop")
    dialog.get_by_role("button", name="Stop").click()
    expect(dialog).to_have_count(0)
    got = api.wait_state(s["id"], "stopped")
    assert got["reason"] == "admin" and got["message"].endswith("The node is mended at noon.")
    k.close()


def test_a_stop_shows_its_evidence(hub, page, ws):
    page.goto(f"{hub.url}/workspaces/{ws['id']}/sessions")
    page.get_by_role("button", name="Why?").first.click()
    region = page.get_by_role("region", name="Evidence and last minutes")
    expect(region).to_contain_text("The node is mended at noon.")
    expect(region.get_by_role("img", name=re.compile("CPU, last 10 minutes"))).to_be_visible()
    expect(region.get_by_role("table")).to_contain_text("Kernels")
    shot(page, "clocks-session-why")
    page.set_viewport_size({"width": 390, "height": 844})
    shot(page, "clocks-session-why-phone")
    page.goto(f"{hub.url}/admin/sessions")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    shot(page, "clocks-admin-phone")
