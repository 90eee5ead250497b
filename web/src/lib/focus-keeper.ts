/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The focus is never lost. When what has it goes away (Stop, once everything is stopped), the browser gives it to nobody, and the
 * next Tab begins at the top of the page. Here it stays at the place: on the nearest part around it that is still there.
 */

let around: Element[] = []; /* what had the focus last, and all around it, from within */

function remember(e: Event): void {
  around = [];
  for (let x = e.target as Element | null; x && x !== document.body; x = x.parentElement) around.push(x);
}

/* The part that is still there and can be seen, or null when nothing was lost. */
export function heir(trail: Element[], active: Element | null, body: Element): HTMLElement | null {
  if ((active && active !== body) || !trail.length || trail[0]!.isConnected) return null;
  return (trail.find((x) => x.isConnected) as HTMLElement | undefined) ?? null;
}

function keep(): void {
  const next = heir(around, document.activeElement, document.body);
  if (!next) return;
  around = [];
  if (!next.hasAttribute("tabindex")) {
    next.tabIndex = -1;
    next.addEventListener("blur", () => next.removeAttribute("tabindex"), { once: true });
  }
  next.focus({ preventScroll: true });
}

export function startFocusKeeper(): void {
  document.addEventListener("focusin", remember);
  /* A click beside everything gives the focus up on purpose. */
  document.addEventListener("pointerdown", () => (around = []));
  new MutationObserver(keep).observe(document.body, { childList: true, subtree: true });
}
