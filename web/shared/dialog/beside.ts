/* SPDX-License-Identifier: Apache-2.0 */
/* A click beside a dialog closes it. The second of a double click, whose first opened it, is none: it meant what it was on. */
const SETTLED_MS = 500;
const since = new WeakMap<Element, number>();

export function showModal(dialog: HTMLDialogElement | null): void {
  if (!dialog) return;
  dialog.showModal();
  since.set(dialog, performance.now());
}

export function isBeside(e: Event, dialog: HTMLDialogElement | null): boolean {
  return !!dialog && e.target === dialog && performance.now() - (since.get(dialog) ?? 0) > SETTLED_MS;
}
