/* SPDX-License-Identifier: Apache-2.0 */
/* A plain field for the source of a cell, until its editor is there: the same text at the same place, and the keys that leave it. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { difference } from "../model/text-change";
import { doCommand } from "./acts";
import type { Control } from "./control";
import type { Command } from "./keys";
import { leave, type SourceProps } from "./source";

const INDENT = "    ";

function leavesBy(e: KeyboardEvent): Command | null {
  const mod = e.ctrlKey || e.metaKey;
  if (e.key === "Enter") return e.shiftKey ? "runMove" : mod ? "run" : e.altKey ? "runInsert" : null;
  return e.key === "Escape" || (mod && e.key === "m") ? "command" : null;
}

export function Simple({ c, cell, label, onCompose }: SourceProps & { onCompose: (on: boolean) => void }): JSX.Element {
  const ref = useRef<HTMLTextAreaElement>(null);
  const { id } = cell;

  useLayoutEffect(() => {
    const el = ref.current!;
    el.value = cell.source;
    const at = c.wish(id);
    el.setSelectionRange(at?.anchor ?? 0, at?.head ?? at?.anchor ?? 0);
    el.focus();
    /* Elements have no handlers of these names, so that JSX can't set them. */
    el.addEventListener("compositionstart", () => onCompose(true));
    el.addEventListener("compositionend", () => onCompose(false));
    return () => {
      c.place(id, { anchor: el.selectionStart, head: el.selectionEnd });
      onCompose(false);
    };
  }, [id]);
  useLayoutEffect(() => follow(ref.current!, cell.source), [cell.source]);

  const onInput = (): void => write(c, id, ref.current!.value);
  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.isComposing) return;
    const command = leavesBy(e);
    if (!command && (e.key !== "Tab" || e.shiftKey)) return;
    e.preventDefault();
    if (command) return void doCommand(c, command);
    const el = ref.current!;
    el.setRangeText(INDENT, el.selectionStart, el.selectionEnd, "end");
    onInput();
  };
  return (
    <textarea
      ref={ref}
      class={cell.kind === "code" ? "src still simple" : "src still simple is-wrapped"}
      data-numbers={c.linesOf(id) || undefined}
      aria-label={label}
      rows={cell.source.split("\n").length}
      wrap={cell.kind === "code" ? "off" : "soft"}
      spellcheck={false}
      readOnly={c.readOnly || cell.metadata["editable"] === false}
      onInput={onInput}
      onKeyDown={onKeyDown}
      onBlur={() => leave(c, id)}
    />
  );
}

function write(c: Control, id: string, value: string): void {
  const source = c.cell(id)?.source;
  const changes = source === undefined ? [] : difference(source, value);
  const [first] = changes;
  if (first) c.apply([{ op: "text", id, changes }], `type ${id}`, { cell: id, anchor: first.from, head: first.to });
}

/* What others changed; the cursor stays at its text where it can. */
function follow(el: HTMLTextAreaElement, source: string): void {
  const [change] = difference(el.value, source);
  if (change) el.setRangeText(change.insert, change.from, change.to, "preserve");
}

/* The place in a still text that lies under the pointer. */
export function offsetAt(still: HTMLElement, at: { x: number; y: number }): number {
  const under = document.caretRangeFromPoint(at.x, at.y);
  if (!under || !still.contains(under.startContainer)) return still.textContent.length + still.childElementCount - 1;
  const before = document.createRange();
  before.setStart(still, 0);
  before.setEnd(under.startContainer, under.startOffset);
  const part = before.cloneContents();
  return (part.textContent ?? "").length + Math.max(0, part.childElementCount - 1);
}
