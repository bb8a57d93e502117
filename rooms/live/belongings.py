"""What belongs to one user and has no `seq`: looked at again when a notice says so, or once a second."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from django.utils import timezone

from rooms.errors import ChatError
from rooms.live import arrivals, queries
from rooms.live.connection import NOT_SIGNED_IN, Connection
from rooms.live.database import Database
from rooms.live.fanout import spread
from rooms.live.feed import Feed
from rooms.live.notices import NoticeLog
from rooms.live.seats import Seat
from rooms.models import Notice
from rooms.operations.history import NOTICES_KEPT
from rooms.payloads import RoomEntry, encode

logger = logging.getLogger(__name__)

READS_OVERLAP = timedelta(seconds=4)  # a position is dated before it is committed: at most so long before
# What was noticed just before this process first looked, it may not have seen when people came in
NOTICES_OVERLAP = timedelta(minutes=1)
NOTED_SECONDS = 10.0  # longer than anybody's arrival is read


class Belongings:
    """Rooms gained and lost, bans, sessions, names, read positions: it reads the truth and tells each
    connection what differs from what it was told. `start_afresh` has everybody come again,
    `greet` tells somebody who gained a room who is online."""

    def __init__(
        self,
        feed: Feed,
        database: Database,
        *,
        start: Callable[[Coroutine[Any, Any, None]], None],
        start_afresh: Callable[[], None],
        greet: Callable[[Connection], None],
    ) -> None:
        self._feed = feed
        self._database = database
        self._start = start
        self._start_afresh = start_afresh
        self._greet = greet
        self._log: NoticeLog | None = None
        self._noticed = asyncio.Event()
        self._read_notices_at = time.monotonic()
        self._noticed_at: dict[int, float] = {}  # user → by the loop's clock, of late
        self._reads_since = timezone.now()

    @property
    def _connections(self) -> list[Connection]:
        return [client for client in self._feed.seats if isinstance(client, Connection)]

    def look_soon(self) -> None:
        """Somebody says that there is a notice."""
        self._noticed.set()

    async def follow(self) -> None:
        """At once when somebody says so, and once a second."""
        while True:
            try:
                async with asyncio.timeout(1):
                    await self._noticed.wait()
            except TimeoutError:
                pass  # the second is over
            self._noticed.clear()
            try:
                await self._read_notices()
            except ChatError as error:
                logger.warning("The database did not answer, trying again: %s", error.__cause__)
            except Exception:
                logger.exception("Notices could not be followed")

    async def _read_notices(self) -> None:
        if self._log is None:
            self._log = NoticeLog(await self._database.ask(queries.notice_before, timezone.now() - NOTICES_OVERLAP))
        log = self._log
        rows = await self._database.ask(queries.notices_after, log.last, list(log.holes))
        self.note({user for _id, user, _kind, _subject in rows})
        now = time.monotonic()
        if now - self._read_notices_at > NOTICES_KEPT.total_seconds() / 2:
            logger.warning("Away for longer than notices are kept: starting afresh")
            self._start_afresh()
        await self._look_again(rows)
        log.read([row[0] for row in rows])
        self._read_notices_at = now

    def note(self, users: set[int]) -> None:
        """There was a notice about each of them."""
        now = asyncio.get_running_loop().time()
        kept = {user: moment for user, moment in self._noticed_at.items() if moment > now - NOTED_SECONDS}
        self._noticed_at = kept | dict.fromkeys(users, now)

    def was_noticed(self, user: int, since: float) -> bool:
        """Whether there was a notice about somebody who is not here yet, by the loop's clock."""
        return self._noticed_at.get(user, 0.0) >= since

    async def _look_again(self, rows: list[tuple[int, int, str, int]]) -> None:
        """A notice says what to look at again, never what is so."""
        access = {
            user for _id, user, kind, _subject in rows if kind == Notice.Kind.ACCESS and user in self._feed.clients
        }
        rooms = {
            (user, room) for _id, user, kind, room in rows if kind == Notice.Kind.ROOM and user in self._feed.clients
        }
        changed = {user for _id, user, kind, _subject in rows if kind == Notice.Kind.PROFILE}
        if access:
            await self._look_at_access(access)
        if rooms:
            await self._look_at_rooms(rooms)
        if changed:
            self._feed.forget()
            await self._look_at_profiles(changed)

    async def _look_at_access(self, users: set[int]) -> None:
        connections = [one for one in self._connections if one.user in users]
        verdicts = await self._database.ask(arrivals.still_welcome, {one.identity for one in connections})
        for connection in connections:
            if refusal := verdicts.get(connection.identity):
                connection.close(refusal.code, refusal.reason)

    def look_later(self, connection: Connection) -> None:
        """What was noticed about its rooms before its `welcome` was written."""
        if connection.look_later:
            self._start(self._look_at_rooms_of(connection.user, set(connection.look_later)))
            connection.look_later = frozenset()

    async def _look_at_rooms(self, pairs: set[tuple[int, int]]) -> None:
        by_user: defaultdict[int, set[int]] = defaultdict(set)
        for user, room in pairs:
            by_user[user].add(room)
        for user, rooms in by_user.items():
            await self._look_at_rooms_of(user, rooms)

    async def _look_at_rooms_of(self, user: int, rooms: set[int]) -> None:
        """Tell what differs from what the user's connections were told."""
        clients = [one for one in self._feed.clients.get(user, ()) if isinstance(one, Connection)]
        gained = [
            self._feed.take_seat(client, room)
            for client in clients
            for room in rooms
            if client.welcomed and room not in self._feed.seats[client]
        ]
        for client in clients:
            client.look_later |= frozenset() if client.welcomed else rooms
        try:
            opening = await self._database.ask(arrivals.opening, user, self._feed.started(), rooms)
        except ChatError:
            for seat in gained:
                self._feed.give_up_seat(seat.client, seat.room.id)
            raise
        entries = {entry["id"]: entry for entry in opening.entries}
        self._seat_gained(gained, entries, opening)
        for client in clients:
            for room in rooms:
                self._tell_difference(client, room, entries.get(room))

    def _seat_gained(self, gained: list[Seat], entries: dict[int, RoomEntry], opening: arrivals.Opening) -> None:
        for seat in gained:
            entry = entries.get(seat.room.id)
            if self._feed.seats.get(seat.client, {}).get(seat.room.id) is not seat:
                continue
            if entry is None:
                self._feed.give_up_seat(seat.client, seat.room.id)
                continue
            assert isinstance(seat.client, Connection)
            self._feed.begin(seat, entry["seq"], opening.members.get(seat.room.id))
            self._tell_joined(seat.client, entry)
            self._feed.release(seat)

    def _tell_difference(self, client: Connection, room: int, entry: RoomEntry | None) -> None:
        if entry is None:
            if self._feed.give_up_seat(client, room):
                client.send({"type": "room.left", "room": room})
        elif room in client.involvements and client.involvements[room] != entry["involvement"]:
            client.involvements[room] = entry["involvement"]
            client.send({"type": "room.involvement", "room": room, "involvement": entry["involvement"]})

    def _tell_joined(self, client: Connection, entry: RoomEntry) -> None:
        self.remember(client, entry)
        client.send({"type": "room.joined", "room": entry["id"], "state": entry})
        self._greet(client)  # people whom one did not share a room with

    def remember(self, client: Connection, entry: RoomEntry) -> None:
        client.reads[entry["id"]] = (entry["read_seq"], entry["unread"], entry["mentions"])
        client.involvements[entry["id"]] = entry["involvement"]

    async def _look_at_profiles(self, users: set[int]) -> None:
        for payload, erased, rooms in await self._database.ask(queries.profiles, users):
            told: dict[str, Any] = {"id": payload["id"], "erased": True} if erased else dict(payload)
            data = encode({"type": "user.updated", "user": told})
            clients = {client for room in rooms if room in self._feed.rooms for client in self._feed.rooms[room].seats}
            spread(data, clients | self._feed.clients.get(payload["id"], set()))
        for client in self._connections:
            if client.user in users:
                await self._database.ask(client.identity.user.refresh_from_db, fields=["name", "avatar"])

    # Once a second

    async def look_at_reads(self) -> None:
        """Positions that moved elsewhere. With overlap: one is dated before it is committed."""
        now = timezone.now()
        moved = await self._database.ask(
            queries.reads_since, list(self._feed.clients), self._reads_since - READS_OVERLAP
        )
        self._reads_since = now
        behind = {(user, room) for user, room, seq in moved if self._knows_less(user, room, seq)}
        if not behind:
            return
        for (user, _room), read in (await self._database.ask(queries.reads_of, behind)).items():
            for client in list(self._feed.clients.get(user, ())):
                if isinstance(client, Connection) and read["room"] in self._feed.seats[client]:
                    client.tell_read(read)

    def _knows_less(self, user: int, room: int, seq: int) -> bool:
        return any(
            isinstance(client, Connection) and client.reads.get(room, (seq,))[0] != seq
            for client in self._feed.clients.get(user, ())
        )

    async def look_at_ends(self) -> None:
        """Sessions whose time is over, unless it was made longer meanwhile."""
        now = timezone.now()
        ending = [one for one in self._connections if one.expires_at is not None and one.expires_at <= now]
        keys = {one.identity.session_key for one in ending if one.identity.session_key}
        ends = await self._database.ask(queries.session_ends, keys) if keys else {}
        for connection in ending:
            connection.expires_at = ends.get(connection.identity.session_key or "")
            if connection.expires_at is None:
                connection.close(NOT_SIGNED_IN, "the session ended")
