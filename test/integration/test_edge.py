# SPDX-License-Identifier: Apache-2.0
"""Edge alone: what it refuses, what it hides, what it passes on."""

import json
import re
import select
import time

import pytest

from edge_fixtures import echo, lab, one
from edgelab import Gone, Lab, Reader, frame, read_frame, wait_until


# ---- where requests go ----


def test_hosts_choose_what_answers(lab, one):
    host, cookie = one
    assert lab.request(lab.console, "/api/v1/me").json()["core"]
    assert lab.request(host, "/x", cookie=cookie).json()["target"] == "/x"
    assert lab.request(lab.console.upper(), "/").status == 200
    assert lab.request(host.upper(), "/", cookie=cookie).status == 200
    for bad in ("example.org", f"127.0.0.1:{lab.port}", f"a.b.{lab.console}", "localhost", f"localhost.:{lab.port}",
                f"-_.{lab.console}", "localhost:1"):
        assert lab.request(bad).status == 421, bad
    assert lab.request(f"nobody.{lab.console}").status == 404


def test_core_sees_the_request_but_no_invented_fields(lab):
    r = lab.request(lab.console, "/a%20b?q=1%&c", fields=[
        ("Cookie", "__Host-s=login"), ("Authorization", "Bearer t"), ("X-Carrel-Account", "a_evil"), ("x-carrel-peer", "9.9.9.9"),
        ("X-Forwarded-For", "9.9.9.9"), ("Forwarded", "for=9.9.9.9"), ("X-Real-IP", "9.9.9.9"), ("X_Carrel_Account", "a_evil"),
        ("X-Carrel-CSRF", "1"), ("X-Carrel-CSRF-Not", "1"), ("X-Keep", "yes")]).json()
    assert r["target"] == "/a%20b?q=1%&c"
    got = {k.lower(): v for k, v in r["fields"]}
    assert got == {"host": lab.console, "cookie": "__Host-s=login", "authorization": "Bearer t", "x-keep": "yes",
                   "x-carrel-csrf": "1", "x-carrel-peer": "forwarded"}


def peer(lab, *fields):
    """Whom core is told that a request comes from."""
    got = lab.request(lab.console, "/x", fields=fields).json()["fields"]
    return [v for k, v in got if k.lower() == "x-carrel-peer"]


def test_a_proxy_that_nobody_named_is_not_this_machine(lab):
    assert peer(lab) == ["127.0.0.1"]
    for f in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "Via"):
        assert peer(lab, (f, "127.0.0.1")) == ["forwarded"], f


def test_a_proxys_word_is_taken_if_it_is_named(tmp_path):
    lab = Lab(tmp_path, proxies="127.0.0.1 10.0.0.0/8")
    try:
        say = lambda *v: peer(lab, *(("X-Forwarded-For", x) for x in v))
        assert say("198.51.100.4") == ["198.51.100.4"]
        assert say("127.0.0.1, 198.51.100.4") == say("127.0.0.1", "198.51.100.4, 10.9.9.9") == ["198.51.100.4"]
        assert say("2001:DB8::1") == ["2001:db8::1"]
        for odd in ("", "127.0.0.1", "10.1.1.1", "::1", "198.51.100.4:80", "198.51.100.4,", "unknown", "_x"):
            assert say(odd) == ["forwarded"], odd
        assert peer(lab) == peer(lab, ("X-Real-IP", "198.51.100.4")) == ["forwarded"]
    finally:
        lab.stop()


