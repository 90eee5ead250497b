# SPDX-License-Identifier: Apache-2.0
"""An engine for a whole module; each test leaves nothing behind."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from enginehost import EngineHost, collect, leftovers
from journal import records as read_journal
from product import wait_for


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    h = EngineHost(tmp_path_factory.mktemp("engine"))
    try:
        yield h.start()
    finally:
        try:
            h.stop()
        finally:
            print(h.log.read_text()[-4000:])
    clean(h)
    assert not list(Path("/sys/fs/cgroup").glob(f"**/carrel-{h.instance}"))
    assert subprocess.run(["nft", "list", "table", "inet", f"carrel_{h.slot}"], capture_output=True).returncode != 0


@pytest.fixture(autouse=True)
def no_session_is_left(host):
    yield
    for s in json.loads(host.call("SESSION_LIST")["items"]):
        host.call("SESSION_STOP", session=s["session"], epoch=s["epoch"], reason="user", grace_seconds=0)
    wait_for("end of the test's sessions", lambda: (collect(), host.call("SESSION_LIST")["items"] == "[]")[1], 60)


def clean(host, timeout=60):
    def nothing():
        collect()
        return not leftovers(host)

    try:
        wait_for("clean machine", nothing, timeout, 0.05)
    except AssertionError:
        raise AssertionError(leftovers(host)) from None


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def kinds(host, session):
    return [(r.kind, r.reason) for r in read_journal(host.journals()[session.key])]
