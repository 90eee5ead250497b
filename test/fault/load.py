# SPDX-License-Identifier: Apache-2.0
"""What people do all day, at random from a seed: for kills and power cuts, where the moment is chosen and not the call."""

from clientlog import Client, boot_ns
from rig import Died


class Person:
    """One client with workspaces of its own. step() does one thing; it may raise Died."""

    def __init__(self, rig, rng, name):
        self.r, self.rng, self.name, self.spaces, self.n = rig, rng, name, {}, 0
        self.client = Client(rig.log, rig.send)
        rig.people.append(self.client)

    def act(self, op, method, path, body=None, **kw):
        o = self.client.act(op, method, "/api/v1" + path, body, **kw)
        if o.answer is None and o in self.client.pending and not self.r.alive():
            raise Died
        return o

    def step(self):
        self.client.settle(2)
        what = self.rng.choice(["make", "start", "start", "stop", "change", "token", "delete"] if len(self.spaces) < 8 else ["delete", "stop"])
        ws = self.rng.choice(list(self.spaces.values())) if self.spaces else None
        if what == "make" or what == "token" or not ws:
            return self.token() if what == "token" else self.make()
        return getattr(self, what)(ws)

    def make(self):
        self.n += 1
        name = f"{self.name}-{self.n}"
        o = self.act("workspace.create", "POST", "/workspaces", {"name": name}, object=f"workspace:{name}",
                     claim=lambda a: ["SELECT count(*) FROM workspace WHERE id = ? AND name = ? AND deleted_us IS NULL", [a["id"], name], 1])
        if o.answer:
            self.spaces[name] = {"id": o.answer["id"], "name": name}

    def token(self):
        self.n += 1
        name = f"t-{self.name}-{self.n}"
        o = self.act("token.create", "POST", "/tokens", {"name": name, "expires_in_seconds": 3600}, object=f"token {name}",
                     claim=lambda a: ["SELECT count(*) FROM token WHERE name = ?", [name], 1])
        if o.answer:
            self.r.secrets.append(o.answer["token"])
            self.act("token.revoke", "DELETE", f"/tokens/{o.answer['id']}", object=f"token {name}",
                     claim=lambda a: ["SELECT count(*) FROM token WHERE name = ?", [name], 0])

    def start(self, ws):
        self.n += 1
        self.act("session.start", "POST", f"/workspaces/{ws['id']}/start", object=f"start {self.name} {self.n}",
                 claim=lambda a: ["SELECT count(*) FROM session WHERE id = ?", [a["session"]["id"]], 1])

    def stop(self, ws):
        self.n += 1
        self.act("session.stop", "POST", f"/workspaces/{ws['id']}/stop", object=f"stop {self.name} {self.n}",
                 claim=lambda a: a.get("session") and
                 ["SELECT count(*) FROM session WHERE id = ? AND state IN ('queued','starting','running')", [a["session"]["id"]], 0])

    def change(self, ws):
        seconds = 600 + self.rng.randrange(3000)
        self.act("workspace.change", "PATCH", f"/workspaces/{ws['id']}", {"auto_stop_seconds": seconds}, object=f"auto-stop of {ws['id']}",
                 claim=lambda a: ["SELECT auto_stop_s FROM workspace WHERE id = ?", [ws["id"]], seconds])

    def delete(self, ws):
        self.spaces.pop(ws["name"])
        self.act("workspace.delete", "DELETE", f"/workspaces/{ws['id']}", {"confirm": ws["name"], "stop": True},
                 object=f"workspace:{ws['name']}",
                 claim=lambda a: ["SELECT count(*) FROM workspace WHERE id = ? AND deleted_us IS NULL", [ws["id"]], 0])


__all__ = ["Person", "boot_ns"]
