# SPDX-License-Identifier: Apache-2.0
"""The IDE and bad luck, in Chromium on a real agent: no network, a frozen page, two tabs, another writer, a session that dies, no room,
slow and refused answers, wrong clocks, hostile and huge notebooks. What was typed is kept, nothing is written over, the page answers."""

import contextlib
import json
import re
import subprocess
import time
from urllib.parse import quote

import nbformat
import pytest
from playwright.sync_api import expect

import hostile
from idepage import SLOW, ide, notebook, signed_in  # noqa: F401
from labdesk import browser, server  # noqa: F401
from notebooks import IPYTHON, NBCLIENT, WIDGETS, lay_out
from product import wait_for
from relay import Relay

SAVES = re.compile(r"/api/contents/")
NOISE = ("Failed to load", "WebSocket")


def lab_saves(server, path, change):  # noqa: F811
    """As JupyterLab reads and writes a notebook."""
    model = server.call("GET", f"api/contents/{quote(path)}", 200, params={"type": "notebook", "content": 1, "hash": 1}).json()
    change(model["content"]["cells"])
    server.call("PUT", f"api/contents/{quote(path)}", 200, json={"type": "notebook", "format": "json", "content": model["content"]})


def put_source(n, text):
    return lambda cells: cells[n].update(source=text)


@pytest.fixture(scope="module")
def far(server, signed_in):  # noqa: F811
    """The agent behind a network that can be cut and slow."""
    r = Relay(server.port)
    r.url = f"http://localhost:{r.port}/"
    assert signed_in.request.get(f"{r.url}ide?token={server.token}").ok
    yield r
    r.close()


def test_five_minutes_without_network(ide, server, far):  # noqa: F811
    i = ide("a = 1", "import time\nfor n in range(120): print('line', n, flush=True); time.sleep(.02)", "c = 3", "d = 4",
            url=far.url, before=lambda page: page.clock.install()).idle()
    i.run(1)
    expect(i.out(1)).to_contain_text("line 5")
    far.cut()
    i.page.context.set_offline(True)
    i.type(0, "0").state("offline")
    expect(i.page.get_by_role("alert").filter(has_text="kept in this browser").first).to_be_visible()
    i.page.clock.fast_forward("05:00")
    i.type(2, "0")
    # The kernel runs on, and the agent writes what it says; somebody else saves another cell.
    wait_for("outputs written without the page", lambda: "line 119" in json.dumps(i.disk()["cells"][1]))
    lab_saves(server, i.path, put_source(3, "d = 44"))
    i.page.clock.fast_forward("05:00")
    i.state("offline")
    far.mend()
    i.page.context.set_offline(False)
    wait_for("all changes in the file", lambda: [i.sources()[n] for n in (0, 2, 3)] == ["a = 10", "c = 30", "d = 44"], 60)
    i.state("saved")
    expect(i.cell(3)).to_contain_text("d = 44")
    expect(i.ran(1)).to_contain_text("line 119")
    lines = "".join("".join(o["text"]) for o in i.disk()["cells"][1]["outputs"]).splitlines()
    assert lines == [f"line {n}" for n in range(120)]
    i.type(3, "\nprint(a := 7)").idle()
    i.run(3)
    expect(i.ran(3)).to_contain_text("7")


def test_a_frozen_page(ide, server, far):  # noqa: F811
    """A laptop sleeps: no script runs, the network goes and comes, the kernel works on and somebody else saves."""
    i = ide("a = 1", "b = 2", "import time\nfor n in range(30): print('line', n, flush=True); time.sleep(.05)", url=far.url).idle()
    cdp = i.page.context.new_cdp_session(i.page)
    i.run(2)
    expect(i.out(2)).to_contain_text("line 1")
    i.type(0, "0")
    cdp.send("Page.setWebLifecycleState", {"state": "frozen"})
    far.cut()
    wait_for("outputs written without the page", lambda: "line 29" in json.dumps(i.disk()["cells"][2]), 60)
    lab_saves(server, i.path, put_source(1, "b = 22"))
    far.mend()
    cdp.send("Page.setWebLifecycleState", {"state": "active"})
    wait_for("both", lambda: i.sources()[:2] == ["a = 10", "b = 22"], 60)
    expect(i.cell(1)).to_contain_text("b = 22")
    expect(i.ran(2)).to_contain_text("line 29")
    i.state("saved")
    expect(i.page.locator(".banner.offline")).to_have_count(0)
    lines = "".join("".join(o["text"]) for o in i.disk()["cells"][2]["outputs"]).splitlines()
    assert lines == [f"line {n}" for n in range(30)]
    i.type(0, "0").state("saved")
    i.check(*NOISE)


