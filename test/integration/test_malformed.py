# SPDX-License-Identifier: Apache-2.0
"""Malformed requests at every row of the agent's route tables, made from one seed: every answer is a whole
HTTP answer below 500, in time, and the agent serves on. The tables are read from its sources, so that a new
row is tried without a change here."""

import json
import random
import re
import socket

import pytest

from kernelsocket import Agent
from product import BUILD, ROOT

LAB = BUILD / "lib/session/lab"
SEED, PER_ROUTE, LIMIT_S = 20261121, 40, 60
# These end the server, or go on until somebody closes them.
LEFT_OUT = {("POST", "api/shutdown")}
# 501 and 507 are words for what can't be done here; 503 for what can't be done now.
FINE_5XX = {501, 503, 507}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "get", "X" * 40]
PARTS = ["", "a", "x.ipynb", "dir", "%00", "%ff%fe", "%C3%28", "..%2f..%2fetc", "%2e%2e", ".hidden", "a" * 300, "%41" * 900, "é".encode().hex("%"),
         "%F0%9F%98%80", "a%20b", "a;b=c", "a'b", "%22%3Cscript%3E", "-1", "18446744073709551616", "00000000-0000-0000-0000-000000000000",
         "python3", "nothing", "html", "%0d%0aX-Evil:%201", "con%5cnul", "@jupyterlab", "%E2%80%AE", "%25", "*"]
QUERIES = ["", "?", "?&&&", "?1769000000000", "?content=2", "?content=0&hash=1&type=directory", "?type=notebook&format=json", "?format=base64",
           "?type[]=file", "?path=%00", "?path=%ff", "?path=" + "a" * 4000, "?kernel=x&path=%2F", "?permissions={", "?permissions=%5B%5D", "?permissions=%7B%22a%22:1%7D",
           "?download=%0d%0a", "?ids_only=maybe", "?session_id=%00", "?" + "&".join(f"p{i}={i}" for i in range(60)),
           "?" + "&".join(f"p{i}={i}" for i in range(70)), "?%", "?a=%zz", "?token=wrong", "?no_track_activity=1", "?full_text=x&format=exe"]
NAMES = ["type", "format", "content", "path", "name", "chunk", "copy_from", "ext", "kernel", "id", "cwd", "raw", "data", "metadata", "cells", "nbformat",
         "nbformat_minor", "cmd", "plugin_name", "extension_name", "schema_id", "version", "source", "cell_type", "outputs", "timestamp", "notebook",
         "kernel_id", "display_name", "env", "spec"]


def routes():
    """(method, pattern) of every row in the agent's tables."""
    found = []
    for path in sorted((ROOT / "src/agent").glob("*.c")):
        for table in re.findall(r"const struct route \w+\[\] = \{(.*?)^\};", path.read_text(), re.S | re.M):
            found += re.findall(r'\{\s*"([A-Z]+)",\s*"([^"]*)"', table)
    assert len(found) > 90, found
    return found


