# SPDX-License-Identifier: Apache-2.0
"""When something stands in a page, by the page's own clock: from the start of the navigation to the frame that shows it. A driver
that asks from outside adds its own way there and back."""

WATCH = """(selectors) => {
  const at = (window.benchSeen = {}), were = new Set();
  const is = (s) => {
    if (s[0] !== '!') return !!document.querySelector(s);
    const there = !!document.querySelector(s.slice(1));
    if (there) were.add(s);
    return were.has(s) && !there;
  };
  const look = () => {
    for (const s of selectors) {
      if (s in at || !is(s)) continue;
      at[s] = 0;
      requestAnimationFrame(() => setTimeout(() => { at[s] = performance.now(); }));
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true,
    attributeFilter: ['class', 'id', 'data-state', 'data-status'] });
}"""


def watch(page, *selectors):
    """Before the navigation. "!x" is when x, which was there, has gone."""
    page.add_init_script(f"({WATCH})({list(selectors)!r})")


def moment(page, selector, timeout):
    """Milliseconds from the start of the navigation until the selector stood in a frame."""
    return page.wait_for_function("(s) => window.benchSeen?.[s] || 0", arg=selector, timeout=timeout).json_value()
