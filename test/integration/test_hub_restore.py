# SPDX-License-Identifier: Apache-2.0
"""A backup of a running hub with real sessions, put in place a while later: what runs is found again with its kernels, and booked once."""

import subprocess
import sys
from pathlib import Path

from product import BUILD, Jupyter, Kernel, wait_for

ROOT = Path(__file__).resolve().parents[2]


def carreld(hub, *command):
    out = subprocess.run([str(BUILD / "src/daemon/carreld"), *command, *hub.args()], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=120)
    assert out.returncode == 0, out.stderr
    return out.stdout


def test_a_backup_from_before_while_sessions_run(hub, api, state_dir):
    a = api.workspace("a", instance_type="small")
    b = api.workspace("b", instance_type="small")
    first = api.start(a)
    ka = Jupyter(first["program_url"], api.token).kernel()
    ka.text("x = 'of a'")
    carreld(hub, "backup", str(state_dir / "backup"))

    # After it: one session more, one that began and ended, and a new workspace.
    second = api.start(b)
    kb = Jupyter(second["program_url"], api.token).kernel()
    kb.text("x = 'of b'")
    c = api.workspace("c", instance_type="small")
    third = api.start(c)
    api.stop(c)
    fourth = api.start(c)
    kc = Jupyter(fourth["program_url"], api.token).kernel()
    kc.text("x = 'of c'")
    for k in (ka, kb, kc):
        k.close()

    hub.stop(sessions=False)
    said = carreld(hub, "restore", "--replace", str(state_dir / "backup"))
    assert "Restored as of" in said and "1 runs since then" in said, said
    hub.start()
    for s, kernel, word in ((first, ka, "of a"), (second, kb, "of b"), (fourth, kc, "of c")):
        now = api.wait_state(s["id"], "running", 30)
        assert now["epoch"] == s["epoch"] and now["started_at"] == s["started_at"]
        again = Kernel(Jupyter(s["program_url"], api.token), kernel.id)
        assert again.text("print(x)").strip() == word, "the kernel is the one that it was"
        again.close()
    wait_for("the run in between", lambda: api.session(third["id"])["state"] == "stopped")
    assert {w["name"] for w in api.get("/workspaces")["items"]} == {"a", "b", "c"}
    for w in (a, b, c):
        api.stop(w)
    wait_for("all booked", lambda: len(api.get("/usage?from=2000-01-01T00:00:00Z")["items"]) == 4)
    hub.stop()
    out = subprocess.run([sys.executable, str(ROOT / "tools/audit-ledger.py"), str(hub.state / "db/carrel.db"), str(hub.state / "journal")],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr
    hub.start()