def test_lines_that_died_unheard_in_a_sleep(ide, far):  # noqa: F811
    i = ide("print(6 * 7)", url=far.url, before=lambda page: page.clock.install()).idle()
    i.page.keyboard.press("Control+`")
    terminal, rows = i.page.locator(".terms .xterm"), i.page.locator(".terms .xterm-rows").first
    terminal.click()
    i.page.keyboard.type("echo $((40+1)) before\n")
    expect(rows).to_contain_text("41 before")
    far.deafen()
    i.page.clock.fast_forward("10:00")
    # What is typed after the waking arrives: neither line is used any more.
    expect(rows).to_contain_text("41 before")
    wait_for("another terminal line", lambda: i.page.evaluate("1") and len(far.lines - far.deaf) >= 1, 60)
    expect(i.page.locator(".term-note")).to_have_count(0)
    terminal.click()
    i.page.keyboard.type("echo $((40+2)) after\n")
    expect(rows).to_contain_text("42 after")
    i.run(0)
    expect(i.ran(0)).to_contain_text("42")
    i.state("saved")
    i.check(*NOISE)


def test_two_tabs_one_cell(ide):  # noqa: F811
    one = ide("a = 1", "b = 2", "c = 3")
    two = ide(path=one.path)
    # Other cells: both are kept. The first tab's save comes late, so that neither has seen the other's.
    held = []
    one.page.route(SAVES, lambda r: held.append(r) if r.request.method == "PUT" and not held else r.continue_())
    one.page.bring_to_front()
    one.type(0, "0")
    wait_for("a save on its way", lambda: one.page.evaluate("1") and held)
    two.page.bring_to_front()
    two.type(1, "0").state("saved")
    held[0].continue_()
    wait_for("both", lambda: one.page.evaluate("1") and one.sources() == ["a = 10", "b = 20", "c = 3"])
    one.state("saved")
    expect(two.cell(0)).to_contain_text("a = 10")
    # The same cell: nothing is written over, and one is asked.
    held.clear()
    one.page.bring_to_front()
    one.type(2, "1")
    wait_for("a save on its way", lambda: one.page.evaluate("1") and held)
    two.page.bring_to_front()
    two.type(2, "2").state("saved")
    held[0].continue_()
    one.page.bring_to_front()
    one.state("conflict")
    assert one.sources() == ["a = 10", "b = 20", "c = 32"]
    merge = one.page.locator(".merge")
    merge.get_by_text("Keep both").click()
    merge.get_by_role("button", name="Finish and save").dblclick()
    wait_for("both in the file", lambda: one.page.evaluate("1") and one.sources() == ["a = 10", "b = 20", "c = 31", "c = 32"])
    one.state("saved")
    expect(two.cell(3)).to_contain_text("c = 32")
    nbformat.validate(one.disk())
    one.page.unroute_all()


def test_cells_are_copied_to_another_tab_and_another_origin(ide, server, far):  # noqa: F811
    rich = nbformat.v4.new_code_cell("b = 2", execution_count=3, metadata={"own": 1.5}, outputs=[nbformat.v4.new_output("stream", text="kept\n")])
    one, two, three = ide("a = 1", rich, "c = 3"), ide("z = 26"), ide("y = 25", url=far.url)

    def chosen(page, n):
        page.page.bring_to_front()
        page.source(n).click()
        page.page.keyboard.press("Escape")
        return page.page.keyboard

    chosen(one, 1).press("c")
    chosen(two, 0).press("v")
    expect(two.out(1)).to_contain_text("kept")
    wait_for("the copy in the file", lambda: two.page.evaluate("1") and two.sources() == ["z = 26", "b = 2"])
    copy, first = two.disk()["cells"][1], one.disk()["cells"][1]
    assert copy["id"] != first["id"] and {**copy, "id": ""} == {**first, "id": ""}
    # Nothing but the system's clipboard leads from one origin to the other.
    chosen(three, 0).press("Control+v")
    expect(three.out(1)).to_contain_text("kept")
    wait_for("the copy in the file", lambda: three.page.evaluate("1") and three.sources() == ["y = 25", "b = 2"])
    # Cut there, two of them, pasted here.
    three.page.keyboard.press("Shift+ArrowUp")
    three.page.keyboard.press("Control+x")
    expect(three.page.locator("section.cell")).to_have_count(1)
    chosen(one, 2).press("Control+v")
    wait_for("both in the file", lambda: one.page.evaluate("1") and one.sources() == ["a = 1", "b = 2", "c = 3", "y = 25", "b = 2"])
    # Text of another program is no cell.
    one.page.evaluate("navigator.clipboard.writeText('[1, 2]')")
    one.page.keyboard.press("Control+v")
    one.page.keyboard.press("z")
    wait_for("the last paste undone", lambda: one.page.evaluate("1") and one.sources() == ["a = 1", "b = 2", "c = 3"])
    for p in (one, two, three):
        p.state("saved")
        nbformat.validate(p.disk())
        p.check()


