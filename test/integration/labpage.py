# SPDX-License-Identifier: Apache-2.0
"""JupyterLab 4 in a real browser, as a user handles it."""

import json
import re

from playwright.sync_api import expect


class LabPage:
    def __init__(self, page):
        self.page = page
        self.errors = []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        # Terminals are drawn on a canvas: what they show is what their socket brought.
        self.terminal_text = ""
        page.on("websocket", self.watch)

    def watch(self, ws):
        def received(data):
            if isinstance(data, str) and data.startswith('["stdout"'):
                self.terminal_text += json.loads(data)[1]

        if "/terminals/websocket/" in ws.url:
            ws.on("framereceived", received)

    def ready(self, timeout=60_000):
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=timeout)
        self.page.wait_for_selector("#jp-main-dock-panel .lm-DockPanel-widget:visible", timeout=timeout)
        return self

    def new_notebook(self):
        # A restored layout may lack a launcher: then the menu makes one.
        if not self.page.locator(".jp-Launcher:visible").count():
            self.menu("File", "New Launcher")
        self.page.locator('.jp-LauncherCard[data-category="Notebook"]:visible').first.click()
        self.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook", timeout=30_000)
        self.idle()

    def idle(self, timeout=60_000):
        self.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=timeout)

    def panel(self):
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def run(self, code, wait=True):
        """Types into the last cell and runs it; returns its output area."""
        n = self.panel().locator(".jp-CodeCell").count()
        ran = self.panel().locator(".jp-CodeCell").nth(n - 1)
        prompt = ran.locator(".jp-InputPrompt")
        for last in (False, False, True):
            ran.locator(".cm-content").click()
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(code)
            self.page.keyboard.press("Shift+Enter")
            try:
                # A layout that is still being restored may take the focus away: then it is typed again.
                expect(prompt).to_have_text(re.compile(r"\[(\*|\d+)\]:"), timeout=10_000)
                break
            except AssertionError:
                if last:
                    raise
        if wait:
            expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=120_000)
        return ran.locator(".jp-OutputArea")

    def menu(self, *names):
        self.page.locator(f'.lm-MenuBar-item:has-text("{names[0]}")').first.click()
        self.choose(*names[1:])

    def choose(self, *names):
        """Entries of the open menu and its submenus. A label may be in two pieces, its mnemonic being one."""
        for name in names:
            label = self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(name)}$"))
            self.page.locator(".lm-Menu-item:visible").filter(has=label).first.click()

    def accept(self, button=None):
        self.page.locator(".jp-Dialog .jp-mod-accept").click() if button is None else \
            self.page.locator(f'.jp-Dialog button:has-text("{button}")').click()

    def save_as_named(self, name):
        """Ctrl+S on an Untitled notebook asks for a name."""
        self.panel().locator(".jp-Notebook").click(position={"x": 5, "y": 5})
        self.page.keyboard.press("Control+s")
        box = self.page.locator(".jp-Dialog input[type=text]")
        box.wait_for(timeout=10_000)
        box.fill(name)
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        expect(self.page.locator(f'.lm-TabBar-tabLabel:text-is("{name}")').first).to_be_visible(timeout=15_000)

    def terminal(self):
        self.menu("File", "New", "Terminal")
        self.page.wait_for_selector(".jp-Terminal .xterm-screen", timeout=30_000)
        return self.page.locator(".jp-Terminal")

    def browser_item(self, name):
        return self.page.locator(f'.jp-DirListing-item:has(.jp-DirListing-itemText:has-text("{name}"))').first
