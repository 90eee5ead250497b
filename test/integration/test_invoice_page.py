# SPDX-License-Identifier: Apache-2.0
"""A month's invoices as their owner sees them in a real Chromium: the list, the sheet, its sums, and what the printer gets."""

import re
from decimal import Decimal

import past_books
import pytest
from browser import launch
from core_alone import Core
from core_bridge import Bridge
from playwright.sync_api import expect, sync_playwright
from test_admin_console import SHOTS

SESSIONS = 30
OWNER = "past1x0@example.org"


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    core = Core(tmp_path_factory.mktemp("inv")).start()
    bridge = None
    try:
        admin = core.user()
        core.stop()
        past_books.make(core.dir / "db/carrel.db", 1, SESSIONS, "2026-09", core.dir / "journal")
        core.start()
        admin.ok("POST", "/admin/invoices/close", {"month": "2026-09"}, expect=200)
        bridge = Bridge(core.sock)
        yield core, f"http://localhost:{bridge.port}"
    finally:
        if bridge:
            bridge.close()
        core.stop()


@pytest.fixture
def page(books):
    core, address = books
    with sync_playwright() as p:
        browser = launch(p)
        page = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark", accept_downloads=True).new_page()
        said = []
        page.on("pageerror", lambda e: said.append(str(e)))
        page.goto(address)
        page.get_by_label(re.compile("code", re.I)).fill(core.code(OWNER))
        page.get_by_role("button", name=re.compile("sign in", re.I)).click()
        expect(page.locator("a.avatar")).to_be_visible()
        yield page
        assert said == []
        browser.close()


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def light(page, selector):
    """How light what lies behind the selector's words is, 0 to 1, as the browser paints it."""
    return page.evaluate("""(s) => {
        const c = document.createElement("canvas").getContext("2d");
        c.fillStyle = getComputedStyle(document.querySelector(s)).backgroundColor;
        c.fillRect(0, 0, 1, 1);
        const [r, g, b] = c.getImageData(0, 0, 1, 1).data;
        return (r + g + b) / 765;
    }""", selector)


def open_invoice(page, books):
    page.goto(f"{books[1]}/invoices")
    page.get_by_role("link", name="2026-09-0001").click()
    expect(page.get_by_role("heading", name="Invoice", exact=True)).to_be_visible()


def test_the_list_and_the_sheet_have_every_line_and_its_sum(books, page):
    open_invoice(page, books)
    shot(page, "invoice-dark")
    amounts = [Decimal(a.replace("$", "").replace("\u2009", "")) for a in page.locator(".invoice-line td:last-child").all_inner_texts()]
    assert len(amounts) == SESSIONS
    total = page.locator(".invoice-total tr").first
    expect(total).to_contain_text(f"{SESSIONS}")
    assert Decimal(re.sub(r"[^0-9.]", "", total.locator("td").last.inner_text())) == sum(amounts)
    assert light(page, ".invoice-sheet") > 0.9  # paper, also with the console in the dark
    assert light(page, "body") < 0.3


def test_what_is_saved_is_what_is_shown(books, page):
    open_invoice(page, books)
    with page.expect_download() as got:
        page.get_by_role("button", name="CSV").click()
    lines = open(got.value.path(), encoding="utf-8-sig").read().splitlines()
    assert got.value.suggested_filename == "carrel-invoice-2026-09-0001.csv" and len(lines) == SESSIONS + 1


def test_the_printer_gets_the_sheet_alone_and_light(books, page):
    open_invoice(page, books)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    assert light(page, "html") > 0.9
    shot(page, "invoice-print")
    expect(page.get_by_text(OWNER)).to_be_visible()
    for other in (page.locator("nav"), page.locator(".topbar"), page.get_by_role("button")):
        for i in range(other.count()):
            expect(other.nth(i)).to_be_hidden()
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF-") and len(re.findall(rb"/Type\s*/Page\b", pdf)) in (1, 2)


def test_on_a_phone_nothing_is_wider_than_the_page(books, page):
    page.set_viewport_size({"width": 360, "height": 780})
    open_invoice(page, books)
    shot(page, "invoice-phone")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
