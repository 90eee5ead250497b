/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the notebook. One table is read by the handler, by the editors of the cells and by the list of all keys, so that
 * the list can't say what the keys don't do. "Mod" is Ctrl, on a Mac also Cmd.
 */
export type Command =
  | "edit" | "command" | "up" | "down" | "selectUp" | "selectDown" | "first" | "last" | "selectAll"
  | "insertAbove" | "insertBelow" | "delete" | "cut" | "copy" | "paste" | "pasteAbove" | "undo" | "redo"
  | "toCode" | "toMarkdown" | "toRaw" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6"
  | "lineNumbers" | "allLineNumbers" | "foldOutputs" | "foldSource" | "scrollOutputs" | "keys" | "interrupt" | "restart" | "save" | "find" | "replace" | "merge" | "split"
  | "runMove" | "run" | "runInsert" | "runAll" | "runAbove" | "runBelow" | "moveUp" | "moveDown" | "collapse" | "expand"
  | "pageDown" | "pageUp" | "complete" | "inspect" | "comment" | "multi" | "restartRunAll" | "clearOutputs" | "clearAll" | "foldAll" | "unfoldAll";

export type Mode = "command" | "edit" | "both";

export interface Binding {
  command: Command;
  mode: Mode;
  keys: string[]; /* "D D": one after the other */
  group: "run" | "cells" | "move" | "edit" | "view" | "kernel";
}

const b = (group: Binding["group"], mode: Mode, command: Command, ...keys: string[]): Binding => ({ command, mode, keys, group });

export const BINDINGS: readonly Binding[] = [
  b("run", "both", "runMove", "Shift-Enter"),
  b("run", "both", "run", "Mod-Enter"),
  b("run", "both", "runInsert", "Alt-Enter"),
  b("kernel", "command", "interrupt", "I I"),
  b("kernel", "command", "restart", "0 0"),
  b("edit", "command", "edit", "Enter"),
  b("edit", "edit", "command", "Escape", "Mod-M"),
  b("edit", "edit", "complete", "Tab", "Ctrl-Space"),
  b("edit", "edit", "inspect", "Shift-Tab"),
  b("edit", "edit", "comment", "Mod-/"),
  b("edit", "edit", "multi", "Mod-D"),
  b("edit", "edit", "split", "Mod-Shift--"),
  b("edit", "both", "find", "Mod-F"),
  b("edit", "both", "replace", "Mod-H"),
  b("edit", "both", "save", "Mod-S"),
  b("edit", "command", "save", "S"),
  b("edit", "command", "find", "F"),
  b("move", "command", "up", "K", "ArrowUp"),
  b("move", "command", "down", "J", "ArrowDown"),
  b("move", "command", "selectUp", "Shift-K", "Shift-ArrowUp"),
  b("move", "command", "selectDown", "Shift-J", "Shift-ArrowDown"),
  b("move", "command", "selectAll", "Mod-A"),
  b("move", "command", "first", "Home", "Mod-ArrowUp"),
  b("move", "command", "last", "End", "Mod-ArrowDown"),
  b("move", "command", "pageDown", "Space", "PageDown"),
  b("move", "command", "pageUp", "Shift-Space", "PageUp"),
  b("cells", "command", "insertAbove", "A"),
  b("cells", "command", "insertBelow", "B"),
  b("cells", "command", "delete", "D D"),
  b("cells", "command", "cut", "X"),
  b("cells", "command", "copy", "C"),
  b("cells", "command", "paste", "V"),
  b("cells", "command", "pasteAbove", "Shift-V"),
  b("cells", "command", "undo", "Z", "Mod-Z"),
  b("cells", "command", "redo", "Shift-Z", "Mod-Shift-Z", "Mod-Y"),
  b("cells", "command", "moveUp", "Alt-ArrowUp", "Mod-Shift-ArrowUp"),
  b("cells", "command", "moveDown", "Alt-ArrowDown", "Mod-Shift-ArrowDown"),
  b("cells", "command", "merge", "Shift-M"),
  b("cells", "command", "toCode", "Y"),
  b("cells", "command", "toMarkdown", "M"),
  b("cells", "command", "toRaw", "R"),
  ...([1, 2, 3, 4, 5, 6] as const).map((n) => b("cells", "command", `h${n}`, String(n))),
  b("view", "command", "foldOutputs", "O"),
  b("view", "command", "foldSource", "Shift-O"),
  b("view", "command", "collapse", "ArrowLeft"),
  b("view", "command", "expand", "ArrowRight"),
  b("view", "command", "lineNumbers", "L"),
  b("view", "command", "allLineNumbers", "Shift-L"),
  b("view", "command", "keys", "H", "?"),
];

interface KeyLike {
  key: string;
  code?: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const mac = typeof navigator !== "undefined" && /Mac|iP(hone|ad)/.test(navigator.platform);

/* "Mod-Shift-Z": as the table writes it. A sign that needs Shift on some keyboards ("?") comes without it. */
export function nameOf(e: KeyLike, isMac = mac): string {
  let key = e.key === " " ? "Space" : e.key.length === 1 ? e.key.toUpperCase() : e.key;
  const letter = /^[A-Z]$/.test(key);
  if (e.shiftKey && e.code === "Minus" && (e.ctrlKey || e.metaKey)) key = "-";
  if (e.code && /^Digit[0-9]$/.test(e.code) && e.key.length === 1 && !/[0-9]/.test(e.key) && !e.shiftKey) key = e.code.slice(5);
  const named = key.length > 1 || key === "-";
  const mod = isMac ? e.metaKey || e.ctrlKey : e.ctrlKey;
  return `${mod ? "Mod-" : ""}${e.altKey ? "Alt-" : ""}${e.shiftKey && (letter || named) ? "Shift-" : ""}${key}`;
}

/* Reads keys in command mode; the first half of "D D" waits a second for the other. */
export class Reader {
  private readonly table = new Map<string, Command>();
  private readonly firsts = new Set<string>();
  private held = "";
  private until = 0;

  constructor(bindings: readonly Binding[], mode: "command" | "edit") {
    for (const x of bindings) {
      if (x.mode !== mode && x.mode !== "both") continue;
      for (const k of x.keys) {
        this.table.set(k, x.command);
        if (k.includes(" ")) this.firsts.add(k.split(" ")[0]!);
      }
    }
  }

  /* null: no key of ours; "wait": the first of two. */
  read(name: string, now: number): Command | "wait" | null {
    const both = this.held && now <= this.until ? this.table.get(`${this.held} ${name}`) : undefined;
    this.held = "";
    if (both) return both;
    if (this.firsts.has(name)) {
      this.held = name;
      this.until = now + 1000;
      return "wait";
    }
    return this.table.get(name) ?? null;
  }

  forget(): void {
    this.held = "";
  }
}

/* Keys of one letter or sign, which a person can turn off. */
export const isBare = (name: string): boolean => !/^(Mod|Alt)-/.test(name) && name.replace("Shift-", "").length === 1;

/* For the list: "Mod-Shift-Z" → ["Ctrl", "Shift", "Z"]. */
export function keyCaps(binding: string, isMac = mac): string[][] {
  return binding.split(" ").map((chord) => {
    const parts: string[] = [];
    let rest = chord;
    for (;;) {
      const m = /^(Mod|Ctrl|Alt|Shift)-(.+)$/.exec(rest);
      if (!m) break;
      parts.push(m[1] === "Mod" ? (isMac ? "⌘" : "Ctrl") : m[1]!);
      rest = m[2]!;
    }
    const names: Record<string, string> = { Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };
    return [...parts, names[rest] ?? rest];
  });
}
