/* SPDX-License-Identifier: Apache-2.0 */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { listingOf, queryOf } from "./queries";

const hasPython = spawnSync("python3", ["-c", "1"]).status === 0;

/* IPython's part of it: a namespace, and the value's own text. */
function evaluate(user: string, ran = 2): { text: string; names: string[] } {
  const program = `
import sys, types, json
ns = {}
exec(${JSON.stringify(user)}, ns)
ip = types.SimpleNamespace(user_ns=ns, user_ns_hidden={"hidden": 1}, execution_count=${ran})
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: ip)
before = set(ns)
text = repr(eval(${JSON.stringify(queryOf("python")!.expressions.v)}, ns, ns))
print(json.dumps({"text": text, "names": sorted(set(ns) - before)}))`;
  const r = spawnSync("python3", ["-c", program], { encoding: "utf8" });
  if (r.status !== 0) throw new Error(r.stderr);
  return JSON.parse(r.stdout) as { text: string; names: string[] };
}

describe.skipIf(!hasPython)("variables of Python", () => {
  const user = `
import os
class Sly:
    def __getattr__(self, name): raise SystemExit("looked at")
    def __len__(self): raise SystemExit("measured")
    def __repr__(self): raise SystemExit("printed")
n = 3
text = "a" * 1000
big = 10 ** 500
rows = [1, 2]
sly = Sly()
_private = 1
hidden = 2
def function(): pass
`;
  const { text, names } = evaluate(user);
  const list = listingOf({ v: { data: { "text/plain": text } } })!;
  const of = Object.fromEntries(list.variables.map((v) => [v.name, v]));
  it("are listed by name, type, shape and size", () => {
    expect(Object.keys(of)).toEqual(["big", "n", "rows", "sly", "text"]);
    expect(of.n).toMatchObject({ type: "int", shape: "3" });
    expect(of.rows).toMatchObject({ type: "list", shape: "2" });
    expect(of.text!.shape).toMatch(/^"a{39}…"$/);
    expect(of.big!.shape).toMatch(/bits/);
  });
  it("of a user's class are not touched, and the namespace stays as it was", () => {
    expect(of.sly).toMatchObject({ type: "Sly", shape: "", bytes: null });
    expect(names.filter((n) => n !== "__builtins__")).toEqual([]);
  });
  it("that are none are counted, and it says whether anything ran", () => {
    expect(list).toMatchObject({ left: 3, ran: true }); /* os, Sly, function */
    const fresh = evaluate("", 1).text;
    expect(listingOf({ v: { data: { "text/plain": fresh } } })).toEqual({ variables: [], more: 0, left: 0, ran: false });
  });
});

it("answers that are none, and languages that can't be asked, give nothing", () => {
  expect(queryOf("bash")).toBeNull();
  expect(queryOf("R")?.code).toContain("globalenv");
  for (const answer of [null, {}, { stdout: "Error" }, { v: { status: "error" } }, { stdout: '{"v":1}' }]) expect(listingOf(answer as never)).toBeNull();
  expect(listingOf({ stdout: 'noise {"v":[["x","numeric","1",56]],"m":2}' })).toEqual({ variables: [{ name: "x", type: "numeric", shape: "1", bytes: 56 }], more: 2, left: 0, ran: null });
});
