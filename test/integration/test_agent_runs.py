# SPDX-License-Identifier: Apache-2.0
"""Outputs of cells that run while no page looks: the notebook on disk is what a page that never closed would save."""

import hashlib
import json
import os
import random
import time
from pathlib import Path

import pytest

from frontend import FrontEnd
from kernelsocket import Agent, Socket, text
from product import BUILD, wait_for

EMPTY = {"metadata": {}, "nbformat": 4, "nbformat_minor": 5}

# Everything that an output can do, with pauses for a page to go away in.
BUSY_CELL = r"""
import sys, time
from IPython.display import display, update_display, clear_output, HTML
def nap(): time.sleep(0.02)
print('start'); nap()
for i in range(12):
    print(f'\r{i * 10:3d}% ' + '\u2588' * i, end='', flush=True); nap()
print('\rdone\b\b!'); nap()
print('warning', file=sys.stderr, flush=True); nap()
display('first', display_id='a'); nap()
display(HTML('<b>html</b>'), display_id='b'); nap()
for i in range(8):
    update_display(f'a is {i}', display_id='a'); nap()
    print('line', i, '\U0001f600', flush=True); nap()
for i in range(5):
    clear_output(wait=True); print('frame', i, flush=True); nap()
    display('shown', display_id='a'); nap()
clear_output(); nap()
display('once more', display_id='a'); update_display('and again', display_id='a'); nap()
print('\ud7ff\u20ac\rA', flush=True); nap()
display({'application/json': {'x': [1, 2.5, None]}, 'text/plain': 'json'}, raw=True); nap()
{'answer': 42}
"""


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    a = Agent(tmp_path_factory.mktemp("runs") / "root")
    try:
        yield a.start()
    finally:
        assert a.stop() == 0


def text_in(cell):
    return "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream")


class Book:
    """A notebook with a kernel, and the browser sessions that run its cells."""

    serial = 0

    def __init__(self, agent, *sources, path=None):
        Book.serial += 1
        self.agent, self.path, self.sockets = agent, path or f"book{Book.serial}.ipynb", []
        self.write(*sources)
        model = agent.call("POST", "api/sessions", 201, json={"path": self.path, "name": self.path, "type": "notebook",
                                                              "kernel": {"name": "python3"}}).json()
        self.session, self.kid = model["id"], model["kernel"]["id"]
        agent.wait_state(self.kid, "idle")

    @property
    def file(self):
        return self.agent.root / self.path

    def write(self, *sources):
        cells = [{"cell_type": "code", "id": f"c{i}", "metadata": {"at": i}, "source": s.splitlines(True), "outputs": [],
                  "execution_count": None} for i, s in enumerate(sources)]
        cells.append({"cell_type": "markdown", "id": "text", "metadata": {}, "source": ["# Title\n", "more"]})
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"cells": cells, **EMPTY}))

    def page(self, session=None):
        s = Socket(self.agent, self.kid, session=session)
        self.sockets.append(s)
        return s

    def run(self, page, cell, front=None):
        """As JupyterLab does it: the cell's source, and which cell it is."""
        source = "".join(self.cell(cell)["source"])
        msg_id = page.send("execute_request", {"code": source, "silent": False, "store_history": True, "user_expressions": {},
                                               "allow_stdin": False, "stop_on_error": True}, metadata={"cellId": cell})
        if front:
            front.began(msg_id)
        return msg_id

    def read(self):
        return json.loads(self.file.read_text())

    def cell(self, cell_id):
        return next(c for c in self.read()["cells"] if c["id"] == cell_id)

    def text(self, cell_id):
        return text_in(self.cell(cell_id))

    def texts(self):
        return [text_in(c) for c in self.read()["cells"] if c["cell_type"] == "code"]

    def runs(self, session=""):
        return self.agent.call("GET", f"api/carrel/runs?path={self.path}&session={session}", 200).json()

    def save(self, change):
        """As a page: what it has read, with its changes."""
        content = self.read()
        change(content)
        self.agent.call("PUT", f"api/contents/{self.path}", 200, json={"type": "notebook", "format": "json", "content": content})

    def close(self):
        for s in self.sockets:
            s.ws.shutdown()
        self.agent.call("DELETE", f"api/sessions/{self.session}")


