/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second click of a double click is no second wish: an answer that came in between would let it extend twice, or
 * press what the first one brought under the pointer. What is meant to be pressed in a row says so: data-repeat.
 */
const ONCE = "button.btn:not([data-repeat], [aria-pressed], [aria-expanded]), [role=menuitem]";

export function isSecond(e: MouseEvent): boolean {
  return e.detail > 1 && e.target instanceof Element && e.target.closest(ONCE) !== null;
}

export function startOnce(): void {
  addEventListener(
    "click",
    (e) => {
      if (!isSecond(e)) return;
      e.preventDefault();
      e.stopImmediatePropagation();
    },
    true,
  );
}
