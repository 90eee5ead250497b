# SPDX-License-Identifier: Apache-2.0
"""What Carrel adds to JupyterLab, beside following cells (test_runs_browser.py): what the session uses, and the setting
that turns following off."""

import re

from playwright.sync_api import expect

from labdesk import browser, context, desk, lab, server  # noqa: F401  (fixtures)

PLUGIN = "lab/api/settings/@carrel/labextension:plugin"


def test_the_status_bar_says_what_the_session_uses(lab):  # noqa: F811
    item = lab.page.locator("#carrel-usage > span")
    expect(item).to_contain_text(re.compile(r"CPU \d+ %.*Memory [\d.]+ [GM]B.*Disk \d+ %"))
    expect(item).to_have_attribute("title", re.compile(r"CPUs of .* in use\n.* of memory .*\n.* of disk", re.S))


def test_a_setting_turns_following_off(desk, server):  # noqa: F811
    first = desk("off")
    first.notebook("import time, pathlib\nwhile not pathlib.Path('go').exists(): time.sleep(0.05)\nprint('gone')")
    server.call("PUT", PLUGIN, 204, json={"raw": '{"followRuns": false}'})
    try:
        other = desk("off")
        other.item("a.ipynb").dblclick()
        expect(other.cells()).to_have_count(1)
        first.run_cell(0, wait=False)
        (first.dir / "go").touch()
        expect(first.output(0)).to_contain_text("gone")
        assert other.cell(0).locator(".jp-InputPrompt").inner_text() == "[ ]:"
        expect(other.output(0).locator(".jp-OutputArea-output")).to_have_count(0)
    finally:
        server.call("PUT", PLUGIN, 204, json={"raw": "{}"})