def test_the_session_dies_mid_edit(ide, server):  # noqa: F811
    i = ide("a = 1", "print('again')").idle()
    i.run(1)
    i.ran(1)
    i.type(0, "0")
    server.proc.kill()
    server.proc.wait()
    i.page.keyboard.insert_text("0")
    i.state("offline")
    i.page.keyboard.insert_text("0")
    i.page.context.set_offline(True)
    server.start()
    # By itself an agent forgets whom it knew; in a session edge knows them.
    assert i.page.context.request.get(f"{server.url}ide?token={server.token}").ok
    i.page.context.set_offline(False)
    wait_for("what was typed", lambda: i.sources()[0] == "a = 1000", 60)
    i.state("saved")
    assert "again" in json.dumps(i.disk()["cells"][1]["outputs"])
    # Its kernel is gone with it; the next run begins a new one.
    expect(i.page.locator('.ib-kernel .lamp[data-state="none"], .ib-kernel .lamp[data-state="idle"]')).to_be_visible(timeout=SLOW)
    i.run(1)
    expect(i.ran(1, count=1)).to_contain_text("again")


@pytest.fixture
def small(server):  # noqa: F811
    """A folder with little room."""
    root = server.root / "small"
    root.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(root)], check=True)
    try:
        yield root
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


def test_no_room(ide, small):  # noqa: F811
    i = ide("a = 1", path="small/full.ipynb")
    filler = small / "filler"
    with contextlib.suppress(OSError):
        filler.write_bytes(bytes(1 << 20))
    before = (small / "full.ipynb").read_bytes()
    i.type(0, "0  # typed where there was no room" + " " * 200_000)
    i.state("failed")
    expect(i.page.locator('.saved[data-state="failed"]')).to_contain_text("disk is full")
    assert (small / "full.ipynb").read_bytes() == before
    i.page.reload()
    expect(i.cell(0)).to_contain_text("# typed where there was no room")
    i.state("failed")
    filler.unlink()
    i.page.evaluate("dispatchEvent(new Event('focus'))")
    wait_for("room", lambda: "# typed where there was no room" in i.sources()[0])
    i.state("saved")
    assert not [p for p in small.iterdir() if p.name != "full.ipynb"]


def test_slow_answers_and_503(ide, server, far):  # noqa: F811
    (server.root / "later.ipynb").write_text(notebook("a = 1"))
    i = ide("a = 1", url=far.url)
    far.delay = 2.0
    try:
        i.type(0, "0")
        i.page.keyboard.press("Control+s")
        i.page.keyboard.insert_text("0")  # while the first is on its way
        wait_for("both saves", lambda: i.sources() == ["a = 100"], 60)
        i.state("saved")
        i.page.get_by_role("tree").get_by_role("treeitem", name="later.ipynb").dblclick()
        expect(i.page.locator("header .it-name")).to_have_text("later.ipynb")
        expect(i.page.locator(".centre:not([hidden]) section.cell")).to_contain_text("a = 1")
    finally:
        far.delay = 0
    i.page.go_back()
    i.page.route(SAVES, lambda r: r.fulfill(status=503, json={"title": "starting"}))
    i.type(0, "0").state("offline")
    i.page.keyboard.insert_text("0")
    i.page.unroute(SAVES)
    wait_for("all of it", lambda: i.sources() == ["a = 10000"], 60)
    i.state("saved")


