# SPDX-License-Identifier: Apache-2.0
"""jupyter_kernel_test, by which kernels are judged, for Python by way of the agent's WebSocket, in both framings."""

import queue
import time
from collections import deque

import jupyter_kernel_test
import pytest
import websocket
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.session import Session

from kernelsocket import Socket

# Upstream waits 0.1 s for what a quiet machine has long sent; what has been asked for is worth this much.
PATIENCE_S = 60


class Channel:
    """One of jupyter_client's channels; all four share a WebSocket."""

    def __init__(self, line, name):
        self.line, self.name = line, name
        self.waiting = deque()

    def send(self, msg):
        mid = self.line.socket.send(msg["header"]["msg_type"], msg["content"], self.name)
        # The id that went out is the one that the caller will look for.
        msg["header"]["msg_id"] = msg["msg_id"] = mid
        if self.name in ("shell", "control"):
            self.line.unanswered[self.name].add(mid)
            self.line.unanswered["iopub"].add(mid)

    def get_msg(self, timeout=None):
        end = time.monotonic() + (PATIENCE_S if timeout is None else timeout)
        while not self.waiting:
            if self.line.unanswered.get(self.name):
                end = max(end, time.monotonic() + PATIENCE_S)
            left = end - time.monotonic()
            if left <= 0 or not self.line.read(left):
                raise queue.Empty
        return self.waiting.popleft()


class Line:
    """What comes in by a WebSocket, sorted by channel, and which requests have not been answered yet."""

    def __init__(self, socket):
        self.socket = socket
        self.unanswered = {"shell": set(), "control": set(), "iopub": set()}
        self.channels = {name: Channel(self, name) for name in ("shell", "iopub", "stdin", "control")}

    def read(self, timeout):
        try:
            msg = self.socket.recv(timeout)
        except websocket.WebSocketTimeoutException:
            return False
        parent, name = msg["parent_header"].get("msg_id"), msg.pop("channel")
        if name != "iopub" or (msg["header"]["msg_type"] == "status" and msg["content"]["execution_state"] == "idle"):
            self.unanswered.get(name, set()).discard(parent)
        # What a kernel says of itself while it starts (debugpy's warnings) is nobody's answer.
        if parent or name != "iopub":
            self.channels[name].waiting.append(msg)
        return True


class Client(BlockingKernelClient):
    def __init__(self, socket):
        super().__init__(session=Session(session=socket.session))
        self.line = Line(socket)

    shell_channel = property(lambda self: self.line.channels["shell"])
    iopub_channel = property(lambda self: self.line.channels["iopub"])
    stdin_channel = property(lambda self: self.line.channels["stdin"])
    control_channel = property(lambda self: self.line.channels["control"])


class PythonTests(jupyter_kernel_test.KernelTests):
    """What upstream asks of a kernel, nothing left out; each framing is a class of its own."""

    __test__ = False
    v1 = True
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = [{"text": "zi", "matches": {"zip"}}]
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n"]
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2"]
    invalid_code_samples = ["import = 7q"]
    code_page_something = "zip?"
    code_generate_error = "raise"
    code_execute_result = [{"code": "1+2+3", "result": "6"}, {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"}]
    code_display_data = [
        {"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"},
        {"code": "from IPython.display import Math, display; display(Math('\\\\frac{1}{2}'))", "mime": "text/latex"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "search")  # IPython calls its own session 0 in a range, for upstream a fault
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"

    @classmethod
    def setUpClass(cls):
        """The kernel is the agent's: see `one_kernel`."""

    @classmethod
    def tearDownClass(cls):
        pass

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def one_kernel(cls, agent):
        socket = Socket(agent, agent.new_kernel(), cls.v1)
        cls.kc = Client(socket)
        yield
        socket.close()
        agent.call("DELETE", f"api/kernels/{socket.kid}", 204)


class TestV1(PythonTests):
    __test__ = True


class TestLegacy(PythonTests):
    __test__ = True
    v1 = False
