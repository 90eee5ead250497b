# SPDX-License-Identifier: Apache-2.0
"""The agent's manual page says what the program does: options, environment, exit status."""

import re
import socket
import subprocess

import pytest

from product import BUILD, ROOT, free_port

AGENT = BUILD / "src/agent/carrel-agent"
PAGE = (ROOT / "doc/man/carrel-agent.1.scd").read_text()


def serve(*args):
    return subprocess.run([str(AGENT), "serve", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def test_every_option_of_the_parser_is_described_and_no_other():
    out = serve("--no-such-option")
    assert out.returncode == 2
    known = re.findall(r"^  (--[a-z-]+) +\S", out.stderr, re.M)
    described = re.findall(r"^\*(--[a-z-]+)\* _", PAGE, re.M)
    assert known and sorted(known) == sorted(described)


def test_defaults_are_those_of_the_program():
    usage = serve("--no-such-option").stderr
    for name, words in re.findall(r"^\*(--[a-z-]+)\* _[^\n]*\n\t((?:.+\n\t?)+)", PAGE, re.M):
        m = re.search(rf"^  {name} .*\((\d+)\)$", usage, re.M)
        if m:
            assert f"({m.group(1)})" in words, name


def test_every_variable_of_the_program_is_described():
    used = set()
    for path in (ROOT / "src/agent").glob("*.c"):
        used |= set(re.findall(r'(?:env_or|env_of|python_env)\([^"()]*"([A-Z_]+)"', path.read_text()))
    assert {"HOME", "JUPYTER_PATH"} <= used
    assert used <= set(re.findall(r"_([A-Z][A-Z_]+)_", PAGE))


@pytest.mark.parametrize("args", [("--port", "x"), ("--port",), ("stray",), ("--base-url", "x")])
def test_arguments_that_can_not_be_understood_are_2(args):
    out = serve(*args)
    assert out.returncode == 2 and "usage:" in out.stderr


def test_what_can_not_start_is_1(tmp_path):
    with socket.socket() as s:
        port = free_port()
        s.bind(("127.0.0.1", port))
        s.listen()
        out = serve("--port", str(port), "--root", str(tmp_path))
    assert out.returncode == 1 and f"port {port} is taken" in out.stderr
