/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the user has just done something: in a frame? The browser says that something was done in this page or in one of
 * its frames (for 5 s), not where; and a frame's own word is worth nothing: what it shows may have been written by
 * somebody who waits for a click on Run. So it must have the focus, and must not have taken it by itself: the pointer
 * is over it, or Tab led there. A touch may leave no pointer behind, nor one that came from nowhere: false then.
 */
const TAB_MS = 500;
let tab = -Infinity;
let entered: Element | null = null;

addEventListener("keydown", (e) => {
  /* In an editor Tab may mean something else. */
  if (e.key === "Tab" && !e.defaultPrevented) tab = performance.now();
});
addEventListener("blur", () => (entered = performance.now() - tab < TAB_MS ? document.activeElement : null));
addEventListener("focus", () => (entered = null));

export function askedIn(frame: HTMLIFrameElement): boolean {
  return document.activeElement === frame && (frame.matches(":hover") || entered === frame);
}
