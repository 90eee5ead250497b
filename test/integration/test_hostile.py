# SPDX-License-Identifier: Apache-2.0
"""The hostile notebooks and files of hostile.py in a real Chromium: previewed in the console, opened in the IDE and in JupyterLab. No
script runs on the console's origin or the session's, no cookie can be read, no request leaves, the page lives on afterwards, and what was
only looked at is the same file, byte for byte."""

import hashlib
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect, sync_playwright

import hostile
from browser import launch
from labpage import LabPage
from product import Jupyter
from watch import COOKIE, Sentinel, Watch



@pytest.fixture(scope="module")
def sentinel():
    s = Sentinel()
    yield s
    s.close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


def sign_in(context, hub):
    r = context.request.post(f"{hub.url}/api/v1/login", data={"code": hub.code()}, headers={"X-Carrel-CSRF": "1", "Sec-Fetch-Site": "same-origin"})
    assert r.ok, r.text()


@pytest.fixture(scope="module")
def desk(hub, api, sentinel):
    """A workspace with all of it on its volume; what each file was."""
    ws = api.workspace("hostile", instance_type="large", storage_bytes=2 << 30)
    s = api.start(ws)
    lab = Jupyter(s["program_url"], api.token)
    files, odd = hostile.files(sentinel.url)
    files.update({f"{name}.ipynb": hostile.group(names, sentinel.url) for name, names in hostile.GROUPS.items()})
    refused = {}
    for name, data in {**files, **odd}.items():
        r = lab.put_file(quote(name, safe=""), data)
        if r.status_code not in (200, 201):
            refused[name] = (r.status_code, r.text[:200])
    assert all(400 <= code < 500 for code, _ in refused.values()), refused
    there = {n: hashlib.sha256(d).hexdigest() for n, d in {**files, **odd}.items() if n not in refused}
    return {"ws": ws, "session": s, "lab": lab, "files": there, "bytes": files, "url": s["url"].rstrip("/")}


def unchanged(desk, *names):
    for name in names:
        now = hashlib.sha256(desk["lab"].get_file(quote(name, safe=""))).hexdigest()
        assert now == desk["files"][name], f"{name} was changed by looking at it"


@pytest.fixture
def seen(browser, hub, desk, sentinel):
    """A signed-in context that is watched."""
    sentinel.heard.clear()
    c = browser.new_context(viewport={"width": 1280, "height": 900})
    c.set_default_timeout(120_000)  # JupyterLab is long in drawing some of it
    sign_in(c, hub)
    w = Watch(c, sentinel)
    w.leave_canaries(hub.url, desk["url"])
    yield w
    c.close()


def enter(page, hub, desk, path):
    """The session's own origin, by the console's way in."""
    page.goto(f"{hub.url}/open/{desk['ws']['label']}")
    page.wait_for_url(re.compile(re.escape(desk["url"])), timeout=60_000)
    page.goto(desk["url"] + path)


def test_a_hole_would_be_seen(browser, sentinel):
    """The canaries sing where nothing guards: without this the rest of the file proves nothing."""
    c = browser.new_context()
    w = Watch(c, sentinel)
    w.leave_canaries(sentinel.url)
    fill = hostile.fill
    for name in ("script", "img-onerror", "svg-onload", "iframe-srcdoc", "style-attr", "img-remote", "details"):
        sentinel.heard.clear()
        sentinel.naked = fill(hostile.HTML[name], name, sentinel.url).encode()
        page = w.page()
        page.goto(sentinel.url + "/naked")
        page.wait_for_timeout(300)
        found = w.check(page, sentinel.url)
        assert any(f"{name}" in f for f in found), (name, found)
        if "attr" in hostile.HTML[name] or "run" in hostile.HTML[name]:
            assert any(COOKIE in h for h in sentinel.heard), (name, sentinel.heard)
        page.close()
    sentinel.naked = b"<script>alert(1);open('about:blank');({}).__proto__.polluted=1</script><a href='javascript:1'>x</a><i onclick='1'></i>"
    page = w.page()
    page.goto(sentinel.url + "/naked")
    found = w.check(page, "http://elsewhere/")
    for what in ("dialog alert", "a prototype", "a link to", "an event handler", "the page went"):
        assert any(what in f for f in found), (what, found)
    c.close()


# JupyterLab itself refuses what is in "types" and "lies".
@pytest.mark.parametrize("name", [g for g in hostile.GROUPS if g != "types"])
def test_jupyterlab_shows_it_and_lives_on(hub, desk, seen, name):
    file = f"{name}.ipynb"
    page = seen.page()
    enter(page, hub, desk, f"/lab/workspaces/{name}/tree/{quote(file)}")
    lab = LabPage(page).ready()
    expect(page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=60_000)
    notebook = page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer, .jp-NotebookPanel .jp-Notebook").first
    for _ in range(12):  # what is not seen is not drawn
        notebook.evaluate("(e) => { e.scrollTop += e.clientHeight; }")
        page.wait_for_timeout(60)
    # The images of Markdown are JupyterLab's to load, and it is as it was published; scripts and cookies are another matter.
    found = [f for f in seen.check(page, desk["url"], frames_may_run=True) if "was asked for" not in f]
    assert not found, found
    assert not [h for h in seen.sentinel.heard if COOKIE in h], seen.sentinel.heard
    lab.menu("Help")  # it answers
    page.keyboard.press("Escape")
    unchanged(desk, file)