def test_back_and_double_clicks(ide, server):  # noqa: F811
    i = ide("a = 1", "n = globals().get('n', 0) + 1\nprint('run', n)").idle()
    (server.root / "next.ipynb").write_bytes((server.root / i.path).read_bytes())
    tree, name, shown = i.page.get_by_role("tree"), i.page.locator("header .it-name"), i.page.locator(".centre:not([hidden])")
    i.page.get_by_role("button", name="Refresh").first.dblclick()
    tree.get_by_role("treeitem", name="next.ipynb").dblclick()
    expect(name).to_have_text("next.ipynb")
    expect(i.page.get_by_role("tab")).to_have_count(2)
    shown.locator(".cell .src, .cell .cm-content").first.click()
    i.page.keyboard.press("Control+End")
    i.page.keyboard.insert_text("0")
    i.page.go_back()  # before it is saved
    expect(name).to_have_text(i.path)
    wait_for("the edit", lambda: '"a = 10"' in (server.root / "next.ipynb").read_text())
    i.page.go_forward()
    expect(name).to_have_text("next.ipynb")
    expect(shown.locator(".cell").first).to_contain_text("a = 10")
    i.page.go_back()
    i.type(0, "0")
    i.page.goto("about:blank")  # away from all of it, and back
    i.page.go_back()
    wait_for("the edit", lambda: i.sources()[0] == "a = 10")
    i.idle().cell(1).locator(".gut").hover()
    i.cell(1).locator(".runb").dblclick()
    expect(i.ran(1, count=1)).to_contain_text("run 1")  # once
    # Each of these is done once.
    i.page.get_by_role("button", name="New", exact=True).click()
    i.page.get_by_role("menuitem", name="New notebook").dblclick()
    expect(name).to_have_text("Untitled.ipynb")
    files = {p.name for p in server.root.glob("Untitled*")}
    assert files == {"Untitled.ipynb"}, files
    tree.get_by_role("treeitem", name="Untitled.ipynb").focus()
    i.page.keyboard.press("Delete")
    i.page.get_by_role("dialog").get_by_role("button", name="Delete").dblclick()
    wait_for("its end", lambda: not (server.root / "Untitled.ipynb").exists())
    assert (server.root / "next.ipynb").exists()
    i.check(*NOISE)


def test_a_clock_that_is_wrong(ide, server):  # noqa: F811
    i = ide("a = 1", "import time\nwhile True: time.sleep(.05)", before=lambda page: page.clock.install(time=time.time() + 3 * 3600)).idle()
    i.type(0, "0").state("saved")
    assert i.sources()[0] == "a = 10"
    i.run(1)
    i.running(1)
    i.page.clock.fast_forward(5000)
    expect(i.cell(1).get_by_role("timer")).to_have_text(re.compile(r"\b([5-9]|[1-5]\d) ?s"))
    lab_saves(server, i.path, put_source(0, "a = 11"))
    i.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(i.cell(0)).to_contain_text("a = 11")
    i.page.reload()
    i.running(1)
    expect(i.cell(1).get_by_role("timer")).to_have_text(re.compile(r"\b\d+(\.\d)? ?(s|min)"))
    i.page.keyboard.press("Escape")
    i.page.get_by_role("button", name="Interrupt").click()
    expect(i.ran(1)).to_contain_text("KeyboardInterrupt")
    i.check()


def test_input_waits_after_a_reload_too(ide):  # noqa: F811
    i = ide("name = input('Who? ')\nagain = input('And who? ')\nprint('So', name, again)").idle()
    i.run(0)
    expect(i.out(0).locator("input")).to_be_visible()
    i.page.reload()
    for asked, said in (("Who?", "Mara"), ("And who?", "Ole")):
        field = i.out(0).locator("form", has_text=asked).locator("input")
        expect(field).to_be_visible()
        field.fill(said)
        field.press("Enter")
    expect(i.ran(0)).to_contain_text("So Mara Ole")
    expect(i.out(0)).to_contain_text("Who? Mara")
    i.state("saved")
    i.check()


# ---- notebooks of others ----

def by_id(path):
    """Each cell as its bytes stand in the file, in order."""
    return re.findall(r"^  \{\n.*?^  \}", path.read_text(), re.M | re.S)


def still(cell):
    """What a run may not change."""
    return {k: v for k, v in cell.items() if k not in ("outputs", "execution_count")} | {"metadata": {k: v for k, v in cell["metadata"].items() if k != "execution"}}


def activity(server, path):  # noqa: F811
    """Of the notebook's kernel: when it last said something, and what it is now."""
    kernels = [s["kernel"] for s in server.call("GET", "api/sessions", 200).json() if s["path"] == path]
    return (kernels[0]["last_activity"], kernels[0]["execution_state"]) if kernels else ("", "")


PUBLIC = [f"{IPYTHON}/IPython Kernel/{n}.ipynb" for n in ("Capturing Output", "Raw Input in the Notebook", "Custom Display Logic")] \
    + [f"{WIDGETS}/{n}.ipynb" for n in ("Using Interact", "Widget Styling", "Widget List")] \
    + [f"{NBCLIENT}/{n}.ipynb" for n in ("update-display-id", "Clear Output", "Inline Image", "Factorials")]


