# SPDX-License-Identifier: Apache-2.0
"""Cores by themselves, for a whole module or for one test."""

import pytest

from core_alone import Core


ME = {"X-Carrel-CSRF": "1", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    c = Core(tmp_path_factory.mktemp("core")).start()
    yield c
    assert c.stop() == 0


@pytest.fixture(scope="module")
def user(core):
    return core.user()


@pytest.fixture(scope="module")
def other(core):
    return core.user("other@example.org")


@pytest.fixture
def own(tmp_path):
    """A core of its own, for tests that kill it."""
    c = Core(tmp_path, "auto_stop_min=2", "warn=300").start()
    yield c
    c.stop()


def browser(core, **kw):
    r = core.call("POST", "/api/v1/login", kw or {"code": core.code()}, ME)
    assert r.status == 200, r
    cookie = r.headers["Set-Cookie"]
    assert cookie.startswith("__Host-s=") and all(x in cookie for x in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax"))
    return cookie.split(";")[0]
