# SPDX-License-Identifier: Apache-2.0
"""Notebooks in the unmodified JupyterLab: cells, helpers, running, saving, two views and two pages of one."""

import re

from playwright.sync_api import expect

from labdesk import browser, code, context, desk, lab, markdown, server  # noqa: F401  (fixtures)

SLIDER = """from IPython.display import SVG, display
from ipywidgets import IntSlider, interact

def plot(points):
    dots = "".join(f'<circle cx="{20 * i + 10}" cy="{100 - 3 * i * i}" r="4"/>' for i in range(points))
    display(SVG(f'<svg xmlns="http://www.w3.org/2000/svg" width="240" height="110">{dots}</svg>'))

interact(plot, points=IntSlider(3, 1, 9));"""


# ---------------------------------------------------------------------------- cells

def test_markdown_is_drawn_with_its_formulas(lab):
    lab.notebook(markdown("# One"), markdown("before"))
    lab.cell(1).dblclick()
    lab.write(1, "## Two\n\n*soft* and $x^2$\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    lab.page.keyboard.press("Control+Enter")
    drawn = lab.cell(1).locator(".jp-MarkdownOutput")
    expect(drawn.locator("h2")).to_contain_text("Two")
    expect(drawn.locator("em")).to_have_text("soft")
    expect(drawn.locator("td")).to_have_text(["1", "2"])
    expect(drawn.locator("mjx-container")).to_be_visible()


def test_cell_operations_are_undone_and_redone(lab):
    lab.notebook("a = 1", "b = 2", "c = 3")
    lab.select(1)
    lab.page.keyboard.press("d")
    lab.page.keyboard.press("d")
    expect(lab.cells()).to_have_count(2)
    lab.page.keyboard.press("z")
    expect(lab.cells()).to_have_count(3)
    assert lab.sources() == ["a = 1", "b = 2", "c = 3"]
    lab.page.keyboard.press("Shift+Z")
    expect(lab.cells()).to_have_count(2)
    assert lab.sources() == ["a = 1", "c = 3"]


def test_cells_are_moved_copied_split_and_merged(lab):
    lab.notebook("a = 1", "b = 2")
    lab.select(0)
    lab.page.keyboard.press("Control+Shift+ArrowDown")
    expect(lab.editor(0)).to_have_text("b = 2")
    lab.page.keyboard.press("c")
    lab.page.keyboard.press("v")
    expect(lab.cells()).to_have_count(3)
    assert lab.sources() == ["b = 2", "a = 1", "a = 1"]
    lab.write(2, "p = 1\nq = 2")
    lab.page.keyboard.press("Control+Home")
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Control+Shift+Minus")
    expect(lab.cells()).to_have_count(4)
    assert lab.sources()[2:] == ["p = 1", "q = 2"]
    lab.select(2)
    lab.menu("Edit", "Merge Cell Below")
    expect(lab.cells()).to_have_count(3)
    lab.page.keyboard.press("Control+s")
    lab.wait_for("merged cells", lambda: len(lab.document("a.ipynb")["cells"]) == 3)
    assert len({c["id"] for c in lab.document("a.ipynb")["cells"]}) == 3


def test_a_cell_is_dragged_to_another_place(lab):
    lab.notebook("first = 1", "second = 2", "third = 3")
    target = lab.cell(2)
    lab.drag(lab.cell(0).locator(".jp-InputPrompt"), target, lambda b: (b["x"] + 200, b["y"] + b["height"] - 4))
    expect(lab.editor(0)).to_have_text("second = 2")
    assert sorted(lab.sources()) == ["first = 1", "second = 2", "third = 3"]


def test_search_and_replace_in_a_notebook(lab):
    lab.notebook("total = 1", markdown("the total"), "print(total, total)")
    lab.editor(0).click()
    lab.page.keyboard.press("Control+f")
    box = lab.page.locator(".jp-DocumentSearch-overlay")
    box.get_by_placeholder("Find").fill("total")
    counter = box.locator(".jp-DocumentSearch-index-counter")
    expect(counter).to_have_text(re.compile(r"^\d/4$"))
    lab.page.keyboard.press("Escape")
    lab.editor(0).click()
    lab.page.keyboard.press("Control+h")
    expect(counter).to_have_text(re.compile(r"^\d/4$"))
    box.get_by_placeholder("Replace").fill("amount")
    box.locator('button:has-text("Replace All")').click()
    expect(lab.editor(2)).to_have_text("print(amount, amount)")
    lab.page.keyboard.press("Control+s")
    lab.wait_for("replaced words", lambda: [c["source"] for c in lab.document("a.ipynb")["cells"]]
                  == [["amount = 1"], ["the amount"], ["print(amount, amount)"]])


# ---------------------------------------------------------------------------- what the kernel knows

def test_the_completer_offers_names_of_the_kernel(lab):
    lab.notebook("favourite_number = 41\nfavourite_name = 'Ada'", "")
    lab.run_cell(0)
    lab.write(1, "favour")
    offered = lab.page.locator(".jp-Completer:visible .jp-Completer-item")

    def asked():
        lab.page.keyboard.press("Tab")
        for _ in range(10):
            lab.page.wait_for_timeout(200)
            if offered.filter(has_text="favourite_name").count():
                return True
        return False

    # JupyterLab waits one second for an answer, and a kernel's first one may take longer.
    lab.wait_for("completions", asked)
    expect(offered.filter(has_text="favourite_number")).to_be_visible()
    offered.filter(has_text="favourite_number").click()
    expect(lab.editor(1)).to_have_text("favourite_number")
    expect(lab.run_cell(1)).to_contain_text("41")


def test_the_tooltip_tells_the_signature(lab):
    lab.notebook("")
    lab.write(0, "sorted(")
    lab.page.keyboard.press("Shift+Tab")
    expect(lab.page.locator(".jp-Tooltip")).to_contain_text("Return a new list containing all items")
    lab.page.keyboard.press("Escape")
    expect(lab.page.locator(".jp-Tooltip")).to_have_count(0)


def test_contextual_help_follows_the_cursor(lab):
    lab.notebook("len", "sorted")
    lab.menu("Help", "Show Contextual Help")
    words = lab.page.locator(".jp-Inspector:visible")
    expect(words).to_be_visible()
    for n, text in ((0, "Return the number of items"), (1, "Return a new list")):
        lab.editor(n).click()
        lab.page.keyboard.press("End")
        expect(words).to_contain_text(text)


def test_input_is_asked_below_the_cell(lab):
    lab.notebook("name = input('Who? ')\nprint('Hello', name)")
    lab.run_cell(0, wait=False)
    box = lab.cell(0).locator(".jp-Stdin-input")
    expect(box).to_be_visible()
    box.fill("Grace")
    box.press("Enter")
    expect(lab.output(0)).to_contain_text("Hello Grace")


# ---------------------------------------------------------------------------- running

def test_interrupt_stops_a_cell_and_what_would_follow(lab):
    lab.notebook("print('begun')\nwhile True: pass", "print('never')")
    lab.menu("Run", "Run All Cells")
    expect(lab.output(0)).to_contain_text("begun")
    lab.panel().locator('[data-jp-item-name="interrupt"] :is(button, jp-button)').first.click()
    expect(lab.output(0)).to_contain_text("KeyboardInterrupt")
    lab.idle()
    expect(lab.output(1)).not_to_contain_text("never")


def test_restart_and_run_all_begins_anew(lab):
    lab.notebook("import os\nn = globals().get('n', 0) + 1\nprint('run', n)", "print('last', n)")
    lab.run_cell(0)
    expect(lab.run_cell(0)).to_contain_text("run 2")
    lab.panel().locator('[data-jp-item-name="restart-and-run"] :is(button, jp-button)').first.click()
    lab.dialog("Restart Kernel?")
    lab.accept()
    lab.ran(1, "2")
    expect(lab.output(0)).to_contain_text("run 1")
    expect(lab.output(1)).to_contain_text("last 1")


def test_a_long_output_scrolls_and_is_complete(lab):
    lab.notebook("for i in range(20_000): print('line', i)")
    lab.run_cell(0)
    lab.context(lab.output(0), "Enable Scrolling for Outputs")
    expect(lab.page.locator(".jp-Notebook .jp-mod-outputsScrolled")).to_be_visible()
    text = lab.output(0).evaluate("e => e.textContent")
    assert [int(n) for n in re.findall(r"line (\d+)\n", text)] == list(range(20_000))
    area = lab.page.locator(".jp-mod-outputsScrolled .jp-Cell-outputArea")
    area.hover()
    before = area.evaluate("e => e.scrollTop")
    lab.page.mouse.wheel(0, 3000)
    lab.page.wait_for_function("b => document.querySelector('.jp-mod-outputsScrolled .jp-Cell-outputArea').scrollTop != b",
                               arg=before)


def test_a_slider_moves_a_plot(lab):
    lab.notebook(SLIDER)
    lab.run_cell(0)
    picture = lab.output(0).locator(".jp-RenderedSVG img")

    def has_points(n):
        lab.wait_for(f"picture of {n} points", lambda: picture.get_attribute("src").count("circle") == n)

    has_points(3)
    lab.output(0).locator(".noUi-handle").focus()
    for n in (4, 5, 6):
        lab.page.keyboard.press("ArrowRight")
        has_points(n)
    expect(lab.output(0).locator(".widget-readout")).to_have_text("6")


def test_an_output_gets_a_view_of_its_own(lab):
    lab.notebook("from IPython.display import display\nh = display('one', display_id=True)", "h.update('two')")
    lab.run_cell(0)
    lab.context(lab.output(0).locator(".jp-OutputArea-output").first, "Create New View for Cell Output")
    view = lab.page.locator(".jp-LinkedOutputView")
    expect(view).to_contain_text("one")
    lab.run_cell(1)
    expect(view).to_contain_text("two")
    expect(lab.output(0)).to_contain_text("two")


# ---------------------------------------------------------------------------- the file behind it

def test_revert_brings_the_checkpoint_back(lab):
    lab.notebook("version = 'one'")
    lab.write(0, "version = 'two'")
    lab.page.keyboard.press("Control+s")  # saves, and makes the checkpoint
    lab.wait_for("saved cell", lambda: lab.document("a.ipynb")["cells"][0]["source"] == ["version = 'two'"])
    lab.wait_for("checkpoint", lambda: "two" in lab.text(".ipynb_checkpoints/a-checkpoint.ipynb"))
    lab.write(0, "version = 'three'")
    lab.menu("File", "Save All")
    lab.wait_for("third version", lambda: lab.document("a.ipynb")["cells"][0]["source"] == ["version = 'three'"])
    lab.menu("File", "Revert Notebook to Checkpoint…")
    lab.dialog()
    lab.accept()
    expect(lab.editor(0)).to_have_text("version = 'two'")
    assert lab.document("a.ipynb")["cells"][0]["source"] == ["version = 'two'"]


def test_a_notebook_is_renamed_while_it_runs(lab):
    lab.notebook("import time, pathlib\nfor i in range(600):\n    if pathlib.Path('go').exists(): break\n"
                 "    time.sleep(0.1)\nprint('went on', i < 599)")
    lab.run_cell(0, wait=False)
    expect(lab.panel().locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "busy")
    lab.rename("a.ipynb", "renamed.ipynb")
    expect(lab.tab("renamed.ipynb")).to_be_visible()
    lab.wait_for("session under its new path", lambda: lab.session_of("renamed.ipynb"))
    assert not lab.session_of("a.ipynb")
    (lab.dir / "go").touch()
    expect(lab.output(0)).to_contain_text("went on True")
    lab.page.keyboard.press("Control+s")
    lab.wait_for("output in the renamed file", lambda: "went on True" in lab.text("renamed.ipynb"))
    assert not (lab.dir / "a.ipynb").exists()


def test_a_change_on_disk_is_noticed_before_it_is_overwritten(lab):
    path = lab.put("a.ipynb", [code("mine = 1")])
    lab.open("a.ipynb")
    lab.write(0, "mine = 2")
    path.write_text(path.read_text().replace("mine = 1", "theirs = 1"))
    lab.page.keyboard.press("Control+s")
    lab.dialog("File Changed")
    lab.accept("Revert")
    expect(lab.editor(0)).to_have_text("theirs = 1")
    assert lab.document("a.ipynb")["cells"][0]["source"] == ["theirs = 1"]


# ---------------------------------------------------------------------------- two of them

def test_two_views_of_a_notebook_side_by_side_show_one_model(lab):
    lab.notebook("x = 1")
    lab.menu("File", "New View for Notebook")
    views = lab.page.locator(".jp-NotebookPanel:visible")
    expect(views).to_have_count(2)
    views.nth(0).locator(".cm-content").click()
    lab.page.keyboard.press("Control+A")
    lab.page.keyboard.insert_text("print('seen twice')")
    expect(views.nth(1).locator(".cm-content")).to_have_text("print('seen twice')")
    lab.page.keyboard.press("Control+Enter")
    for n in (0, 1):
        expect(views.nth(n).locator(".jp-OutputArea-output")).to_contain_text("seen twice")
    assert len(lab.server.call("GET", "api/kernels", 200).json()) == 1


def test_two_pages_on_one_notebook_share_its_kernel(lab, desk):
    lab.notebook("shared = 6 * 7", "print('value', shared)")
    other = desk(lab.folder)
    for page in (lab, other):
        # Each page asks the kernel for widgets; that there are none is told to all.
        page.noise.append("Comm not found")
    other.open("a.ipynb")
    lab.run_cell(0)
    expect(other.run_cell(1)).to_contain_text("value 42")
    assert len(lab.server.call("GET", "api/sessions", 200).json()) == 1
    other.page.keyboard.press("Control+s")
    other.wait_for("saved output", lambda: "value 42" in other.text("a.ipynb"))
    lab.write(0, "shared = 0")
    lab.page.keyboard.press("Control+s")
    lab.dialog("File Changed")
    lab.accept("Overwrite")
    lab.wait_for("the first page's text", lambda: "shared = 0" in lab.text("a.ipynb"))
