# SPDX-License-Identifier: Apache-2.0
"""Money by the command line, against a core with the fake engine."""

import csv
import io
import json
import os
import shutil
import socket
import subprocess
import threading
from decimal import Decimal

import pytest

from core_alone import BUILD, Core
from past_books import HOUR_NS, us
from test_money import audit, ran


class Door:
    """TCP in front of core's socket: the command line speaks HTTP to an address."""

    def __init__(self, path):
        self.path = str(path)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            b = socket.socket(socket.AF_UNIX)
            b.connect(self.path)
            for x, y in ((a, b), (b, a)):
                threading.Thread(target=self.pump, args=(x, y), daemon=True).start()

    @staticmethod
    def pump(x, y):
        try:
            while data := x.recv(65536):
                y.sendall(data)
            y.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    c = Core(tmp_path_factory.mktemp("core")).start()
    yield c
    assert c.stop() == 0
    audit(c)


@pytest.fixture(scope="module")
def cli(core, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    door = Door(core.sock)

    def run(who, *args, expect=0, **env):
        token = home / f"{who.token[-8:]}"
        token.write_text(who.token)
        token.chmod(0o600)
        r = subprocess.run([str(BUILD / "src/cli/carrel"), *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
                           env={**os.environ, "HOME": str(home), "CARREL_URL": door.url, "CARREL_TOKEN_FILE": str(token), **env})
        assert r.returncode == expect, f"carrel {' '.join(args)}: {r.returncode}\n{r.stdout}\n{r.stderr}"
        return r.stdout if expect == 0 else r.stderr
    yield run
    door.listener.close()


def test_from_usage_to_a_pdf(core, cli, tmp_path):
    admin, user = core.user(), core.user("user@example.org")
    ws = user.workspace("desk")
    for i in range(3):
        ran(core, user, ws, us("2026-10-10") + i * 10**11, HOUR_NS + i)
    assert "has 0.05 USD" in cli(admin, "admin", "credit", "user@example.org", "--amount", "0.05", "--note", "welcome")
    cli(user, "admin", "credit", "user@example.org", "--amount", "5", "--note", "to me", expect=4)
    cli(admin, "admin", "credit", "user@example.org", "--amount", "5", expect=2)
    cli(admin, "admin", "credit", "nobody@example.org", "--amount", "5", "--note", "x", expect=3)
    assert "not over" in cli(admin, "admin", "invoice", "close", "2099-01", expect=1)
    cli(admin, "admin", "invoice", "open", "2026-10", expect=2)
    out = cli(admin, "admin", "invoice", "close", "2026-10")
    assert "2026-10 is closed: 1 invoices with 3 lines, usage 0.18, credit 0.05, due 0.13 USD" in out
    assert "closed already" in cli(admin, "admin", "invoice", "close", "2026-10")

    assert "2026-10-0001" in cli(user, "invoice", "list") and "2026-10-0001" not in cli(admin, "invoice", "list")
    assert "user@example.org" in cli(admin, "invoice", "list", "--all", "--month", "2026-10")
    out = cli(user, "invoice", "show", "2026-10-0001")
    assert "desk" in out and "due 0.13 USD" in out
    inv = json.loads(cli(user, "invoice", "show", "1", "--json"))
    assert len(inv["lines"]) == 3 and json.loads(cli(user, "invoice", "show", inv["id"], "--json")) == inv
    table = list(csv.DictReader(io.StringIO(cli(user, "invoice", "show", "1", "--csv"))))
    assert sum(Decimal(r["amount"]) for r in table) == Decimal("0.18")
    cli(user, "invoice", "show", "2", expect=3)
    assert "<h1>Invoice</h1>" in cli(user, "invoice", "show", "1", "--html", "-")

    fixed = json.loads(cli(admin, "admin", "correct", inv["lines"][0]["id"], "--amount", "-0.06", "--note", "it did not work", "--json"))
    assert fixed["amount"] == "-0.06"
    cli(admin, "admin", "correct", "ch_none", "--amount", "-0.06", "--note", "x", expect=3)
    focus = list(csv.DictReader(io.StringIO(cli(admin, "admin", "focus", "2026-10"))))
    assert sum(Decimal(r["BilledCost"]) for r in focus) == Decimal("0.13") and len(focus) == 4
    cli(user, "admin", "focus", "2026-10", expect=4)
    cli(admin, "admin", "focus", "2026-09", expect=1)

    page = tmp_path / "invoice.html"
    cli(user, "invoice", "show", "1", "--html", str(page))
    assert "Invoice 2026-10-0001" in page.read_text()
    said = cli(user, "invoice", "show", "1", "--pdf", str(tmp_path / "no.pdf"), expect=1, CARREL_CHROMIUM="/nowhere/chromium")
    assert "--html" in said and not (tmp_path / "no.pdf").exists()
    pdf = tmp_path / "invoice.pdf"
    cli(user, "invoice", "show", "1", "--pdf", str(pdf), CARREL_CHROMIUM=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    raw = pdf.read_bytes()
    assert raw.startswith(b"%PDF-") and raw.rstrip().endswith(b"%%EOF")
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True).stdout
        assert "2026-10-0001" in text and "desk" in text
    assert not [f for f in os.listdir("/tmp") if f.startswith("carrel-invoice-") and os.stat(f"/tmp/{f}").st_uid == os.getuid()]
