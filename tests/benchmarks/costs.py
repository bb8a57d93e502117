"""What a web process spends, as four costs that explain the measured points of the benchmark.

A process of the site spends per second

    base + begins × batches + message × messages + write × writes + idle × connections

Sends that come within `gather` seconds, or until enough wait, share a batch (one transaction, one
round of publishing), and what a batch brings to a connection leaves in one write.
The bars 1, 2 and 4 fix the costs; bar 3 is predicted, so that it shows what the model is worth beyond its own points.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

FIGURES = Path(__file__).parent / "results" / "figures.json"
GATHER = 0.06  # seconds: `SEND_REST` of `rooms/live/process.py`
ENOUGH = 25  # sends that wait begin a batch: `SENDS_ENOUGH` of `rooms/live/process.py`

type Row = list[float]


@dataclass(frozen=True)
class Point:
    """A measured step: `rate` messages a second in all, and the cores that the processes took."""

    bar: int
    what: str
    processes: int
    connections: int
    rooms: int
    rate: float
    cores: float


@dataclass(frozen=True)
class Measured:
    """Points of one run of the benchmark, and what it found about the rest."""

    source: str
    points: Sequence[Point]
    postgres_us: float  # a message, in rooms of 20
    redis_us: float  # a message, two processes
    haproxy_us: float  # a delivery
    idle_kib: float  # a connection
    idle_percent: float  # of a core, 1,000 connections
    page_ms: float  # 50 messages over HTTP
    gathers: Sequence[float] = (GATHER,)  # seconds, tried in turn where a run does not say them


@dataclass(frozen=True)
class Costs:
    """Seconds of a core."""

    base: float
    begins: float
    message: float
    write: float
    idle: float
    gather: float

    def cores(self, *, processes: float, batches: float, messages: float, writes: float, connections: float) -> float:
        """Of all processes together; everything but `processes` and `connections` is a second."""
        parts = zip(self._fitted, (processes, batches, messages, writes), strict=True)
        return sum(cost * part for cost, part in parts) + self.idle * connections

    @property
    def _fitted(self) -> Row:
        return [self.base, self.begins, self.message, self.write]

    def of(self, point: Point) -> float:
        return self.cores(**_parts(point, self.gather), connections=point.connections)


def batches(rate: float, processes: float, gather: float) -> float:
    """How many begin a second on all processes, where `rate` sends a second come by chance."""
    return rate / (1 + rate / processes * gather)


def window(rate: float, processes: float, gather: float) -> float:
    """Seconds that a batch of a process gathers, where `rate` sends a second come to all of them."""
    return min(gather, ENOUGH * processes / rate) if rate else gather


def _parts(point: Point, gather: float) -> dict[str, float]:
    """What a step did a second. A room's people see the messages of a batch as one write."""
    gather = window(point.rate, point.processes, gather)
    in_a_room = batches(point.rate / point.rooms, point.processes, gather)
    return {
        "processes": point.processes,
        "batches": batches(point.rate, point.processes, gather),
        "messages": point.rate,
        "writes": in_a_room * point.connections,
    }


# The run of 24 November 2026 on two cores (`./run bench`), until there is a file of a newer one
PROVISIONAL = Measured(
    source="the run of 24 November 2026, written down in tests/benchmarks/costs.py",
    points=(
        Point(1, "1 room of 100", 2, 100, 1, 33.1, 0.153),
        Point(1, "1 room of 250", 2, 250, 1, 32.9, 0.189),
        Point(1, "1 room of 500", 2, 500, 1, 33.0, 0.227),
        Point(1, "1 room of 1000", 2, 1000, 1, 33.1, 0.304),
        Point(2, "50 rooms of 20", 2, 1000, 50, 299, 0.395),
        Point(4, "20 rooms of 5", 1, 100, 20, 989, 0.470),
        Point(4, "1 room of 100", 1, 100, 1, 988, 0.474),
        Point(4, "20 rooms of 5, full speed", 1, 100, 20, 1500, 0.532),
        Point(4, "1 room of 100, full speed", 1, 100, 1, 1249, 0.470),
        Point(3, "1 room of 1000", 2, 1000, 1, 32.2, 0.318),
        Point(3, "1 room of 1000", 2, 1000, 1, 49.0, 0.368),
        Point(3, "1 room of 1000", 2, 1000, 1, 73.8, 0.442),
        Point(3, "1 room of 1000", 2, 1000, 1, 96.8, 0.470),
        Point(3, "1 room of 1000", 2, 1000, 1, 120, 0.457),
        Point(3, "1 room of 1000", 2, 1000, 1, 146, 0.454),
    ),
    postgres_us=488,
    redis_us=29.2,
    haproxy_us=8.9,
    idle_kib=26.1,
    idle_percent=1.53,
    page_ms=16.2,
    gathers=(0.005, 0.01, 0.02, 0.03, 0.05, 0.08),
)


