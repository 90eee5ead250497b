# SPDX-License-Identifier: Apache-2.0
"""Usage and budgets in the console, in a real Chromium: figures, filters, CSV, the budget's dialog, the meter, estimates, administration."""

import csv
import datetime
import decimal
import json
import os
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from product import BUILD, wait_for

D = decimal.Decimal
SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))
RATES = {"small": 60000, "medium": 120000, "large": 240000}


def month_so_far():
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), now


def past(hub, account, spaces):
    """Charges of this month before now, as the books would have them."""
    begin, now = month_so_far()
    db = sqlite3.connect(hub.state / "db/carrel.db")
    rows = []
    step = (now - begin) / 40
    for n in range(36):
        at = int((begin + step * n + step / 4).timestamp() * 10**6)
        kind = ("small", "medium", "small", "large", "small")[n % 5]
        ns = int(step.total_seconds() * 10**9) // 2
        free = n < 2
        rows.append((f"ch_past-{n}", account, "compute", spaces[n % len(spaces)]["id"], f"s_past{n}", "", kind, at, at + ns // 1000, ns, 0,
                     RATES[kind], free, 0 if free else round(RATES[kind] * ns / 3600e9), ""))
        if n % 4 == 0:
            rows.append((f"ch_store-{n}", account, "storage", spaces[0]["id"], "", "v_past", "storage", at, at + 86400 * 10**6, 86400 * 10**9,
                         5 << 30, 100000, 0, 17647, ""))
    rows.append(("ch_corr", account, "correction", spaces[1]["id"], "", "", "", at, at, 0, 0, 0, 0, -150000, "the hub was away"))
    db.executemany("INSERT INTO charge(id, account_id, kind, month, workspace_id, session_id, volume_id, resource, from_us, to_us, ns, bytes, rate,"
                   " free, amount, reason, epoch, segment, part, estimated, at_us) VALUES(?,?,?,'" + now.strftime("%Y-%m") + "',?,?,?,?,?,?,?,?,?,?,?,?,1,0,0,0,0)",
                   rows)
    db.commit()
    db.close()


@pytest.fixture(scope="module")
def books(hub, api):
    """The hub with a month behind it."""
    me = api.get("/me")["account"]["id"]
    spaces = [api.workspace(n, instance_type="small", storage_bytes=64 << 20) for n in ("catchment-forecast", "sensor-cleaning", "turbidity")]
    hub.stop()
    past(hub, me, spaces)
    hub.start()
    return spaces


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


@pytest.fixture(scope="module")
def context(browser, hub, books):
    c = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True, timezone_id="UTC")
    p = c.new_page()
    p.goto(hub.url + "/")
    p.get_by_label(re.compile("code", re.I)).fill(hub.code())
    p.get_by_role("button", name=re.compile("sign in", re.I)).click()
    expect(p.get_by_role("heading", level=1)).to_have_text("Your desk")
    p.close()
    yield c
    c.close()


@pytest.fixture
def page(context, hub):
    p = context.new_page()
    p.goto(hub.url + "/usage")
    yield p
    p.close()


def saved_csv(page):
    with page.expect_download() as d:
        page.get_by_role("button", name="CSV of the visible lines").click()
    return list(csv.DictReader(open(d.value.path(), encoding="utf-8", newline="")))


def test_the_lines_add_up_and_the_csv_is_what_is_seen(page, api):
    total = api.get("/usage")["total"]
    expect(page.locator("tbody tr:not(.group)")).to_have_count(total["lines"])
    rows = saved_csv(page)
    assert len(rows) == total["lines"] and sum(D(r["amount"]) for r in rows) == D(total["amount"])
    assert {r["kind"] for r in rows} == {"compute", "storage", "correction"} and {r["free"] for r in rows} == {"true", "false"}
    expect(page.get_by_text("the hub was away")).to_be_visible()
    whole = page.locator("tfoot .money").inner_text().replace("\u202f", "").lstrip("$")
    assert D(whole) == D(total["amount"])


def test_a_bar_filters_the_lines_and_the_colours_are_three_ways(page):
    for name, legend in (("State", "storage"), ("Workspace", "turbidity"), ("Type", "Large")):
        page.get_by_role("group", name="Colour by").get_by_role("button", name=name).click()
        expect(page.locator(".legend")).to_contain_text(legend)
    all_rows = page.locator("tbody tr:not(.group)").count()
    page.locator("g.day").first.click(position={"x": 3, "y": 3}, force=True)
    expect(page).to_have_url(re.compile(r"day=\d{4}-\d\d-\d\d"))
    assert 0 < page.locator("tbody tr:not(.group)").count() < all_rows
    day = re.search(r"day=(\S{10})", page.url).group(1)
    assert {r["started_at"][:10] for r in saved_csv(page)} == {day}
    page.get_by_role("button", name=re.compile("^Only")).click()
    page.get_by_label("Type", exact=True).select_option("storage")
    assert {r["kind"] for r in saved_csv(page)} == {"storage"}
    expect(page.locator("tfoot")).to_contain_text("visible lines")


