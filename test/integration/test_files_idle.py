# SPDX-License-Identifier: Apache-2.0
"""The processes that show stopped workspaces' files: their end when nobody asks, and the memory that they have together."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from enginehost import EngineHost, collect, images, leftovers, shim_program
from product import BUILD, wait_for

MIB = 1 << 20
IDLE, MEMORY = 2, 192 * MIB
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not images().exists() or not shim_program().exists(),
    reason="needs root, a default image (CARREL_IMAGES) and the static shim (CARREL_SHIM)",
)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    h = EngineHost(tmp_path_factory.mktemp("files"), files_idle=IDLE, files_memory=MEMORY)
    try:
        yield h.start()
    finally:
        h.stop()
        print(h.log.read_text()[-4000:])
    assert not list(Path("/sys/fs/cgroup").glob(f"**/carrel-{h.instance}"))


@pytest.fixture(scope="module")
def volumes(host):
    """Two that sessions have used; from then on the agent is the real one."""
    found = []
    for s in [host.session(), host.session()]:
        s.ready()
        s.end()
        found.append(s.values["volume_id"])
    # Their folders are gone a moment before the engine has noticed.
    wait_for("end of the sessions", lambda: host.call("SESSION_LIST")["items"] == "[]", 10)
    real = host.files / "bin/real"
    shutil.copy(BUILD / "session/src/agent/carrel-agent", real)
    real.rename(host.files / "bin/carrel-agent")
    return found


def ask(host, volume):
    return host.call("FILES_START", volume_id=volume, image_id="default")["key"]


def there(host):
    collect()
    return sorted(p.name for p in (host.run / "files").iterdir())


def groups(host, name):
    return [p for p in Path("/sys/fs/cgroup").glob(f"**/carrel-{host.instance}/files/**/{name}")]


def test_it_ends_when_nobody_asks_and_not_while_somebody_does(host, volumes):
    key = ask(host, volumes[0])
    # Asked for again and again, for longer than it may be idle: the same one (unless the machine itself stood still).
    for _ in range(4 * IDLE):
        before = time.monotonic()
        time.sleep(0.4)
        now = ask(host, volumes[0])
        assert now == key or time.monotonic() - before > IDLE
        key = now
    assert there(host) == [key]
    wait_for("its end", lambda: there(host) == [], 60)
    wait_for("nothing of it", lambda: not leftovers(host), 60)
    assert not (host.run / "edge/f" / key).exists()
    again = ask(host, volumes[0])
    assert again != key and there(host) == [again]
    wait_for("the end of that too", lambda: there(host) == [], 60)


def test_all_together_have_their_memory_and_sessions_do_not_get_it(host, volumes):
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert json.loads(host.call("HOST_FACTS")["warnings"]) is not None
    assert host.call("HOST_FACTS")["memory_bytes"] == total - min(MEMORY, total // 8)
    keys = {ask(host, v) for v in volumes}
    assert len(keys) == 2
    limits = {p.parent.name: int(p.read_text()) for n in ("memory.limit_in_bytes", "memory.max") for p in groups(host, n)}
    assert limits.pop("files") == min(MEMORY, total // 8)
    # Each has its own limit, and all of them are below the one group.
    assert limits == dict.fromkeys(keys, 512 * MIB)
    used = {k for k in keys for p in groups(host, "cgroup.procs") if p.parent.name == k and p.read_text().split()}
    assert used == keys
    wait_for("their end", lambda: there(host) == [] and not leftovers(host), 60)
