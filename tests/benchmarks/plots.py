"""Draws the two plots of docs/performance.md, as SVG."""

from collections import defaultdict
from dataclasses import dataclass
from math import log10
from pathlib import Path
from statistics import median

from tests.benchmarks.report import Report, number

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 70, 20, 40, 60
COLOURS = ("#2563eb", "#d97706", "#16a34a", "#9333ea")
NAMES = {"plaza": "Plaza", "socketio-relay": "Socket.IO"}

type Line = dict[float, float]


@dataclass(frozen=True)
class Axis:
    """From values to pixels; in powers of ten where it is logarithmic."""

    title: str
    ticks: tuple[float, ...]
    start: float
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        low, high, here = (log10(one) if self.logarithmic else one for one in (self.ticks[0], self.ticks[-1], value))
        return self.start + (here - low) / (high - low) * (self.end - self.start)


def draw(report: Report, folder: Path) -> None:
    costs = lines(report, "fan_out", "members", "servers_us", way="straight")
    costs = {name: line for name, line in costs.items() if len(line) > 1}
    if costs:
        members = across("members of the room", (0, 250, 500, 750, 1_000))
        dearest = max(max(line.values()) for line in costs.values())
        steps = tuple(float(step) for step in range(0, int(dearest) + 10, 5))
        plot = svg("Server CPU per delivery, µs, at 33 messages/s", members, up("µs", steps), costs)
        (folder / "cost.svg").write_text(plot)
    delays = lines(report, "hot_room", "rate", "delivery_p99_ms")
    if delays:
        rates = across("messages/s to 1,000 members", (25, 50, 100, 200, 400, 1_000), logarithmic=True)
        times = up("ms", (1, 10, 100, 250, 1_000, 10_000), logarithmic=True)
        (folder / "p99.svg").write_text(svg("p99 of a delivery, ms; 250 is the bar", rates, times, delays))


def lines(report: Report, where: str, across: str, up: str, **of: str) -> dict[str, Line]:
    """For each chat the median over the rounds."""
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for figures in report.found(where, **of):
        if name := NAMES.get(figures["chat"]):
            found[name][figures[across]].append(figures[up])
    return {name: {key: median(values) for key, values in sorted(line.items())} for name, line in found.items()}


def across(title: str, ticks: tuple[float, ...], *, logarithmic: bool = False) -> Axis:
    return Axis(title, ticks, LEFT, WIDTH - RIGHT, logarithmic)


def up(title: str, ticks: tuple[float, ...], *, logarithmic: bool = False) -> Axis:
    return Axis(title, ticks, HEIGHT - BOTTOM, TOP, logarithmic)


def svg(title: str, x: Axis, y: Axis, drawn: dict[str, Line]) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="13" fill="#111827">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        text(LEFT, 24, title, weight="bold"),
        text((LEFT + WIDTH) / 2, HEIGHT - 14, x.title, anchor="middle"),
        *(rule(x.place(tick), TOP, x.place(tick), HEIGHT - BOTTOM) for tick in x.ticks),
        *(text(x.place(tick), HEIGHT - BOTTOM + 20, label(tick), anchor="middle") for tick in x.ticks),
        *(rule(LEFT, y.place(tick), WIDTH - RIGHT, y.place(tick)) for tick in y.ticks),
        *(text(LEFT - 8, y.place(tick) + 4, label(tick), anchor="end") for tick in y.ticks),
    ]
    for index, (name, line) in enumerate(drawn.items()):
        parts += curve(x, y, line, COLOURS[index % len(COLOURS)])
        place = WIDTH - RIGHT - 110 * (len(drawn) - 1 - index)
        parts.append(text(place, 24, f"● {name}", anchor="end", colour=COLOURS[index % len(COLOURS)]))
    return "\n".join([*parts, "</svg>", ""])


def curve(x: Axis, y: Axis, line: Line, colour: str) -> list[str]:
    points = [(x.place(key), y.place(max(value, y.ticks[0]))) for key, value in line.items()]
    path = " ".join(f"{left:.1f},{top:.1f}" for left, top in points)
    dots = [f'<circle cx="{left:.1f}" cy="{top:.1f}" r="4" fill="{colour}"/>' for left, top in points]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]


def rule(left: float, top: float, right: float, bottom: float) -> str:
    return f'<line x1="{left:.1f}" y1="{top:.1f}" x2="{right:.1f}" y2="{bottom:.1f}" stroke="#e5e7eb"/>'


def text(
    left: float, top: float, words: str, *, anchor: str = "start", weight: str = "normal", colour: str = "#111827"
) -> str:
    place = f'x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{colour}"'
    return f"<text {place}>{words}</text>"


def label(tick: float) -> str:
    return f"{tick:,.0f}" if tick == int(tick) else number(tick)
