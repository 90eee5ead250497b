# SPDX-License-Identifier: Apache-2.0
"""The main job in a real Chromium, from the sign-in code to the itemised bill (doc: README, the tour)."""

import os
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect, sync_playwright

from browser import launch
from journal import runs
from labpage import LabPage
from product import BUILD, wait_for

SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))
PLOT = """import pandas as pd, matplotlib.pyplot as plt
df = pd.DataFrame({"x": range(10), "y": [i * i for i in range(10)]})
df.plot(x="x", y="y"); plt.show()
print("rows", len(df))"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


@pytest.fixture(scope="module")
def context(browser):
    c = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    c.set_default_timeout(60_000)
    yield c
    c.close()


@pytest.fixture(scope="module")
def page(context):
    return context.new_page()


@pytest.fixture(scope="module")
def job():
    """What the steps below hand on to one another."""
    return {}


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def go(page, url):
    """A page that starts a session opens it by itself: two navigations may meet."""
    try:
        page.goto(url)
    except Error as e:
        if "ERR_ABORTED" not in str(e) and "interrupted" not in str(e):
            raise
        page.wait_for_load_state()
        page.goto(url)


def open_lab(context, click):
    with context.expect_page(timeout=60_000) as info:
        click()
    return LabPage(info.value).ready()


def test_a_newcomer_signs_in_with_the_printed_code(hub, page):
    go(page, hub.url + "/")
    shot(page, "sign-in")
    page.get_by_label(re.compile("code", re.I)).fill(hub.code())
    page.get_by_role("button", name=re.compile("sign in", re.I)).click()
    page.wait_for_url(re.compile(r"/(workspaces)?$"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    shot(page, "empty")


def test_a_workspace_is_made_in_one_small_form_and_starts(hub, page, context, api, job):
    go(page, hub.url + "/workspaces/new")
    page.get_by_label(re.compile("^name", re.I)).fill("first-steps")
    shot(page, "new-workspace")
    page.keyboard.press("Control+Enter")
    job["ws"] = wait_for("workspace", lambda: [w for w in api.get("/workspaces")["items"] if w["name"] == "first-steps"])[0]
    shot(page, "starting")
    job["first"] = wait_for("session", lambda: api.get(f"/workspaces/{job['ws']['id']}")["session"])["id"]
    api.wait_state(job["first"], "running", 90)
    # The page of a start leads to the notebook by itself.
    page.wait_for_url(re.compile(r"\.localhost:\d+/lab"), timeout=60_000)


def test_jupyterlab_opens_on_an_origin_of_its_own(hub, page, context, api, job):
    go(page, hub.url + f"/workspaces/{job['ws']['id']}")
    job["lab"] = open_lab(context, lambda: page.get_by_role("button", name=re.compile("^open", re.I)).first.click())
    lab = job["lab"]
    assert re.match(r"http://[0-9a-z]{26}\.localhost:\d+/lab", lab.page.url), lab.page.url
    # Our own extension loads among JupyterLab's and knows the time to stop.
    expect(lab.page.get_by_role("button", name=re.compile("^Stops in"))).to_be_visible(timeout=15_000)
    shot(lab.page, "jupyterlab-launcher")
    cookies = {c["name"]: c["domain"] for c in context.cookies()}
    assert "__Host-t" in cookies and cookies["__Host-t"].endswith(".localhost")


def test_a_cell_with_pandas_and_matplotlib_shows_its_picture(job):
    lab = job["lab"]
    lab.new_notebook()
    out = lab.run(PLOT)
    expect(out.locator("img")).to_be_visible(timeout=60_000)
    expect(out).to_contain_text("rows 10")
    shot(lab.page, "jupyterlab")


def test_saving_asks_for_a_name_and_renames(job, api):
    job["lab"].save_as_named("analysis.ipynb")


def test_a_running_cell_is_interrupted(job):
    lab = job["lab"]
    out = lab.run("import time; time.sleep(1000)", wait=False)
    lab.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator[data-status=busy]")
    lab.menu("Kernel", "Interrupt Kernel")
    expect(out).to_contain_text("KeyboardInterrupt", timeout=20_000)


def test_the_kernel_restarts_and_forgets(job):
    lab = job["lab"]
    lab.run("remember = 42")
    lab.menu("Kernel", "Restart Kernel…")
    lab.accept()
    lab.idle()
    expect(lab.run("print('remember' in globals())")).to_contain_text("False", timeout=60_000)


def test_a_package_is_installed(job):
    out = job["lab"].run("%pip install -q --no-deps cowsay==6.1\nimport cowsay; print('cow', cowsay.__name__)")
    expect(out).to_contain_text("cow cowsay", timeout=120_000)
    job["lab"].page.keyboard.press("Control+s")


def test_a_terminal_echoes(job):
    term = job["lab"].terminal()
    term.click()
    job["lab"].page.keyboard.type("echo six-times-seven-is-$((6*7)); id -u\n", delay=10)
    for _ in range(150):
        if "six-times-seven-is-42" in job["lab"].terminal_text:
            break
        job["lab"].page.wait_for_timeout(100)
    assert "six-times-seven-is-42" in job["lab"].terminal_text, job["lab"].terminal_text
    shot(job["lab"].page, "jupyterlab-terminal")


def test_files_go_up_and_down(job, tmp_path):
    lab = job["lab"]
    up = tmp_path / "numbers.csv"
    up.write_text("a,b\n1,2\n" * 100_000)  # above 1 MiB: JupyterLab sends it in pieces
    with lab.page.expect_file_chooser() as chooser:
        lab.page.locator('.jp-FileBrowser-toolbar [data-jp-item-name="uploader"] button, .jp-FileBrowser-toolbar [data-jp-item-name="uploader"] jp-button').first.click()
    chooser.value.set_files(str(up))
    item = lab.browser_item("numbers.csv")
    expect(item).to_be_visible(timeout=30_000)
    item.click(button="right")
    with lab.page.expect_download(timeout=30_000) as download:
        lab.page.locator('.lm-Menu-item:visible:has-text("Download")').first.click()
    assert Path(download.value.path()).read_bytes() == up.read_bytes()


def test_the_browser_console_of_jupyterlab_stays_clean(job):
    # A cell that was interrupted logs nothing; what is left would be ours.
    errors = [e for e in job["lab"].errors if "lsp/status" not in e]
    assert not errors, errors


def test_the_tab_is_closed_and_the_files_are_there_again(hub, page, context, job):
    job["lab"].page.close()
    go(page, hub.url + f"/workspaces/{job['ws']['id']}")
    lab = open_lab(context, lambda: page.get_by_role("button", name=re.compile("^open", re.I)).first.click())
    for name in ("analysis.ipynb", "numbers.csv"):
        expect(lab.browser_item(name)).to_be_visible(timeout=30_000)
    job["lab"] = lab


def test_a_warning_comes_before_the_stop_and_extend_works(hub, page, api, job):
    api.call("PATCH", f"/workspaces/{job['ws']['id']}", 200, json={"auto_stop_seconds": 60})
    job["lab"].page.close()
    go(page, hub.url + "/workspaces")
    warning = page.get_by_role("alert").filter(has_text=re.compile("stops in", re.I))
    expect(warning.first).to_be_visible(timeout=90_000)
    before = api.session(job["first"])["stop_at"]
    shot(page, "warning")
    warning.first.get_by_role("button", name=re.compile("extend", re.I)).click()
    wait_for("later stop", lambda: api.session(job["first"])["stop_at"] > before)


def test_stop_ends_the_session_and_its_metering(hub, page, api, job):
    api.stop(job["ws"])
    s = api.session(job["first"])
    assert s["reason"] == "user" and s["stopped_at"]


def test_another_instance_type_has_the_files_and_the_package(hub, page, context, api, job):
    api.call("PATCH", f"/workspaces/{job['ws']['id']}", 200, json={"instance_type": "medium"})
    go(page, hub.url + f"/workspaces/{job['ws']['id']}")
    page.get_by_role("button", name=re.compile("^start", re.I)).first.click()
    s = wait_for("second session", lambda: api.get(f"/workspaces/{job['ws']['id']}")["session"])
    job["second"] = s["id"]
    api.wait_state(s["id"], "running", 90)
    assert api.session(s["id"])["instance_type"] == "medium"
    go(page, hub.url + f"/workspaces/{job['ws']['id']}")
    lab = open_lab(context, lambda: page.get_by_role("button", name=re.compile("^open", re.I)).first.click())
    expect(lab.browser_item("analysis.ipynb")).to_be_visible(timeout=30_000)
    lab.new_notebook()
    expect(lab.run("import cowsay; print('still', cowsay.__name__)")).to_contain_text("still cowsay", timeout=60_000)
    lab.page.close()


def test_idle_the_session_stops_by_itself_and_says_why(api, job):
    s = api.wait_state(job["second"], "stopped", 150)
    assert s["reason"] == "idle", s
    assert s["evidence"].get("last"), s


def test_usage_shows_two_lines_that_equal_the_journal(hub, page, api, job):
    usage = api.get("/usage")
    lines = {i["session_id"]: i for i in usage["items"] if i["session_id"] in (job["first"], job["second"])}
    assert len(lines) == 2
    for sid, line in lines.items():
        (start, stop), = runs(hub.state, sid)
        assert abs(line["seconds"] - (stop.boottime_ns - start.boottime_ns) / 1e9) < 1e-6
        assert not line["estimated"]
    go(page, hub.url + "/usage")
    expect(page.locator("tbody tr:visible").first).to_be_visible()
    shot(page, "usage")


def test_every_page_was_drawn_at_both_widths_and_in_both_themes(hub, browser, context, job):
    pages = {"workspaces": "/workspaces", "workspace": f"/workspaces/{job['ws']['id']}", "usage": "/usage",
             "new-workspace": "/workspaces/new", "tokens": "/tokens", "account": "/account"}
    for width, height, kind in ((1280, 800, "desktop"), (390, 844, "phone")):
        for scheme in ("light", "dark"):
            c = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme,
                                    storage_state=context.storage_state())
            p = c.new_page()
            problems = []
            p.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
            p.on("pageerror", lambda e: problems.append(str(e)))
            for name, path in pages.items():
                p.goto(hub.url + path)
                expect(p.get_by_role("heading", level=1)).to_be_visible()
                wide = p.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, f"{path} scrolls sideways by {wide} px at {width}"
                shot(p, f"{name}-{kind}-{scheme}")
            assert not problems, problems
            c.close()
