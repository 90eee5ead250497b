# SPDX-License-Identifier: Apache-2.0
"""Edge alone: a session's own page puts its stop off and hears what it costs, and nobody else's page does."""

import json
import tempfile

import pytest

from edgelab import Lab

STOP = "2026-11-21T12:00:00.000000Z"

COST = {"cost": "0.591067", "per_hour": "0.2200", "currency": "USD", "instance_type": "large"}


class ExtendLab(Lab):
    def on_core(self, r):
        if r.target.startswith("/internal/cost?host="):
            if self.tickets.get(r.get("X-Carrel-Ticket")) != r.target.partition("=")[2]:
                return r.answer({}, "401 Unauthorized")
            return r.answer({**COST, "of": "core"})
        if r.target not in ("/internal/extend", "/internal/stop"):
            return super().on_core(r)
        q = json.loads(r.reader.body(r.fields))
        if self.tickets.get(r.get("X-Carrel-Ticket")) != q["host"]:
            return r.answer({}, "401 Unauthorized")
        if r.target == "/internal/stop":
            assert list(q) == ["host"]
            return r.answer({"session": {"state": "stopping", "cost": "1"}, "workspace": {}})
        if q["seconds"] > 7200:
            return r.answer({"title": "This can't be done now.", "detail": "The hard maximum is reached."}, "409 Conflict")
        return r.answer({"stop_at": STOP, "of": "core"})


@pytest.fixture(scope="module")
def lab():
    with tempfile.TemporaryDirectory() as tmp:
        lab = ExtendLab(tmp)
        yield lab
        lab.stop()


@pytest.fixture(scope="module")
def post(lab):
    host, cookie = lab.session("one", lambda r: r.answer({}))
    own = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", "X-Carrel-CSRF": "1", "Origin": f"http://{host}"}

    def post(body=b'{"seconds":3600}', method="POST", cookie=cookie, to="extend", **fields):
        all_fields = {**own, **{k.replace("_", "-"): v for k, v in fields.items()}}
        return lab.request(host, f"/.carrel/{to}", method=method, body=body, cookie=cookie,
                           fields=[(k, v) for k, v in all_fields.items() if v is not None])

    return post


def test_the_sessions_own_page_gets_more_time(post):
    a = post()
    assert (a.status, a.json()) == (200, {"stop_at": STOP})
    assert a["Cache-Control"] == "no-store"


def test_the_sessions_own_page_stops_it_and_no_other(lab, post):
    a = post(b"", to="stop")
    assert (a.status, a.json()) == (200, {"state": "stopping"})
    assert a["Cache-Control"] == "no-store"
    assert post(b"", to="stop", method="GET").status == 405
    for fields in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": None}, {"X_Carrel_CSRF": None}):
        assert post(b"", to="stop", **fields).status == 403, fields
    assert post(b"", to="stop", cookie=None).status == 401
    other, cookie = lab.session("three", lambda r: r.answer({}))
    assert post(b"", to="stop", cookie=cookie).status == 401


def test_what_core_says_against_it_is_told(post):
    a = post(b'{"seconds":9999}')
    assert a.status == 409 and b"The hard maximum is reached." in a.body


def test_no_other_page_may_ask(lab, post):
    for fields in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "none"}, {"Sec_Fetch_Site": None}, {"X_Carrel_CSRF": None}):
        assert post(**fields).status == 403, fields
    assert post(cookie=None).status == 401
    assert post(cookie="__Host-t=other").status == 401
    other, cookie = lab.session("two", lambda r: r.answer({}))
    assert post(cookie=cookie).status == 401


def test_odd_requests_are_refused(post):
    assert post(b"", method="GET").status == 405
    for body in (b"", b"{}", b"[1]", b'{"seconds":0}', b'{"seconds":-5}', b'{"seconds":1e9}', b'{"seconds":"60"}', b"{"):
        assert post(body).status == 400, body
    assert post(b'{"seconds":60' + b" " * 300 + b"}").status == 413


def test_the_sessions_own_page_hears_what_it_costs(lab):
    host, cookie = lab.session("paid", lambda r: r.answer({}))

    def get(method="GET", cookie=cookie, site="same-origin"):
        return lab.request(host, "/.carrel/cost", method=method, cookie=cookie, fields=[("Sec-Fetch-Site", site)] if site else [])

    a = get()
    assert (a.status, a.json()) == (200, COST)
    assert a["Cache-Control"] == "no-store"
    for site in ("cross-site", "same-site", "none", None):
        assert get(site=site).status == 403, site
    assert get(cookie="__Host-t=" + "x" * 43).status == 401
    assert get(method="POST").status == 405
