/* SPDX-License-Identifier: Apache-2.0 */
/* Under the notebook, where a thumb is: what one does to the cell that is chosen. For fingers and narrow windows. */
import type { JSX } from "preact";
import { useEffect, useReducer } from "preact/hooks";
import { Icon, type IconName } from "../shell/icons";
import { openMenu } from "../shell/layers";
import { t } from "../text";
import { doCommand } from "./acts";
import type { Control } from "./control";
import type { Command } from "./keys";
import { cellMenu } from "./tools";

function Act({ c, command, icon, main }: { c: Control; command: Command; icon: IconName; main?: boolean }): JSX.Element {
  const name = t.view.commands[command];
  return (
    <button class="btn btn-icon" data-kind={main ? "primary" : "quiet"} type="button" aria-label={name} title={name} onClick={() => doCommand(c, command)}>
      <Icon name={icon} />
    </button>
  );
}

export function CellBar({ c }: { c: Control }): JSX.Element | null {
  const [, again] = useReducer<number, void>((n) => n + 1, 0);
  useEffect(() => c.watch((what) => (what === "select" || what === "order") && again()), [c]);
  const cell = c.cell(c.active);
  if (!cell) return null;
  const text = cell.kind !== "code";
  const open = cell.kind === "markdown" ? c.open.has(cell.id) : c.mode === "edit";
  return (
    <div class="cellbar" role="toolbar" aria-label={t.view.cellBar}>
      {cell.kind !== "raw" && (!text || open) && <Act c={c} command="run" icon={text ? "check" : "play"} main />}
      {!open && <Act c={c} command="edit" icon="edit" main={text} />}
      {open && !text && <Act c={c} command="command" icon="check" />}
      {!c.readOnly && (
        <>
          <Act c={c} command="moveUp" icon="up" />
          <Act c={c} command="moveDown" icon="down" />
          <Act c={c} command="insertBelow" icon="plus" />
          <Act c={c} command="delete" icon="trash" />
          <Act c={c} command="undo" icon="undo" />
        </>
      )}
      <button class="btn btn-icon" data-kind="quiet" type="button" aria-label={t.view.more} aria-haspopup="menu" onClick={(e) => openMenu(t.view.more, cellMenu(c), e.currentTarget)}>
        <Icon name="dots" />
      </button>
    </div>
  );
}
