"""The simulation explains what was measured before it says what was not."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.costs import PROVISIONAL, Costs, calibrate, measured
from tests.benchmarks.needs import BUSY, needs
from tests.benchmarks.scaling import SIZES, limits, main

POINTS = [point for point in PROVISIONAL.points if point.bar != 3]


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_it_reproduces_the_points_that_it_was_made_from(point: Any) -> None:
    assert calibrate(PROVISIONAL).of(point) == pytest.approx(point.cores, rel=0.12)


def test_it_predicts_a_hot_room_that_does_not_join_much_yet() -> None:
    costs = calibrate(PROVISIONAL)
    for point in PROVISIONAL.points:
        if point.bar == 3 and point.rate < 80:
            assert costs.of(point) == pytest.approx(point.cores, rel=0.15)


def test_it_finds_the_costs_that_points_were_made_of() -> None:
    costs = Costs(base=0.03, begins=0.002, message=0.0003, write=4e-6, idle=1.5e-5, gather=0.03)
    made = replace(PROVISIONAL, points=[replace(point, cores=costs.of(point)) for point in POINTS], idle_percent=1.5)
    found = calibrate(made)
    assert found.gather == costs.gather
    for name in ("base", "begins", "message", "write", "idle"):
        assert getattr(found, name) == pytest.approx(getattr(costs, name), rel=1e-6)


def test_a_file_of_the_benchmark_is_read(tmp_path: Path) -> None:
    def step(seconds: float, answered: int, cores: float, readers: int, **of: Any) -> dict[str, Any]:
        return {"seconds": seconds, "answered": answered, "cpu": {"servers": cores}, "readers": readers, **of}

    raw = {
        "fan_out": [
            step(10, 330, 3, 1000, chat="plaza", way="straight"),
            step(10, 330, 5, 1000, chat="plaza", way="straight"),
            step(10, 330, 4, 1000, chat="plaza", way="haproxy", haproxy_us=8.0),
            step(10, 330, 9, 1000, chat="socketio-relay", way="straight"),
        ],
        "small_rooms": [step(10, 3000, 4, 1000, chat="plaza", postgres_us=400.0, redis_us=30.0)],
        "saving": [step(4, 4000, 2, 100, chat=chat, rooms=20, kind="half") for chat in ("plaza", "plaza-sqlite")],
        "hot_room": [
            step(2, 66, 1, 1000, chat="plaza", rate=33, held=True),
            step(2, 999, 1, 1000, chat="plaza", rate=500, held=False),
        ],
        "idle": [{"chat": "plaza-idle", "kib": 20.0, "percent": 1.0}],
        "opening": [{"what": "50 messages over HTTP", "cpu_ms": cost} for cost in (10.0, 12.0)],
    }
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"raw": raw}))
    found = measured(path)
    assert [
        (point.bar, point.what, point.processes, point.connections, point.rate, point.cores) for point in found.points
    ] == [
        (1, "1 room of 1000", 2, 1000, 33, 0.4),
        (2, "50 rooms of 20", 2, 1000, 300, 0.4),
        (4, "20 rooms of 5", 1, 100, 1000, 0.5),
        (3, "1 room of 1000", 2, 1000, 33, 0.5),
    ]
    assert (found.postgres_us, found.redis_us, found.haproxy_us, found.page_ms) == (400, 30, 8, 12)
    assert measured(tmp_path / "none") is PROVISIONAL


def test_more_people_need_more_and_no_process_is_too_busy() -> None:
    costs = calibrate(PROVISIONAL)
    small, large, huge = (needs(people, PROVISIONAL, costs) for people in SIZES)
    assert small.processes == 2
    for less, more in ((small, large), (large, huge)):
        assert less.processes < more.processes
        assert less.cores < more.cores <= more.processes * BUSY
        assert less.postgres_cores < more.postgres_cores
    assert max(limit.ratio for limit in limits(small)) < 1 < max(limit.ratio for limit in limits(huge))


def test_it_prints_the_measured_beside_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    printed = capsys.readouterr().out
    assert "10,000,000 people: what breaks first" in printed
    assert "error" in printed