def test_the_console_previews_whatever_there_is(hub, desk, seen):
    """On the console's own origin nothing runs at all, in no frame, and nothing is asked for but the API."""
    page = seen.page()
    asked = []
    page.on("request", lambda r: asked.append(r.url))
    bad = []
    for name in desk["files"]:
        page.goto(f"{hub.url}/workspaces/{desk['ws']['id']}/files?file={quote(name)}")
        try:
            page.locator(".pv-nb, .pv-file, .pv-page, .pv-none, .pv-picture, [role=alert], [role=grid], .pv-scroll, .pv-grid, p.small.num[role=status]").first.wait_for(timeout=30_000)
            for _ in range(3):
                page.keyboard.press("End")
            bad += [f"{name}: {f}" for f in seen.check(page, hub.url)]
            frames = [f.url for f in page.frames[1:]]
            bad += [f"{name}: a frame {f[:60]}" for f in frames]
        except Exception as e:  # noqa: BLE001
            bad.append(f"{name}: {str(e).splitlines()[0]}")
        seen.sentinel.heard.clear()
        seen.events.clear()
    foreign = {u[:80] for u in asked if not u.startswith((hub.url, "data:", "blob:"))}
    assert not bad and not foreign, ("\n".join(bad), foreign)
    unchanged(desk, *desk["files"])


def ide(page, desk, name):
    page.goto(f"{desk['url']}/ide/{quote(name)}")
    page.locator("main").first.wait_for(timeout=60_000)


@pytest.mark.parametrize("name", [*hostile.GROUPS, "lies"])
def test_the_ide_shows_it_and_lives_on(hub, desk, seen, name):
    file = f"{name}.ipynb"
    page = seen.page()
    enter(page, hub, desk, "/ide")
    ide(page, desk, file)
    expect(page.locator(".cell").first).to_be_visible(timeout=60_000)
    page.evaluate("""async () => { const m = [...document.querySelectorAll('main, main *')].filter((e) => e.scrollHeight > e.clientHeight + 50)
        .sort((a, b) => b.clientHeight - a.clientHeight)[0]; if (!m) return;
        for (let i = 0; i < 24; i++) { m.scrollTop += m.clientHeight; await new Promise((r) => setTimeout(r, 50)); } m.scrollTop = 0; }""")
    found = seen.check(page, desk["url"], frames_may_run=True)
    assert not found, found
    unchanged(desk, file)


def test_the_ide_opens_whatever_it_is_asked_to(hub, desk, seen):
    """Broken, of every version, of wrong types, ten thousand cells, names that are code: words or cells, and a page that answers."""
    page = seen.page()
    enter(page, hub, desk, "/ide")
    bad = []
    for name in desk["files"]:
        if name.removesuffix(".ipynb") in hostile.GROUPS:
            continue
        ide(page, desk, name)
        try:
            page.locator(".cell, [role=alert], .cm-editor, .centre-page, main img, table").first.wait_for(timeout=30_000)
            bad += [f"{name}: {f}" for f in seen.check(page, desk["url"], frames_may_run=True)]
        except Exception as e:  # noqa: BLE001
            bad.append(f"{name}: {str(e).splitlines()[0]}")
        seen.sentinel.heard.clear()
        seen.events.clear()
    assert not bad, "\n".join(bad)
    unchanged(desk, *[n for n in desk["files"] if n.removesuffix(".ipynb") not in hostile.GROUPS])


def test_files_are_never_given_out_as_pages(desk, hub, seen):
    """What is fetched from the session's own origin as it is has neither scripts nor an origin."""
    page = seen.page()
    enter(page, hub, desk, "/lab/api/settings")
    for name in ("page.html", "picture.svg", "page.xhtml", "fake.png", "notes.md", "html-1.ipynb"):
        with_download = []
        page.on("download", lambda d: with_download.append(d))
        seen.events.clear()
        try:
            page.goto(f"{desk['url']}/files/{name}")
        except Exception as e:  # noqa: BLE001 a download ends the navigation
            assert "Download" in str(e) or "ERR_ABORTED" in str(e), e
        page.wait_for_timeout(200)
        ran = page.evaluate("() => [self.__pwned ?? null, self.origin]")
        assert ran[0] is None or ran[1] == 'null', (name, ran)  # in a sandbox without an origin
        assert not [h for h in seen.sentinel.heard if COOKIE in h], seen.sentinel.heard
