# SPDX-License-Identifier: Apache-2.0
"""What JupyterLab's output area makes of a cell's messages, written down a second time: the simple way, on whole strings."""

import json
import re


def units(text):
    """UTF-16 code units, one character each, as a browser counts."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))


def characters(text):
    raw = b"".join(ord(c).to_bytes(2, "little") for c in text)
    return raw.decode("utf-16-le", "replace")


def type_text(index, new, text):
    """Writes `new` into `text` at the cursor: (text, cursor)."""
    for part in re.split("([\n\b\r])", new):
        if part == "\n":
            text += "\n"
            index = len(text)
        elif part == "\r":
            index = text.rfind("\n", 0, index) + 1
        elif part == "\b":
            if index > 0 and text[index - 1] != "\n":
                text = text[:index - 1] + text[index + 1:]
                index -= 1
        else:
            text = text[:index] + part + text[index + len(part):]
            index += len(part)
    return text, index


class Area:
    """The outputs of one cell."""

    def __init__(self):
        self.outputs, self.names = [], {}
        self.stream, self.index, self.clear_next = None, 0, False

    def clear(self, wait=False):
        self.stream = None
        if wait:
            self.clear_next = True
        else:
            self.outputs, self.names = [], {}

    def add(self, output):
        if self.clear_next:
            self.clear()
            self.clear_next = False
        if output["output_type"] != "stream":
            self.stream = None
            self.outputs.append(output)
            return
        if output["name"] != self.stream:
            self.outputs.append({**output, "text": ""})
            self.stream, self.index = output["name"], 0
        last = self.outputs[-1]
        last["text"], self.index = type_text(self.index, units(output["text"]), last["text"])

    def update(self, name, output):
        for i in self.names.get(name, []):
            self.outputs[i] = output

    def saved(self):
        return [{**o, "text": characters(o["text"])} if o["output_type"] == "stream" else o for o in self.outputs]


class FrontEnd:
    """All cells of a page, by the request that ran each last."""

    def __init__(self):
        self.areas, self.counts, self.showing = {}, {}, {}

    def began(self, msg_id):
        self.areas[msg_id] = Area()

    def take(self, m):
        parent, kind, content = m["parent_header"].get("msg_id"), m["msg_type"], dict(m["content"])
        area = self.areas.get(parent)
        transient = content.pop("transient", None) or {}
        name = transient.get("display_id")
        if name and kind in ("display_data", "update_display_data", "execute_result"):
            shown = {"metadata": {}, **content, "output_type": "display_data"}
            for p in self.showing.get(name, []):
                self.areas[p].update(name, shown)
            if kind != "update_display_data" and area and parent not in self.showing.setdefault(name, []):
                self.showing[name].append(parent)
        if not area:
            return
        if kind == "execute_input":
            self.counts[parent] = content["execution_count"]
        elif kind == "clear_output":
            area.clear(content["wait"])
        elif kind in ("stream", "display_data", "execute_result", "error"):
            area.add({**({"metadata": {}} if "data" in content else {}), **content, "output_type": kind})
            if kind == "display_data" and name:
                area.names.setdefault(name, []).append(len(area.outputs) - 1)
        elif kind == "execute_reply":
            pages = [p for p in content.get("payload", []) if p["source"] == "page"] if content["status"] == "ok" else []
            if pages:
                area.add({"output_type": "display_data", "data": pages[0]["data"], "metadata": {}})

    def cell(self, msg_id):
        """(execution_count, outputs) as they would be saved."""
        return self.counts.get(msg_id), json.loads(json.dumps(self.areas[msg_id].saved()))
