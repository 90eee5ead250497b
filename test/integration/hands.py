# SPDX-License-Identifier: Apache-2.0
"""A person without a pointer: every step is a key, and after every key the focus has to be somewhere that can be seen."""

import re

# What the focused element is, whether its ring can be seen, and whether something lies over it.
FOCUS = """() => {
  const e = document.activeElement;
  if (!e || e === document.body || e === document.documentElement) return null;
  const name = e.getAttribute('aria-label') || (e.labels?.[0]?.innerText) || e.innerText || e.value || e.title || e.id || '';
  const ring = [e, e.closest('label'), e.parentElement, e.closest('[class]')].filter(Boolean).some((x) => {
    const s = getComputedStyle(x);
    return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1.5) || /rgb.* 0px 0px 0px [1-9]/.test(s.boxShadow); });
  const r = e.getBoundingClientRect();
  let covered = false, out = false;
  if (r.width > 1 && r.height > 1 && getComputedStyle(e).opacity !== '0') {
    const x = Math.min(Math.max(r.left + r.width / 2, r.left + 2), innerWidth - 2), y = r.top + Math.min(r.height / 2, innerHeight / 2);
    out = r.bottom <= 0 || r.top >= innerHeight || r.right <= 0 || r.left >= innerWidth;
    const top = out ? null : document.elementFromPoint(x, Math.min(Math.max(y, 1), innerHeight - 1));
    covered = !out && !!top && !(e.contains(top) || top.contains(e) || e.closest('label')?.contains(top));
  }
  return { tag: e.tagName.toLowerCase(), role: e.getAttribute('role'), type: e.type ?? null, name: name.trim().replace(/\\s+/g, ' ').slice(0, 80), ring, covered, out,
    main: e.tabIndex < 0 && !e.matches('a, button, input, select, textarea'), top: r.top, left: r.left, where: ['nav', 'header', 'main', '[role=dialog]', 'dialog'].filter((s) => e.closest(s)).join(' ') };
}"""


class Hands:
    def __init__(self, page, lost_may_be=()):
        self.page = page
        self.trail = []
        self.faults = []

    def focus(self):
        return self.page.evaluate(FOCUS)

    def press(self, *keys):
        for k in keys:
            self.page.keyboard.press(k)
        return self

    def type(self, text):
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def look(self):
        """The focus is somewhere, and it is seen."""
        at = self.focus()
        if at is None:
            self.faults.append(f"the focus is lost after {self.trail[-3:]}")
            return None
        self.trail.append(f"{at['tag']} {at['name'][:40]!r}")
        if not at["main"]:
            if not at["ring"]:
                self.faults.append(f"no ring on {self.trail[-1]}")
            if at["out"] or at["covered"]:
                self.faults.append(f"{self.trail[-1]} is {'out of the window' if at['out'] else 'covered'}")
        return at

    def tab_to(self, pattern, most=90, back=False, wrap=True):
        """Tab until what is focused has such a name; each stop on the way is looked at."""
        want = re.compile(pattern)
        seen = []
        for _ in range(most):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            at = self.focus()
            if at is None:  # the browser's own frame, between the last and the first
                if not wrap:
                    break
                continue
            at = self.look()
            seen.append(at["name"])
            if want.search(at["name"]):
                return at
        raise AssertionError(f"Tab does not come to {pattern}: {seen}")

    def arrow_to(self, pattern, key="ArrowDown", most=20):
        for _ in range(most):
            at = self.look()
            if at and re.search(pattern, at["name"]):
                return at
            self.page.keyboard.press(key)
        raise AssertionError(f"{key} does not come to {pattern}: {self.trail[-most:]}")

    def order(self):
        """All stops of a page from its beginning, once round: left to right, top to bottom within each part."""
        self.page.evaluate("document.querySelector('a.skip').focus()")
        stops = [self.look()]
        for _ in range(200):
            self.page.keyboard.press("Tab")
            at = self.focus()
            if at is None or (stops and at["name"] == stops[0]["name"] and at["where"] == stops[0]["where"]):
                break
            stops.append(self.look())
        return stops
