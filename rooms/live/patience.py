"""Many waits with one limit, and one timer for all of them."""

import asyncio
from collections import deque
from typing import Any


class Patience:
    """A timer for each of thousands of sends a second would cost more than the sends' own bookkeeping."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, work: asyncio.Future[Any]) -> bool:
        """Whether the work ended within the limit; it goes on in any case."""
        if work.done():
            return True
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()

        def wake(_work: asyncio.Future[Any]) -> None:
            if not waiter.done():
                waiter.set_result(None)

        work.add_done_callback(wake)
        self._waiting.append((loop.time() + self._seconds, waiter))
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look)
        await waiter
        return work.done()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and (self._waiting[0][0] <= loop.time() or self._waiting[0][1].done()):
            _end, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
        self._timer = loop.call_at(self._waiting[0][0], self._look) if self._waiting else None