def test_the_agent_sees_who_but_no_credential(lab, one):
    host, cookie = one
    r = lab.request(host, "/api/contents/a%2Fb?x=&&y", method="PUT", body=b"data", cookie=f"a=1; {cookie}; __Host-s=steal; __host-S=x; _xsrf=q", fields=[
        ("Authorization", "token carrel_secret"), ("X-Carrel-Account", "a_evil"), ("X-Carrel-Name", "evil"), ("X-Carrel-Prefix", "/evil"), ("X-Carrel-Workspace", "evil"),
        ("X-Forwarded-Host", "evil"), ("Connection", "X-Drop, keep-alive"), ("X-Drop", "1"), ("Keep-Alive", "1"), ("TE", "trailers"),
        ("Proxy-Authorization", "p"), ("X-Carrel-Ticket", "t"), ("X-Carrel-CSRF", "1"), ("Accept-Encoding", "br")]).json()
    assert r["target"] == "/api/contents/a%2Fb?x=&&y"
    assert r["body"] == "data"
    got = {k.lower(): v for k, v in r["fields"]}
    assert got == {"host": host, "cookie": "a=1; _xsrf=q", "accept-encoding": "br", "content-length": "4",
                   "x-carrel-account": "a_1", "x-carrel-name": "Zo%C3%AB%20B"}


def test_the_agent_is_told_what_the_workspace_is_called_now(lab):
    host, cookie = lab.session("named", echo, workspace="Flüsse & 100 %")
    said = lambda: {k.lower(): v for k, v in lab.request(host, "/", cookie=cookie, fields=[("X-Carrel-Workspace", "evil")]).json()["fields"]}["x-carrel-workspace"]
    assert said() == "Fl%C3%BCsse%20%26%20100%20%25"
    lab.sessions["named"]["workspace"] = "ä" * 300
    wait_until("the new name", lambda: said() != "Fl%C3%BCsse%20%26%20100%20%25")
    assert re.fullmatch("(%C3%A4){100,256}", said()), "cut between characters"


def test_an_agent_cannot_set_platform_cookies_or_pose(lab, one):
    host, cookie = one
    a = lab.request(host, "/hops", cookie=cookie)
    names = [k.lower() for k, _ in a.fields]
    assert a.body == b"ok" and a["Set-Cookie"] == "a=b"
    assert names.count("set-cookie") == 1
    for gone in ("x-secret-hop", "keep-alive", "connection", "x-carrel-account"):
        assert gone not in names


def test_connection_cannot_drop_identity(lab, one):
    host, cookie = one
    for n in ("X-Carrel-Account", "Host", "Cookie", "Content-Length", "X-Carrel-Name"):
        r = lab.request(host, "/", method="POST", body=b"abc", cookie=cookie, fields=[("Connection", n)])
        got = {k.lower(): v for k, v in r.json()["fields"]}
        assert got["x-carrel-account"] == "a_1" and got["host"] == host and r.json()["body"] == "abc"
    many = ", ".join(f"x-{i}" for i in range(20))
    assert lab.request(host, "/", cookie=cookie, fields=[("Connection", many)]).status == 400


def test_answers_of_all_framings_come_whole(lab, one):
    host, cookie = one
    a = lab.request(host, "/chunked", cookie=cookie)
    assert a.body == b"hello world" and a["X-T"] is None
    assert lab.request(host, "/until-close", cookie=cookie).body == b"to the end"
    h = lab.request(host, "/head", method="HEAD", cookie=cookie)
    assert h.status == 200 and int(h["Content-Length"]) > 100 and h.body == b""
    with pytest.raises(Gone):
        lab.request(host, "/cut", cookie=cookie)


def test_an_answer_may_overtake_the_upload(lab, one):
    host, cookie = one
    for size in (10, 100000, 50 << 20):
        with lab.connect() as s:
            s.sendall(f"POST /refuse HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Length: {size}\r\n\r\n".encode())
            while size > 0 and not select.select([s], [], [], 0)[0]:
                size -= s.send(b"x" * min(size, 1 << 16))
            r = Reader(s)
            line, f = r.head()
            assert line.startswith("HTTP/1.1 413") and r.body(f) == b'{"no": true}'


