# SPDX-License-Identifier: Apache-2.0
"""The rest of the unmodified JupyterLab: kernels, debugger, consoles, terminals, settings, window layouts."""

import json
import re

from playwright.sync_api import Error, expect

from labdesk import browser, context, desk, lab, server  # noqa: F401  (fixtures)

STEPS = "def area(width, height):\n    result = width * height\n    return result\n\nprint('area', area(6, 7))"


# ---------------------------------------------------------------------------- kernels

def test_the_debugger_stops_at_a_breakpoint_shows_variables_and_goes_on(lab):
    lab.notebook(STEPS)
    lab.panel().locator(".jp-DebuggerBugButton[aria-disabled=false]").click()
    expect(lab.page.locator(".jp-DebuggerSidebar")).to_be_visible()
    gutter = lab.cell(0).locator(".cm-gutter.cm-breakpoint-gutter")
    expect(gutter).to_be_visible()
    # Beside the third line, `return result`.
    box, strip = lab.cell(0).locator(".cm-line").nth(2).bounding_box(), gutter.bounding_box()
    lab.page.mouse.click(strip["x"] + strip["width"] / 2, box["y"] + box["height"] / 2)
    expect(lab.page.locator(".jp-DebuggerBreakpoints-body")).to_contain_text("3")
    lab.run_cell(0, wait=False)
    expect(lab.cell(0).locator(".jp-DebuggerEditor-highlight")).to_contain_text("return result")
    shown = lab.page.locator(".jp-DebuggerVariables")
    expect(shown).to_contain_text("result")
    expect(shown).to_contain_text("42")
    expect(lab.page.locator(".jp-DebuggerCallstack-body")).to_contain_text("area")
    lab.page.keyboard.press("F9")
    lab.ran(0)
    expect(lab.output(0)).to_contain_text("area 42")


def test_the_kernel_of_a_notebook_is_changed_shut_down_and_started_again(lab):
    lab.notebook("import os; print('kernel', os.environ.get('WHICH_KERNEL', 'the first'))")
    expect(lab.run_cell(0)).to_contain_text("kernel the first")
    lab.menu("Kernel", "Change Kernel…")
    lab.dialog("Select Kernel").locator("select").select_option(label="Second Python")
    lab.accept()
    expect(lab.panel().locator(".jp-KernelName")).to_have_text("Second Python")
    lab.idle()
    expect(lab.run_cell(0)).to_contain_text("kernel the second")
    assert len(lab.server.call("GET", "api/kernels", 200).json()) == 1
    lab.menu("Kernel", "Shut Down Kernel")
    expect(lab.panel().locator(".jp-KernelName")).to_have_text("No Kernel")
    lab.wait_for("no kernel", lambda: not lab.server.call("GET", "api/kernels", 200).json())


def test_a_kernel_that_dies_comes_back_and_says_so(lab):
    lab.notebook("import os; os._exit(7)", "print('alive')")
    # What the page had asked the kernel when it died.
    lab.noise += ["Could not restore the debugger state", "Error: Canceled future for"]
    lab.run_cell(0, wait=False)
    lab.dialog("appears to have died")
    lab.accept()
    lab.idle()
    expect(lab.run_cell(1)).to_contain_text("alive")


def test_shut_down_all_ends_kernels_and_terminals(lab):
    lab.notebook("x = 1")
    lab.terminal()
    # The page's own words about the kernel that it has just ended, and about what it was still asking it.
    lab.noise += ["Kernel is dead", "Could not restore the debugger state: Canceled future"]
    lab.page.locator('.lm-TabBar-tab[data-id="jp-running-sessions"]').click()
    panel = lab.page.locator("#jp-running-sessions")
    for kind in ("Kernels", "Terminals"):
        panel.locator(f'.lm-AccordionPanel-title:has-text("{kind}") .jp-RunningSessions-shutdownAll').click()
        lab.dialog()
        lab.accept()
        lab.wait_for(f"no {kind}", lambda: not lab.server.call("GET", f"api/{kind.lower()}", 200).json())


def test_a_console_keeps_its_history(lab):
    lab.page.locator('.jp-LauncherCard[data-category="Console"]:visible').first.click()
    prompt = lab.page.locator(".jp-CodeConsole-promptCell .cm-content")
    expect(lab.page.locator(".jp-CodeConsole-banner")).to_contain_text("IPython")
    for text, shown in (("x = 20; print('set')", "set"), ("x + 3", "23")):
        prompt.click()
        lab.page.keyboard.insert_text(text)
        lab.page.keyboard.press("Shift+Enter")
        expect(lab.page.locator(".jp-CodeConsole-content .jp-OutputArea-output").last).to_contain_text(shown)
    prompt.click()
    lab.page.keyboard.press("ArrowUp")
    expect(prompt).to_have_text("x + 3")


