"""Draws the benchmarks' charts: SVG with a background of its own, light or dark as the reader's page is."""

import math
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

# Width and height of a panel's inside, and what is around it.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, LEGEND = 300, 230, 62, 26, 64, 46, 26

# Told apart by colour, mark and dash. A name keeps its look in all charts; names that are not here take the rest in turn.
LOOKS = {"raw": 0, "engine": 1, "luajit": 2, "lua5.1": 3}
COLOURS = [("#666a73", "#a5abb6"), ("#1f6fd6", "#6cacff"), ("#cc5a00", "#ffa04d"), ("#1a8a4a", "#55cf8c"),
           ("#8a3fc2", "#c893f0"), ("#b3164f", "#ff7aa8")]
DASHES = ["5 3", "", "", "2 3", "7 3 2 3", "1 2"]


@dataclass
class Line:
    name: str
    points: list  # of (x, y)
    marks: bool = True


@dataclass
class Panel:
    title: str
    x_label: str
    y_label: str
    lines: list
    x_log: bool = True
    y_log: bool = False
    x_ticks: list = None            # of (value, text); none: round numbers
    limits: list = field(default_factory=list)  # of (y, text): lines across


class Axis:
    """From values to places between 0 and 1."""

    def __init__(self, values, log, ticks=None):
        low, high = min(values), max(values)
        self.log = log
        if log:
            if ticks is None:
                self.low = 10 ** math.floor(math.log10(low) + 1e-9)
                self.high = max(10 ** math.ceil(math.log10(high) - 1e-9), self.low * 10)
                decades = range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)
                ticks = [(10.0 ** exponent, short(10.0 ** exponent)) for exponent in decades]
            else:
                self.low, self.high = min(low, ticks[0][0]), max(high, ticks[-1][0])
        else:
            step = round_step(high / 4)
            self.low, self.high = 0.0, step * math.ceil(high / step - 1e-9)
            ticks = ticks or [(step * i, short(step * i)) for i in range(round(self.high / step) + 1)]
        self.ticks = ticks

    def place(self, value):
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def round_step(least):
    """1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)


def short(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def look_of(name, names):
    if name in LOOKS:
        return LOOKS[name]
    free = [look for look in range(len(COLOURS)) if look not in {LOOKS.get(other) for other in names}]
    strangers = [other for other in names if other not in LOOKS]
    return free[strangers.index(name) % len(free)]


def mark(look, x, y):
    """A circle, square, triangle or diamond."""
    shape = look % 4
    if shape == 0:
        return f'<circle class="f{look}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    if shape == 1:
        return f'<rect class="f{look}" x="{x - 2.8:.1f}" y="{y - 2.8:.1f}" width="5.6" height="5.6"/>'
    corners = [(0, -3.6), (3.4, 2.6), (-3.4, 2.6)] if shape == 2 else [(0, -3.8), (3.8, 0), (0, 3.8), (-3.8, 0)]
    return f'<polygon class="f{look}" points="' + " ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in corners) + '"/>'


def style():
    def colours(shade):
        strokes = "".join(f".s{i}{{stroke:{pair[shade]}}}.f{i}{{fill:{pair[shade]}}}" for i, pair in enumerate(COLOURS))
        paper, ink, grid = (("#ffffff", "#24292f", "#d8dce2"), ("#0d1117", "#d5dbe3", "#30363d"))[shade]
        return f".paper{{fill:{paper}}}text{{fill:{ink}}}.grid{{stroke:{grid}}}.axis,.limit{{stroke:{ink}}}{strokes}"
    return ("<style>text{font:11px system-ui,sans-serif}.head{font-size:14px;font-weight:600}.sub{font-weight:600}"
            ".line{fill:none;stroke-width:1.8}.limit{stroke-dasharray:2 3}" + colours(0) +
            "@media(prefers-color-scheme:dark){" + colours(1) + "}</style>")


def draw_panel(panel, left, names):
    xs = [x for line in panel.lines for x, _ in line.points]
    ys = [y for line in panel.lines for _, y in line.points] + [y for y, _ in panel.limits]
    across, up = Axis(xs, panel.x_log, panel.x_ticks), Axis(ys, panel.y_log)
    bottom, right = TOP + HEIGHT, left + WIDTH

    def at(x, y):
        return left + WIDTH * across.place(x), bottom - HEIGHT * up.place(y)

    out = [f'<text class="sub" x="{left}" y="{TOP - 12}">{escape(panel.title)}</text>']
    for value, text in up.ticks:
        y = bottom - HEIGHT * up.place(value)
        out.append(f'<path class="grid" d="M{left} {y:.1f}H{right}"/>'
                   f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    for value, text in across.ticks:
        x = left + WIDTH * across.place(value)
        out.append(f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>'
                   f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{escape(text)}</text>')
    out.append(f'<path class="axis" fill="none" d="M{left} {TOP}V{bottom}H{right}"/>')
    out.append(f'<text x="{left + WIDTH / 2}" y="{bottom + 34}" text-anchor="middle">{escape(panel.x_label)}</text>')
    out.append(f'<text transform="translate({left - 44} {TOP + HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
               f'{escape(panel.y_label)}</text>')
    for limit, text in panel.limits:
        y = bottom - HEIGHT * up.place(limit)
        out.append(f'<path class="limit" d="M{left} {y:.1f}H{right}"/>'
                   f'<text x="{left + 4}" y="{y + (12 if y < TOP + 14 else -4):.1f}">{escape(text)}</text>')
    for line in panel.lines:
        look = look_of(line.name, names)
        places = [at(x, y) for x, y in line.points]
        dash = f' stroke-dasharray="{DASHES[look]}"' if DASHES[look] else ""
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        out.append(f'<path class="line s{look}"{dash} d="M{path}"/>')
        if line.marks:
            out += [mark(look, x, y) for x, y in places]
    return out


def draw(path, title, panels):
    """Writes the panels side by side, with one legend."""
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    width = len(panels) * (LEFT + WIDTH + RIGHT)
    height = TOP + HEIGHT + BOTTOM + LEGEND
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
           f'role="img">', f"<title>{escape(title)}</title>", style(),
           f'<rect class="paper" width="{width}" height="{height}"/>',
           f'<text class="head" x="{LEFT}" y="24">{escape(title)}</text>']
    for index, panel in enumerate(panels):
        out += draw_panel(panel, index * (LEFT + WIDTH + RIGHT) + LEFT, names)
    x, y = LEFT, height - 14
    for name in names:
        look = look_of(name, names)
        dash = f' stroke-dasharray="{DASHES[look]}"' if DASHES[look] else ""
        marked = any(line.name == name and line.marks for panel in panels for line in panel.lines)
        out.append(f'<path class="line s{look}"{dash} d="M{x} {y - 4}h26"/>{mark(look, x + 13, y - 4) if marked else ""}'
                   f'<text x="{x + 32}" y="{y}">{escape(name)}</text>')
        x += 32 + 7 * len(name) + 24
    out.append("</svg>")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("\n".join(out) + "\n", encoding="utf-8")