def test_a_budget_is_set_and_the_meter_shows_it(page, api):
    used = D(api.get("/balance")["used"])
    expect(page.get_by_text("No budget", exact=True)).to_be_visible()
    page.get_by_role("button", name="Set a budget").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("Amount")).fill("lots")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("Type an amount")
    dialog.get_by_label(re.compile("Amount")).fill("0,5")
    expect(dialog).to_contain_text("nothing that costs starts")
    dialog.get_by_text("Only tell").click()
    expect(dialog).to_contain_text("nothing is stopped")
    dialog.get_by_text("Stop what costs").click()
    dialog.get_by_label(re.compile("Amount")).fill("80")
    expect(dialog).to_contain_text("When it is used up")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".fig-b")).to_contain_text("At $80.00 sessions stop within 10 s")
    expect(page.locator(".nav-meter")).to_contain_text("of $80 in")
    percent = int(used * 100 / 80)
    assert f"{percent} percent of $80.00 used" in page.locator(".nav-meter .bar").get_attribute("aria-label")
    assert api.get("/budget")["amount"] == "80.00"


def test_the_meter_counts_while_something_runs(page, api, books):
    s = api.start(books[0])
    meter = page.locator(".nav-meter")
    expect(meter).to_contain_text("$0.06", timeout=15_000)
    api.stop(books[0])
    expect(meter).to_contain_text("nothing runs", timeout=15_000)
    expect(page.locator("tbody tr:not(.group)").first).to_contain_text("catchment-forecast")
    assert api.session(s["id"])["state"] == "stopped"


def test_the_estimate_turns_amber_over_the_budget(page, hub, api, books):
    used = D(api.get("/balance")["used"])
    api.call("PUT", "/budget", 200, json={"amount": str(used + D("0.5"))})
    page.goto(hub.url + "/workspaces/new")
    note = page.locator(".estimate-note")
    page.get_by_text("Free", exact=True).first.click()
    expect(note).not_to_have_attribute("data-kind", "warn")
    page.get_by_text("Small", exact=True).first.click()
    expect(note).to_have_attribute("data-kind", "warn")
    expect(note).to_contain_text("it would stop then")
    api.call("PUT", "/budget", 200, json={"amount": "80"})
    # Before a start from the list, too.
    api.call("PUT", "/budget", 200, json={"amount": str(used + D("0.3"))})
    page.goto(hub.url + f"/workspaces/{books[1]['id']}")
    wait_for("balance", lambda: page.locator(".nav-meter .bar").count() == 1)
    page.get_by_role("button", name=re.compile("^Start")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your budget ends before")
    dialog.get_by_role("button", name="Cancel").click()
    api.call("PUT", "/budget", 200, json={"amount": "0"})
    page.reload()
    wait_for("balance", lambda: page.locator(".nav-meter .bar").count() == 1)
    page.get_by_role("button", name=re.compile("^Start")).first.click()
    expect(dialog).to_contain_text("it would not start")
    dialog.get_by_role("button", name="Start all the same").click()
    expect(dialog).to_contain_text("left; with this session")
    api.call("PUT", "/budget", 200, json={"amount": "80"})


def test_administrators_see_everybody_by_anything(page, hub, api):
    total = D(api.get("/usage?all=true")["total"]["amount"])
    page.goto(hub.url + "/admin/usage")
    for name, key in (("Person", "admin@localhost"), ("Workspace", "turbidity"), ("Type", "storage"), ("Day", month_so_far()[1].strftime("%Y-%m"))):
        page.get_by_role("group", name="Group by").get_by_role("button", name=name).click()
        expect(page.locator("tbody")).to_contain_text(key)
        assert sum(D(r["amount"]) for r in saved_csv(page)) == total
    assert D(page.locator("tfoot .money").inner_text().replace("\u202f", "").lstrip("$")) == total


def test_budgets_of_all_are_made_changed_and_removed(page, hub, api):
    page.goto(hub.url + "/admin/budgets")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="New budget").click()
    page.get_by_label("For").select_option("site")
    page.get_by_role("button", name="Next").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Budget of the site")
    dialog.get_by_label(re.compile("Amount")).fill("500")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("tbody tr").first).to_contain_text("The whole site")
    # Two at once: the second is told.
    page.get_by_role("button", name="Change the budget of The whole site").click()
    api.call("PUT", "/admin/budgets/site", 200, json={"amount": "600"})
    dialog.get_by_label(re.compile("Amount")).fill("700")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("changed meanwhile")
    dialog.get_by_role("button", name="Cancel").click()
    page.reload()
    page.get_by_role("button", name="Change the budget of The whole site").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert [b["email"] for b in api.get("/admin/budgets")["items"]] == ["admin@localhost"]


