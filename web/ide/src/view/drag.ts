/* SPDX-License-Identifier: Apache-2.0 */
/* Cells follow the pointer by their gutter and drop at once. Alt and the arrow keys do the same without a pointer. */
import { t } from "../text";
import type { Control } from "./control";
import { moveTo } from "./edits";
import type { CellList } from "./list";

const FAR = 5; /* px before it is a drag and no click */
const EDGE = 48; /* px from the border where the notebook scrolls */

export function startDrag(e: PointerEvent, id: string, c: Control, list: CellList): void {
  if (e.button !== 0 || c.readOnly || e.pointerType === "touch" || (e.target as Element).closest("button")) return;
  const grip = e.currentTarget as HTMLElement;
  const scroller = grip.closest<HTMLElement>(".nb")!;
  const body = grip.closest<HTMLElement>(".nb-cells")!;
  const from = e.clientY;
  let ids: string[] | null = null;
  let line: HTMLElement | null = null;
  let ghost: HTMLElement | null = null;
  let y = from;
  let index = 0;
  let frame = 0;

  const begin = (): void => {
    ids = c.isSelected(id) ? c.selection : [id];
    if (!c.isSelected(id)) c.select(id);
    line = Object.assign(document.createElement("div"), { className: "drop-line" });
    ghost = Object.assign(document.createElement("div"), { className: "drag-ghost", textContent: t.view.draggedCells(ids.length) });
    scroller.append(line, ghost);
    scroller.classList.add("is-dragging");
    step();
  };
  const step = (): void => {
    const box = scroller.getBoundingClientRect();
    const over = y < box.top + EDGE ? y - box.top - EDGE : y > box.bottom - EDGE ? y - box.bottom + EDGE : 0;
    if (over) scroller.scrollTop += over / 3;
    const at = list.dropAt(y);
    index = at.index;
    line!.style.top = `${body.offsetTop + at.y - 1}px`;
    ghost!.style.top = `${y - box.top + scroller.scrollTop + 10}px`;
    frame = requestAnimationFrame(step);
  };
  const end = (drop: boolean): void => {
    cancelAnimationFrame(frame);
    grip.removeEventListener("pointermove", onMove);
    grip.removeEventListener("pointerup", onUp);
    grip.removeEventListener("pointercancel", onCancel);
    removeEventListener("keydown", onKey, true);
    line?.remove();
    ghost?.remove();
    scroller.classList.remove("is-dragging");
    if (!drop || !ids) return;
    const before = c.shown[index];
    c.apply(moveTo(c.model, ids, before === undefined ? c.model.cells.length : c.model.indexOf(before)));
    c.focus();
  };
  const onMove = (m: PointerEvent): void => {
    y = m.clientY;
    if (!ids && Math.abs(y - from) > FAR) begin();
  };
  const onUp = (): void => end(true);
  const onCancel = (): void => end(false);
  const onKey = (k: KeyboardEvent): void => {
    if (k.key !== "Escape") return;
    k.preventDefault();
    k.stopPropagation();
    end(false);
  };
  grip.setPointerCapture(e.pointerId);
  grip.addEventListener("pointermove", onMove);
  grip.addEventListener("pointerup", onUp);
  grip.addEventListener("pointercancel", onCancel);
  addEventListener("keydown", onKey, true);
}