def test_published_notebooks_are_run_and_saved(ide, server, capsys):  # noqa: F811
    """Ten of them: run all, what they ask answered, saved."""
    lay_out(server.root / "public")
    for name in PUBLIC:
        path = server.root / "public" / name
        before, text = json.loads(path.read_text()), by_id(path)
        i = ide(path=f"public/{name}").idle()
        began, quiet, last = time.monotonic(), 0, activity(server, i.path)[0]
        i.page.get_by_role("button", name="Run all").click()
        while quiet < 4:  # a quick one is never seen busy, and between two cells it is idle
            field = i.page.locator(".out-input input")
            if field.count():
                field.first.fill("1")
                field.first.press("Enter")
            i.page.wait_for_timeout(200)
            now, state = activity(server, i.path)
            quiet = quiet + 1 if now != last and state == "idle" else 0
        i.page.keyboard.press("Control+s")
        i.idle().state("saved")
        now = i.disk()
        nbformat.validate(now)
        model = server.call("GET", f"api/contents/{quote(i.path)}", 200, params={"type": "notebook", "content": 1}).json()
        assert "message" not in model, model["message"]
        assert [still(c) for c in now["cells"]] == [still(c) for c in before["cells"]], name
        here = by_id(path)
        assert len(here) == len(text) == len(before["cells"])
        ran = 0
        for old, new, cell, was in zip(text, here, now["cells"], before["cells"], strict=True):
            ran += cell.get("execution_count") is not None
            if cell["cell_type"] != "code" or (cell["outputs"], cell["execution_count"]) == (was["outputs"], was["execution_count"]):
                assert new == old, name
        assert ran, name
        i.page.close()
        with capsys.disabled():
            print(f"\n{name}: {ran} cells run, {time.monotonic() - began:.1f} s")


# ---- hostile and huge ----

def good_ids(cells):
    """Without those that nbformat refuses: the IDE makes new ones, as the agent does."""
    ids = [c.get("id") for c in cells]
    return [c if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", c["id"]) and ids.count(c["id"]) == 1 else {k: v for k, v in c.items() if k != "id"} for c in cells]


def test_hostile_notebooks_are_saved_as_they_were(ide, server):  # noqa: F811
    leak = "http://127.0.0.1:9"
    files, _ = hostile.files(leak)
    # All payloads in one; each cell is read, merged and written by the same code.
    for name, data in (("all", hostile.group(hostile.NAMES, leak)), ("lies", hostile.lies(leak)), ("surrogate", files["surrogate.ipynb"]), ("wide", files["long-id.ipynb"])):
        path = server.root / f"hostile-{name}.ipynb"
        path.write_bytes(data)
        i = ide(path=path.name)
        i.cell(0).locator(".gut").click()
        i.page.keyboard.press("Escape")
        i.page.keyboard.press("a")
        i.type(0, "seen = 1")
        wait_for("the edit", lambda path=path: b"seen = 1" in path.read_bytes())
        i.state("saved")
        before, now = json.loads(data), i.disk()
        was, new = good_ids(before["cells"]), good_ids(now["cells"][1:])
        assert len(was) == len(new)
        for a, b in zip(was, new, strict=True):
            assert json.dumps({k: v for k, v in b.items() if k in a}) == json.dumps(a) and not b.keys() - a.keys() - {"id"}, name
        assert {k: v for k, v in now["metadata"].items() if k != "kernelspec"} == {k: v for k, v in before["metadata"].items() if k != "kernelspec"}
        i.page.close()


def test_huge_notebooks(ide, server, capsys):  # noqa: F811
    files, _ = hostile.files("http://127.0.0.1:9")
    (server.root / "many.ipynb").write_bytes(files["ten-thousand.ipynb"])
    for name, parts in hostile.big("http://127.0.0.1:9"):
        with open(server.root / name, "wb") as f:
            f.writelines(parts)
    for name in ("many.ipynb", "hundred-megabytes.ipynb", "data-url.ipynb"):
        began = time.monotonic()
        i = ide(path=name)
        shown = time.monotonic()
        i.type(0, "\nseen = 1")
        expect(i.cell(0)).to_contain_text("seen = 1")
        if name == "many.ipynb":
            i.page.keyboard.press("Escape")
            i.page.keyboard.press("End")
            expect(i.cell(9999)).to_be_visible()
            assert i.page.locator("section.cell").count() < 200
        if name != "hundred-megabytes.ipynb":  # its save is one more of the same, and takes as long as all the rest
            i.page.keyboard.press("Control+s")
            wait_for("save", lambda name=name: b"seen = 1" in (server.root / name).read_bytes(), 120)
            i.state("saved")
        i.check()
        i.page.close()
        with capsys.disabled():
            print(f"\n{name}: first cell after {shown - began:.1f} s, saved after {time.monotonic() - began:.1f} s")
        (server.root / name).unlink()
