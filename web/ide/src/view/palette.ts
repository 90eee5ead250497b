/* SPDX-License-Identifier: Apache-2.0 */
/* The notebook's commands in the palette (Ctrl K). */
import type { Command as Offered } from "../shell/commands";
import type { IconName } from "../shell/icons";
import { t } from "../text";
import { doCommand } from "./acts";
import type { Control } from "./control";
import { BINDINGS, type Command, keyCaps } from "./keys";

const OFFERED: [Command, IconName?][] = [
  ["runMove", "play"], ["run", "play"], ["runAll", "ff"], ["runAbove", "ff"], ["runBelow", "ff"], ["restart", "restart"], ["restartRunAll", "restart"], ["interrupt", "stop"],
  ["insertAbove", "plus"], ["insertBelow", "plus"], ["delete", "trash"], ["cut", "cut"], ["copy", "copy"], ["paste", "paste"], ["undo", "undo"], ["redo", "redo"],
  ["moveUp", "up"], ["moveDown", "down"], ["split"], ["merge", "merge"], ["toCode", "code"], ["toMarkdown", "file"], ["toRaw", "file"],
  ["foldOutputs"], ["foldSource"], ["foldAll"], ["unfoldAll"], ["clearOutputs"], ["clearAll"], ["allLineNumbers", "list"], ["find", "search"], ["replace", "search"], ["keys"], ["save", "save"],
];

export function notebookCommands(c: Control): Offered[] {
  return OFFERED.map(([command, icon]) => {
    const keys = BINDINGS.find((b) => b.command === command)?.keys[0];
    return {
      id: `view.${command}`,
      text: t.view.commands[command],
      ...(keys ? { keys: keyCaps(keys).flat() } : {}),
      ...(icon ? { icon } : {}),
      run: () => doCommand(c, command),
    };
  });
}
