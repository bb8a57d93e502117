"""Gathers what many connections want written, so that it shares a transaction."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from rooms.errors import ChatError, Unavailable


class Gatherer[Wish, Result]:
    """Alone, a wish is written at once; while a batch is being written, others gather for the next.

    `write` takes the wishes of a batch and answers with a result or an error for each.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Wish]], Awaitable[Sequence[Result | ChatError]]],
        *,
        most: int = 200,
        at_once: int = 2,
        pause: float = 0.0,
    ) -> None:
        self._write = write
        self._most = most
        self._at_once = at_once
        self._pause = pause
        self._running = 0
        self._waiting: deque[tuple[Wish, asyncio.Future[Result]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def put(self, wish: Wish) -> Result:
        """The wish's result; raises its error."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, future))
        self._kick()
        return await future

    def _kick(self) -> None:
        if self._waiting and self._running < self._at_once:
            self._running += 1
            task = asyncio.create_task(self._flush())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _flush(self) -> None:
        try:
            await asyncio.sleep(self._pause)
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
            outcomes = await self._outcomes([wish for wish, _future in batch])
            for (_wish, future), outcome in zip(batch, outcomes, strict=True):
                _answer(future, outcome)
        finally:
            self._running -= 1
            self._kick()

    async def _outcomes(self, wishes: list[Wish]) -> Sequence[Result | ChatError | Exception]:
        if not wishes:
            return []
        try:
            return await self._write(wishes)
        except Exception as error:
            # Each of those who wait is told; the door logs what it did not expect.
            return [error if not isinstance(error, ChatError) else Unavailable() for _wish in wishes]


def _answer[Result](future: asyncio.Future[Result], outcome: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
