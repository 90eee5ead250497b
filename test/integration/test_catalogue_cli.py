# SPDX-License-Identifier: Apache-2.0
"""`carrel admin catalogue`, `admin accounts`, `admin plan` and `plans` against a core by itself."""

import json
import os
import sqlite3
import subprocess

import pytest

from core_alone import BUILD
from core_bridge import Bridge

pytest_plugins = ["core_fixtures"]


@pytest.fixture(scope="module")
def carrel(core, user, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    bridge = Bridge(core.sock)
    token = home / "token"
    token.write_text(user.token)
    env = {**os.environ, "HOME": str(home), "CARREL_URL": f"http://127.0.0.1:{bridge.port}"}

    def run(*args, code=0, stdin=None, token=token):
        r = subprocess.run([str(BUILD / "src/cli/carrel"), *args], env={**env, "CARREL_TOKEN_FILE": str(token)}, capture_output=True, text=True, timeout=60,
                           **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        assert r.returncode == code, r
        return r

    yield run
    bridge.close()


@pytest.fixture
def exported(carrel, tmp_path):
    path = tmp_path / "catalogue.json"
    path.write_text(carrel("admin", "catalogue", "export").stdout)
    return path


def change(path, fn):
    doc = json.loads(path.read_text())
    fn(doc)
    path.write_text(json.dumps(doc))


def price(doc, wanted, to):
    next(t for t in doc["instance_types"] if t["id"] == wanted)["price_per_hour"] = to


def test_export_is_a_file_that_changes_nothing(carrel, user, exported):
    text = exported.read_text()
    assert json.loads(text) == user.ok("GET", "/admin/catalogue")
    assert '\n    {\n      "id": "small",\n' in text and '"types": ["*"]' in text
    assert carrel("admin", "catalogue", "diff", str(exported)).stdout == "Nothing changes.\n"
    assert carrel("admin", "catalogue", "apply", str(exported)).stdout == "Nothing changes.\n"
    assert json.loads(carrel("admin", "catalogue", "export", "--json").stdout) == json.loads(text)


def test_diff_says_it_and_apply_asks(carrel, user, exported):
    user.workspace(instance_type="small")
    change(exported, lambda d: price(d, "small", "0.08"))
    change(exported, lambda d: d["plans"].append({"id": "lab", "name": "Lab", "sessions_max": 2, "types": ["small"]}))
    said = carrel("admin", "catalogue", "diff", str(exported)).stdout
    assert "~ Instance type small: price_per_hour 0.06 → 0.08\n" in said and "+ Plan lab: new\n" in said
    assert "small: touches 0 sessions and 1 workspaces" in said
    version = user.ok("GET", "/admin/catalogue")["version"]
    r = carrel("admin", "catalogue", "apply", str(exported), code=2)
    assert "--yes" in r.stderr and user.ok("GET", "/admin/catalogue")["version"] == version
    r = carrel("admin", "catalogue", "apply", str(exported), "--yes")
    assert "price_per_hour 0.06 → 0.08" in r.stderr and r.stdout == f"The catalogue is version {version + 1} now.\n"
    # The same file is of an older version now.
    r = carrel("admin", "catalogue", "apply", str(exported), "--yes", code=1)
    assert f"version {version + 1} now" in r.stderr
    # Without one, and from standard input, it is taken as it is.
    doc = json.loads(exported.read_text())
    del doc["version"]
    price(doc, "small", "0.06")
    doc["plans"].pop()
    out = carrel("admin", "catalogue", "apply", "-", "--yes", "--json", stdin=json.dumps(doc)).stdout
    assert json.loads(out)["applied"] and [c["text"] for c in json.loads(out)["changes"]] == [
        "Instance type small: price_per_hour 0.08 → 0.06", "Plan lab: not offered any more"]


def test_somebody_was_first(carrel, user, exported):
    theirs = user.ok("GET", "/admin/catalogue")
    price(theirs, "large", "9")
    user.ok("PUT", "/admin/catalogue", theirs)
    change(exported, lambda d: price(d, "large", "5"))
    r = carrel("admin", "catalogue", "diff", str(exported), code=1)
    assert "Somebody else has changed the catalogue" in r.stderr and "price_per_hour 9.00 → 5.00" in r.stderr


def test_mistakes(carrel, exported, tmp_path):
    change(exported, lambda d: price(d, "small", "0.00000001"))
    r = carrel("admin", "catalogue", "diff", str(exported), code=1)
    assert "instance_types.1.price_per_hour has 8 decimals; at most 6 are exact." in r.stderr
    exported.write_text("{")
    assert "catalogue.json" in carrel("admin", "catalogue", "apply", str(exported), code=1).stderr
    exported.write_text("[]")
    carrel("admin", "catalogue", "apply", str(exported), code=1)
    carrel("admin", "catalogue", "diff", str(tmp_path / "none"), code=1)
    carrel("admin", "catalogue", "diff", code=2)
    carrel("admin", "catalogue", "export", "x", code=2)
    carrel("admin", "catalogue", "import", code=2)


def test_what_is_in_use_and_what_it_has_cost(carrel, core, user):
    ws = user.workspace(instance_type="small")
    user.start(ws)
    doc = was = json.loads(carrel("admin", "catalogue", "export", "--json").stdout)
    small = next(t for t in doc["instance_types"] if t["id"] == "small")
    first = small["price_per_hour"]
    for price in ("0.071", "0.072"):
        doc = user.ok("GET", "/admin/catalogue")
        next(t for t in doc["instance_types"] if t["id"] == "small")["price_per_hour"] = price
        user.ok("PUT", "/admin/catalogue", doc)
    use = user.ok("GET", "/admin/catalogue/use")
    assert use == json.loads(carrel("admin", "catalogue", "use", "--json").stdout)
    of = next(t for t in use["instance_types"] if t["id"] == "small")
    # Newest first, and the first of all has no date.
    assert [p["price_per_hour"] for p in of["prices"][:2]] == ["0.072", "0.071"] and of["prices"][-1]["from"] is None
    assert of["prices"][2]["price_per_hour"] == first and of["prices"][0]["from"] > of["prices"][1]["from"]
    assert of["workspaces"] >= 1 and of["sessions"] >= 1 and of["offered"] is True
    assert sum(p["accounts"] for p in use["plans"]) == core_accounts(core) and use["storage"]["workspaces"] >= 1
    # A planned price is none of the past.
    doc = user.ok("GET", "/admin/catalogue")
    next(t for t in doc["instance_types"] if t["id"] == "small")["next_prices"] = [{"from": "2031-05-01T00:00:00Z", "price_per_hour": "0.09"}]
    user.ok("PUT", "/admin/catalogue", doc)
    assert next(t for t in user.ok("GET", "/admin/catalogue/use")["instance_types"] if t["id"] == "small")["prices"] == of["prices"]
    # Retired, it is there as long as somebody has it.
    doc = user.ok("GET", "/admin/catalogue")
    doc["instance_types"] = [t for t in doc["instance_types"] if t["id"] != "small"]
    for p in doc["plans"]:
        p["types"] = [t for t in p["types"] if t != "small"]
    user.ok("PUT", "/admin/catalogue", doc)
    text = carrel("admin", "catalogue", "use").stdout
    assert "small (not offered any more): " in text and "  0.072 since 20" in text and f"  {first} at first" in text
    assert carrel("admin", "catalogue", "use", "x", code=2).stderr
    user.stop(ws)
    user.ok("PUT", "/admin/catalogue", {**was, "version": user.ok("GET", "/admin/catalogue")["version"]})


def core_accounts(core):
    with sqlite3.connect(f"file:{core.dir}/db/carrel.db?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM account").fetchone()[0]


def test_plans_and_accounts(carrel, other):
    assert "standard" in carrel("plans").stdout and "20 h" in carrel("plans").stdout
    ws = other.workspace(instance_type="small", storage_bytes=6 << 30)
    out = carrel("admin", "accounts").stdout
    assert "other@example.org" in out and "admin@localhost" in out
    r = carrel("admin", "plan", "other@example.org", "free")
    assert r.stdout == "other@example.org has the plan Free.\n" and "nothing is deleted" in r.stderr
    line = next(x for x in carrel("admin", "accounts").stdout.splitlines() if x.startswith("other@"))
    assert "free" in line and "6 GiB" in line and line.rstrip().endswith("yes")
    assert json.loads(carrel("admin", "plan", "OTHER@example.org", "default", "--json").stdout)["by_default"]
    assert "there is no account" in carrel("admin", "plan", "nobody@example.org", "free", code=3).stderr
    assert "no such plan" in carrel("admin", "plan", "other@example.org", "gold", code=1).stderr
    other.ok("DELETE", f"/workspaces/{ws['id']}", {"confirm": ws["name"]})


def test_not_an_administrator(carrel, other, tmp_path):
    token = tmp_path / "token"
    token.write_text(other.token)
    for args in (["admin", "accounts"], ["admin", "catalogue", "export"], ["admin", "plan", "x", "free"]):
        assert "Only an administrator" in carrel(*args, code=4, token=token).stderr
    assert "standard" in carrel("plans", token=token).stdout


def test_completion_offers_the_words(carrel):
    for shell in ("bash", "zsh"):
        assert "export diff apply" in carrel("completion", shell).stdout
