"""The seven bars of docs/performance.md, Plaza beside its peers: `./run bench`.

    .venv/bin/python -m tests.benchmarks [--quick] [BAR…]      bars by number or name: 1 fan_out, 2 small_rooms, …

Needs a C compiler and Node besides what a cluster needs. One bar alone, as one works on it: `… tests.benchmarks 1`,
or with `--quick` for a first look. The figures of a complete run go to tests/benchmarks/results/, those of any to
`--out FOLDER`. Nothing of it is a timed test: how fast a machine is, is no defect.
"""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ops import packages
from tests.benchmarks import client, plots
from tests.benchmarks.bars import fan_out, hot_room, idle, opening, saving, small_rooms, storm
from tests.benchmarks.chats import World, open_world
from tests.benchmarks.report import HEAD, Report, line

BARS: dict[str, Callable[[World, Report], None]] = {
    "fan_out": fan_out.run,
    "small_rooms": small_rooms.run,
    "hot_room": hot_room.run,
    "saving": saving.run,
    "idle": idle.run,
    "storm": storm.run,
    "opening": opening.run,
}
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    options = parse(sys.argv[1:])
    # Or a time limit around it would leave the cluster and the peers behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("./run: broken off"))
    packages.require((*packages.CLUSTER, *packages.NODE))
    report = Report(options.quick)
    began = time.monotonic()
    print(HEAD, flush=True)  # noqa: T201
    try:
        measure(report, options.bars)
    finally:  # what was found until then is of use
        minutes = (time.monotonic() - began) / 60
        print("\n".join(["", HEAD, *map(line, report.rows), f"{minutes:.1f} minutes"]))  # noqa: T201
        if options.out:
            write(report, options.out, minutes)
    if options.bars == list(BARS) and not options.quick:
        write(report, RESULTS, minutes)


def measure(report: Report, bars: list[str]) -> None:
    with open_world() as world:
        client.compile_client(world.folder)
        for name in bars:
            started = time.monotonic()
            BARS[name](world, report)
            report.keep("minutes", bar=name, minutes=round((time.monotonic() - started) / 60, 2))


def write(report: Report, out: Path, minutes: float) -> None:
    out.mkdir(parents=True, exist_ok=True)
    report.write(out / "figures.json", machine=machine(), minutes=round(minutes, 1))
    plots.draw(report, out)


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bars", nargs="*", metavar="BAR", help=", ".join(f"{i} {b}" for i, b in enumerate(BARS, 1)))
    parser.add_argument("--quick", action="store_true", help="one short round: figures to look at, not to quote")
    parser.add_argument("--out", type=Path, help="a folder for figures and plots")
    options = parser.parse_args(words)
    names = list(BARS)
    chosen = [names[int(bar) - 1] if bar.isdecimal() and 0 < int(bar) <= len(names) else bar for bar in options.bars]
    if unknown := set(chosen) - set(names):
        parser.error(f"there is no bar {', '.join(sorted(unknown))}")
    options.bars = chosen or names
    return options


def machine() -> dict[str, str | int | None]:
    model = next((row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")), "")
    return {"cpus": os.cpu_count(), "cpu": model.partition(": ")[2], "kernel": platform.release()}


if __name__ == "__main__":
    main()
