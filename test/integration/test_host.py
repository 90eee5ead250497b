# SPDX-License-Identifier: Apache-2.0
"""The host behaves badly: its disk is full, its clock steps. What was acknowledged stays, and stop and read still work."""

import subprocess
import time
from email.utils import parsedate_to_datetime

import pytest

import judged
from journal import runs
from leftovers import check_clean
from product import BUILD, Hub, Jupyter, wait_for


@pytest.fixture
def small_disk():
    """A file system of its own, of 400 MB, for a state directory."""
    image, mount = BUILD / "test-state" / "disk.img", BUILD / "test-state" / "disk"
    mount.mkdir(parents=True, exist_ok=True)
    subprocess.run(["truncate", "-s", "400M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    try:
        yield mount
    finally:
        wait_for("unmounted disk", lambda: subprocess.run(["umount", mount], capture_output=True).returncode == 0, 20, 0.5)
        image.unlink()
        mount.rmdir()


def test_a_full_disk_of_the_host_loses_nothing_and_stop_and_read_still_work(small_disk):
    hub = Hub(small_disk / "state", pool_low="0", pool_stop="0", scratch="64MiB")
    try:
        hub.start()
        api = hub.login()
        ws = api.workspace("kept", instance_type="small", storage_bytes=64 << 20)
        s = api.start(ws)
        Jupyter(s["program_url"], api.token).put_file("kept.txt", b"still here")
        filler = small_disk / "filler"
        with open(filler, "wb") as f:
            try:
                while True:
                    f.write(b"x" * 65536)
                    f.flush()
            except OSError:
                pass
        with pytest.raises(AssertionError):
            # A new promise can't be kept: it is refused in words, not half made.
            for i in range(200):
                r = api.call("POST", "/workspaces", json={"name": f"more-{i}", "auto_stop_seconds": 3600,
                                                          "storage_bytes": 64 << 20})
                assert r.status_code == 201, r.text
        assert r.status_code in (503, 507), r.text
        assert api.get(f"/workspaces/{ws['id']}")["name"] == "kept"
        api.stop(ws)
        filler.unlink()
        wait_for("health", lambda: api.call("POST", "/workspaces", json={
            "name": "after", "auto_stop_seconds": 3600, "storage_bytes": 64 << 20}).status_code == 201, 30, 0.5)
        again = Jupyter(api.start(ws)["program_url"], api.token)
        assert again.get_file("kept.txt") == b"still here"
    finally:
        hub.stop()
    check_clean(hub)


@pytest.fixture
def hour_behind(tmp_path):
    """Starts a program with the wall clock an hour behind, by a library that is preloaded in a mount namespace of its own:
    the roles of the hub get a clean environment, so no variable would reach them."""
    lib = BUILD / "test/integration/libclockstep.so"
    etc = tmp_path / "etc"
    subprocess.run(["cp", "-a", "/etc", etc], check=True)
    (etc / "ld.so.preload").write_text(f"{lib}\n")
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", f"mount --bind {etc} /etc && exec \"$@\"", "sh"]


def test_a_clock_that_steps_back_an_hour_changes_no_second_of_the_bill(state_dir, hour_behind):
    """While a session runs, the hub is started again with its clock stepped back."""
    hub, log = Hub(state_dir / "clock"), judged.Log()
    try:
        hub.start()
        api = hub.login()
        ws = api.workspace("clock", instance_type="small", storage_bytes=64 << 20)
        s = api.start(ws)
        hub.kill()
        hub.wrap = hour_behind
        hub.start()
        log.seen("clock-step", seconds=-3600)
        log.seen("sign-in", valid=api.call("GET", "/me").status_code == 200, wanted=True)
        assert api.session(s["id"])["state"] == "running"
        behind = time.time() - parsedate_to_datetime(api.call("GET", "/me").headers["Date"]).timestamp()
        assert 3500 < behind < 3700, f"the hub's clock is {behind:.0f} s behind, not an hour"
        api.stop(ws)
        line = [i for i in api.get("/usage")["items"] if i["session_id"] == s["id"]][0]
        (start, stop), = runs(hub.state, s["id"])
        assert abs(line["seconds"] - (stop.boottime_ns - start.boottime_ns) / 1e9) < 1e-6
        assert 0 < line["seconds"] < 600
        again = api.start(ws)
        assert again["state"] == "running"
        api.stop(ws)
        judged.held(hub.state, log, "P3", "P6", "P16")
    finally:
        hub.stop()
    check_clean(hub)