def test_internal_addresses_are_not_there(lab, one):
    host, cookie = one
    n = len(lab.core.seen)
    for t in ("/internal/route?host=one", "/%69nternal/enter", "/.carrel/enter", "/internal"):
        assert lab.request(lab.console, t).status == 404, t
    for t in ("/.carrel/x", "/.carrel", "/%2ecarrel/enter/x", "/.carrel/enter/"):
        assert lab.request(host, t, cookie=cookie).status == 404, t
    assert len(lab.core.seen) == n


def test_targets_with_two_meanings_are_refused(lab, one):
    host, cookie = one
    for t in ("/a/../b", "/./a", "/%2e%2e/a", "/a/%2E", "/a%00", "/a%5Cb", "/%ff", "/%zz", "/a%2", "/x%2F..%2Fy"):
        assert lab.request(host, t, cookie=cookie).status == 400, t
        assert lab.request(lab.console, t).status == 400, t
    assert lab.request(lab.console, "/a%2Fb").status == 400
    assert lab.request(host, "/a%2Fb", cookie=cookie).status == 200


# ---- who may ----


def test_without_a_ticket_pages_go_to_the_console_and_programs_are_told(lab, one):
    host, _ = one
    for cookie in (None, "__Host-t=wrong-ticket-0123456789", "__Host-t=short", "__Host-t=bad\x22chars-0123456789"):
        a = lab.request(host, "/lab", cookie=cookie, fields=[("Accept", "text/html")])
        assert (a.status, a["Location"]) == (303, f"http://{lab.console}/open/one?app=lab")
        a = lab.request(host, "/api", cookie=cookie)
        assert a.status == 401 and a.json()["type"].endswith("/sign-in-required")
    assert lab.websocket(host).answer.status == 401
    # The way back in knows the file and the program that were asked for.
    for path, back in (("/ide", "?app=ide"), ("/ide/a%20b/%C3%BC%26c.ipynb?x=1", "?app=ide&path=a%20b/%C3%BC%26c.ipynb"), ("/", ""),
                       ("/lab/tree/n.ipynb", "?app=lab&path=n.ipynb"), ("/lab/workspaces/x", "?app=lab"), ("/ide/" + "%C3%BC" * 700, "")):
        a = lab.request(host, path, fields=[("Accept", "text/html")])
        assert (a.status, a["Location"]) == (303, f"http://{lab.console}/open/one{back}"), path
    assert "\n" not in lab.request(host, "/ide/a%0Ab", fields=[("Accept", "text/html")])["Location"]


def test_a_ticket_is_good_for_its_own_host_only(lab, one):
    _, cookie = one
    other, _ = lab.session("other", echo)
    n = len(lab.agents["other"].seen)
    assert lab.request(other, "/", cookie=cookie).status == 401
    assert len(lab.agents["other"].seen) == n


def test_entry_makes_the_hosts_own_cookie(lab, one):
    host, cookie = one
    form = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"),
            ("Origin", f"http://{lab.console}")]
    lab.codes["one", "good+code"] = True
    a = lab.request(host, "/.carrel/enter", method="POST", body=b"x=1&code=good%2Bcode", fields=form)
    assert (a.status, a["Location"]) == (303, "/lab")
    assert a["Set-Cookie"] == f"{cookie}; Path=/; Secure; HttpOnly; SameSite=Lax"
    again = lab.request(host, "/.carrel/enter", method="POST", body=b"code=good%2Bcode", fields=[*form, ("Accept", "text/html")])
    assert again.status == 400 and b"Open the session again" in again.body and again["Set-Cookie"] is None
    assert lab.request(host, "/.carrel/enter", method="POST", body=b"code=", fields=form).status == 400
    assert lab.request(host, "/.carrel/enter", method="POST", body=b"{}", fields=[("Content-Type", "application/json")]).status == 415
    assert lab.request(host, "/.carrel/enter").status == 405
    assert lab.request(host, "/.carrel/enter", method="POST", body=b"c" * 5000, fields=form).status == 413