def mine(page, msg_id, kind, front=None):
    """Waits for a message of that request; front sees what comes before it, too."""
    got = page.until(lambda m: m["msg_type"] == kind and m["parent_header"].get("msg_id") == msg_id)
    for m in got if front else []:
        front.take(m)
    return got[-1]


def listen(page, front, *ids, timeout=60):
    """Shows everything until all these requests are idle."""
    left, end = set(ids), time.monotonic() + timeout
    while left:
        m = page.recv(max(0.1, end - time.monotonic()))
        front.take(m)
        if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
            left.discard(m["parent_header"].get("msg_id"))


def joined(outputs):
    """Texts of the disk form as the browser has them."""
    def one(v):
        return "".join(v) if isinstance(v, list) and all(isinstance(s, str) for s in v) else v
    out = []
    for o in outputs:
        o = dict(o)
        if "text" in o:
            o["text"] = one(o["text"])
        if "data" in o:
            o["data"] = {k: v if k.endswith("json") else one(v) for k, v in o["data"].items()}
        out.append(o)
    return out


def written(book, cell, count, outputs, timeout=30):
    """The file has these outputs, and they are the whole story."""
    def check():
        c = book.cell(cell)
        return c["execution_count"] == count and joined(c["outputs"]) == outputs
    try:
        wait_for("outputs in the file", check, timeout, every=0.2)
    except AssertionError:
        c = book.cell(cell)
        assert (c["execution_count"], joined(c["outputs"])) == (count, outputs)


@pytest.mark.parametrize("how", ["1001", "1006", "killed", "1001 late"])
def test_a_page_that_goes_leaves_nothing_out(agent, how):
    """Beside it a second session that only listens: what it would show is what must be in the file."""
    book = Book(agent, BUSY_CELL)
    try:
        front, page, beside = FrontEnd(), book.page(), book.page()
        msg_id = book.run(page, "c0", front)
        mine(beside, msg_id, "execute_input", front)  # else it might go before the agent has read what it sent
        for _ in range(random.randrange(25)):
            front.take(beside.recv())
        if how == "killed":
            page.drop()
        elif how == "1006":
            page.ws.sock.close()
        elif how == "1001":
            page.ws.send_close(1001)
        else:  # all is shown and nothing saved
            listen(beside, front, msg_id)
            page.ws.send_close(1001)
        if "late" not in how:
            listen(beside, front, msg_id)
        written(book, "c0", *front.cell(msg_id))
        assert book.cell("c0")["metadata"] == {"at": 0}
        assert book.read()["cells"][1]["source"] == ["# Title\n", "more"]
        assert book.runs()["runs"] == []
        assert book.runs()["wrote"]["hash"] == hashlib.sha256(book.file.read_bytes()).hexdigest()
    finally:
        book.close()


