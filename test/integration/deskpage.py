# SPDX-License-Identifier: Apache-2.0
"""A signed-in console in a real Chromium, in front of a core by itself."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from core_alone import BUILD
from core_bridge import Bridge

SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


@pytest.fixture(scope="module")
def console(core):
    bridge = Bridge(core.sock)
    yield f"http://localhost:{bridge.port}"
    bridge.close()


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def looks(page, name):
    """Light, dark and phone."""
    size = page.viewport_size
    shot(page, name)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    shot(page, name + "-dark")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.set_viewport_size({"width": 390, "height": 844})
    shot(page, name + "-phone")
    page.set_viewport_size(size)


def signed_in(browser, console, core, email=None, path="/", **kw):
    """A page of a browser of its own. page.said: what went wrong in it; a test looks at it at the end."""
    kw.setdefault("viewport", DESKTOP)
    page = browser.new_context(**kw).new_page()
    page.said = []
    page.on("pageerror", lambda e: page.said.append(str(e)))
    page.goto(console + path)
    page.locator("#code").fill(core.code(email, create=True) if email else core.code())
    page.keyboard.press("Enter")
    expect(page.locator("a.avatar")).to_be_visible()
    return page


WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('main *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '.' + e.className + ' ' + (e.textContent || '').slice(0, 40)).slice(-6)"""


def too_wide(page):
    """What is wider than the window; nothing should be."""
    return page.evaluate(WIDE)


def heading(page, text):
    expect(page.get_by_role("heading", level=1)).to_have_text(text if isinstance(text, re.Pattern) else re.compile(f"^{re.escape(text)}"))