def test_other_sites_may_link_but_not_act(lab, one):
    host, cookie = one
    own = f"http://{host}"
    cases = [
        ("GET", [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors")], 200),
        ("POST", [("Sec-Fetch-Site", "same-origin"), ("Origin", own)], 200),
        ("GET", [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")], 200),
        ("GET", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], 200),
        ("GET", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "cors")], 403),
        ("GET", [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "no-cors")], 403),
        ("POST", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], 403),
        ("POST", [("Origin", "http://evil.example")], 403),
        ("POST", [("Origin", "null")], 403),
        ("DELETE", [("Origin", f"https://{host}")], 403),
        ("GET", [("Origin", "http://evil.example")], 200),
    ]
    for method, fields, status in cases:
        assert lab.request(host, "/x", method=method, fields=fields, cookie=cookie).status == status, (method, fields)
    assert lab.websocket(host, cookie=cookie, fields=[("Origin", own)]).answer.status == 101
    for bad in ("http://evil.example", "null", f"http://{lab.console}", f"http://other.{lab.console}"):
        assert lab.websocket(host, cookie=cookie, fields=[("Origin", bad)]).answer.status == 403
    assert lab.websocket(host, cookie=cookie, fields=[("Sec-Fetch-Site", "same-site")]).answer.status == 403


