# SPDX-License-Identifier: Apache-2.0
"""The page of one workspace in a real Chromium: charts with their table and keys, storage, environment, sessions, settings."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from idepage import notebook
from product import BUILD, Jupyter, wait_for
from test_console_files import drop

SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))
LONG = 60_000
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def ws(api):
    w = api.workspace("forecast", storage_bytes=512 << 20)
    yield w
    api.delete(w)


@pytest.fixture(scope="module")
def context(hub):
    with sync_playwright() as p:
        b = launch(p)
        c = b.new_context(viewport={"width": 1440, "height": 900})
        c.set_default_timeout(30_000)
        page = c.new_page()
        page.goto(hub.url + "/")
        page.get_by_label(re.compile("code", re.I)).fill(hub.code())
        page.get_by_role("button", name=re.compile("sign in", re.I)).click()
        expect(page.locator("a.avatar")).to_be_visible(timeout=30_000)
        page.close()
        yield c
        b.close()


@pytest.fixture
def page(context, hub, ws):
    p = context.new_page()
    p.said = []
    p.on("pageerror", lambda e: p.said.append(str(e)))
    p.at = f"{hub.url}/workspaces/{ws['id']}"
    yield p
    assert p.said == []
    p.close()


def needs_figures(api, session):
    if api.call("GET", f"/sessions/{session['id']}/metrics").status_code == 404:
        pytest.skip("nothing measures sessions here")


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def test_before_the_first_start_it_says_so_and_offers_the_start(page):
    page.goto(page.at + "/files")
    expect(page.get_by_role("heading", name="It has not been started yet")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("tabpanel").get_by_role("button", name="Start")).to_be_visible()
    # Nothing is begun that there is no place for yet.
    drop(page, ("early.txt", "a"))
    expect(page.get_by_role("status").filter(has_text="Start it once first")).to_be_visible()
    expect(page.get_by_role("region", name="Uploads")).to_have_count(0)
    page.goto(page.at + "/environment")
    expect(page.get_by_role("heading", name="It has not been started yet")).to_be_visible(timeout=LONG)


def test_charts_of_a_running_session_have_figures_a_hair_and_a_table(page, api, ws):
    s = api.start(ws)
    j = Jupyter(s["program_url"], api.token)
    assert j.put_file("big.bin", b"x" * (3 << 20)).status_code == 201
    needs_figures(api, s)
    page.goto(page.at)
    chart = page.locator(".chart").filter(has=page.get_by_role("heading", name="Memory"))
    now = chart.locator(".now")
    expect(now).to_have_text(re.compile(r"\d (MiB|GiB|KiB)"), timeout=LONG)
    plot = page.get_by_role("slider", name="Memory, moment")
    expect(plot.locator("canvas")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("slider")).to_have_count(5)
    # Something is drawn, in more than one colour.
    colours = plot.locator("canvas").evaluate("""(c) => { const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        const seen = new Set(); for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(d.slice(i, i + 3).join()); return seen.size; }""")
    assert colours > 2
    # The hair stands at the same moment on every chart, moved by keys and taken away by Esc.
    plot.focus()
    page.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuetext", re.compile(r"^\d\d:\d\d:\d\d, "))
    moment = plot.get_attribute("aria-valuetext").split(",")[0]
    expect(page.get_by_role("slider", name="CPU, moment")).to_have_attribute("aria-valuetext", re.compile("^" + moment))
    page.keyboard.press("Escape")
    expect(plot).not_to_have_attribute("aria-valuetext", re.compile(r"^\d\d:\d\d:\d\d"))
    # A table stands behind it.
    chart.get_by_role("button", name="Table of Memory").click()
    table = page.get_by_role("region", name="Table of Memory").get_by_role("table")
    expect(table).to_contain_text(re.compile(r"\d (MiB|GiB|KiB)"))
    shot(page, "workspace")
    # The canvas follows the theme.
    before = plot.locator("canvas").evaluate("(c) => c.toDataURL()")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_be_visible()
    page.wait_for_function("([c, b]) => c.toDataURL() !== b", arg=[plot.locator("canvas").element_handle(), before])
    shot(page, "workspace-dark")
    page.emulate_media(color_scheme="light")


def label_of(session):
    return re.search(r"//(\w+)\.", session["url"])[1]


def editors(page, ws):
    page.get_by_role("button", name=f"Open {ws['name']} with another editor").click()
    return page.get_by_role("menuitemradio", name="Open in JupyterLab"), page.get_by_role("menuitemradio", name="Open in the Carrel IDE")


def test_open_goes_to_the_editor_of_ones_choice_and_keeps_it(page, api, ws, context, hub):
    s = api.start(ws)
    host = re.escape(s["url"])
    assert Jupyter(s["program_url"], api.token).put_file("plot ü.ipynb", notebook("6 * 7").encode()).status_code == 201
    label = label_of(s)
    page.goto(page.at)
    lab, ide = editors(page, ws)
    expect(lab).to_have_attribute("aria-checked", "true")
    with context.expect_page() as opened:
        ide.click()
    one = opened.value
    one.wait_for_url(re.compile(f"^{host}/ide"), timeout=LONG)
    expect(one.get_by_role("tree")).to_contain_text("plot ü.ipynb", timeout=LONG)
    # Kept for the account: the button, Home and a link say the IDE from now on, on any browser.
    assert api.get("/me")["prefs"]["app"] == "ide"
    with context.expect_page() as opened:
        page.get_by_role("button", name="Open", exact=True).click()
    opened.value.wait_for_url(re.compile(f"^{host}/ide"), timeout=LONG)
    opened.value.close()
    one.goto(f"{hub.url}/open/{label}?path=plot%20%C3%BC.ipynb")
    one.wait_for_url(f"{s['url']}/ide/plot%20%C3%BC.ipynb", timeout=LONG)
    cell = one.locator("section.cell").first
    expect(cell).to_contain_text("6 * 7", timeout=LONG)
    expect(one.locator('.ib-kernel .lamp[data-state="idle"]')).to_be_visible(timeout=2 * LONG)
    cell.click()
    one.keyboard.press("Control+Enter")
    expect(cell.locator(".out")).to_contain_text("42", timeout=LONG)
    # What is not saved holds the stop back, and it says why; then it is saved.
    blocked = re.compile(r"/api/contents/plot")
    one.route(blocked, lambda r: r.abort() if r.request.method == "PUT" else r.continue_())
    cell.locator(".cm-content, .src").first.click()
    one.keyboard.press("Control+End")
    one.keyboard.insert_text("  # late")
    one.get_by_role("region", name="Machine").get_by_role("button", name="Stop", exact=True).click()
    one.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(one.locator(".toast", has_text="The session runs on. Not everything is saved yet")).to_be_visible(timeout=LONG)
    assert api.session(s["id"])["state"] == "running"
    one.unroute(blocked)
    one.locator(".cm-content").first.click()
    one.keyboard.press("Control+s")
    expect(one.locator('.saved[data-state="saved"]')).to_be_visible(timeout=LONG)
    # Its head has the workspace's name, after a rename the new one without a reload.
    expect(one.locator(".it-ws")).to_have_text("forecast")
    expect(one).to_have_title("plot ü.ipynb · forecast · Carrel")
    api.call("PATCH", f"/workspaces/{ws['id']}", 200, json={"name": "@forecast & \"more\""})
    expect(one.locator(".it-ws")).to_have_text("@forecast & \"more\"", timeout=LONG)
    expect(one).to_have_title("plot ü.ipynb · @forecast & \"more\" · Carrel")
    one.reload()
    expect(one.locator(".it-ws")).to_have_text("@forecast & \"more\"", timeout=LONG)
    api.call("PATCH", f"/workspaces/{ws['id']}", 200, json={"name": "forecast"})
    # Without a ticket, the way back in leads to the file again.
    context.clear_cookies(name="__Host-t")
    one.goto(f"{s['url']}/ide/plot%20%C3%BC.ipynb")
    one.wait_for_url(f"{s['url']}/ide/plot%20%C3%BC.ipynb", timeout=LONG)
    expect(cell).to_contain_text("6 * 7", timeout=LONG)
    shot(one, "ide-in-a-session")
    # What is asked for by its name is what opens.
    one.goto(f"{hub.url}/open/{label}?path=plot%20%C3%BC.ipynb&app=lab")
    one.wait_for_url(re.compile(f"^{host}/lab/tree/plot%20%C3%BC.ipynb"), timeout=LONG)
    expect(one.locator(".jp-NotebookPanel")).to_be_visible(timeout=LONG)
    one.close()
    page.goto(hub.url + "/account")
    page.get_by_role("radiogroup", name="Open with").get_by_text("JupyterLab").click()
    wait_for("the choice", lambda: api.get("/me")["prefs"]["app"] == "lab")


def test_the_side_says_what_fills_the_volume(page):
    page.goto(page.at)
    use = page.locator(".disk-use")
    expect(use).to_contain_text("big.bin", timeout=LONG)
    expect(use).to_contain_text("3 MiB")
    page.get_by_role("link", name="Grow").click()
    expect(page.get_by_role("tab", name="Settings")).to_have_attribute("aria-selected", "true")


def test_the_environment_lists_what_the_image_has_and_copies_it(page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(page.at + "/environment")
    expect(page.get_by_role("cell", name="numpy", exact=True).or_(page.get_by_text("packages")).first).to_be_visible(timeout=LONG)
    page.get_by_label("Filter packages").fill("numpy")
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name="numpy", exact=True))
    expect(row).to_contain_text("from the image")
    page.get_by_role("button", name="Copy as requirements.txt").click()
    expect(page.get_by_text(re.compile("^Copied"))).to_be_visible()
    assert re.search(r"^numpy==\d", page.evaluate("navigator.clipboard.readText()"), re.M)
    page.get_by_label("Filter packages").fill("")
    page.get_by_label("Mine only").check()
    expect(page.get_by_text("Nothing is added yet.")).to_be_visible()


def test_a_session_that_ended_keeps_its_figures_and_its_log(page, api, ws):
    s = api.get(f"/workspaces/{ws['id']}")["session"]
    # Stopped from within: the IDE's panel says what it costs and when it would stop.
    page.goto(f"{page.at.split('/workspaces')[0]}/open/{label_of(s)}?app=ide")
    machine = page.get_by_role("region", name="Machine")
    expect(machine).to_contain_text(re.compile(r"\$0\.\d\d"), timeout=LONG)
    expect(machine).to_contain_text(re.compile(r"Stops in \d"))
    machine.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog", name="Stop this session?").get_by_role("button", name="Stop").click()
    expect(page.get_by_text(re.compile("^This session is stopping"))).to_be_visible()
    needs_figures(api, api.wait_state(s["id"], "stopped"))
    page.goto(page.at + "/sessions")
    row = page.get_by_role("row").filter(has_text="Stopped by you")
    expect(row).to_be_visible(timeout=LONG)
    row.get_by_role("button").click()
    part = page.get_by_role("region", name=re.compile("why", re.I)).first
    expect(page.get_by_role("slider", name="CPU, moment")).to_be_visible(timeout=LONG)
    page.locator(".past-log summary").click()
    expect(page.get_by_role("log")).to_contain_text(re.compile("carrel-|Nothing was written"), timeout=LONG)
    assert part
    shot(page, "workspace-past-session")
    page.goto(page.at)
    expect(page.get_by_text(re.compile("^last session, "))).to_have_count(2, timeout=LONG)
    expect(page.locator(".chart[data-fade=true]")).to_have_count(5)


def test_tabs_are_addresses_for_the_keyboard_too(page):
    page.goto(page.at)
    page.get_by_role("tab", name="Overview").focus()
    for name in ("Files", "Sessions", "Environment"):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name=name)).to_be_focused()
        assert page.url.endswith("/" + name.lower())
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Settings")).to_be_focused()
    expect(page.get_by_label("Image")).to_be_visible()


def test_on_a_phone_nothing_is_wider_than_the_page(page):
    page.set_viewport_size({"width": 360, "height": 740})
    for tab in ("", "/files", "/sessions", "/environment", "/settings"):
        page.goto(page.at + tab)
        expect(page.get_by_role("tab", selected=True)).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=LONG)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab
    # Instance types are a sheet: Esc leaves it, a tap chooses and closes it, Enter in it sends no form.
    now = page.locator(".type-now")
    before = now.inner_text()
    now.click()
    sheet = page.get_by_role("dialog", name="Instance type")
    expect(sheet.get_by_role("radio", checked=True)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(now).to_be_focused()
    page.keyboard.press("Enter")
    sheet.get_by_role("radio", checked=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(sheet).to_have_count(0)
    expect(now).not_to_have_text(before)
    now.click()
    shot(page, "types-phone")
    sheet.locator(".type", has_text=before.split("\n")[0]).click()
    expect(sheet).to_have_count(0)
    expect(now).to_have_text(before, use_inner_text=True)
    expect(page.get_by_role("tab", name="Settings")).to_be_in_viewport()
    page.goto(page.at)
    expect(page.locator(".plot canvas").first).to_be_visible(timeout=LONG)
    shot(page, "workspace-phone")