def test_the_same_by_command(hub, api, tmp_path):
    token = tmp_path / "token"
    token.write_text(api.token + "\n")
    token.chmod(0o600)

    def carrel(*args, code=0):
        r = subprocess.run([str(BUILD / "src/cli/carrel"), *args], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL,
                           env={"CARREL_URL": hub.url, "CARREL_TOKEN_FILE": str(token), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TZ": "UTC"})
        assert r.returncode == code, r.stdout + r.stderr
        return r.stdout if code == 0 else r.stderr

    total = api.get("/usage")["total"]
    for by in ("day", "workspace", "type", "account"):
        text = carrel("usage", "--by", by)
        assert f"{total['amount']} USD" in text.splitlines()[-1]
        rows = list(csv.DictReader(carrel("usage", "--by", by, "--all", "--csv").splitlines()))
        assert sum(D(r["amount"]) for r in rows) == D(total["amount"])
    assert "turbidity" in carrel("usage", "--by", "workspace") and "storage" in carrel("usage")
    assert "day, workspace, type or account" in carrel("usage", "--by", "colour", code=1)
    assert "12.50 USD" in carrel("budget", "set", "12.5")
    assert "what costs is stopped" in carrel("budget", "show")
    assert "nothing is stopped" in carrel("budget", "set", "100", "--alerts-only")
    assert json.loads(carrel("budget", "show", "--json"))["hard"] is False
    assert "100.00 USD" in carrel("balance") and json.loads(carrel("balance", "--json"))["budget"]["amount"] == "100.00"
    assert "removed" in carrel("budget", "clear")
    assert "500.00" in carrel("admin", "budget", "set", "site", "500")
    carrel("admin", "budget", "set", "admin@localhost", "70", "--alerts-only")
    listed = carrel("admin", "budget")
    assert "the site" in listed and "70.00" in listed and "alerts only" in listed
    carrel("admin", "budget", "clear", "site")
    carrel("admin", "budget", "clear", "admin@localhost")
    assert "WHO AMOUNT" in carrel("admin", "budget", "set", "site", code=2)
    assert "no account" in carrel("admin", "budget", "clear", "x@example.org", code=3)


def test_every_page_is_drawn_at_both_widths_and_in_both_themes(hub, browser, context, api, books):
    SHOTS.mkdir(parents=True, exist_ok=True)
    used = D(api.get("/balance")["used"])
    api.call("PUT", "/admin/budgets/site", 200, json={"amount": "500", "hard": False})
    pages = {"usage": "/usage", "new-workspace-over": "/workspaces/new", "admin-usage": "/admin/usage", "admin-budgets": "/admin/budgets"}
    for width, height, kind in ((1280, 900, "desktop"), (390, 844, "phone")):
        for scheme in ("light", "dark"):
            c = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, storage_state=context.storage_state(), timezone_id="UTC")
            p = c.new_page()
            problems = []
            p.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
            p.on("pageerror", lambda e: problems.append(str(e)))
            for name, path in pages.items():
                left = D("0.3") if name == "new-workspace-over" else used * D("0.2")
                api.call("PUT", "/budget", 200, json={"amount": str(round(used + left, 2))})
                p.goto(hub.url + path)
                expect(p.get_by_role("heading", level=1)).to_be_visible()
                if name != "new-workspace-over":
                    expect(p.locator("tbody tr").first).to_be_visible()
                else:
                    expect(p.locator(".estimate-note")).to_have_attribute("data-kind", "warn")
                wide = p.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, f"{path} scrolls sideways by {wide} px at {width}"
                p.screenshot(path=str(SHOTS / f"money-{name}-{kind}-{scheme}.png"), full_page=kind == "phone")
            p.goto(hub.url + "/usage")
            p.get_by_role("button", name="Change", exact=True).click()
            p.screenshot(path=str(SHOTS / f"money-dialog-{kind}-{scheme}.png"))
            assert not problems, problems
            c.close()
    api.call("DELETE", "/admin/budgets/site", 204)
    api.call("DELETE", "/budget", 204)
