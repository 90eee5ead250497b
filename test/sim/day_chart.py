# SPDX-License-Identifier: Apache-2.0
"""The day as a drawing and as a table. The drawing is plain SVG that reads in light and dark."""

W, H, LEFT, TOP, GAP = 900, 190, 70, 34, 56
STATES = (("running", 3, "#2f6f4f"), ("stopping", 4, "#b08900"), ("starting", 2, "#3b6ea5"), ("queued", 1, "#a33b3b"))


def scale(values):
    top = max([*values, 1e-9])
    step = 10.0 ** len(str(int(top))) / 10
    for nice in (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10):
        if top <= nice * step * 4:
            return nice * step * 4, nice * step
    return top, top / 4


def hours(first, last):
    return [(h, f"{h}:00") for h in range(int(first), int(last) + 1, 2)]


def minutes(first, last):
    """Of a day in seconds."""
    return [(s, f"{s // 60}:{s % 60:02}") for s in range(int(first), int(last) + 1, 30)]


def panel(out, n, title, series, first, last, marks=hours):
    """series: (name, colour, [(hour, value)]); drawn as steps."""
    y0 = TOP + n * (H + GAP)
    top, step = scale([v for _, _, points in series for _, v in points])
    x = lambda h: LEFT + (h - first) / (last - first) * W  # noqa: E731
    y = lambda v: y0 + H - v / top * H  # noqa: E731
    out.append(f'<text class="t" x="{LEFT}" y="{y0 - 12}">{title}</text>')
    v = 0.0
    while v <= top + step / 2:
        out.append(f'<line class="g" x1="{LEFT}" x2="{LEFT + W}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>'
                   f'<text class="a" text-anchor="end" x="{LEFT - 8}" y="{y(v) + 4:.1f}">{v:g}</text>')
        v += step
    for h, text in marks(first, last):
        out.append(f'<text class="a" text-anchor="middle" x="{x(h):.1f}" y="{y0 + H + 16}">{text}</text>')
    at = LEFT + W
    for name, colour, points in reversed(series):
        if not points:
            continue
        path = f"M{x(points[0][0]):.1f} {y(points[0][1]):.1f}" + "".join(f"H{x(h):.1f}V{y(v):.1f}" for h, v in points[1:])
        out.append(f'<path fill="none" stroke="{colour}" stroke-width="1.6" d="{path}"/>')
        if len(series) > 1:
            at -= 8 * len(name) + 30
            out.append(f'<rect fill="{colour}" x="{at}" y="{y0 - 21}" width="12" height="4"/><text class="a" x="{at + 16}" y="{y0 - 15}">{name}</text>')


def draw(samples, first, last, marks=hours):
    """samples: (hour, queued, starting, running, stopping, cost per hour)."""
    samples = [s for s in samples if first <= s[0] <= last + 0.5]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + W + 20} {TOP + 3 * (H + GAP)}" font-family="system-ui, sans-serif">',
           "<style>.t{font-size:15px;fill:#444}.a{font-size:11px;fill:#777}.g{stroke:#8884;stroke-width:1}"
           "@media(prefers-color-scheme:dark){.t{fill:#ddd}.a{fill:#aaa}}</style>"]
    panel(out, 0, "Sessions by state", [(n, c, [(s[0], s[i]) for s in samples]) for n, i, c in STATES if n != "queued"], first, last, marks)
    panel(out, 1, "In the queue", [("queued", STATES[3][2], [(s[0], s[1]) for s in samples])], first, last, marks)
    panel(out, 2, "Cost per hour of the day, USD" if marks is hours else "Cost per hour, USD",
          [("cost", "#5b3f8c", [(s[0], s[5]) for s in samples])], first, last, marks)
    return "\n".join([*out, "</svg>", ""])


def table(args, site, figures):
    waits = sorted(site.waits) or [0]
    reasons = site.core.engine.reasons
    rows = [
        ("people", args.people), ("the day lasted, seconds", f"{args.seconds:g}"), ("memory to give away, GiB", args.slots * 2),
        ("given away at most, GiB", f"{site.core.engine.most / 2**30:g}"), ("calls", site.counts["calls"]),
        ("sessions", figures["sessions"]), ("asked for when the host was full: queued", site.counts["queued"]),
        ("left the line", site.counts["left the line"]), ("refused (quota, budget)", site.counts["starts refused"]),
        ("from asking to running, minutes of the day: median / longest", f"{waits[len(waits) // 2] * 60:.0f} / {waits[-1] * 60:.0f}"),
        ("longest queue", max([s[1] for s in site.samples] or [0])), ("running at once", max([s[3] for s in site.samples] or [0])),
        ("extended", site.counts["extended"]), ("stopped by their owners", reasons["user"]), ("stopped by auto-stop", reasons["idle"]),
        ("stopped at the longest time", reasons["max"]), ("stopped by a hard budget", reasons["budget"]),
        ("seconds billed", figures["seconds billed"]), ("charges", figures["charges"]), ("invoices", figures["invoices"]),
        ("billed, USD", f"{figures['billed']:.6f}"), ("on invoices, USD", f"{figures['on invoices']:.6f}"), ("findings", len(site.wrong)),
    ]
    return "| | |\n|---|---:|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)
