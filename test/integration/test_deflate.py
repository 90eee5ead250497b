# SPDX-License-Identifier: Apache-2.0
"""permessage-deflate: what edge passes on, and what the agent packs and unpacks, with a real kernel and a real terminal."""

import hashlib
import json
import socket
import tempfile
import zlib

import pytest

from edgelab import Lab, accept_of, frame, read_frame
from kernelsocket import Socket, of, text
from packed import FAR, TAIL, PackedSocket, PackedWs, private_kb

OFFER = "permessage-deflate; client_max_window_bits"


# ---- edge ----


@pytest.fixture(scope="module")
def lab():
    with tempfile.TemporaryDirectory() as tmp:
        lab = Lab(tmp)
        yield lab
        lab.stop()


@pytest.fixture
def label(request):
    """Another session for each test."""
    return "d" + hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


def packed_text(words):
    z = zlib.compressobj(wbits=-15)
    return (z.compress(words) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]


def agent_that_answers(extension):
    """A session's agent that takes the handshake with this extension and then sends one packed message."""

    def handler(r):
        r.sock.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Accept: {accept_of(r.get('Sec-WebSocket-Key'))}\r\n"
                        + (f"Sec-WebSocket-Extensions: {extension}\r\n" if extension else "") + "\r\n").encode())
        data = packed_text(b"said by the agent")
        r.sock.sendall(bytes([0xc2, len(data)]) + data)
        while True:
            op, data = read_frame(r.reader)
            r.sock.sendall(frame(op, data))
            if op == 8:
                return False

    return handler


@pytest.mark.parametrize(("offer", "passed"), [
    (OFFER, OFFER),
    ("x-other, permessage-deflate; server_max_window_bits=\"9\"", "permessage-deflate; server_max_window_bits=9"),
    ("permessage-deflate; server_max_window_bits=99", None),
    ("permessage-deflate;;", None),
])
def test_edge_passes_offers_of_far_clients_on(lab, label, offer, passed):
    host, cookie = lab.session(label, agent_that_answers(None))
    seen = lab.agents[label].seen
    for fields, expect in (([], None), ([FAR], passed), ([("Via", "1.1 front")], passed)):
        w = lab.websocket(host, cookie=cookie, fields=[("Sec-WebSocket-Extensions", offer), *fields])
        assert w.answer.status == 101 and w.answer["Sec-WebSocket-Extensions"] is None
        assert seen[-1].all("Sec-WebSocket-Extensions") == ([expect] if expect else [])
        w.sock.close()


def test_edge_passes_an_answer_back_and_can_still_say_the_last_word(lab, label):
    host, cookie = lab.session(label, agent_that_answers("permessage-deflate; client_no_context_takeover"))
    w = lab.websocket(host, cookie=cookie, fields=[("Sec-WebSocket-Extensions", OFFER), FAR])
    assert w.answer["Sec-WebSocket-Extensions"] == "permessage-deflate; client_no_context_takeover"
    a, n = w.take(2)
    assert a == 0xc2 and zlib.decompressobj(-15).decompress(w.take(n) + TAIL) == b"said by the agent"
    w.sock.sendall(frame(2, b"back", mask=True))
    assert read_frame(w) == (2, b"back")
    del lab.tickets[cookie.partition("=")[2]]
    op, data = read_frame(w)
    assert (op, data[:2]) == (8, (4401).to_bytes(2, "big"))
    w.sock.close()


@pytest.mark.parametrize("answer", ["permessage-deflate; client_max_window_bits", "permessage-deflate; x",
                                    "permessage-deflate, permessage-deflate", "x-other", "permessage-deflate; server_max_window_bits=16"])
def test_edge_refuses_answers_that_were_not_asked_for(lab, label, answer):
    host, cookie = lab.session(label, agent_that_answers(answer))
    assert lab.websocket(host, cookie=cookie, fields=[("Sec-WebSocket-Extensions", OFFER), FAR]).answer.status == 502
    assert lab.websocket(host, cookie=cookie, fields=[("Sec-WebSocket-Extensions", OFFER)]).answer.status == 502


# ---- the agent ----


TABLE = "for i in range(300): print(f'{i:5d} a line of a table', i * i, flush=i % 10 == 9)"


@pytest.mark.parametrize("v1", [True, False], ids=["v1", "legacy"])
def test_a_cell_comes_packed_and_says_the_same(agent, kid, v1):
    plain, far = PackedSocket(agent, kid, v1, near=True), PackedSocket(agent, kid, v1)
    assert plain.ws.extension is None
    assert far.ws.extension == "permessage-deflate; client_no_context_takeover"
    want = "".join(f"{i:5d} a line of a table {i * i}\n" for i in range(300))
    got = far.run(TABLE)
    assert text(got) == want and of(got, "execute_reply")[0]["content"]["status"] == "ok"
    mid = got[0]["parent_header"]["msg_id"]
    plain.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
                and m["parent_header"].get("msg_id") == mid)
    assert plain.ws.packed == 0 and far.ws.packed > 10
    assert far.ws.wire < far.ws.plain / 3
    plain.close()
    far.close()