class Maker:
    """Requests from a random number generator of known seed."""

    def __init__(self, seed):
        self.rnd = random.Random(seed)

    def target(self, pattern):
        out = []
        for seg in pattern.split("/"):
            if seg == "*":
                out += [self.part() for _ in range(self.rnd.choice([0, 1, 1, 2, 3, 60]))]
            else:
                out.append(self.part() if seg.startswith(":") else seg)
        slash = "/" if self.rnd.random() < 0.1 else ""
        return "/".join(out) + slash + self.rnd.choice(QUERIES)

    def part(self):
        return self.rnd.choice(PARTS)

    def value(self, depth=0):
        kinds = [None, True, False, 0, -1, 1.5, 1e308, 10**30, -10**400, "", "a", "\0", "é€😀", "\ud800", "a" * 5000, "../../etc/passwd", "notebook",
                 "file", "directory", "text", "json", "base64", "python3", [], {}, "2026-11-21T00:00:00Z", "AAAA", "=", "http://x/y"]
        if depth < 4 and self.rnd.random() < 0.4:
            if self.rnd.random() < 0.3:
                return [self.value(depth + 1) for _ in range(self.rnd.randrange(4))]
            return {self.rnd.choice(NAMES): self.value(depth + 1) for _ in range(self.rnd.randrange(6))}
        return self.rnd.choice(kinds)

    def body(self):
        match self.rnd.randrange(12):
            case 0:
                return b""
            case 1:
                return b"[" * 100_000
            case 2:
                return b'{"a":' * 3000 + b"1" + b"}" * 3000
            case 3:
                return bytes(self.rnd.randrange(256) for _ in range(200))
            case 4:
                return b'{"type":"file","format":"text","content":"\xff\xfe"}'
            case 5:
                return b'{"type": 1' + b"0" * 5000 + b"}"
            case 6:
                return self.json()[:-3]
            case 7:
                return b"\xef\xbb\xbf" + self.json()
            case 8:
                return self.rnd.choice([b"null", b"[]", b'""', b"1", b"NaN", b"{}", b"\0", b"{\"a\":1,\"a\":2}"])
            case _:
                return self.json()

    def json(self):
        value = {self.rnd.choice(NAMES): self.value(1) for _ in range(self.rnd.randrange(1, 9))}
        return json.dumps(value, ensure_ascii=self.rnd.random() < 0.5).encode(errors="surrogatepass")

    def fields(self, token):
        more = [b"Content-Type: " + self.rnd.choice([b"application/json", b"text/plain", b"multipart/form-data; boundary=x", b"\xff"]),
                b"Range: bytes=" + self.rnd.choice([b"0-", b"-5", b"5-1", b"9" * 30 + b"-", b"0-1,3-4", b"x"]),
                b"If-Modified-Since: " + self.rnd.choice([b"Sat, 21 Nov 2026 00:00:00 GMT", b"never", b"9" * 500]),
                b"Cookie: " + self.rnd.choice([b"_xsrf", b"=;=;", b"username-x=" + b"a" * 3000, b"_xsrf=\xff"]),
                b"Origin: http://evil.example", b"Accept-Encoding: " + b"br, " * 50, b"Upgrade: websocket\r\nConnection: Upgrade",
                b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13", b"X-XSRFToken: " + b"a" * 100]
        chosen = self.rnd.sample(more, self.rnd.randrange(3))
        if self.rnd.random() < 0.95:
            chosen.append(f"Authorization: token {token}".encode())
        return chosen

    def request(self, base, token, method, pattern):
        method = method if self.rnd.random() < 0.8 else self.rnd.choice(METHODS)
        body = self.body() if method not in ("GET", "HEAD") or self.rnd.random() < 0.1 else b""
        fields = [b"Host: 127.0.0.1", b"Connection: close", *self.fields(token)]
        if sum(f.startswith(b"Upgrade") for f in fields):
            fields.remove(b"Connection: close")
        if body or method in ("POST", "PUT", "PATCH"):
            fields.append(f"Content-Length: {len(body)}".encode())
        line = f"{method} {base}{self.target(pattern)} HTTP/1.1".encode()
        return method, b"\r\n".join([line, *fields, b"", body])


def exchange(port, request, method):
    """One request; (status, fields, body) of a well-formed answer. The line is closed from our side where it stays open."""
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as s:
        s.settimeout(LIMIT_S)
        try:
            s.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # It had seen enough, and said so before.
        f = s.makefile("rb")
        return read_answer(f, method)


def read_answer(f, method):
    line = f.readline()
    m = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [ -~]*\r\n", line)
    assert m, f"no status line: {line!r}"
    status, fields = int(m.group(1)), {}
    while (line := f.readline()) != b"\r\n":
        name, colon, value = line.partition(b":")
        assert colon and re.fullmatch(rb"[A-Za-z0-9-]+", name) and line.endswith(b"\r\n"), line
        assert re.fullmatch(rb"[\t -~\x80-\xff]*", value[:-2]), line
        fields[name.lower().decode()] = value.strip().decode("latin-1")
    assert "x-evil" not in fields
    if status == 100:
        return read_answer(f, method)
    if method == "HEAD" or status in (101, 204, 304):
        return status, fields, b""
    if "content-length" in fields:
        body = f.read(int(fields["content-length"]))
        assert len(body) == int(fields["content-length"]), "cut short"
    elif fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(f.readline().strip(), 16):
            body += f.read(size)
            assert f.readline() == b"\r\n"
        assert f.readline() == b"\r\n"
    else:
        body = f.read()
    if fields.get("content-type") == "application/json" and body:
        json.loads(body, parse_int=str)  # numbers of any length come back as they went in
    return status, fields, body


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    # No Python of kernels: what starts processes is tried elsewhere, and would take minutes here.
    a = Agent(tmp_path_factory.mktemp("agent") / "root", base="/x/", lab=LAB, python="/nonexistent/python3")
    (a.root / "dir").mkdir()
    (a.root / "a").write_text("text")
    (a.root / "x.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    try:
        yield a.start()
    finally:
        for t in a.call("GET", "api/terminals", 200).json():
            a.call("DELETE", f"api/terminals/{t['name']}")
        assert a.stop() == 0


@pytest.mark.parametrize("method,pattern", [pytest.param(*r, id=" ".join(r)) for r in routes() if r not in LEFT_OUT])
def test_every_answer_is_whole_and_no_500(agent, method, pattern):
    # A route has a seed of its own: new rows don't change what the others are asked.
    maker = Maker(f"{SEED} {method} {pattern}")
    for _ in range(PER_ROUTE):
        verb, request = maker.request(agent.base, agent.token, method, pattern)
        try:
            status, _, body = exchange(agent.port, request, verb)
        except (AssertionError, OSError, ValueError) as e:
            raise AssertionError(f"{e!r} after {request[:1500]!r}") from e
        assert status < 500 or status in FINE_5XX, f"{status} {body[:300]!r} after {request[:1500]!r}"
    assert agent.proc.poll() is None
    agent.call("GET", "api", 200)