def test_cells_that_wait_and_displays_of_other_cells(agent):
    book = Book(agent, "import time\nfrom IPython.display import display, update_display\n"
                       "h = display('one', display_id='d'); time.sleep(1)", "print('two')\nupdate_display('new', display_id='d')",
                "print?", "1/0", "print('never')")
    try:
        front, page, beside = FrontEnd(), book.page(), book.page()
        ids = [book.run(page, f"c{i}", front) for i in range(5)]
        mine(beside, ids[0], "execute_input", front)
        states = [r["state"] for r in book.runs()["runs"]]
        assert states == ["running", "queued", "queued", "queued", "queued"], states
        page.drop()
        mine(beside, ids[3], "error", front)
        for i, outputs in ((0, [{"output_type": "display_data", "metadata": {}, "data": {"text/plain": "'new'"}}]),
                           (1, [{"output_type": "stream", "name": "stdout", "text": "two\n"}])):
            assert front.cell(ids[i]) == (i + 1, outputs)
            written(book, f"c{i}", i + 1, outputs)
        wait_for("the pager's text", lambda: ["display_data"] == [o["output_type"] for o in book.cell("c2")["outputs"]], every=0.2)
        written(book, "c3", *front.cell(ids[3]))
        assert book.cell("c3")["outputs"][0]["ename"] == "ZeroDivisionError"
        assert (book.cell("c4")["execution_count"], book.cell("c4")["outputs"]) == (None, [])
        # A finished cell shows what a later one changes, though nobody looks.
        late = book.page()
        msg_id = book.run(late, "c1", front)
        late.until(lambda m: m["parent_header"].get("msg_id") == msg_id and m["msg_type"] == "stream")
        late.drop()
        wait_for("count", lambda: book.cell("c1")["execution_count"] == 5, every=0.2)
    finally:
        book.close()


def slow(n, word="step"):
    return f"import time\nfor i in range({n}):\n    print('{word}', i, flush=True); time.sleep(0.1)"


def start_unwatched(book, cell="c0"):
    page, front, beside = book.page(), FrontEnd(), book.page()
    msg_id = book.run(page, cell, front)
    mine(beside, msg_id, "stream", front)
    page.drop()
    return msg_id, front, beside


