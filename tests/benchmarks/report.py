"""What a benchmark found: rows of one table, and all raw figures."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

FAULTS = ("lost", "doubled", "confused", "disordered", "refused", "dropped")


@dataclass(frozen=True)
class Row:
    """One line of the table. `met` is None where the line only informs."""

    bar: int
    what: str
    unit: str
    value: float
    peer: float | None = None
    ask: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer if self.peer else None


@dataclass
class Report:
    quick: bool
    rows: list[Row] = field(default_factory=list)
    raw: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 3

    def seconds(self, full: float) -> float:
        """How long a step lasts."""
        return full / 6 if self.quick else full

    def keep(self, where: str, **figures: Any) -> None:
        self.raw.setdefault(where, []).append(figures)

    def found(self, where: str, **of: Any) -> list[dict[str, Any]]:
        """The raw figures that are of a chat, a way, a rate …"""
        return [figures for figures in self.raw.get(where, []) if all(figures[key] == of[key] for key in of)]

    def middle(self, where: str, what: str, **of: Any) -> float:
        """The median over the rounds of a raw figure."""
        return float(median(figures[what] for figures in self.found(where, **of)))

    def faults(self, where: str, **of: Any) -> int:
        """How often a promise was broken."""
        return sum(int(figures[fault]) for figures in self.found(where, **of) for fault in FAULTS)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        print(line(row), flush=True)  # noqa: T201

    def write(self, path: Path, **about: Any) -> None:
        rows = [asdict(row) | {"ratio": row.ratio} for row in self.rows]
        path.write_text(json.dumps({**about, "quick": self.quick, "rows": rows, "raw": self.raw}, indent=1) + "\n")


HEAD = f"{'':>2}  {'what':<62} {'value':>10} {'peer':>10} {'ratio':>6}  {'asked':<18} met"


def line(row: Row) -> str:
    met = {True: "yes", False: "NO", None: ""}[row.met]
    peer = number(row.peer) if row.peer is not None else ""
    ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
    what = f"{row.what}, {row.unit}"
    return f"{row.bar:>2}  {what:<62} {number(row.value):>10} {peer:>10} {ratio:>6}  {row.ask:<18} {met}"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
