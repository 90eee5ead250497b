# SPDX-License-Identifier: Apache-2.0
"""Exports through the image's own nbconvert: list, GET, POST, zip, PDF by Chromium, limits of time and memory, and what
is said when something is missing."""

import io
import json
import shutil
import subprocess
import zipfile

import nbformat
import pytest
import requests
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kernelsocket import Agent
from product import wait_for

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def notebook(picture=False):
    out = [new_output("stream", text="forty-two é €\n")]
    if picture:
        out.append(new_output("display_data", {"image/png": PIXEL, "text/plain": "x"}))
    return new_notebook(cells=[new_markdown_cell("# Über <b>uns</b>"), new_code_cell("print('forty-two é €')", outputs=out)],
                        metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"},
                                  "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}})


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("convert") / "root")
    (a.root / "sub").mkdir()
    nbformat.write(notebook(), a.root / "sub/ä b.ipynb")
    nbformat.write(notebook(picture=True), a.root / "picture.ipynb")
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


def children(agent):
    """What runs below the agent: nothing of an export may stay."""
    return subprocess.run(["pgrep", "-P", str(agent.proc.pid)], capture_output=True, text=True, check=False).stdout.split()


def test_what_is_offered_is_what_can_be_made(agent):
    got = agent.call("GET", "api/nbconvert", 200).json()
    assert got["html"] == {"output_mimetype": "text/html"} and got["markdown"] and got["script"] and got["python"]
    assert ("pdf" in got) == bool(shutil.which("xelatex")) and ("rst" in got) == bool(shutil.which("pandoc"))
    assert "webpdf" in got and "qtpdf" not in got  # Playwright is among the tests' packages


@pytest.mark.parametrize("fmt,mime,inside", [
    ("html", "text/html; charset=utf-8", "forty-two é €"), ("markdown", "text/markdown; charset=utf-8", "# Über <b>uns</b>"),
    ("script", "text/x-python; charset=utf-8", "print('forty-two é €')"),
])
def test_a_notebook_becomes(agent, fmt, mime, inside):
    r = agent.call("GET", f"nbconvert/{fmt}/sub/ä b.ipynb?download=true", 200)
    assert r.headers["Content-Type"] == mime and inside in r.text
    ext = {"html": "html", "markdown": "md", "script": "py"}[fmt]
    assert r.headers["Content-Disposition"] == f"attachment; filename*=utf-8''%C3%A4%20b.{ext}"
    assert "no-store" in r.headers["Cache-Control"] and "sandbox" in r.headers["Content-Security-Policy"]
    if fmt == "html":
        assert "<title>ä b</title>" in r.text
        assert "Content-Disposition" not in agent.call("GET", f"nbconvert/{fmt}/sub/ä b.ipynb", 200).headers


def test_pictures_beside_the_text_come_in_a_zip(agent):
    r = agent.call("GET", "nbconvert/markdown/picture.ipynb", 200)
    assert r.headers["Content-Type"] == "application/zip" and r.headers["Content-Disposition"].endswith("''picture.zip")
    with zipfile.ZipFile(io.BytesIO(r.content)) as z:
        assert z.testzip() is None
        names = sorted(z.namelist())
        assert names == ["output_1_1.png", "picture.md"] and z.read("output_1_1.png")[:4] == b"\x89PNG"
        assert b"output_1_1.png" in z.read("picture.md")


def test_a_posted_notebook_becomes_a_page_and_leaves_nothing(agent):
    model = {"type": "notebook", "name": "../posted.ipynb", "content": json.loads(nbformat.writes(notebook()))}
    r = agent.call("POST", "nbconvert/html?download=true", 200, json=model)
    assert "forty-two é €" in r.text and r.headers["Content-Disposition"].endswith("''posted.html")
    assert not list(agent.root.rglob("*posted*"))
    agent.call("POST", "nbconvert/html", 400, json={"type": "notebook"})
    agent.call("POST", "nbconvert/html", 400, data="{")


