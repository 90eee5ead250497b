# SPDX-License-Identifier: Apache-2.0
"""What front ends say to kernels beside running cells: the debugger, completion, inspection, history, comms and
widgets with binary buffers, input, outputs that change, subshells. A real ipykernel, by way of `carrel-agent serve`."""

import hashlib
import time

import pytest

from kernelsocket import Agent, Socket, of, text
from product import wait_for


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("talk") / "root")
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


@pytest.fixture(params=["v1", "legacy"])
def s(request, agent):
    kid = agent.new_kernel()
    s = Socket(agent, kid, request.param == "v1")
    yield s
    agent.call("DELETE", f"api/kernels/{kid}")


@pytest.fixture
def one(agent):
    kid = agent.new_kernel()
    yield Socket(agent, kid)
    agent.call("DELETE", f"api/kernels/{kid}")


def active(agent):
    return agent.call("GET", "carrel/activity", 200).json()


class Debugger:
    """JupyterLab's side of the debug adapter protocol, as far as a breakpoint needs it."""

    def __init__(self, s):
        self.s, self.seq, self.events = s, 0, []

    def ask(self, command, **arguments):
        """Events may come before the reply: another channel."""
        self.seq += 1
        mid = self.s.send("debug_request", channel="control", content={
            "type": "request", "seq": self.seq, "command": command, "arguments": arguments})
        got = self.s.until(lambda m: m["channel"] == "control" and m["parent_header"].get("msg_id") == mid)
        self.events += of(got, "debug_event")
        self.s.seen += got
        assert got[-1]["content"]["success"], got[-1]
        return got[-1]["content"].get("body") or {}

    def start(self):
        self.ask("initialize", clientID="jupyterlab", clientName="JupyterLab", adapterID="python", pathFormat="path",
                 linesStartAt1=True, columnsStartAt1=True, supportsVariableType=True, supportsVariablePaging=True,
                 supportsRunInTerminalRequest=True, locale="en")
        self.ask("attach")

    def event(self, name):
        while not any(e["content"]["event"] == name for e in self.events):
            self.events += of([self.s.recv()], "debug_event")
        at = next(i for i, e in enumerate(self.events) if e["content"]["event"] == name)
        return self.events.pop(at)["content"]["body"]


def rest_of(s, mid):
    """All messages of a request, those that came while something else was waited for among them."""
    got = [m for m in s.seen if m["parent_header"].get("msg_id") == mid]
    while not (of(got, "execute_reply") and any(m["content"]["execution_state"] == "idle" for m in of(got, "status"))):
        m = s.recv()
        if m["parent_header"].get("msg_id") == mid:
            got.append(m)
    return got


def test_a_breakpoint_is_hit_and_the_cell_goes_on(agent, one):
    d = Debugger(one)
    assert d.ask("debugInfo")["isStarted"] is False
    d.start()
    assert d.ask("debugInfo")["isStarted"] is True
    code = "def f(n):\n    m = n * 2\n    return m + 1\nprint('f', f(20))"
    source = d.ask("dumpCell", code=code)["sourcePath"]
    got = d.ask("setBreakpoints", source={"path": source}, breakpoints=[{"line": 3}], sourceModified=False)
    assert got["breakpoints"][0]["verified"] is True
    d.ask("configurationDone")
    mid = one.start(code)
    thread = d.event("stopped")["threadId"]
    # The cell counts as busy all the while, and as nobody's work: a person is waited for.
    assert agent.model(one.kid)["execution_state"] == "busy"
    now = active(agent)
    kernel = next(k for k in now["kernels"] if k["id"] == one.kid)
    assert kernel["active"] is False and "breakpoint" in kernel["why"]
    # Everything below comes over control while the shell is busy.
    frame = d.ask("stackTrace", threadId=thread)["stackFrames"][0]
    assert frame["line"] == 3 and frame["name"] == "f"
    scope = d.ask("scopes", frameId=frame["id"])["scopes"][0]
    values = {v["name"]: v["value"] for v in d.ask("variables", variablesReference=scope["variablesReference"])["variables"]}
    assert values["n"] == "20" and values["m"] == "40"
    assert d.ask("evaluate", expression="m * 100", frameId=frame["id"], context="repl")["result"] == "4000"
    d.ask("next", threadId=thread)
    d.event("stopped")
    d.ask("continue", threadId=thread)
    assert "f 41\n" in text(rest_of(one, mid))
    wait_for("an idle kernel", lambda: agent.model(one.kid)["execution_state"] == "idle")
    d.ask("disconnect", restart=False, terminateDebuggee=False)


