# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a hub, or an agent by itself, for a whole module, and a look afterwards that nothing of it is left."""

import sys
import tempfile
from pathlib import Path

import pytest

from kernelsocket import Agent
from leftovers import check_clean
from product import BUILD, Hub


def pytest_collection_finish(session):
    """Playwright waits 5 s for what a page is to show, which two shared CPUs may need for other things."""
    playwright = sys.modules.get("playwright.sync_api")
    if playwright:
        playwright.expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def state_dir():
    (BUILD / "test-state").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD / "test-state", ignore_cleanup_errors=True) as d:
        Path(d).chmod(0o755)
        yield Path(d)


@pytest.fixture(scope="module")
def hub(state_dir):
    """The real product on a free port; everything it made must be gone at the end."""
    hub = Hub(state_dir / "state")
    try:
        yield hub.start()
    finally:
        hub.stop()
        check_clean(hub)


@pytest.fixture(scope="module")
def api(hub):
    return hub.login()


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("agent") / "root")
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


@pytest.fixture(scope="module")
def kid(agent):
    """A kernel of that agent."""
    return agent.new_kernel()
