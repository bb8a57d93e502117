"""Who is online: each process says every 10 s who is on it; 25 s without news, and they are offline."""

import time
from collections.abc import Callable, Iterable

SAY_SECONDS = 10.0
SILENT_SECONDS = 25.0


class Presence:
    """The people of this process and what the other processes said last."""

    def __init__(self, process: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._process = process
        self._clock = clock
        self._others: dict[str, tuple[float, frozenset[int]]] = {}
        self._told: frozenset[int] = frozenset()
        self._said: frozenset[int] = frozenset()
        self._said_at = float("-inf")

    def heard(self, process: str, users: Iterable[int]) -> None:
        self._others[process] = (self._clock(), frozenset(users))

    def news(self, here: frozenset[int]) -> frozenset[int] | None:
        """What to say to the other processes now: who is here, when that changed or it is time."""
        now = self._clock()
        if here == self._said and now - self._said_at < SAY_SECONDS:
            return None
        self._said, self._said_at = here, now
        return here

    def online(self, here: frozenset[int]) -> frozenset[int]:
        oldest = self._clock() - SILENT_SECONDS
        self._others = {process: said for process, said in self._others.items() if said[0] >= oldest}
        return here.union(*(users for _heard_at, users in self._others.values()))

    def changes(self, here: frozenset[int]) -> tuple[frozenset[int], frozenset[int]]:
        """(came, went) since this was asked last."""
        online = self.online(here)
        came, went = online - self._told, self._told - online
        self._told = online
        return came, went