@pytest.mark.parametrize("offer", ["permessage-deflate", "permessage-deflate; server_no_context_takeover",
                                   "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=15",
                                   "foo, permessage-deflate; unknown, permessage-deflate; server_max_window_bits=10; client_max_window_bits=9"])
def test_what_was_agreed_on_is_kept(agent, kid, offer):
    s = PackedSocket(agent, kid, offer=offer)
    bits = offer.partition("server_max_window_bits=")[2][:2].strip(";")
    assert s.ws.extension == "permessage-deflate" + ("; server_no_context_takeover" if "server_no" in offer else "") \
        + "; client_no_context_takeover" + (f"; server_max_window_bits={bits}" if bits else "")
    if bits:
        s.ws.inflate = zlib.decompressobj(-int(bits))  # refuses what reaches further back
    for i in range(5):
        assert text(s.run(f"print({i}, 'word ' * 300)")) == f"{i} " + "word " * 300 + "\n"
    assert s.ws.packed >= 5
    s.close()


def test_noise_goes_as_it_is_and_nothing_refers_to_it(agent, kid):
    s = PackedSocket(agent, kid)
    noise = "import os; from IPython.display import display\nb = os.urandom(100_000)\n" \
            "display({'application/x': 'noise'}, raw=True, metadata={'b': ''.join(chr(0x4e00 + c * 79 % 20000) for c in b[:20_000])})"
    for i in range(3):
        assert text(s.run(f"print({i}, 'words ' * 100)")).startswith(f"{i} words")
        assert of(s.run(noise), "display_data")
    s.close()


def test_what_a_browser_packs_in_fragments_is_understood(agent, kid):
    s = PackedSocket(agent, kid)
    s.ws.send_binary = lambda data: s.ws.put(2, data, pieces=17)
    assert text(s.run("print('x' * 5000)  # " + "a long comment " * 500)) == "x" * 5000 + "\n"
    s.close()


def deflate_bomb(megabytes):
    z = zlib.compressobj(9, wbits=-15)
    return b"".join(z.compress(bytes(1 << 20)) for _ in range(megabytes)) + z.flush(zlib.Z_SYNC_FLUSH)[:-4]


@pytest.mark.parametrize(("data", "code"), [(deflate_bomb(65), 1009), (b"\xff" * 100, 1007), (packed_text(b"x" * 1000)[:-3], 1007)],
                         ids=["bomb", "garbage", "cut"])
def test_what_cannot_be_unpacked_ends_the_connection(agent, kid, data, code):
    s = PackedSocket(agent, kid)
    s.run("1")
    s.ws.raw(2, data)
    with pytest.raises(ConnectionError) as e:
        while True:
            s.ws.recv()
    assert e.value.args == (code,)
    s.ws.sock.close()
    t = PackedSocket(agent, kid)
    assert text(t.run("print('on')")) == "on\n"
    t.close()


def test_a_terminal_comes_packed(agent):
    name = agent.call("POST", "api/terminals", 200, json={}).json()["name"]
    s = socket.create_connection(("127.0.0.1", agent.port), 60)
    w = PackedWs(s, f"127.0.0.1:{agent.port}", f"{agent.base}terminals/websocket/{name}", OFFER,
                 [("Authorization", f"token {agent.token}"), FAR])
    assert w.extension
    w.send(json.dumps(["stdin", "seq 1 20000 | sed 's/^/line number /'; echo do''ne\n"]))
    seen = ""
    while "done" not in seen[-100:]:
        m = json.loads(w.recv())
        seen += m[1] if m[0] == "stdout" else ""
    assert "line number 20000\r\n" in seen and seen.count("line number") > 20000
    assert w.wire < w.plain / 2  # how well it packs depends on how much comes at a time
    w.close()
    agent.call("DELETE", f"api/terminals/{name}", 204)


def test_packing_for_twenty_tabs_costs_what_it_costs_for_eight(agent, kid):
    with Socket(agent, kid).ws.sock:
        before = private_kb(agent)
    tabs = [PackedSocket(agent, kid) for _ in range(20)]
    mid = tabs[0].start(TABLE)
    for t in tabs:
        got = t.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
                      and m["parent_header"].get("msg_id") == mid)
        assert text(got).endswith(f"{299 * 299}\n") and t.ws.packed > 10
    assert private_kb(agent) < before + 1500
    for t in tabs:
        t.close()
