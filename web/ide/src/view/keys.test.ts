/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import { BINDINGS, isBare, keyCaps, nameOf, Reader } from "./keys";

const ev = (key: string, mods: string = "", code = ""): Parameters<typeof nameOf>[0] => ({
  key, code, ctrlKey: mods.includes("c"), metaKey: mods.includes("m"), altKey: mods.includes("a"), shiftKey: mods.includes("s"),
});

test("names of keys", () => {
  expect(nameOf(ev("a"), false)).toBe("A");
  expect(nameOf(ev("A", "s"), false)).toBe("Shift-A");
  expect(nameOf(ev("?", "s"), false)).toBe("?");
  expect(nameOf(ev("Enter", "s"), false)).toBe("Shift-Enter");
  expect(nameOf(ev("_", "cs", "Minus"), false)).toBe("Mod-Shift--");
  expect(nameOf(ev("-", "cs", "Minus"), false)).toBe("Mod-Shift--");
  expect(nameOf(ev("Z", "cs"), false)).toBe("Mod-Shift-Z");
  expect(nameOf(ev("z", "m"), true)).toBe("Mod-Z");
  expect(nameOf(ev("z", "m"), false)).toBe("Z");
  expect(nameOf(ev(" ", "s"), false)).toBe("Shift-Space");
  expect(nameOf(ev("&", "", "Digit1"), false)).toBe("1"); /* a French keyboard */
});

test("two of the same within a second", () => {
  const r = new Reader(BINDINGS, "command");
  expect(r.read("D", 0)).toBe("wait");
  expect(r.read("D", 900)).toBe("delete");
  expect(r.read("D", 2000)).toBe("wait");
  expect(r.read("D", 3001)).toBe("wait");
  expect(r.read("D", 3100)).toBe("delete");
  expect(r.read("0", 5000)).toBe("wait");
  expect(r.read("I", 5100)).toBe("wait");
  expect(r.read("I", 5200)).toBe("interrupt");
});

test("another key between the two counts for itself", () => {
  const r = new Reader(BINDINGS, "command");
  expect(r.read("D", 0)).toBe("wait");
  expect(r.read("J", 100)).toBe("down");
  expect(r.read("D", 200)).toBe("wait");
  r.forget();
  expect(r.read("D", 300)).toBe("wait");
});

test("each mode has its own keys", () => {
  const command = new Reader(BINDINGS, "command");
  const edit = new Reader(BINDINGS, "edit");
  expect(command.read("A", 0)).toBe("insertAbove");
  expect(edit.read("A", 0)).toBeNull();
  expect(edit.read("Escape", 0)).toBe("command");
  expect(command.read("Shift-Enter", 0)).toBe("runMove");
  expect(edit.read("Shift-Enter", 0)).toBe("runMove");
  expect(edit.read("Mod-Shift--", 0)).toBe("split");
});

test("no key has two meanings in one mode", () => {
  for (const mode of ["command", "edit"] as const) {
    const all = BINDINGS.filter((x) => x.mode === mode || x.mode === "both").flatMap((x) => x.keys);
    expect(all.filter((k, i) => all.indexOf(k) !== i)).toEqual([]);
    const firsts = all.filter((k) => k.includes(" ")).map((k) => k.split(" ")[0]);
    expect(all.filter((k) => firsts.includes(k))).toEqual([]);
  }
});

test("keys of one letter can be told apart from the others", () => {
  expect(["A", "Shift-M", "?", "0"].every(isBare)).toBe(true);
  expect(["Mod-S", "Alt-ArrowUp", "Enter", "Shift-Enter", "ArrowUp"].some(isBare)).toBe(false);
});

test("as they stand on the keys", () => {
  expect(keyCaps("D D", false)).toEqual([["D"], ["D"]]);
  expect(keyCaps("Mod-Shift--", false)).toEqual([["Ctrl", "Shift", "-"]]);
  expect(keyCaps("Mod-Z", true)).toEqual([["⌘", "Z"]]);
});
