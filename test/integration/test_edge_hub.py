# SPDX-License-Identifier: Apache-2.0
"""The whole hub behind a proxy on its own machine: who counts as local, and whose sign-ins are counted together."""

import requests

import pytest

from product import Hub


@pytest.fixture(scope="module")
def named(state_dir):
    hub = Hub(state_dir / "named", trusted_proxies="127.0.0.1")
    try:
        yield hub.start()
    finally:
        hub.stop()


def by_proxy(hub, method, path, client, **kw):
    return requests.request(method, hub.url + path, headers={"X-Forwarded-For": client}, timeout=20, **kw)


def wrong(hub, client):
    return by_proxy(hub, "POST", "/api/v1/login", client, json={"code": "AAAA-AAAA", "grant": "token", "name": "x", "expires_in_seconds": 60}).status_code


def test_metrics_are_for_this_machine_only(hub, named):
    assert requests.get(hub.url + "/metrics", timeout=20).status_code == 200
    for h in (hub, named):
        for client in ("198.51.100.4", "127.0.0.1", "::1", "local", ""):
            assert by_proxy(h, "GET", "/metrics", client).status_code == 401, client
    assert "event=client_unknown" in hub.tail()


def test_behind_a_named_proxy_nobody_locks_others_out(named):
    said = [wrong(named, "198.51.100.4") for _ in range(40)]
    assert said[0] == 401 and said[-1] == 429
    assert wrong(named, "198.51.100.5") == 401
    assert wrong(named, "198.51.100.5, 198.51.100.4") == 429, "what the client itself puts in front does not help"
