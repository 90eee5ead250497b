# SPDX-License-Identifier: Apache-2.0
"""A kernel that is never the limit: `execute "COUNT SIZE"` answers COUNT stream messages of SIZE characters, as fast as they
can be signed. What a server makes of them is the server's own rate.

usage: firehose.py CONNECTION_FILE
"""

import hashlib
import hmac
import json
import sys
import threading
import uuid

import zmq

INFO = {"status": "ok", "protocol_version": "5.3", "implementation": "firehose", "implementation_version": "1",
        "language_info": {"name": "text", "version": "1", "mimetype": "text/plain", "file_extension": ".txt"}, "banner": ""}


class Firehose:
    def __init__(self, conf):
        self.key, self.session, self.context = conf["key"].encode(), uuid.uuid4().hex, zmq.Context()
        sep = "-" if conf["transport"] == "ipc" else ":"
        kinds = {"shell": zmq.ROUTER, "control": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.PUB, "hb": zmq.REP}
        for name, kind in kinds.items():
            s = self.context.socket(kind)
            s.linger = 1000
            s.sndhwm = 0
            s.bind(f"{conf['transport']}://{conf['ip']}{sep}{conf[name + '_port']}")
            setattr(self, name, s)
        threading.Thread(target=zmq.proxy, args=(self.hb, self.hb), daemon=True).start()

    def send(self, to, ids, kind, parent, content):
        header = json.dumps({"msg_id": uuid.uuid4().hex, "session": self.session, "username": "kernel", "msg_type": kind,
                             "version": "5.3", "date": "2026-01-01T00:00:00Z"}).encode()
        parts = [header, parent, b"{}", content if isinstance(content, bytes) else json.dumps(content).encode()]
        mac = hmac.new(self.key, digestmod=hashlib.sha256)
        for p in parts:
            mac.update(p)
        to.send_multipart([*ids, b"<IDS|MSG>", mac.hexdigest().encode(), *parts])

    def answer(self, channel):
        frames = channel.recv_multipart()
        at = frames.index(b"<IDS|MSG>")
        ids, header, content = frames[:at], frames[at + 2], json.loads(frames[at + 5])
        kind = json.loads(header)["msg_type"]
        self.send(self.iopub, [b"status"], "status", header, {"execution_state": "busy"})
        if kind == "execute_request":
            count, size = (int(x) for x in content["code"].split())
            text = json.dumps({"name": "stdout", "text": "x" * (size - 1) + "\n"}).encode()
            for _ in range(count):
                self.send(self.iopub, [b"stream"], "stream", header, text)
            self.send(channel, ids, "execute_reply", header, {"status": "ok", "execution_count": 1, "user_expressions": {}})
        elif kind == "kernel_info_request":
            self.send(channel, ids, "kernel_info_reply", header, INFO)
        elif kind == "shutdown_request":
            self.send(channel, ids, "shutdown_reply", header, {"status": "ok", "restart": content.get("restart", False)})
        self.send(self.iopub, [b"status"], "status", header, {"execution_state": "idle"})
        return kind != "shutdown_request"

    def run(self):
        poller = zmq.Poller()
        poller.register(self.shell, zmq.POLLIN)
        poller.register(self.control, zmq.POLLIN)
        while all(self.answer(s) for s, _ in poller.poll()):
            pass


if __name__ == "__main__":
    with open(sys.argv[1]) as f:
        Firehose(json.load(f)).run()
