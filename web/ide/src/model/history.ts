/* SPDX-License-Identifier: Apache-2.0 */
/* Steps to undo and to redo. Typing in one cell is one step while no second passes between two strokes. */
import type { Op, Selection } from "./types";

export interface Step {
  ops: readonly Op[]; /* that undo it */
  selection: Selection | null;
  join: string | null;
}

const JOIN_MS = 1000;
const STEPS_MAX = 2000;

const idOf = (op: Op): string | null => (op.op === "insert" ? op.cell.id : op.id);

export class History {
  private undos: Step[] = [];
  private redos: Step[] = [];
  private lastAt = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  get canUndo(): boolean {
    return this.undos.length > 0;
  }
  get canRedo(): boolean {
    return this.redos.length > 0;
  }

  add(step: Step): void {
    const last = this.undos[this.undos.length - 1], now = this.now();
    this.redos = [];
    if (last && step.join !== null && last.join === step.join && now - this.lastAt < JOIN_MS)
      this.undos[this.undos.length - 1] = { ...last, ops: [...step.ops, ...last.ops] };
    else this.undos.push(step);
    if (this.undos.length > STEPS_MAX) this.undos.shift();
    this.lastAt = now;
  }

  takeUndo(): Step | null {
    return this.undos.pop() ?? null;
  }
  takeRedo(): Step | null {
    return this.redos.pop() ?? null;
  }
  putUndo(step: Step): void {
    if (step.ops.length) this.undos.push(step);
  }
  putRedo(step: Step): void {
    if (step.ops.length) this.redos.push(step);
  }

  /*
   * The file changed these cells: what would undo an older text of them fits no more, and to take them away would take what somebody
   * else wrote. A step that can't give a text back removes nothing either: what it would remove may hold the rest of that text.
   */
  forget(ops: readonly Op[]): void {
    const texts = new Set(ops.filter((op) => op.op === "text" || op.op === "remove").map(idOf));
    if (!texts.size) return;
    const lost = (op: Op): boolean => op.op === "text" && texts.has(op.id);
    const less = (s: Step): Step => {
      const broken = s.ops.some(lost);
      return { ...s, ops: s.ops.filter((op) => !lost(op) && !(op.op === "remove" && (broken || texts.has(op.id)))) };
    };
    const keep = (steps: Step[]): Step[] => steps.map(less).filter((s) => s.ops.length);
    this.undos = keep(this.undos);
    this.redos = keep(this.redos);
  }
}