def test_programs_come_in_by_token_and_browsers_do_not(lab, one):
    auth = ("Authorization", "token carrel_one")
    r = lab.request(lab.console, "/-/s/s_one/api/kernels?a=1&token=x&b=2", fields=[auth, ("Cookie", "__Host-s=login; a=b")])
    got = {k.lower(): v for k, v in r.json()["fields"]}
    assert r.json()["target"] == "/api/kernels?a=1&b=2"
    assert got["x-carrel-prefix"] == "/-/s/s_one" and got["x-carrel-account"] == "a_1"
    assert "authorization" not in got and "cookie" not in got
    assert lab.request(lab.console, "/-/s/s_one", fields=[auth]).json()["target"] == "/"
    assert lab.request(lab.console, "/-/s/s_one?token=carrel_one").json()["target"] == "/"
    assert lab.request(lab.console, "/-/s/s_one/hops", fields=[auth])["Set-Cookie"] is None
    # A browser that does not say it is one shows the text, and runs nothing of it.
    a = lab.request(lab.console, "/-/s/s_one/policy", fields=[auth])
    assert [v for k, v in a.fields if k == "Content-Security-Policy"] == ["sandbox; default-src 'none'", "script-src *"]
    assert a["X-Content-Type-Options"] == "nosniff" and a.body == b"<script>"
    assert lab.request(one[0], "/policy", cookie=one[1])["Content-Security-Policy"] == "script-src *", "a session's own origin is its own affair"
    for f in (("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "empty")):
        assert lab.request(lab.console, "/-/s/s_one/", fields=[auth, f]).status == 403
    a = lab.request(lab.console, "/-/s/s_one/")
    assert a.status == 401 and a["WWW-Authenticate"]
    assert lab.request(lab.console, "/-/s/s_one/", fields=[("Authorization", "token nope")]).status == 401
    assert lab.request(lab.console, "/-/s/s_other/", fields=[auth]).status == 404
    assert lab.request(lab.console, "/-/s/", fields=[auth]).status == 404
    assert lab.request(lab.console, "/%2d/s/s_one/", fields=[auth]).status == 404
    assert lab.request(lab.console, "/-/s/s%5fone/x", fields=[auth]).status == 404
    ws = lab.websocket(lab.console, "/-/s/s_one/ws", fields=[auth])
    assert ws.answer.status == 101
    ws.sock.sendall(frame(1, b"hi", mask=True))
    assert read_frame(ws) == (1, b"hi")
    assert lab.websocket(lab.console, "/-/s/s_one/ws", fields=[auth, ("Sec-Fetch-Site", "cross-site")]).answer.status == 403


def test_connections_to_agents_are_shared_by_nobody(lab):
    host, cookie = lab.session("shared", echo)
    agent = lab.agents["shared"]
    lab.tickets["second-ticket-0123456789"] = "shared"
    for _ in range(5):
        lab.request(host, cookie=cookie)
    assert agent.conns == 1, "one person's requests use one connection again"
    lab.request(host, cookie="__Host-t=second-ticket-0123456789")
    assert agent.conns == 2


# ---- smuggling: each rule of the list broken in each way ----

LONG = "x" * 9000


def smuggled(host, cookie):
    h = f"Host: {host}\r\nCookie: {cookie}\r\n"
    inner = f"GET /smuggled HTTP/1.1\r\n{h}\r\n"
    te = "Transfer-Encoding: chunked\r\n"
    post = f"POST / HTTP/1.1\r\n{h}"
    yield "LF only", f"GET / HTTP/1.1\n{h}\n".replace("\r\n", "\n") + inner, 400
    yield "LF in fields", f"GET / HTTP/1.1\r\nHost: {host}\nX: y\r\n\r\n{inner}", 400
    yield "LF ends the head", f"GET / HTTP/1.1\r\nHost: {host}\r\n\n{inner}", 400
    yield "bare CR", f"GET / HTTP/1.1\r\nHost: {host}\rX: y\r\n\r\n{inner}", 400
    yield "CR CR LF", f"GET / HTTP/1.1\r\nHost: {host}\r\r\n\r\n{inner}", 400
    for line in ("GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1", "GET /", "GET / HTTP/1.1x",
                 "GET / http/1.1", "GET / HTTP/1", "GET /a b HTTP/1.1", "G@T / HTTP/1.1", "GET http://x/ HTTP/1.1", "GET * HTTP/1.1",
                 "GET //x@y#z HTTP/1.1"):
        yield f"line {line!r}", f"{line}\r\n{h}\r\n{inner}", 400
    for line in ("GET / HTTP/1.2", "GET / HTTP/2.0", "GET / HTTP/0.9", "PRI * HTTP/2.0"):
        yield f"line {line!r}", f"{line}\r\n{h}\r\n{inner}", 505
    for line in ("CONNECT x:80 HTTP/1.1", "TRACE / HTTP/1.1"):
        yield f"line {line!r}", f"{line}\r\n{h}\r\n{inner}", 501
    for f in ("X : y", " X: y", "\tX: y", ": y", "X", "X y", "X: a\r\n b", "X: a\r\n\tb", "X(: y", "Content-Length : 5", "X\x00: y",
              "X: a\x00b", "X: a\x01b", "X: a\x7fb", "X: \x0bb", "\x0bX: b"):
        yield f"field {f!r}", f"{post}{f}\r\n\r\n{inner}", 400
    yield "no Host", f"GET / HTTP/1.1\r\n\r\n{inner}", 400
    for hosts in ("Host:", "Host: a b", f"Host: {host}\r\nHost: {host}", f"Host: {host}\r\nhost: evil", f"Host: {host}, evil", "Host: a/b",
                  "Host: a@b", "Host: a\x80", "Host: a:b", "Host: [::1"):
        yield f"host {hosts!r}", f"GET / HTTP/1.1\r\n{hosts}\r\n\r\n{inner}", 400
    for v in ("", "+5", "-5", "0x5", "5,5", "5, 5", "5 5", "5a", "1e1", "5.0", "1" * 19, "\x0b5", "５"):
        yield f"length {v!r}", f"{post}Content-Length: {v}\r\n\r\nabcde{inner}".encode().decode("latin-1"), 400
    yield "two lengths, equal", f"{post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde{inner}", 400
    yield "two lengths, not equal", f"{post}Content-Length: 5\r\nContent-Length: 0\r\n\r\nabcde{inner}", 400
    yield "CL.TE", f"{post}Content-Length: 6\r\n{te}\r\n0\r\n\r\nG", 400
    yield "TE.CL", f"{post}{te}Content-Length: 4\r\n\r\n5c\r\n{inner}\r\n0\r\n\r\n", 400
    yield "TE twice", f"{post}{te}{te}\r\n0\r\n\r\n{inner}", 400
    yield "TE in 1.0", f"POST / HTTP/1.0\r\n{h}{te}\r\n0\r\n\r\n{inner}", 400
    for v in ("chunked, identity", "identity, chunked", "gzip", "xchunked", "chunked;x", '"chunked"', "chunked,", ",chunked", "", "identity",
              "chunked\x80"):
        yield f"TE {v!r}", f"{post}Transfer-Encoding: {v}\r\n\r\n0\r\n\r\n{inner}", 501
    for v in (" : chunked", "\t: chunked", ":\x0bchunked"):
        yield f"TE{v!r}", f"{post}Transfer-Encoding{v}\r\n\r\n0\r\n\r\n{inner}", 400
    yield "TE folded", f"{post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{inner}", 501
    for c in ("5\nabcde\r\n", "5\r\nabcde\n", "5 \r\nabcde\r\n", " 5\r\nabcde\r\n", "+5\r\nabcde\r\n", "-5\r\nabcde\r\n", "0x5\r\nabcde\r\n",
              "5_0\r\n", "000000005\r\nabcde\r\n", "\r\n", "5\r\nabcdef\r\n", "5\r\nabcde0\r\n", "g\r\n", "5;a\x00\r\nabcde\r\n", "5;a\nb\r\n",
              f"5;{'x' * 300}\r\nabcde\r\n", "0\r\nX y\r\n\r\n", "0\r\nX: y\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\n" + "X: y\r\n" * 9 + "\r\n",
              f"0\r\nX: {LONG}\r\n\r\n", "0\n\n", "0\r\n\n"):
        yield f"chunk {c[:30]!r}", f"{post}{te}\r\n{c}0\r\n\r\n{inner}", 400
    yield "expect", f"{post}Expect: 100-continue, x\r\n\r\n{inner}", 417
    for u in ("h2c", "websocket, h2c", "TLS/1.0", ""):
        yield f"upgrade {u!r}", f"GET / HTTP/1.1\r\n{h}Connection: Upgrade\r\nUpgrade: {u}\r\n\r\n{inner}", 501
    yield "line too long", f"GET /{LONG} HTTP/1.1\r\n{h}\r\n{inner}", 414
    yield "too many fields", f"GET / HTTP/1.1\r\n{h}{'X: y' + chr(13) + chr(10)}" + "X: y\r\n" * 100 + f"\r\n{inner}", 431
    yield "head too long", f"GET / HTTP/1.1\r\n{h}" + f"X: {LONG}\r\n" * 4 + f"\r\n{inner}", 431


def test_smuggling(lab):
    host, cookie = lab.session("smuggle", echo)
    agent, n = lab.agents["smuggle"], 0
    for what, message, status in smuggled(host, cookie):
        n += 1
        out = lab.raw(message.encode("latin-1"))
        # Never the answer to a second request, and never what was hidden reaching the agent.
        assert out.startswith(b"HTTP/1.1 %d " % status), (what, out[:300])
        assert out.count(b"HTTP/1.1 ") == 1, (what, out[:2000])
        assert b"Connection: close" in out, what
        assert not [r for r in agent.seen if "smuggled" in r.target], what
    assert n > 110


def test_split_heads_are_the_same_heads(lab, one):
    host, cookie = one
    m = f"POST /x HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".encode()
    for i in range(1, len(m), 7):
        with lab.connect() as s:
            s.sendall(m[:i])
            time.sleep(0.002)
            s.sendall(m[i:])
            r = Reader(s)
            _, f = r.head()
            assert json.loads(r.body(f))["body"] == "abc"


def test_pipelined_requests_are_separate_requests(lab, one):
    host, cookie = one
    with lab.connect() as s:
        s.sendall(b"".join(f"GET /p{i} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode() for i in range(20)))
        r = Reader(s)
        for i in range(20):
            _, f = r.head()
            assert json.loads(r.body(f))["target"] == f"/p{i}"
