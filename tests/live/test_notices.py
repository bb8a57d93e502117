"""The log of notices, whose ids commit out of order."""

from hypothesis import given
from hypothesis import strategies as st

from rooms.live.notices import NoticeLog


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(log: NoticeLog, committed: set[int]) -> list[int]:
    """As the query does it."""
    return sorted(notice for notice in committed if notice > log.last or notice in log.holes)


def test_6_was_seen_before_5_was_committed() -> None:
    log = NoticeLog(4, Clock())
    assert ask(log, {6}) == [6]
    log.read([6])
    assert set(log.holes) == {5}
    assert ask(log, {5, 6}) == [5]
    log.read([5])
    assert not log.holes
    assert ask(log, {5, 6}) == []


def test_a_hole_is_asked_for_during_10_minutes() -> None:
    clock = Clock()
    log = NoticeLog(4, clock)
    log.read([6])
    clock.now = 599
    log.read([])
    assert ask(log, {5}) == [5]
    clock.now = 601
    log.read([])
    assert ask(log, {5}) == []


@given(st.permutations(range(1, 12)), st.lists(st.integers(0, 4), max_size=12))
def test_each_is_read_once_in_whatever_order_they_commit(order: list[int], pauses: list[int]) -> None:
    log, committed, seen = NoticeLog(0, Clock()), set[int](), list[int]()
    for at, notice in enumerate(order):
        committed.add(notice)
        if at >= len(pauses) or pauses[at] == 0:
            rows = ask(log, committed)
            seen += rows
            log.read(rows)
    rows = ask(log, committed)
    seen += rows
    log.read(rows)
    assert sorted(seen) == list(range(1, 12))