# ---------------------------------------------------------------------------- terminals

def test_a_terminal_is_typed_into_and_follows_its_size(lab):
    lab.terminal().click()

    def ask(command, pattern):
        lab.page.keyboard.type(command + "\n", delay=5)
        lab.wait_for(f"answer to {command}", lambda: re.findall(pattern, lab.terminal_text))
        return re.findall(pattern, lab.terminal_text)[-1]

    rows, columns = map(int, ask("echo before $(stty size)", r"before (\d+) (\d+)"))
    lab.page.set_viewport_size({"width": 900, "height": 500})
    for n in range(60):
        r, c = map(int, ask(f"echo after{n} $(stty size)", rf"after{n} (\d+) (\d+)"))
        if r < rows and c < columns:
            break
        lab.page.wait_for_timeout(500)
    assert r < rows and c < columns, (rows, columns, r, c)
    assert ask("printf 'ü%sé\\n' -€-", r"(ü-€-é)")
    lab.page.keyboard.type("exit\n")
    expect(lab.page.locator(".jp-Terminal")).to_have_count(0)
    lab.wait_for("no terminal", lambda: not lab.server.call("GET", "api/terminals", 200).json())


def test_a_terminal_is_there_again_after_a_reload(lab):
    lab.terminal().click()
    lab.page.keyboard.type("echo before-$((40+2))\n")
    lab.wait_for("echo", lambda: "before-42" in lab.terminal_text)
    lab.wait_for("layout", lambda: "terminal" in layouts(lab))
    lab.terminal_text = ""
    lab.reload()
    lab.page.wait_for_selector(".jp-Terminal .xterm-screen")
    lab.wait_for("what was on the screen", lambda: "before-42" in lab.terminal_text)


# ---------------------------------------------------------------------------- the page itself

def layouts(lab):
    """The saved layout of this test's workspace, as text."""
    r = lab.server.call("GET", f"lab/api/workspaces/{lab.folder}", 200)
    return json.dumps(r.json()["data"].get("layout-restorer:data", {}))


def test_the_command_palette_runs_what_is_chosen(lab):
    lab.notebook("x = 1")
    item = lab.page.locator(".lm-CommandPalette-item:visible", has_text="Insert Cell Below")

    def chosen():
        # It closes when it loses the focus, which a notebook just opened may still take.
        if not lab.page.locator(".lm-CommandPalette-input:visible").count():
            lab.page.keyboard.press("Control+Shift+C")
        lab.page.keyboard.press("Control+A")
        lab.page.keyboard.insert_text("insert cell below")
        try:
            item.click(timeout=3_000)
        except Error:
            return False
        return True

    lab.wait_for("command in the palette", chosen)
    expect(lab.cells()).to_have_count(2)


def test_every_menu_opens(lab):
    bar = lab.page.locator(".lm-MenuBar-item:visible")
    names = [n.strip() for n in bar.all_inner_texts()]
    assert {"File", "Edit", "View", "Run", "Kernel", "Tabs", "Settings", "Help"} <= set(names), names
    for i in range(bar.count()):
        bar.nth(i).click()
        expect(lab.page.locator(".lm-Menu:visible .lm-Menu-item").first).to_be_visible()
        lab.page.keyboard.press("Escape")
        expect(lab.page.locator(".lm-Menu:visible")).to_have_count(0)
    lab.menu("Help", "About JupyterLab")
    lab.dialog("Version 4.")


def test_dark_and_light_are_kept_over_a_reload(lab):
    body = lab.page.locator("body")
    for theme, light in (("JupyterLab Dark", "false"), ("JupyterLab Light", "true")):
        lab.menu("Settings", "Theme", theme)
        expect(body).to_have_attribute("data-jp-theme-name", theme)
        lab.reload()
        expect(body).to_have_attribute("data-jp-theme-name", theme)
        expect(body).to_have_attribute("data-jp-theme-light", light)


def test_a_setting_is_changed_in_the_form_and_kept(lab, server):
    plugin = "@jupyterlab/terminal-extension:plugin"

    def form():
        lab.menu("Settings", "Settings Editor")
        lab.page.locator(f'.jp-PluginList-entry[data-id="{plugin}"]').click()
        return lab.page.locator('.jp-SettingsForm input[id$="_fontSize"]')

    field = form()
    expect(field).to_have_value("13")
    field.fill("17")
    file = server.home / ".jupyter/lab/user-settings" / (plugin.replace(":", "/") + ".jupyterlab-settings")
    lab.wait_for("setting on disk", lambda: '"fontSize": 17' in file.read_text())
    lab.reload()
    expect(form()).to_have_value("17")
    lab.page.locator(".jp-SettingsHeader-buttonbar button:has-text('Restore'):visible").first.click()
    lab.wait_for("setting gone from disk", lambda: "fontSize" not in file.read_text())


