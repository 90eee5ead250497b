# SPDX-License-Identifier: Apache-2.0
"""Zones as base/tz.c reads them against Python's own reader of the same files, over many years."""

import subprocess
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest

from product import BUILD

PROGRAM = BUILD / "src/base/tz-ask"
UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Half hours, quarter hours, both hemispheres, summer time at midnight, rules that end, a day left out, Ramadan, winter
# time that counts as the exception.
ZONES = ["Africa/Casablanca", "Africa/Johannesburg", "America/Caracas", "America/Chicago", "America/Godthab", "America/Havana",
         "America/New_York", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Asia/Kathmandu",
         "Asia/Kolkata", "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores", "Australia/Adelaide", "Australia/Lord_Howe", "Australia/Sydney",
         "Europe/Berlin", "Europe/Dublin", "Europe/London", "Europe/Moscow", "Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham",
         "Pacific/Kiritimati", "UTC"]

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="needs a build with tests")


def ask(questions):
    out = subprocess.run([str(PROGRAM)], input="".join(q + "\n" for q in questions), capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    answers = out.stdout.splitlines()
    assert len(answers) == len(questions), answers[-3:]
    return answers


def seconds(t):
    return int((t - EPOCH).total_seconds())


def offset(z, t):
    return int(t.astimezone(z).utcoffset().total_seconds())


def moves(z, first, last):
    """Every moment between two years at which the offset changes, to the second."""
    t, step, found = datetime(first, 1, 1, tzinfo=UTC), timedelta(days=3), []
    while t.year < last:
        if offset(z, t) != offset(z, t + step):
            low, high = 0, int(step.total_seconds())
            while high - low > 1:
                mid = (low + high) // 2
                if offset(z, t + timedelta(seconds=mid)) == offset(z, t):
                    low = mid
                else:
                    high = mid
            found.append(t + timedelta(seconds=high))
        t += step
    return found


def expected_local(z, local):
    """once|gap|fold and the moment, from Python's two readings of a local time."""
    found = []
    for fold in (0, 1):
        t = local.replace(tzinfo=z, fold=fold).astimezone(UTC)
        if t.astimezone(z).replace(tzinfo=None) == local and t not in found:
            found.append(t)
    if found:
        return ("fold" if len(found) > 1 else "once"), seconds(min(found))
    return "gap", None


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_agrees_with_python_over_two_centuries(name):
    z = ZoneInfo(name)
    times = [datetime(y, m, d, 5, 17, 31, tzinfo=UTC) for y in range(1905, 2101, 3) for m, d in ((1, 1), (2, 28), (4, 15), (7, 1), (11, 3))]
    jumps = moves(z, 1975, 2046)
    times += [t + timedelta(seconds=s) for t in jumps for s in (-3601, -1, 0, 1, 3600)]
    got = ask([f"{name} utc {seconds(t)}" for t in times])
    for t, answer in zip(times, got):
        here = t.astimezone(z)
        want = [offset(z, t), here.year, here.month, here.day, here.hour, here.minute, here.second]
        assert [int(x) for x in answer.split()] == want, (name, t)
    locals_ = sorted({(t.astimezone(z).replace(tzinfo=None) + timedelta(minutes=m)) for t in jumps for m in (-90, -45, -30, -15, -1, 0, 1, 15, 45)})
    locals_ = [t.replace(second=0) for t in locals_]
    got = ask([f"{name} local {t.year} {t.month} {t.day} {t.hour} {t.minute} {t.second}" for t in locals_])
    kinds = set()
    for local, answer in zip(locals_, got):
        kind, at = answer.split()
        want, moment = expected_local(z, local)
        kinds.add(kind)
        assert kind == want, (name, local)
        if kind == "gap":
            assert EPOCH + timedelta(seconds=int(at)) in jumps, (name, local)
        else:
            assert int(at) == moment, (name, local)
    if name in ("Europe/Berlin", "Pacific/Auckland", "America/St_Johns"):
        assert kinds == {"once", "gap", "fold"}


def test_every_zone_of_this_machine_is_read():
    times = [datetime(y, m, 9, 23, 59, 59, tzinfo=UTC) for y in (1969, 1999, 2026, 2040, 2099) for m in (1, 7)]
    names = sorted(n for n in available_timezones() if not n.startswith(("right/", "posix/")) and n not in ("Factory", "localtime"))
    assert len(names) > 300
    got = ask([f"{n} utc {seconds(t)}" for n in names for t in times])
    for n in names:
        z = ZoneInfo(n)
        for t in times:
            assert int(got[0].split()[0]) == offset(z, t), (n, t)
            got.pop(0)


def test_a_zone_that_counts_leap_seconds_is_refused():
    (answer,) = ask(["right/Europe/Berlin utc 0"])
    assert answer.startswith("error") and ("leap seconds" in answer or "no time zone" in answer)