def test_a_cell_that_was_edited_is_left_alone(agent):
    book = Book(agent, slow(15), slow(3))
    try:
        msg_id, front, beside = start_unwatched(book)

        def edit(content):
            content["cells"][0]["source"] = "print('edited')"
            content["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "mine"}]
        book.save(edit)
        listen(beside, front, msg_id)
        time_out = book.run(book.page(), "c1")
        listen(beside, front, time_out)
        wait_for("the other cell", lambda: "step 2" in book.text("c1") or book.runs()["runs"], every=0.2)
        assert book.text("c0") == "mine" and book.cell("c0")["source"] == ["print('edited')"]
    finally:
        book.close()


def test_a_newer_save_keeps_what_it_changed(agent):
    book = Book(agent, slow(25), "x = 1")
    try:
        msg_id, front, beside = start_unwatched(book)
        wait_for("first outputs", lambda: "step 1" in book.text("c0"), every=0.2)

        def change(content):
            content["cells"][1]["source"] = "x = 2"
            content["cells"].append({"cell_type": "markdown", "id": "new", "metadata": {}, "source": "added"})
            content["cells"][0]["outputs"] = []
            content["metadata"]["mine"] = True
        book.save(change)
        # Another program writes it, too, in a form of its own.
        outside = book.read()
        outside["metadata"]["outside"] = 1
        book.file.write_text(json.dumps(outside))
        listen(beside, front, msg_id)
        written(book, "c0", *front.cell(msg_id))
        nb = book.read()
        assert nb["cells"][1]["source"] == ["x = 2"] and nb["cells"][-1]["source"] == ["added"]
        assert nb["metadata"] == {"mine": True, "outside": 1}
    finally:
        book.close()


def test_the_file_is_followed_through_renames(agent):
    book = Book(agent, slow(30), path="deep/er/name.ipynb")
    try:
        msg_id, front, beside = start_unwatched(book)
        agent.call("PATCH", "api/contents/deep/er/name.ipynb", 200, json={"path": "deep/er/other.ipynb"})
        agent.call("PATCH", "api/contents/deep", 200, json={"path": "moved"})
        book.path = "moved/er/other.ipynb"
        assert agent.call("GET", f"api/sessions/{book.session}", 200).json()["path"] == book.path
        agent.call("PATCH", f"api/contents/{book.path}", 200, json={"path": "moved/third.ipynb"})
        agent.call("PATCH", f"api/sessions/{book.session}", 200, json={"path": "moved/third.ipynb"})
        book.path = "moved/third.ipynb"
        # Away for a while, as a tool does that writes a new file in its place.
        hidden = book.file.with_suffix(".away")
        os.rename(book.file, hidden)
        listen(beside, front, msg_id)
        os.rename(hidden, book.file)
        assert book.runs()["runs"][0]["state"] == "done"
        assert joined(agent.call("GET", f"api/contents/{book.path}", 200).json()["content"]["cells"][0]["outputs"]) == \
            front.cell(msg_id)[1]
        written(book, "c0", *front.cell(msg_id))
        assert not (agent.root / "deep").exists()
    finally:
        book.close()


def test_what_a_page_saved_is_not_written_again(agent):
    book = Book(agent, slow(3), slow(2, "other"))
    try:
        page, front = book.page(), FrontEnd()
        msg_id = book.run(page, "c0", front)
        listen(page, front, msg_id)
        count, outputs = front.cell(msg_id)
        ended = time.monotonic()

        def show(content):
            content["cells"][0].update(outputs=outputs, execution_count=count)
        assert book.text("c0") == ""  # the page is there: it saves, nobody else
        wait_for("a moment", lambda: time.monotonic() - ended > 3.5)
        book.save(show)
        # The page clears the output and saves again: it stays so, whoever leaves how.
        book.save(lambda content: content["cells"][0].update(outputs=[], execution_count=None))
        before = book.file.stat().st_mtime_ns
        # Closed on purpose, without saving: what it had shown goes with it.
        msg_id = book.run(page, "c1", front)
        listen(page, front, msg_id)
        page.ws.close(status=1000)
        wait_for("no page", lambda: agent.model(book.kid)["connections"] == 0)
        last = start_unwatched(book, "c0")
        listen(last[2], last[1], last[0])
        written(book, "c0", *last[1].cell(last[0]))
        assert book.file.stat().st_mtime_ns != before and book.text("c1") == ""
    finally:
        book.close()


def test_a_save_that_shows_an_earlier_run_is_not_the_save_of_this_one(agent):
    """Another page's, which was read before; nor does it become one because the cell was cleared."""
    book = Book(agent, "# " + "long \\ \"source\" " * 20 + "\nprint('new')", "print('cleared')")
    try:
        old = [{"output_type": "stream", "name": "stdout", "text": "old\n"}]
        book.save(lambda content: [c.update(outputs=old, execution_count=77) for c in content["cells"][:2]])
        page, front = book.page(), FrontEnd()
        ids = [book.run(page, f"c{i}", front) for i in range(2)]
        listen(page, front, *ids)
        ended = time.monotonic()
        wait_for("a moment", lambda: time.monotonic() - ended > 3.5)
        book.save(lambda content: content["cells"][1].update(outputs=[], execution_count=None))
        assert (book.text("c0"), book.text("c1")) == ("old\n", "")
        page.drop()
        written(book, "c0", *front.cell(ids[0]))
        assert (book.cell("c1")["execution_count"], book.cell("c1")["outputs"]) == (None, [])
    finally:
        book.close()


def test_hundreds_of_cells_that_wait_are_written_in_turns(agent):
    """Run All, and the tab is closed: all cells but the first are emptied, group by group, and others are answered."""
    n = 120
    book = Book(agent, "import time\nprint('first', flush=True); time.sleep(4)", *[f"print({i})" for i in range(n)])
    try:
        old = [{"output_type": "stream", "name": "stdout", "text": ["y" * 99 + "\n"] * 300}]
        book.save(lambda content: [c.update(outputs=old, execution_count=7) for c in content["cells"][:-1]])
        page = book.page()
        first, *others = [book.run(page, f"c{i}") for i in range(n + 1)]
        mine(page, first, "stream")
        wait_for("all of them", lambda: len(book.runs()["runs"]) == n + 1)
        page.drop()
        wait_for("the last one's output", lambda: book.text(f"c{n}") == f"{n - 1}\n", 60, every=0.5)
        wait_for("all outputs", lambda: book.texts()[1:] == [f"{i}\n" for i in range(n)], 60, every=1)
        assert book.text("c0") == "first\n" and book.runs()["runs"] == []
    finally:
        book.close()


def test_another_page_follows_a_run(agent):
    book = Book(agent, slow(25))
    try:
        msg_id, front, beside = start_unwatched(book)
        for _ in range(3):
            mine(beside, msg_id, "stream", front)
        page = book.page()
        opened = agent.call("GET", f"api/contents/{book.path}?content=1", 200).json()["content"]
        assert "step 2" in "".join(opened["cells"][0]["outputs"][0]["text"])
        seen = page.until(lambda m: m["msg_type"] == "stream" and m["parent_header"].get("msg_id") == msg_id)
        answer = book.runs(page.session)
        run, = answer["runs"]
        assert (run["state"], run["cell_id"], run["msg_id"]) == ("running", "c0", msg_id)
        assert run["execution_count"] == 1 and run["started_at"] and answer["kernel_id"] == book.kid
        before = book.file.stat().st_mtime_ns
        seen += page.until(lambda m: m["msg_type"] == "status" and m["parent_header"].get("msg_id") == msg_id)
        # What came after is what is missing; `last` says where.
        at, = [i for i, m in enumerate(seen) if m["header"]["msg_id"] == run["last"]]
        text_so_far, after = run["outputs"][0]["text"], seen[at + 1:]
        listen(beside, front, msg_id)
        assert text_so_far + text(after) == front.cell(msg_id)[1][0]["text"]
        assert book.file.stat().st_mtime_ns == before  # followed: the page will save
        assert book.runs(page.session)["runs"][0]["state"] == "done"
        page.drop()
        written(book, "c0", *front.cell(msg_id))
        assert agent.call("GET", "api/carrel/runs?path=none.ipynb").status_code == 404
    finally:
        book.close()


def test_a_kernel_that_dies_says_so_in_the_file(agent):
    book = Book(agent, slow(8) + "\nimport os; os.kill(os.getpid(), 11)")
    try:
        start_unwatched(book)
        wait_for("the reason", lambda: "DeadKernelError" in [o.get("ename") for o in book.cell("c0")["outputs"]], every=0.2)
        assert "step 7" in book.text("c0") and "signal 11" in book.cell("c0")["outputs"][-1]["evalue"]
    finally:
        book.close()


def test_a_kernel_that_dies_before_it_spoke_says_so_too(agent):
    """It sends from a thread: killed by its first line, it may never have said that it began."""
    book = Book(agent, "get_ipython().kernel._publish_status = lambda *a, **k: None", "import os; os.kill(os.getpid(), 9)", "1")
    try:
        page = book.page()
        mine(page, book.run(page, "c0"), "execute_reply")
        killed, waits = book.run(page, "c1"), book.run(page, "c2")
        got = page.until(lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "restarting")
        said = [(m["msg_type"], m["parent_header"].get("msg_id")) for m in got]
        for kind in ("error", "execute_reply", "status"):
            assert said.count((kind, killed)) == 1, said
            assert (kind, waits) not in said
        book.save(lambda content: None)
        assert [r["state"] for r in book.runs()["runs"]] == ["done"] * len(book.runs()["runs"])
    finally:
        book.close()


def test_an_agent_that_ends_writes_first(tmp_path):
    agent = Agent(tmp_path / "root").start()
    try:
        book, watched = Book(agent, slow(1000)), Book(agent, slow(1000))
        msg_id, front, beside = start_unwatched(book)
        page = watched.page()
        other = watched.run(page, "c0")
        for _ in range(4):
            mine(beside, msg_id, "stream", front)
            mine(page, other, "stream")
    finally:
        assert agent.stop() == 0
    assert "step 3" in book.text("c0") and book.cell("c0")["execution_count"] == 1
    assert "step 3" in watched.text("c0")


def test_a_million_lines_without_a_browser(agent):
    book = Book(agent, "import time\nprint('begin', flush=True); time.sleep(1)\nfor i in range(0, 1000000, 50): "
                       "print('\\n'.join(map(str, range(i, i + 50))))\nprint('end')")
    try:
        idle_kb = agent.memory_kb("Anonymous")
        page = book.page()
        msg_id = book.run(page, "c0")
        mine(page, msg_id, "stream")
        page.drop()
        page.ws.shutdown()
        # Reading 18 MB of JSON again and again would be the test's own load.
        wait_for("the end", lambda: b'end\\n"' in book.file.read_bytes()[-1000:], 120, every=0.5)
        lines = book.text("c0").splitlines()
        assert lines[1:-1] == [str(i) for i in range(1000000)] and lines[0] == "begin"
        def little():
            kept = agent.memory_kb("Anonymous") - idle_kb
            assert kept < 20_000, f"{kept} kB more than before"  # of 36 MB; a libc keeps pages between what is still used
            return True

        wait_for("little memory", little, every=0.5)
    finally:
        book.close()


def test_a_bar_that_runs_long_stays_small(agent):
    """40 MB of carriage returns come to one line, and the log is made small on the way."""
    book = Book(agent, "import sys\nfor i in range(20000): print('\\r' + 'x' * 2000 + str(i), end='', flush=i % 50 == 0)")
    try:
        page = book.page()
        msg_id = book.run(page, "c0")
        page.until(lambda m: m["parent_header"].get("msg_id") == msg_id)
        page.drop()
        wait_for("the last of it", lambda: book.text("c0").endswith("x19999"), 60, every=0.2)
        assert book.text("c0") == "x" * 2000 + "19999"
    finally:
        book.close()


def test_cells_without_ids_are_found_by_their_source(agent):
    book = Book(agent)
    try:
        def cell(source):
            return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        code = "print('found')"
        book.file.write_text(json.dumps({"cells": [cell("x=1"), cell([code]), cell("x=1")], "metadata": {}, "nbformat": 4,
                                         "nbformat_minor": 4}))
        page = book.page()
        for source in (code, "x=1"):
            msg_id = page.send("execute_request", {"code": source, "silent": False}, metadata={"cellId": "made up " + source})
            mine(page, msg_id, "execute_reply")
        page.drop()
        wait_for("outputs", lambda: book.read()["cells"][1]["outputs"], every=0.2)
        counts = [c["execution_count"] for c in book.read()["cells"]]
        assert counts == [None, 1, None] and "id" not in book.read()["cells"][1]
    finally:
        book.close()


def test_a_full_disk_costs_outputs_and_no_file(tmp_path, monkeypatch):
    """No room from one moment to another: the notebook stays as it was, and what the disk took is written when it can."""
    program = Path(os.environ.get("CARREL_AGENT", str(BUILD / "src/agent/carrel-agent"))).read_bytes()
    if b"libasan" in program or b"/ld-linux" not in program:
        pytest.skip("nothing can be preloaded into this build")
    full = tmp_path / "full"
    monkeypatch.setenv("LD_PRELOAD", str(BUILD / "test/integration/libfulldisk.so"))
    monkeypatch.setenv("FULLDISK", str(full))
    agent = Agent(tmp_path / "root").start()
    monkeypatch.undo()
    try:
        book = Book(agent, slow(60))
        start_unwatched(book)
        wait_for("first outputs", lambda: "step 5" in book.text("c0"), every=0.2)
        full.touch()
        before = book.file.read_bytes()
        wait_for("a word in the log", lambda: "outputs_not_written" in agent.log.read_text(), every=0.2)
        assert agent.log.read_text().count("outputs_not_kept") == 1
        assert json.loads(before) and book.file.read_bytes() == before
        full.unlink()
        wait_for("all there is", lambda: "step 59" in book.text("c0"), 60, every=0.2)
        assert "the disk was full" in book.text("c0") and "step 0" in book.text("c0")
        assert not [f for f in os.listdir(agent.root) if f.startswith(".~")]
    finally:
        full.unlink(missing_ok=True)
        assert agent.stop() == 0