def test_the_json_settings_editor_says_what_is_wrong(lab, server):
    lab.menu("Settings", "Settings Editor")
    lab.page.locator('[data-jp-item-name="open-json-editor"] jp-button').click()
    lab.page.locator('.jp-PluginList-entry[data-id="@jupyterlab/console-extension:tracker"]:visible').click()
    user = lab.page.locator(".jp-SettingsRawEditor-user .cm-content:visible")
    user.click()
    lab.page.keyboard.press("Control+A")
    lab.page.keyboard.insert_text('{ "interactionMode": "telepathy" }')
    expect(lab.page.locator(".jp-SettingsRawEditor.jp-mod-error")).to_be_visible()
    expect(lab.page.locator(".jp-SettingsDebug")).to_contain_text("must match exactly one schema")
    user.click()
    lab.page.keyboard.press("Control+A")
    lab.page.keyboard.insert_text('{\n  // why: habit\n  "interactionMode": "terminal"\n}')
    lab.save()
    file = server.home / ".jupyter/lab/user-settings/@jupyterlab/console-extension/tracker.jupyterlab-settings"
    lab.wait_for("the text as typed", lambda: "// why: habit" in file.read_text())
    file.unlink()


def test_the_window_layout_is_saved_and_restored(lab):
    lab.put("left.txt", "left")
    lab.put("right.txt", "right")
    lab.open("left.txt")
    lab.open("right.txt")
    # Dragged to the right edge, a document gets a column of its own.
    lab.drag(lab.tab("right.txt"), lab.page.locator("#jp-main-dock-panel"),
             lambda b: (b["x"] + b["width"] - 20, b["y"] + b["height"] / 2))
    editors = lab.page.locator(".jp-FileEditor:visible")
    expect(editors).to_have_count(2)
    lab.wait_for("saved layout", lambda: '"split-area"' in layouts(lab) and "right.txt" in layouts(lab))
    lab.reload()
    expect(editors).to_have_count(2)
    expect(lab.tab("left.txt")).to_be_visible()
    expect(lab.tab("right.txt")).to_be_visible()


def test_a_workspace_is_saved_under_a_name_and_opened_from_it(lab, server):
    lab.put("kept.txt", "kept")
    lab.open("kept.txt")
    lab.wait_for("saved layout", lambda: "kept.txt" in layouts(lab))
    lab.menu("File", "Workspaces", "Save Current Workspace As…")
    lab.dialog().locator("input").fill(f"{lab.folder}/mine.jupyterlab-workspace")
    lab.accept()
    lab.wait_for("workspace file", lambda: "kept.txt" in lab.text("mine.jupyterlab-workspace"))
    lab.tab("kept.txt").locator(".lm-TabBar-tabCloseIcon").click()
    expect(lab.tab("kept.txt")).to_have_count(0)
    lab.tool("refresh")
    lab.item("mine.jupyterlab-workspace").dblclick()
    expect(lab.tab("kept.txt")).to_be_visible()


def test_the_simple_interface_and_back(lab):
    lab.put("one.txt", "1")
    lab.open("one.txt")
    lab.menu("View", "Appearance", "Simple Interface")
    expect(lab.page.locator('[data-shell-mode="single-document"]')).to_be_attached()
    lab.menu("View", "Appearance", "Simple Interface")
    expect(lab.page.locator('[data-shell-mode="multiple-document"]')).to_be_attached()


def test_the_table_of_contents_leads_to_a_heading(lab):
    from labdesk import markdown
    lab.notebook(markdown("# Top"), *[f"x = {i}" for i in range(30)], markdown("## Far below"))
    lab.page.locator('.lm-TabBar-tab[data-id="table-of-contents"]').click()
    lab.page.locator(".jp-TableOfContents-content :text('Far below')").first.click()
    expect(lab.panel().locator("h2:has-text('Far below')")).to_be_in_viewport()


def test_logging_out_leads_to_the_sign_in_page(browser, server):
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{server.url}lab?token={server.token}")
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        page.locator('.lm-MenuBar-item:has-text("File")').click()
        page.locator('.lm-Menu-item:visible:has(.lm-Menu-itemLabel:text-is("Log Out"))').click()
        page.wait_for_url(re.compile("/log(in|out)"))
        page.goto(f"{server.url}lab")
        page.wait_for_url(re.compile("/login"))
    finally:
        context.close()