def measured(path: Path = FIGURES) -> Measured:
    return from_figures(path) if path.is_file() else PROVISIONAL


def from_figures(path: Path) -> Measured:
    """Of a complete run, the median over its rounds."""
    raw = json.loads(path.read_text())["raw"]
    small, wide, [idle] = _plaza(raw["small_rooms"]), _plaza(raw["fan_out"]), _plaza(raw["idle"])
    return Measured(
        source=str(path),
        points=_points(raw),
        postgres_us=median(step["postgres_us"] for step in small),
        redis_us=median(step["redis_us"] for step in small),
        haproxy_us=median(step["haproxy_us"] for step in wide if step["way"] == "haproxy"),
        idle_kib=idle["kib"],
        idle_percent=idle["percent"],
        page_ms=max(step["cpu_ms"] for step in raw["opening"] if "HTTP" in step["what"]),
    )


def _plaza(steps: Iterable[dict[str, Any]], chat: str = "plaza") -> list[dict[str, Any]]:
    return [step for step in steps if step["chat"].startswith(chat) and "sqlite" not in step["chat"]]


def _points(raw: dict[str, list[dict[str, Any]]]) -> list[Point]:
    found: defaultdict[tuple[int, str, int, int, float], list[tuple[float, float]]] = defaultdict(list)

    def take(bar: int, step: dict[str, Any], processes: int, rooms: int, words: str = "") -> None:
        what = f"{rooms} room{'s' * (rooms > 1)} of {step['readers'] // rooms}{words}"
        asked = step.get("rate", 0) if bar == 3 else 0
        rate, cores = step["answered"] / step["seconds"], step["cpu"]["servers"] / step["seconds"]
        found[bar, what, processes, rooms, asked].append((rate, cores))

    for step in _plaza(raw["fan_out"]):
        if step["way"] == "straight":
            take(1, step, 2, 1)
    for step in _plaza(raw["small_rooms"]):
        take(2, step, 2, 50)
    for step in _plaza(raw["saving"]):
        take(4, step, 1, step["rooms"], ", full speed" if step["kind"] == "full" else "")
    for step in _plaza(raw["hot_room"]):
        if step.get("held"):  # over what it can do, a step measures the queue
            take(3, step, 2, 1)
    return [_point(*key, steps) for key, steps in found.items()]


def _point(bar: int, what: str, processes: int, rooms: int, _asked: float, steps: list[tuple[float, float]]) -> Point:
    rate, cores = (median(values) for values in zip(*steps, strict=True))
    members = int(what.split(" of ")[1].split(",")[0])
    return Point(bar, what, processes, members * rooms, rooms, rate, cores)


def calibrate(found: Measured) -> Costs:
    """Least squares of the relative errors over bars 1, 2 and 4, at the `gather` that fits best."""
    idle = found.idle_percent / 100 / 1_000
    points = [point for point in found.points if point.bar != 3]
    fits = [_fit(points, idle, gather) for gather in found.gathers]
    return min(fits, key=lambda costs: sum((costs.of(point) / point.cores - 1) ** 2 for point in points))


def _fit(points: Sequence[Point], idle: float, gather: float) -> Costs:
    rows = [list(_parts(point, gather).values()) for point in points]
    weighted = [[part / point.cores for part in row] for row, point in zip(rows, points, strict=True)]
    wanted = [1 - idle * point.connections / point.cores for point in points]
    base, begins, message, write = _no_negatives(weighted, wanted)
    return Costs(base, begins, message, write, idle, gather)


def _no_negatives(rows: list[Row], wanted: Row) -> Row:
    """Least squares, without the parts whose cost would come out below zero."""
    used = list(range(len(rows[0])))
    while True:
        chosen = [[row[part] for part in used] for row in rows]
        costs = _least_squares(chosen, wanted)
        if min(costs) >= 0:
            known = dict(zip(used, costs, strict=True))
            return [known.get(part, 0.0) for part in range(len(rows[0]))]
        used.pop(costs.index(min(costs)))


def _least_squares(rows: list[Row], wanted: Row) -> Row:
    size = range(len(rows[0]))
    matrix = [
        [
            *(sum(row[i] * row[j] for row in rows) for j in size),
            sum(r[i] * y for r, y in zip(rows, wanted, strict=True)),
        ]
        for i in size
    ]
    return _solve(matrix)


def _solve(matrix: list[Row]) -> Row:
    """Gauss and Jordan, with pivots."""
    for i in range(len(matrix)):
        pivot = max(range(i, len(matrix)), key=lambda row: abs(matrix[row][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        matrix[i] = [value / matrix[i][i] for value in matrix[i]]
        for j in range(len(matrix)):
            if j != i:
                factor = matrix[j][i]
                matrix[j] = [a - factor * b for a, b in zip(matrix[j], matrix[i], strict=True)]
    return [row[-1] for row in matrix]
