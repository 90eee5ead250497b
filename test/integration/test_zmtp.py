# SPDX-License-Identifier: Apache-2.0
"""The ZMTP codec against libzmq (pyzmq): identities, parts of all sizes, subscriptions, PING, versions."""

import os
import select
import subprocess

import pytest
import zmq

from product import BUILD

CLIENT = str(BUILD / "src/proto/zmtp-client")


class Client:
    def __init__(self, kind, path, identity="", piece=65536):
        self.proc = subprocess.Popen([CLIENT, kind, path, identity, str(piece)], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
        assert self.line() == "READY"

    def line(self):
        return self.proc.stdout.readline().decode().rstrip("\n")

    def send(self, *parts):
        self.proc.stdin.write(b" ".join(p.hex().encode() for p in parts) + b"\n")
        self.proc.stdin.flush()

    def recv(self):
        return [bytes.fromhex(p) for p in self.line().split(" ")]

    def close(self):
        self.proc.stdin.close()
        self.proc.wait(10)
        self.proc.stdout.close()


@pytest.fixture
def context():
    c = zmq.Context()
    yield c
    c.destroy(linger=0)


def bound(context, kind, tmp_path, **options):
    s = context.socket(kind)
    s.rcvtimeo = s.sndtimeo = 10000
    for k, v in options.items():
        setattr(s, k, v)
    path = str(tmp_path / "s")
    s.bind("ipc://" + path)
    return s, path


SIZES = [[0], [1], [255], [256], [257], [1, 0, 300, 0], [65535, 65536, 1], [200000, 3, 200000], [0] * 50]


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_a_dealer_and_a_router(context, tmp_path, piece):
    router, path = bound(context, zmq.ROUTER, tmp_path)
    c = Client("DEALER", path, "session-1", piece)
    for sizes in SIZES:
        parts = [os.urandom(n) for n in sizes]
        c.send(*parts)
        got = router.recv_multipart()
        assert got[0] == b"session-1" and got[1:] == parts
        router.send_multipart(got)
        assert c.recv() == parts
    c.close()


def test_two_dealers_with_one_identity_on_two_sockets(context, tmp_path):
    """As the kernel's shell and stdin: each answers by the identity that it saw on its own socket."""
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    a, pa = bound(context, zmq.ROUTER, tmp_path / "a")
    b, pb = bound(context, zmq.ROUTER, tmp_path / "b")
    ca, cb = Client("DEALER", pa, "same"), Client("DEALER", pb, "same")
    ca.send(b"request")
    identity = a.recv_multipart()[0]
    cb.send(b"hello")
    b.recv_multipart()
    b.send_multipart([identity, b"input?"])
    assert cb.recv() == [b"input?"]
    ca.close(), cb.close()


@pytest.mark.parametrize("kind", [zmq.PUB, zmq.XPUB])
@pytest.mark.parametrize("piece", [1, 65536])
def test_a_subscriber_gets_what_it_subscribed_to(context, tmp_path, kind, piece):
    pub, path = bound(context, kind, tmp_path)
    c = Client("SUB", path, piece=piece)
    c.send(b"ab")
    if kind == zmq.XPUB:
        assert pub.recv() == b"\1ab"
    else:
        while not select.select([c.proc.stdout], [], [], 0.05)[0]:
            pub.send_multipart([b"ab", b"probe"])  # plain PUB gives no other sign that the subscription arrived
    pub.send_multipart([b"b", b"not for us"])
    for sizes in SIZES:
        pub.send_multipart([b"ab" + b"x" * sizes[0]] + [bytes(n) for n in sizes])
    for sizes in SIZES:
        got = c.recv()
        while got == [b"ab", b"probe"]:
            got = c.recv()
        assert got == [b"ab" + b"x" * sizes[0]] + [bytes(n) for n in sizes]
    c.close()


def test_pings_are_answered(context, tmp_path):
    """libzmq drops a peer that does not answer its heartbeat."""
    router, path = bound(context, zmq.ROUTER, tmp_path, heartbeat_ivl=50, heartbeat_timeout=200)
    c = Client("DEALER", path, "me", 3)
    c.send(b"1")
    identity = router.recv_multipart()[0]
    assert not router.poll(1000)
    router.send_multipart([identity, b"still there"])
    assert c.recv() == [b"still there"]
    c.close()


def test_what_is_too_large_is_cut_and_the_next_arrives(context, tmp_path):
    router, path = bound(context, zmq.ROUTER, tmp_path)
    c = Client("DEALER", path, "me")
    c.send(b"1")
    identity = router.recv_multipart()[0]
    router.send_multipart([identity, b"a", bytes(3 << 20), b"b"])
    router.send_multipart([identity, b"next"])
    first, second, third = c.line().split(" ")
    assert first == b"a".hex() and third == "+1"
    assert second == "00" * ((1 << 20) - 1) + f"+{(2 << 20) + 1}"
    assert c.recv() == [b"next"]
    c.close()


def test_a_peer_of_the_wrong_type_is_refused(context, tmp_path):
    _pull, path = bound(context, zmq.PULL, tmp_path)
    p = subprocess.Popen([CLIENT, "DEALER", path, "", "64"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline().startswith("ERROR")
    p.stdin.close(), p.stdout.close()
    assert p.wait(10) == 1
