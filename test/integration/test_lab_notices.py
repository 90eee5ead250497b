# SPDX-License-Identifier: Apache-2.0
"""What a user is told in JupyterLab when a session runs into its limits: a real session, its memory and its volume."""

import contextlib
import re
import time

import pytest
from playwright.sync_api import Error, expect

from product import Jupyter
from test_main_job import browser, context, go, open_lab, page, shot  # noqa: F401  (fixtures)

MIB = 1 << 20


@pytest.fixture(scope="module")
def ws(api):
    return api.workspace("limits", instance_type="free", storage_bytes=256 * MIB)


@pytest.fixture(scope="module")
def lab(hub, api, ws, page, context):  # noqa: F811
    api.start(ws)
    go(page, hub.url + "/")
    page.get_by_label(re.compile("code", re.I)).fill(hub.code())
    page.get_by_role("button", name=re.compile("sign in", re.I)).click()
    page.wait_for_url(re.compile(r"/(workspaces)?$"))
    go(page, hub.url + f"/workspaces/{ws['id']}")
    lab = open_lab(context, lambda: page.get_by_role("button", name=re.compile("^open", re.I)).first.click())
    lab.new_notebook()
    return lab


def toast(lab, words):
    return lab.page.locator(".Toastify__toast:not([class*='slide-exit'])", has_text=re.compile(words, re.I))


def past_dialogs(lab, act, done):
    """Does something until it is done. JupyterLab's own dialogs stand before it, one after the other: a kernel that died, a new
    file's name, a save that failed. Returns their words."""
    end = time.monotonic() + 90
    dialogs = []
    while not done():
        assert time.monotonic() < end, f"not done, past {dialogs}"
        ok = lab.page.locator(".jp-Dialog-footer button").last
        with contextlib.suppress(Error):
            if ok.count():
                words = lab.page.locator(".jp-Dialog-content").last.inner_text(timeout=2_000)
                ok.click(timeout=2_000)
                dialogs.append(words)
            else:
                act()
    return dialogs


def test_a_kernel_that_ran_out_of_memory_says_so(lab):
    lab.run("x = bytearray()\nwhile True: x += bytearray(64 << 20)", wait=False)
    notice = toast(lab, "out of memory")
    expect(notice).to_be_visible(timeout=90_000)
    expect(notice).to_contain_text(re.compile(r"limit|of \d|GB|GiB", re.I))
    shot(lab.page, "jupyterlab-out-of-memory")
    lab.page.locator(".jp-Dialog").wait_for(timeout=60_000)
    dialogs = past_dialogs(lab, lambda: notice.get_by_title("Hide notification").click(timeout=2_000), lambda: notice.count() == 0)
    assert all("appears to have died" in d for d in dialogs), dialogs
    lab.idle()


def test_a_full_volume_says_what_takes_the_room_and_opens_a_terminal(lab, api, ws):
    # Closed at the end: what is deleted while a kernel has it open gives no room.
    out = lab.run("import os\nfd = os.open('fill', os.O_WRONLY | os.O_CREAT)\ntry:\n    while True: os.write(fd, b'x' * 65536)\n"
                  "except OSError as e: print(e)\nos.close(fd)")
    expect(out.last).to_contain_text("No space left")
    # An edit that makes the notebook larger than what is free.
    lab.run("# " + "y" * 300_000 + "\nprint('larger')")
    lab.page.keyboard.press("Control+S")
    notice = toast(lab, "full")
    expect(notice).to_be_visible(timeout=30_000)
    expect(notice).to_contain_text("fill")
    shot(lab.page, "jupyterlab-disk-full")
    terminal = lab.page.locator(".jp-Terminal:visible")
    past_dialogs(lab, lambda: notice.get_by_role("button", name="Open a terminal").click(timeout=2_000), lambda: terminal.count() > 0)
    Jupyter(api.get(f"/workspaces/{ws['id']}")["session"]["program_url"], api.token).call("DELETE", "/api/contents/fill")

    def save():
        lab.page.locator(".lm-TabBar-tab", has_text=".ipynb").first.click(timeout=2_000)
        lab.page.keyboard.press("Control+S")
        lab.page.wait_for_timeout(1_000)

    past_dialogs(lab, save, lambda: notice.count() == 0)
