# SPDX-License-Identifier: Apache-2.0
"""The line in a real Chromium, in front of a host that is made small by configuration: one small and one free session fit."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from browser import launch
from leftovers import check_clean
from product import BUILD, Hub, wait_for

SHOTS = Path(os.environ.get("CARREL_SHOTS", BUILD / "screenshots"))
OFFERED, FILES = 3 << 30, 64 << 20  # what sessions get, and what files of stopped workspaces may take


def memory_bytes():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no MemTotal")


@pytest.fixture(scope="module")
def hub(state_dir):
    h = Hub(state_dir / "state", memory_overcommit=100, cpu_overcommit=1000, memory_reserve=f"{memory_bytes() - OFFERED - FILES}B",
            files_memory=f"{FILES}B")
    try:
        yield h.start()
    finally:
        h.stop()
        check_clean(h)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as p:
        b = launch(p)
        yield b
        b.close()


@pytest.fixture(scope="module")
def page(browser, hub):
    c = browser.new_context(viewport={"width": 1280, "height": 800})
    p = c.new_page()
    p.goto(hub.url + "/")
    p.get_by_label(re.compile("code", re.I)).fill(hub.code())
    p.get_by_role("button", name=re.compile("sign in", re.I)).click()
    p.wait_for_url(re.compile(r"/(workspaces)?$"))
    yield p
    c.close()


@pytest.fixture(scope="module")
def made(api):
    """One that runs, and who stands behind it."""
    names = ("tides", "storm-surge", "turbidity")
    w = {n: api.workspace(n, instance_type="small") for n in names}
    w["session"] = api.start(w["tides"])
    return w


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def looks(page, name):
    """Desktop, dark and phone."""
    shot(page, name)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    shot(page, name + "-dark")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.set_viewport_size({"width": 390, "height": 800})
    shot(page, name + "-phone")
    page.set_viewport_size({"width": 1280, "height": 800})


def title(page, text):
    expect(page.get_by_role("heading", level=1)).to_have_text(text, timeout=15_000)


def test_the_second_one_waits_and_sees_its_place(hub, page, api, made):
    page.goto(f"{hub.url}/workspaces/{made['storm-surge']['id']}/start")
    page.get_by_role("button", name="Start").click()
    title(page, "In the queue, place 1 of 1")
    expect(page.get_by_text(re.compile(r"1 session ends by \d\d:\d\d at the latest"))).to_be_visible()
    expect(page.get_by_role("button", name="Use Free instead")).to_be_visible()
    made["third"] = api.call("POST", f"/workspaces/{made['turbidity']['id']}/start", expect=202, json={}).json()["session"]
    title(page, "In the queue, place 1 of 2")
    expect(page.get_by_text("One more behind you")).to_be_visible()
    looks(page, "queue")
    page.goto(f"{hub.url}/workspaces/{made['turbidity']['id']}/start")
    title(page, "In the queue, place 2 of 2")
    looks(page, "queue-second")


def test_list_form_and_administration_say_so_too(hub, page, made):
    page.goto(hub.url + "/workspaces")
    expect(page.get_by_text("Queued, 2 of 2")).to_be_visible()
    expect(page.get_by_text("Queued, 1 of 2")).to_be_visible()
    shot(page, "queue-list")
    page.goto(hub.url + "/workspaces/new")
    expect(page.get_by_text(re.compile(r"Place 3, about \d+ (min|h)")).first).to_be_visible(timeout=15_000)
    shot(page, "queue-types")
    page.goto(hub.url + "/admin/capacity")
    expect(page.get_by_role("row", name=re.compile("storm-surge"))).to_be_visible(timeout=15_000)
    expect(page.get_by_text("2 GiB of 3 GiB")).to_be_visible()
    looks(page, "capacity")


def carrel(hub, api, *args):
    token = Path(hub.state) / "cli-token"
    token.write_text(api.token)
    env = {**os.environ, "CARREL_URL": hub.url, "CARREL_TOKEN_FILE": str(token), "TZ": "UTC"}
    return subprocess.run([str(BUILD / "src/cli/carrel"), *args], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def test_the_command_line_shows_places(hub, api, made):
    r = carrel(hub, api, "queue")
    assert r.returncode == 0, r.stderr
    lines = r.stdout.splitlines()
    assert lines[0].split()[:3] == ["PLACE", "WORKSPACE", "TYPE"] and {ln.split()[1] for ln in lines[1:]} == {"storm-surge", "turbidity"}
    r = carrel(hub, api, "queue", "--all")
    assert [ln.split()[:2] for ln in r.stdout.splitlines()[1:]] == [["1", "storm-surge"], ["2", "turbidity"]]
    r = carrel(hub, api, "start", "turbidity", "--no-wait")
    assert r.returncode == 0 and re.search(r"in line, place 2 of 2; \d sessions? ends? by ", r.stderr), r.stderr


def test_it_starts_and_opens_by_itself_when_the_first_one_stops(hub, page, api, made):
    page.goto(f"{hub.url}/workspaces/{made['storm-surge']['id']}/start")
    title(page, "In the queue, place 1 of 2")
    api.stop(made["tides"])
    page.wait_for_url(re.compile(r"\.localhost:\d+/lab"), timeout=90_000)
    made["second"] = api.get(f"/workspaces/{made['storm-surge']['id']}")["session"]
    assert made["second"]["state"] == "running"
    assert api.session(made["third"]["id"])["queue"]["place"] == 1


def test_a_turn_is_kept_and_taken(hub, page, api, made):
    page.goto(f"{hub.url}/workspaces/{made['turbidity']['id']}/start")
    title(page, "In the queue, place 1 of 1")
    page.get_by_label("Keep my turn instead of starting by itself").click()
    wait_for("hold", lambda: api.session(made["third"]["id"])["queue"]["on_turn"] == "hold")
    api.stop(made["storm-surge"])
    title(page, "It is your turn")
    expect(page.get_by_text(re.compile(r"Your turn is kept until \d\d:\d\d"))).to_be_visible()
    looks(page, "queue-turn")
    assert api.session(made["third"]["id"])["state"] == "queued"
    page.get_by_role("button", name="Start now").click()
    page.wait_for_url(re.compile(r"\.localhost:\d+/lab"), timeout=90_000)


def test_leaving_is_one_click_and_another_machine_too(hub, page, api, made):
    page.goto(f"{hub.url}/workspaces/{made['tides']['id']}/start")
    page.get_by_role("button", name="Start").first.click()
    title(page, "In the queue, place 1 of 1")
    page.get_by_role("button", name="Leave the queue").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(re.compile("queue"))
    left = api.get(f"/workspaces/{made['tides']['id']}")
    assert left["session"] is None and left["last_session"]["reason"] == "user"
    page.get_by_role("button", name=re.compile("Start")).first.click()
    title(page, "In the queue, place 1 of 1")
    page.get_by_role("button", name="Use Free instead").click()
    page.wait_for_url(re.compile(r"\.localhost:\d+/lab"), timeout=90_000)
    assert api.get(f"/workspaces/{made['tides']['id']}")["session"]["instance_type"] == "free"
