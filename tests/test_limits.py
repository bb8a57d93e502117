"""The token bucket, by a clock of the test's own."""

from rooms.limits import FORGET_AT, SendLimiter


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_one_waits_for_the_next_token() -> None:
    clock = Clock()
    limiter = SendLimiter(burst=3, per_second=2, clock=clock)
    assert [limiter.take(1) for _number in range(3)] == [0, 0, 0]
    assert limiter.take(1) == 0.5
    assert limiter.take(2) == 0
    clock.now += 0.5
    assert limiter.take(1) == 0


def test_buckets_that_are_full_again_are_forgotten() -> None:
    clock = Clock()
    limiter = SendLimiter(burst=1, per_second=1, clock=clock)
    for user in range(FORGET_AT):
        limiter.take(user)
    clock.now += 10
    limiter.take(FORGET_AT)
    assert len(limiter._buckets) == 1
