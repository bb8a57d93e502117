"""Gathers what many connections want written, so that it shares a transaction."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress

from rooms.errors import ChatError, Unavailable

SLOW_SECONDS = 0.1  # after which a batch no longer takes the place of the next
SLOW_LIMIT = 1  # batches that are slow; each holds a thread

type Tell[Result] = Callable[[int, Result | Exception], None]
type Write[Wish, Result] = Callable[[Sequence[Wish], Tell[Result]], Awaitable[Sequence[Result | ChatError]]]


class Gatherer[Wish, Result]:
    """Alone, a wish is written at once; while a batch is being written, and until `rest` seconds after it
    began, others gather for the next: a little busy, and a write is shared already. No more than
    `enough` of them rest: so many share well.

    `write` takes the wishes of a batch and answers with a result or an error for each; what it knows
    earlier it may tell earlier, by position. Wishes with one `key` (a room, whose lock one batch
    holds) are never in two batches at once: so what waits for a slow room waits in one place.
    """

    def __init__(
        self,
        write: Write[Wish, Result],
        *,
        key: Callable[[Wish], Hashable] | None = None,
        most: int = 200,
        at_once: int = 2,
        pause: float = 0.0,
        rest: float = 0.0,
        enough: int | None = None,
    ) -> None:
        self._write = write
        self._key = key
        self._most = most
        self._at_once = at_once
        self._pause = pause
        self._rest = rest
        self._enough = enough or most
        self._has_enough = asyncio.Event()
        self._not_before = 0.0
        self._running = 0
        self._slow = 0
        self._busy: Counter[Hashable] = Counter()
        self._waiting: deque[tuple[Wish, asyncio.Future[Result]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def put(self, wish: Wish) -> Result:
        """The wish's result; raises its error."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, future))
        if len(self._waiting) >= self._enough:
            self._has_enough.set()
        self._kick()
        return await future

    def _kick(self) -> None:
        if self._running < self._at_once and any(self._is_free(wish) for wish, _future in self._waiting):
            self._running += 1
            task = asyncio.create_task(self._flush())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _is_free(self, wish: Wish) -> bool:
        return self._key is None or self._key(wish) not in self._busy

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        await self._gather(max(self._pause, self._not_before - loop.time()))
        batch = self._take_batch()
        self._not_before = loop.time() + self._rest
        unanswered = dict(enumerate(batch))
        slow = [False]

        def tell(position: int, outcome: Result | Exception) -> None:
            if answered := unanswered.pop(position, None):
                self._answer(*answered, outcome)

        def let_another_run() -> None:
            if self._slow < SLOW_LIMIT:
                slow[0], self._slow, self._running = True, self._slow + 1, self._running - 1
                self._kick()

        timer = loop.call_later(SLOW_SECONDS, let_another_run)
        try:
            for position, outcome in enumerate(await self._outcomes([wish for wish, _future in batch], tell)):
                tell(position, outcome)
        finally:
            timer.cancel()
            self._slow -= slow[0]
            self._running -= not slow[0]
            self._kick()

    async def _gather(self, seconds: float) -> None:
        """For so long, or until enough wait; for this turn of the loop in any case."""
        self._has_enough.clear()
        if seconds <= 0 or len(self._waiting) >= self._enough:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._has_enough.wait()

    def _take_batch(self) -> list[tuple[Wish, asyncio.Future[Result]]]:
        batch = [item for item in self._waiting if self._is_free(item[0])][: self._most]
        taken = {id(future) for _wish, future in batch}
        self._waiting = deque(item for item in self._waiting if id(item[1]) not in taken)
        if self._key is not None:
            self._busy.update(self._key(wish) for wish, _future in batch)
        return batch

    async def _outcomes(self, wishes: list[Wish], tell: Tell[Result]) -> Sequence[Result | Exception]:
        if not wishes:
            return []
        try:
            return await self._write(wishes, tell)
        except Exception as error:
            # Each of those who wait is told; the door logs what it did not expect.
            return [error if not isinstance(error, ChatError) else Unavailable() for _wish in wishes]

    def _leave(self, key: Hashable) -> None:
        self._busy[key] -= 1
        if not self._busy[key]:
            del self._busy[key]
            self._kick()

    def _answer(self, wish: Wish, future: asyncio.Future[Result], outcome: Result | Exception) -> None:
        if self._key is not None:
            self._leave(self._key(wish))
        if future.done():
            return
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
