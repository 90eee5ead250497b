# SPDX-License-Identifier: Apache-2.0
"""Journals that were cut or come from elsewhere, and the real engine that starts on them."""

import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

from engine_fixtures import clean, host, kinds, no_session_is_left
from enginehost import images, shim_program
from journal import records as read_journal
from product import wait_for

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not images().exists() or not shim_program().exists(),
    reason="needs root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)",
)
RECORD = 512


def test_a_journal_cut_in_the_middle_of_its_end_ends_at_the_last_beat(host):
    s = host.session().ready()
    time.sleep(6)
    whole = s.end()
    host.kill()
    path = host.journals()[s.key]
    assert path.stat().st_size == 2 * RECORD
    os.truncate(path, 2 * RECORD - 200)
    host.start()
    stop = s.stopped(10)
    assert stop["estimated"] == 1 and stop["reason"] in ("shim-lost", "host-lost")
    start = read_journal(host.journals()[s.key])[0]
    assert start.boottime_ns < stop["boottime_ns"] <= whole["boottime_ns"], "never more than it was"
    assert stop["boottime_ns"] - start.boottime_ns > 3 * 10**9, "and not much less"
    assert len(kinds(host, s)) == 2
    clean(host)


def test_a_journal_without_one_whole_record_stops_nobody(host):
    s = host.session().ready()
    s.end()
    host.kill()
    path = host.journals()[s.key]
    os.truncate(path, 100)
    other = path.with_name("s_ffffffffffffffffffff-1.journal")
    other.write_bytes(b"\xff" * 700)
    host.start()
    t = host.session().ready()
    assert t.end()["reason"] == "user"
    other.unlink()
    path.unlink(missing_ok=True)
    clean(host)


def recorded(host, session):
    """The journals of a session, wherever they lie below `journal`, and what each says."""
    top = host.state / "journal"
    return {str(p.relative_to(top)): p.read_bytes() for p in top.rglob(f"{session.key}.journal*")}


def test_a_shim_lost_after_the_acknowledgement_records_nothing_again(host):
    s = host.session().ready()
    with open(host.state / "volumes" / f"{s.values['volume_id']}.img") as image:
        # Whoever waits has the volume as soon as the session lets go of it, and its shim waits for us.
        next_one = threading.Thread(target=fcntl.flock, args=(image, fcntl.LOCK_EX))
        next_one.start()
        s.stop(grace=0)
        s.stopped()
        shim = s.shim()
        host.call("JOURNAL_ACK", session=s.name, epoch=s.epoch)
        once = recorded(host, s)
        assert list(once) == [f"done/{s.key}.journal"]
        os.kill(shim, signal.SIGKILL)
        next_one.join()
    s.gone()
    assert "session_without_shim" in host.log.read_text()
    host.call("JOURNAL_ACK", session=s.name, epoch=s.epoch)
    assert recorded(host, s) == once
    clean(host)


def test_a_shim_that_comes_when_all_is_over_does_nothing(host, tmp_path):
    s = host.session().ready()
    folder = tmp_path / s.key
    folder.mkdir()
    shutil.copy(s.dir / "shim.conf", folder)
    s.end()
    host.call("JOURNAL_ACK", session=s.name, epoch=s.epoch)
    once = recorded(host, s)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        late = subprocess.Popen([shim_program(), "--adopt", folder])
        waits = f"/proc/{late.pid}/fd"
        wait_for("its look at the lock", lambda: any(os.path.realpath(f"{waits}/{fd}") == str(folder / "lock") for fd in os.listdir(waits)), 10, 0.005)
        folder.rename(tmp_path / "gone")
    assert late.wait(20) == 0
    assert recorded(host, s) == once
    assert not s.sockets.exists()
    clean(host)
