# SPDX-License-Identifier: Apache-2.0
"""A core by itself at a TCP port of this machine: for the CLI and for browsers."""

import socket
import threading


class Bridge:
    """The core's unix socket at a TCP port of this machine."""

    def __init__(self, path):
        self.path = str(path)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()

    def accept(self):
        while True:
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            b = socket.socket(socket.AF_UNIX)
            try:
                b.connect(self.path)
            except OSError:  # core is down: so is its port
                a.close()
                b.close()
                continue
            for one, two in ((a, b), (b, a)):
                threading.Thread(target=self.pump, args=(one, two), daemon=True).start()

    @staticmethod
    def pump(one, two):
        try:
            while data := one.recv(65536):
                two.sendall(data)
            two.shutdown(socket.SHUT_WR)
        except OSError:
            one.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
