"""Reads the durable log of what belongs to one user, without missing what was committed late."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

HOLE_SECONDS = 600.0
HOLES_AT_ONCE = 1_000


@dataclass(slots=True)
class NoticeLog:
    """What was read of it. Ids commit out of order (tried: 6 was seen before 5 was committed, and
    no overlap is long enough), so holes are remembered and asked for again for 10 minutes."""

    last: int
    clock: Callable[[], float] = time.monotonic
    holes: dict[int, float] = field(default_factory=dict)

    def read(self, ids: list[int]) -> None:
        """Take note of what a query of `last` and `holes` brought, in order of id."""
        now = self.clock()
        for notice in ids:
            self.holes.pop(notice, None)
            if notice > self.last:
                missing = range(max(self.last + 1, notice - HOLES_AT_ONCE), notice)
                self.holes.update(dict.fromkeys(missing, now))
                self.last = notice
        self.holes = {hole: since for hole, since in self.holes.items() if now - since < HOLE_SECONDS}
