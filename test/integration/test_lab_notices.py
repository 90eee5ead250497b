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
    return lab.page.locator(".Toastify__toast", has_text=re.compile(words, re.I))


def test_a_kernel_that_ran_out_of_memory_says_so(lab):
    lab.run("x = bytearray()\nwhile True: x += bytearray(64 << 20)", wait=False)
    notice = toast(lab, "out of memory")
    expect(notice).to_be_visible(timeout=90_000)
    expect(notice).to_contain_text(re.compile(r"limit|of \d|GB|GiB", re.I))
    shot(lab.page, "jupyterlab-out-of-memory")
    lab.accept()  # JupyterLab's own dialog: the kernel appears to have died
    notice.get_by_title("Hide notification").click()
    expect(notice).to_have_count(0)
    lab.idle()


def test_a_full_volume_says_what_takes_the_room_and_opens_a_terminal(lab, api, ws):
    out = lab.run("f = open('fill', 'wb')\ntry:\n    while True: f.write(b'x' * 65536); f.flush()\nexcept OSError as e: print(e)")
    expect(out.last).to_contain_text("No space left")
    # An edit that makes the notebook larger than what is free.
    lab.run("# " + "y" * 300_000 + "\nprint('larger')")
    lab.page.keyboard.press("Control+S")
    notice = toast(lab, "full")
    expect(notice).to_be_visible(timeout=30_000)
    expect(notice).to_contain_text("fill")
    shot(lab.page, "jupyterlab-disk-full")
    # JupyterLab's own dialogs stand before it: the name of a new file, and its own words about the failed save.
    terminal = lab.page.locator(".jp-Terminal:visible")
    end = time.monotonic() + 60
    while not terminal.count():
        assert time.monotonic() < end, "no way to the notice's button"
        for button in (lab.page.locator(".jp-Dialog-footer button").last, notice.get_by_role("button", name="Open a terminal")):
            with contextlib.suppress(Error):
                button.click(timeout=2_000)
    Jupyter(api.get(f"/workspaces/{ws['id']}")["session"]["program_url"], api.token).call("DELETE", "/api/contents/fill")
    lab.page.locator(".lm-TabBar-tab", has_text=".ipynb").first.click()
    lab.page.keyboard.press("Control+S")
    expect(notice).to_have_count(0, timeout=30_000)
