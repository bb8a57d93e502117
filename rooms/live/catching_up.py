"""One connection alone: what it missed, written while its live events are held back."""

import asyncio
from collections.abc import Callable

from prometheus_client import Counter

from rooms.changes import Changes, Wish
from rooms.errors import NotFound, Unavailable
from rooms.live.chores import Chores
from rooms.live.repairs import RETRY, Reader
from rooms.live.seats import RoomFeed, Seat

TURN_SECONDS = 2.5  # for those before
KEPT_SECONDS, KEPT_LIMIT = 1.0, 200  # of answers that others may want too
STARTING_AFRESH = 1012  # the code that closes a connection whose way is lost

lags = Counter("plaza_feed_lags", "Times that one connection was behind the feed and caught up by itself.")


class CatchingUp:
    """`excluded` is called for a seat whose user may no longer read the room."""

    def __init__(self, reader: Reader, chores: Chores, excluded: Callable[[Seat], None]) -> None:
        self._reader = reader
        self._chores = chores
        self._excluded = excluded
        self._kept: dict[Wish, Changes] = {}

    def release(self, seat: Seat) -> None:
        """Let its live events go on from where its snapshot or answer ended."""
        if not seat.release():
            self.later(seat)

    def later(self, seat: Seat) -> None:
        """It is behind the feed: read what it missed, and hold back the rest until then."""
        lags.inc()
        seat.hold()
        self._chores.start(self._resume_in_turn(seat, None))

    async def answer(self, seat: Seat, cursor: int) -> None:
        """Write what a client missed after its `cursor`, and let its live events go on from there.

        Raises Unavailable, and leaves the seat where it was, when the database does not answer.
        """
        await self._resume_in_turn(seat, cursor)

    async def _resume_in_turn(self, seat: Seat, cursor: int | None) -> None:
        """One at a time: an answer's parts and a lagging seat's must not mix."""
        turn = await self._turn(seat, patient=cursor is None)
        try:
            if not seat.is_current():
                return
            seat.hold()
            try:
                await self._resume(seat, cursor)
            except Unavailable:
                self.release(seat)
                raise
            except Exception:
                # A held seat hears nothing more: better that its client comes again.
                seat.client.close(STARTING_AFRESH, "starting afresh")
                raise
        finally:
            turn.release()

    async def _turn(self, seat: Seat, *, patient: bool) -> asyncio.Lock:
        """A lagging seat tries until the database answers: who waits for an answer does not wait for that."""
        if seat.turn is None:
            seat.turn = asyncio.Lock()
        if patient or not seat.turn.locked():
            await seat.turn.acquire()
            return seat.turn
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await seat.turn.acquire()
        except TimeoutError as error:
            raise Unavailable from error
        return seat.turn

    async def _resume(self, seat: Seat, cursor: int | None) -> None:
        try:
            changes = await self._read_for(seat, cursor)
        except NotFound:
            self._excluded(seat)
            return
        if changes is None or not seat.is_current():
            return
        if changes.seq != (seat.seq if cursor is None else cursor):
            for _seq, data in changes.frames:
                await seat.client.taken()
                if not seat.is_current():
                    return
                seat.client.write(data, live=False)
        seat.begin(changes.seq)
        self.release(seat)

    async def _read_for(self, seat: Seat, cursor: int | None) -> Changes | None:
        """Once for a client that waits for its answer; for a seat that lags, until the database answers."""
        while seat.is_current():
            try:
                after = seat.seq if cursor is None else cursor
                return await self._changes(seat, after)
            except Unavailable:
                if cursor is not None:
                    raise
                await asyncio.sleep(RETRY)
        return None

    async def _changes(self, seat: Seat, after: int) -> Changes:
        """Raises NotFound where the client's user is no longer a member."""
        room, user = seat.room.id, seat.client.user
        # A member as far as the seat got: who left since then is named
        if after <= seat.seq and (changes := await self._shared_changes(seat.room, after)).messages is not None:
            if user in changes.left:
                raise NotFound
            return changes
        # A cursor may be ahead of what this process knows, and a reset begin above the value of a removal
        return await self._reader.own_changes(room, after, user)

    async def _shared_changes(self, room: RoomFeed, after: int) -> Changes:
        """What somebody else was told just now, as long as it goes as far as the feed."""
        kept = self._kept.get((room.id, after))
        if kept is not None and kept.seq >= (room.seq or 0):
            return kept
        changes = await self._reader.changes(room.id, after)
        if len(self._kept) < KEPT_LIMIT:
            self._kept[room.id, after] = changes
            asyncio.get_running_loop().call_later(KEPT_SECONDS, self._kept.pop, (room.id, after), None)
        return changes

    def forget(self) -> None:
        """What was read is of a database that is no longer, or names somebody as they were called."""
        self._kept.clear()
