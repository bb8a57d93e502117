"""What a room's feed missed, read from the database."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from prometheus_client import Counter

from rooms.changes import Changes
from rooms.errors import ChatError, NotFound
from rooms.live.chores import Chores
from rooms.live.seats import RoomFeed

logger = logging.getLogger(__name__)

RETRY = 0.5  # seconds after which a read that failed is tried again

repairs = Counter("plaza_feed_repairs", "Times that a room's changes were read because an event was missing.")


class Reader(Protocol):
    """The truth."""

    async def moved(self, held: Mapping[int, int]) -> tuple[str, dict[int, int]]:
        """The epoch, and the `seq` of each room that is elsewhere than `held` says, in one query."""

    async def changes(self, room: int, after: int) -> Changes:
        """One read for all who ask for the same; whose it is, is for those who ask to know."""

    async def own_changes(self, room: int, after: int, reader: int) -> Changes:
        """In a snapshot in which `reader` is a member; else NotFound."""


class Repairs:
    """`deliver` brings changes to a room; `go_on` follows, with what came early meanwhile."""

    def __init__(
        self,
        reader: Reader,
        chores: Chores,
        *,
        deliver: Callable[[RoomFeed, Changes], None],
        go_on: Callable[[RoomFeed], None],
    ) -> None:
        self._reader = reader
        self._chores = chores
        self._deliver = deliver
        self._go_on = go_on

    def start(self, room: RoomFeed) -> None:
        if room.repair is None:
            repairs.inc()
            room.repair = self._chores.start(self._read_missing(room))

    async def _read_missing(self, room: RoomFeed) -> None:
        try:
            while (after := room.seq) is not None and not room.gone:
                changes = await self._read(room, after)
                if changes is None or changes.seq <= (room.seq or 0):
                    return
                if room.seq == after:  # else it came after all: look again from there
                    self._deliver(room, changes)
                    return
        finally:
            room.repair = None
            if not room.gone:
                self._go_on(room)

    async def _read(self, room: RoomFeed, after: int) -> Changes | None:
        """Tried until the database answers."""
        while not room.gone:
            try:
                return await self._reader.changes(room.id, after)
            except NotFound:
                logger.warning("Room %d is gone from the database", room.id)
                return None
            except ChatError:
                await asyncio.sleep(RETRY)
        return None
