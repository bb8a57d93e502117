"""The feed's way to the truth: reads that many connections share."""

import asyncio
from collections.abc import Mapping, Sequence

from django.conf import settings

from rooms.changes import Changes, Wish, changes_of, room_changes
from rooms.errors import ChatError, Unavailable
from rooms.live import queries
from rooms.live.database import ANSWER_SECONDS, Database
from rooms.live.gather import Gatherer, Tell
from rooms.live.patience import Patience

ROOMS_AT_ONCE = 200
READ_REST = 0.02  # seconds from the beginning of a read to the next; alone, one waits for nobody
READS_ENOUGH = 100  # of those that wait, for a read without a rest


class DatabaseReader:
    """A `Reader` of the feed's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._patience = Patience(ANSWER_SECONDS)
        self._shared: dict[Wish, asyncio.Task[Changes]] = {}
        self._reads: Gatherer[Wish, Changes] = Gatherer(
            self._read,
            most=ROOMS_AT_ONCE,
            at_once=max(1, settings.CHAT_DB_THREADS - 1),
            rest=READ_REST,
            enough=READS_ENOUGH,
        )

    async def moved(self, held: Mapping[int, int]) -> tuple[str, dict[int, int]]:
        return await self._database.ask(queries.moved, held)

    async def changes(self, room: int, after: int) -> Changes:
        """One read for all who ask for the same before it begins: a thousand who lost their server
        come back with the same cursor."""
        reading = self._share(room, after)
        if not await self._patience.wait(reading):
            raise Unavailable
        return reading.result()

    async def own_changes(self, room: int, after: int, reader: int) -> Changes:
        return await self._database.ask(room_changes, room, after, reader)

    def _share(self, room: int, after: int) -> asyncio.Task[Changes]:
        if (room, after) not in self._shared:
            task = self._shared[room, after] = asyncio.create_task(self._reads.put((room, after)))
            task.add_done_callback(lambda late: late.cancelled() or late.exception())  # all may have gone
        return self._shared[room, after]

    async def _read(self, wishes: Sequence[Wish], _tell: Tell[Changes]) -> Sequence[Changes | ChatError]:
        for wish in wishes:
            del self._shared[wish]  # from here on it may be too old for somebody who asks
        return await self._database.run(changes_of, wishes)