def test_completion_inspection_and_history(s):
    s.run("import math\nspeed_of_light = 299792458")
    got = s.ask("complete_request", {"code": "speed_", "cursor_pos": 6})
    assert got["status"] == "ok" and "speed_of_light" in got["matches"] and got["cursor_start"] == 0
    got = s.ask("inspect_request", {"code": "math.cos", "cursor_pos": 8, "detail_level": 0})
    assert got["found"] and "cosine" in got["data"]["text/plain"]
    assert s.ask("is_complete_request", {"code": "for i in x:"})["status"] == "incomplete"
    got = s.ask("history_request", {"output": False, "raw": True, "hist_access_type": "tail", "n": 5})
    assert any("speed_of_light" in entry[2] for entry in got["history"])
    assert s.ask("comm_info_request", {"target_name": "jupyter.widget"})["comms"] == {}


def test_input_and_a_password(agent, s):
    mid = s.start("import getpass\nn = input('name? ')\np = getpass.getpass('secret? ')\nprint(n, len(p))", allow_stdin=True)
    ask = s.until(lambda m: m["msg_type"] == "input_request")[-1]["content"]
    assert ask == {"prompt": "name? ", "password": False}
    # Waiting for a person is no work, and the model still says busy.
    assert agent.model(s.kid)["execution_state"] == "busy"
    kernel = next(k for k in active(agent)["kernels"] if k["id"] == s.kid)
    assert kernel["active"] is False and "input" in kernel["why"]
    s.send("input_reply", {"value": "Ada", "status": "ok"}, channel="stdin")
    ask = s.until(lambda m: m["msg_type"] == "input_request")[-1]["content"]
    assert ask == {"prompt": "secret? ", "password": True}
    s.send("input_reply", {"value": "hunter2", "status": "ok"}, channel="stdin")
    got = s.finish(mid)
    assert text(got) == "Ada 7\n" and "hunter2" not in str(got)


def test_outputs_that_change(s):
    got = s.run("from IPython.display import display, clear_output, HTML\n"
                "h = display('one', display_id='d1')\n"
                "h.update('two')\n"
                "print('gone')\nclear_output(wait=True)\nprint('stays')\n"
                "display(HTML('<b>x</b>'), metadata={'text/html': {'isolated': True}})")
    first, html = of(got, "display_data")
    change = of(got, "update_display_data")[0]
    assert first["content"]["transient"] == {"display_id": "d1"} == change["content"]["transient"]
    assert change["content"]["data"]["text/plain"] == "'two'"
    assert of(got, "clear_output")[0]["content"] == {"wait": True}
    assert html["content"]["metadata"]["text/html"] == {"isolated": True}
    order = [m["msg_type"] for m in got if m["channel"] == "iopub" and m["msg_type"] != "status"]
    assert order == ["execute_input", "display_data", "update_display_data", "stream", "clear_output", "stream", "display_data"]


def test_a_slider_moves_a_plot(s):
    """ipywidgets: the browser's state change calls the user's function, whose output comes with the right parent."""
    got = s.run("import ipywidgets as w\nfrom IPython.display import display\n"
                "slider = w.IntSlider(value=3, max=50)\nlabel = w.Label()\n"
                "def moved(change):\n    label.value = f\"now {change['new']}\"\n"
                "slider.observe(moved, 'value')\ndisplay(slider, label)")
    opened = {m["content"]["data"]["state"]["_model_name"]: m["content"]["comm_id"] for m in of(got, "comm_open")}
    assert {"IntSliderModel", "LabelModel"} <= set(opened)
    assert "application/vnd.jupyter.widget-view+json" in of(got, "display_data")[0]["content"]["data"]
    mid = s.send("comm_msg", {"comm_id": opened["IntSliderModel"],
                              "data": {"method": "update", "state": {"value": 42}, "buffer_paths": []}})
    change = s.until(lambda m: m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == opened["LabelModel"])[-1]
    assert change["content"]["data"]["state"] == {"value": "now 42"} and change["parent_header"]["msg_id"] == mid
    assert s.ask("comm_info_request", {"target_name": "jupyter.widget"})["comms"].keys() >= set(opened.values())
    assert text(s.run("print(slider.value)")) == "42\n"