def test_what_can_not_be_exported_is_said(agent):
    assert "No exporter for format: nope" in agent.call("GET", "nbconvert/nope/picture.ipynb", 404).json()["message"]
    agent.call("GET", "nbconvert/no%20pe/picture.ipynb", 404)
    agent.call("GET", "nbconvert/html/absent.ipynb", 404)
    (agent.root / "x.txt").write_text("x")
    agent.call("GET", "nbconvert/html/x.txt", 400)
    (agent.root / "bad.ipynb").write_text('{"nbformat": 4, "cells": 7}')
    assert "nbconvert failed: " in agent.call("GET", "nbconvert/html/bad.ipynb", 500).json()["message"]
    if not shutil.which("xelatex"):
        r = agent.call("GET", "nbconvert/pdf/picture.ipynb", 501)
        assert r.json()["message"].startswith("To export to pdf, this image lacks xelatex (Debian package texlive-xetex)")
        # A browser gets a page.
        r = agent.call("GET", "nbconvert/pdf/picture.ipynb", 501, headers={"Accept": "text/html,*/*"})
        assert r.headers["Content-Type"].startswith("text/html") and "<h1>The notebook was not exported</h1>" in r.text


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs a Chromium")
def test_a_pdf_by_chromium(agent):
    r = agent.call("GET", "nbconvert/webpdf/sub/ä b.ipynb?download=true", 200, timeout=120)
    assert r.headers["Content-Type"] == "application/pdf" and r.content[:5] == b"%PDF-"
    assert r.headers["Content-Disposition"].endswith("%20b.pdf")
    wait_for("the browser's end", lambda: children(agent) == [])


@pytest.fixture
def limited(tmp_path):
    """Starts an agent with such limits. A template is Jinja's: it may count for ever, or fill the memory."""
    templates = tmp_path / ".local/share/jupyter/nbconvert/templates"
    for name, loop in (("slow", "{% for i in range(1000000000) %}{% endfor %}"),
                       ("greedy", "{% set x = 'y' * 2000000000 %}{{ x | length }}")):
        (templates / name).mkdir(parents=True)
        (templates / name / "conf.json").write_text('{"base_template": "base", "mimetypes": {"text/html": true}}')
        (templates / name / "index.html.j2").write_text(loop)
    (tmp_path / ".jupyter").mkdir()
    started = []

    def start(template, **limits):
        (tmp_path / ".jupyter/jupyter_nbconvert_config.py").write_text(f"c.HTMLExporter.template_name = '{template}'\n")
        a = Agent(tmp_path / "root", **limits)
        nbformat.write(notebook(), a.root / "a.ipynb")
        started.append(a.start())
        return a

    yield start
    for a in started:
        assert a.stop() == 0


def test_time_is_limited(limited):
    a = limited("slow", convert_seconds=2)
    r = a.call("GET", "nbconvert/html/a.ipynb", 504)
    assert r.json()["message"].startswith("The export to html was ended after 2 s, the longest that one may take.")
    wait_for("no export", lambda: children(a) == [])


def test_memory_is_limited(limited):
    a = limited("greedy", convert_mb=700)
    r = a.call("GET", "nbconvert/html/a.ipynb", 500)
    assert r.json()["message"].startswith("The export to html needed more than the 700 MB of memory that one may use.")
    # An ordinary one has room.
    assert "forty-two" in a.call("GET", "nbconvert/markdown/a.ipynb", 200).text


def test_who_goes_away_takes_the_export_along(limited):
    a = limited("slow")
    with pytest.raises(requests.Timeout):
        a.call("GET", "nbconvert/html/a.ipynb", timeout=1)
    wait_for("no export", lambda: children(a) == [])


def test_without_nbconvert_nothing_is_offered(tmp_path):
    a = Agent(tmp_path / "root", python="/usr/bin/python3").start()
    try:
        if a.call("GET", "api/nbconvert", 200).json():
            pytest.skip("this machine's own Python has nbconvert")
        r = a.call("GET", "nbconvert/html/a.ipynb", 404).json()
        assert r["message"] == "nbconvert is not installed here, so nothing is exported to html: pip install nbconvert"
    finally:
        a.stop()