def test_widgets_with_binary_buffers(s):
    got = s.run("import ipywidgets as w\nimage = w.Image(value=bytes(range(256)) * 1000)\nimage")
    image = next(m for m in of(got, "comm_open") if m["content"]["data"]["state"].get("_model_name") == "ImageModel")
    assert image["content"]["data"]["buffer_paths"] == [["value"]] and image["buffers"] == [bytes(range(256)) * 1000]
    data = bytes(255 - i % 256 for i in range(700_001))
    s.send("comm_msg", {"comm_id": image["content"]["comm_id"],
                        "data": {"method": "update", "state": {}, "buffer_paths": [["value"]]}}, buffers=[data])
    assert text(s.run("import hashlib; print(len(image.value), hashlib.md5(image.value).hexdigest())")) == \
        f"{len(data)} {hashlib.md5(data).hexdigest()}\n"


def test_an_interactive_plot_draws_as_the_mouse_moves(one):
    """%matplotlib widget: ipympl sends each picture as a buffer of 4 bytes per pixel."""
    got = one.run("%matplotlib widget\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(); ax.plot([1, 3, 2]); fig.canvas",
                  timeout=180)
    assert of(got, "execute_reply")[0]["content"]["status"] == "ok", got[-3:]
    canvas = next(m for m in of(got, "comm_open") if m["content"]["data"]["state"].get("_model_name") == "MPLCanvasModel")
    comm = canvas["content"]["comm_id"]

    def tell(**content):
        one.send("comm_msg", {"comm_id": comm, "data": {"method": "custom", "content": content}})

    tell(type="send_image_mode")
    tell(type="set_device_pixel_ratio", device_pixel_ratio=1)
    tell(type="refresh")
    tell(type="draw")
    frame = one.until(lambda m: m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == comm and m["buffers"])[-1]
    assert [len(b) for b in frame["buffers"]] == [640 * 480 * 4]
    for i in range(20):
        tell(type="motion_notify", x=300 + i, y=200, button=0, buttons=0, step=0, modifiers=[], guiEvent={})
    one.until(lambda m: m["msg_type"] == "comm_msg" and "(x, y)" in m["content"]["data"].get("state", {}).get("_message", ""))
    tell(type="resize", width=320, height=240)
    tell(type="draw")
    frame = one.until(lambda m: m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == comm and m["buffers"])[-1]
    assert [len(b) for b in frame["buffers"]] == [320 * 240 * 4]


def test_a_subshell_runs_beside_a_busy_cell(agent, one):
    """JEP 91: the header's subshell_id goes through, and the subshell's end is not the end of the cell."""
    one.run("1")
    sub = one.ask("create_subshell_request", {}, channel="control")["subshell_id"]
    mid = one.start("import time\nwhile not globals().get('stop'): time.sleep(0.05)\nprint('stopped')")
    agent.wait_state(one.kid, "busy")
    # The cell waits for a variable that only the subshell can set.
    other = one.send("execute_request", {"code": "print('beside')", "silent": False, "store_history": False,
                                         "user_expressions": {}, "allow_stdin": False}, header={"subshell_id": sub})
    got = one.finish(other)
    assert text(got) == "beside\n" and of(got, "execute_reply")[0]["parent_header"]["subshell_id"] == sub
    assert agent.model(one.kid)["execution_state"] == "busy"
    kernel = next(k for k in active(agent)["kernels"] if k["id"] == one.kid)
    assert kernel["active"] is True
    assert one.ask("list_subshell_request", {}, channel="control")["subshell_id"] == [sub]
    one.send("execute_request", {"code": "stop = True", "silent": False, "store_history": False,
                                       "user_expressions": {}, "allow_stdin": False}, header={"subshell_id": sub})
    got = []
    while not any(m["msg_type"] == "execute_reply" and m["parent_header"]["msg_id"] == mid for m in got):
        got.append(one.recv())
    agent.wait_state(one.kid, "idle")
    assert one.ask("delete_subshell_request", {"subshell_id": sub}, channel="control")["status"] == "ok"


def info(s):
    """Without its banner, which is never the same."""
    return {k: v for k, v in s.ask("kernel_info_request", {}).items() if k != "banner"}


def test_info_is_kept_while_a_cell_runs_and_new_after_a_restart(agent, one):
    before = info(one)
    mid = one.start("import time; time.sleep(2)")
    agent.wait_state(one.kid, "busy")
    began = time.monotonic()
    assert info(one) == before
    assert time.monotonic() - began < 1.9
    one.finish(mid)
    agent.call("POST", f"api/kernels/{one.kid}/restart", 200)
    assert info(one) == before
