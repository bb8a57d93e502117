"""One server process: its feed, its link to the others, and what it does once a second."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils import timezone
from prometheus_client import Gauge

from rooms import events
from rooms.changes import Changes, encode, room_changes
from rooms.errors import ChatError, NotFound, Unavailable
from rooms.limits import SendLimiter, send_limiter
from rooms.live import queries
from rooms.live.connection import GOING_AWAY, NOT_SIGNED_IN, Connection
from rooms.live.database import ANSWER_SECONDS, Database
from rooms.live.feed import Feed, Seat
from rooms.live.gather import Gatherer, Tell
from rooms.live.link import Link
from rooms.live.notices import NoticeLog
from rooms.live.presence import Presence
from rooms.models import Notice
from rooms.operations.history import NOTICES_KEPT
from rooms.operations.messages import Draft, Sent, send_messages
from rooms.operations.reads import ReadMark, mark_all
from rooms.payloads import ReadPayload, RoomEntry

logger = logging.getLogger(__name__)

READ_PAUSE = 0.2  # seconds that read positions gather
READS_OVERLAP = timedelta(seconds=10)
# What was noticed just before this process first looked, it may not have seen when people came in
NOTICES_OVERLAP = timedelta(minutes=1)
# Edits, deletions and reactions have a bucket of their own, so that they never eat up a send.
CHANGE_FACTOR = 4

connections_gauge = Gauge("plaza_connections", "Live connections of this process.")


class DatabaseReader:
    """The feed's way to the truth."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared: dict[tuple[int, int], asyncio.Task[Changes]] = {}
        self._turns = asyncio.Semaphore(max(1, settings.CHAT_DB_THREADS - 1))

    async def positions(self, rooms: Collection[int]) -> tuple[str, dict[int, int]]:
        return await self._database.ask(queries.positions, list(rooms))

    async def changes(self, room: int, after: int, reader: int | None) -> Changes:
        """One read for all who ask for the same before it begins: a thousand who lost their server
        come back with the same cursor."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                changes = await asyncio.shield(self._share(room, after))
        except TimeoutError as error:
            raise Unavailable from error
        if reader is not None and changes.messages is None:
            # A reset may begin above the value of a removal: the reader's own snapshot says.
            return await self._database.ask(room_changes, room, after, reader)
        if reader in changes.left:
            raise NotFound
        return changes

    def _share(self, room: int, after: int) -> asyncio.Task[Changes]:
        if (room, after) not in self._shared:
            task = self._shared[room, after] = asyncio.create_task(self._read(room, after))
            task.add_done_callback(lambda late: late.cancelled() or late.exception())  # all may have gone
        return self._shared[room, after]

    async def _read(self, room: int, after: int) -> Changes:
        async with self._turns:
            # From here on it may be too old for somebody who asks.
            del self._shared[room, after]
            return await self._database.run(room_changes, room, after)


class Live:
    """Made once in a process, in its event loop."""

    def __init__(self) -> None:
        self.name = uuid4().hex[:12]
        self.draining = False
        self.database = Database()
        self.link = Link(self.name, self.hear)
        self.feed = Feed(
            DatabaseReader(self.database),
            wanted=lambda room: self.link.want(events.room_group(room)),
            unwanted=lambda room: self.link.drop(events.room_group(room)),
            gained=lambda _user, _room: self._noticed.set(),  # there is a notice about it
            restored=self.close_all,
        )
        self.presence = Presence(self.name)
        self.sends: Gatherer[Draft, Sent] = Gatherer(self._write_sends, key=lambda draft: draft.room)
        self.reads: Gatherer[ReadMark, ReadPayload] = Gatherer(self._write_reads, at_once=1, pause=READ_PAUSE)
        self.send_limiter = send_limiter
        self.change_limiter = SendLimiter(
            settings.CHAT_SEND_BURST * CHANGE_FACTOR, settings.CHAT_SEND_PER_SECOND * CHANGE_FACTOR
        )
        # Of the threads, so that edits in a room whose lock is held leave some for everything else
        self.changes_at_once = asyncio.Semaphore(max(1, settings.CHAT_DB_THREADS // 2))
        self._reads_since = timezone.now()
        self._loop = asyncio.get_running_loop()
        self._log: NoticeLog | None = None
        self._noticed = asyncio.Event()
        self._read_notices_at = time.monotonic()
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        self.link.want(events.NOTICES)
        self.link.want(events.PRESENCE)
        self.link.start()
        events.use_publisher(FeedPublisher(self._loop, self))
        for each in (self.feed.look, self._look_at_reads, self._sweep, self._look_at_ends, self._tell_presence):
            self._start(self._every_second(each))
        self._start(self._follow_notices())

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _every_second(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(1)
            try:
                await work()
            except ChatError as error:
                logger.warning("The database did not answer, trying again: %s", error.__cause__)
            except Exception:
                # This loop repairs what others lose: it has to outlive any error of its own.
                logger.exception("Once-a-second work failed")

    # Connections

    @property
    def connections(self) -> list[Connection]:
        return [client for client in self.feed.seats if isinstance(client, Connection)]

    def has_room_for(self, user: int) -> bool:
        return len(self.feed.clients.get(user, ())) < settings.CHAT_MAX_CONNECTIONS_PER_USER

    def enter(self, connection: Connection) -> None:
        self.feed.enter(connection)
        connections_gauge.inc()

    def leave(self, connection: Connection) -> None:
        connection.gone()
        self.feed.leave(connection)
        connections_gauge.dec()

    def close_all(self) -> None:
        """Everybody comes again and begins afresh."""
        for connection in self.connections:
            connection.close(GOING_AWAY, "starting afresh")
            self.feed.leave(connection)

    def started_rooms(self) -> set[int]:
        return {room.id for room in self.feed.rooms.values() if room.seq is not None}

    # Events

    def hear(self, message: dict[str, Any]) -> None:
        """A message of another process, or of this one's own publishing."""
        match message:
            case {"type": "room.event"}:
                self.feed.receive(message)  # type: ignore[arg-type]
            case {"type": "room.typing", "room": room, "user": user}:
                self.tell_typing(room, user)
            case {"type": "notice"}:
                self._noticed.set()
            case {"type": "presence", "process": process, "users": users}:
                self.presence.heard(process, users)

    def tell_typing(self, room_id: int, user: dict[str, Any]) -> None:
        room = self.feed.rooms.get(room_id)
        if room is None or user["id"] not in room.members:
            return
        data = encode({"type": "typing", "room": room_id, "user": user})
        for client in room.seats:
            if client.user != user["id"]:
                client.write(data)

    async def _write_sends(self, drafts: Sequence[Draft], tell: Tell[Sent]) -> Sequence[Sent | ChatError]:
        def told(position: int, outcome: Sent | ChatError) -> None:
            self._loop.call_soon_threadsafe(tell, position, outcome)

        return await self.database.run(send_messages, drafts, told=told)

    async def _write_reads(
        self, marks: Sequence[ReadMark], _tell: Tell[ReadPayload]
    ) -> Sequence[ReadPayload | ChatError]:
        return await self.database.run(mark_all, marks)

    # Once a second

    async def _look_at_reads(self) -> None:
        """Positions that moved elsewhere. With overlap: one is dated before it is committed."""
        now = timezone.now()
        moved = await self.database.ask(queries.reads_since, list(self.feed.clients), self._reads_since - READS_OVERLAP)
        self._reads_since = now
        behind = {(user, room) for user, room, seq in moved if self._knows_less(user, room, seq)}
        if not behind:
            return
        for (user, _room), read in (await self.database.ask(queries.reads_of, behind)).items():
            for client in list(self.feed.clients.get(user, ())):
                if isinstance(client, Connection) and read["room"] in self.feed.seats[client]:
                    client.tell_read(read)

    def _knows_less(self, user: int, room: int, seq: int) -> bool:
        return any(
            isinstance(client, Connection) and client.reads.get(room, (seq,))[0] != seq
            for client in self.feed.clients.get(user, ())
        )

    async def _sweep(self) -> None:
        now = time.monotonic()
        for connection in self.connections:
            connection.sweep(now)

    async def _look_at_ends(self) -> None:
        """Sessions whose time is over, unless it was made longer meanwhile."""
        now = timezone.now()
        ending = [one for one in self.connections if one.expires_at is not None and one.expires_at <= now]
        keys = {one.identity.session_key for one in ending if one.identity.session_key}
        ends = await self.database.ask(queries.session_ends, keys) if keys else {}
        for connection in ending:
            connection.expires_at = ends.get(connection.identity.session_key or "")
            if connection.expires_at is None:
                connection.close(NOT_SIGNED_IN, "the session ended")

    async def _tell_presence(self) -> None:
        here = frozenset(self.feed.clients)
        if (said := self.presence.news(here)) is not None:
            self.link.publish(events.PRESENCE, {"type": "presence", "process": self.name, "users": list(said)})
        came, went = self.presence.changes(here)
        if not came and not went:
            return
        news: defaultdict[Connection, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
        for room in self.feed.rooms.values():
            arrived, departed = room.members & came, room.members & went
            for client in room.seats if arrived or departed else ():
                if isinstance(client, Connection):
                    news[client][0].update(arrived)
                    news[client][1].update(departed)
        for connection, (arrived, departed) in news.items():
            connection.send({"type": "presence", "online": sorted(arrived), "offline": sorted(departed)})

    def online_for(self, connection: Connection) -> list[int]:
        """Who is online among the people who share a room with this user."""
        known: set[int] = {connection.user}
        for seat in self.feed.seats[connection].values():
            known |= seat.room.members
        return sorted(known & self.presence.online(frozenset(self.feed.clients)))

    # Notices

    async def _follow_notices(self) -> None:
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
            self._log = NoticeLog(await self.database.ask(queries.notice_before, timezone.now() - NOTICES_OVERLAP))
        log = self._log
        rows = await self.database.ask(queries.notices_after, log.last, list(log.holes))
        now = time.monotonic()
        if now - self._read_notices_at > NOTICES_KEPT.total_seconds() / 2:
            logger.warning("Away for longer than notices are kept: starting afresh")
            self.close_all()
        await self._look_again(rows)
        log.read([row[0] for row in rows])
        self._read_notices_at = now

    async def _look_again(self, rows: list[tuple[int, int, str, int]]) -> None:
        """A notice says what to look at again, never what is so."""
        access = {
            user for _id, user, kind, _subject in rows if kind == Notice.Kind.ACCESS and user in self.feed.clients
        }
        rooms = {
            (user, room) for _id, user, kind, room in rows if kind == Notice.Kind.ROOM and user in self.feed.clients
        }
        changed = {user for _id, user, kind, _subject in rows if kind == Notice.Kind.PROFILE}
        if access:
            await self._look_at_access(access)
        if rooms:
            await self._look_at_rooms(rooms)
        if changed:
            await self._look_at_profiles(changed)

    async def _look_at_access(self, users: set[int]) -> None:
        connections = [one for one in self.connections if one.user in users]
        verdicts = await self.database.ask(queries.still_welcome, {one.identity for one in connections})
        for connection in connections:
            if refusal := verdicts.get(connection.identity):
                connection.close(refusal.code, refusal.reason)

    def look_later(self, connection: Connection) -> None:
        """What was noticed about its rooms before its `welcome` was written."""
        if connection.look_later:
            self._start(self._look_at_rooms_of(connection.user, connection.look_later))
            connection.look_later = set()

    async def _look_at_rooms(self, pairs: set[tuple[int, int]]) -> None:
        by_user: defaultdict[int, set[int]] = defaultdict(set)
        for user, room in pairs:
            by_user[user].add(room)
        for user, rooms in by_user.items():
            await self._look_at_rooms_of(user, rooms)

    async def _look_at_rooms_of(self, user: int, rooms: set[int]) -> None:
        """Tell what differs from what the user's connections were told."""
        clients = [one for one in self.feed.clients.get(user, ()) if isinstance(one, Connection)]
        gained = [
            self.feed.take_seat(client, room)
            for client in clients
            for room in rooms
            if client.welcomed and room not in self.feed.seats[client]
        ]
        for client in clients:
            client.look_later |= set() if client.welcomed else rooms
        try:
            opening = await self.database.ask(queries.opening, user, self.started_rooms(), rooms)
        except ChatError:
            for seat in gained:
                self.feed.give_up_seat(seat.client, seat.room.id)
            raise
        entries = {entry["id"]: entry for entry in opening.entries}
        self._seat_gained(gained, entries, opening)
        for client in clients:
            for room in rooms:
                self._tell_difference(client, room, entries.get(room))

    def _seat_gained(self, gained: list[Seat], entries: dict[int, RoomEntry], opening: queries.Opening) -> None:
        for seat in gained:
            entry = entries.get(seat.room.id)
            if self.feed.seats.get(seat.client, {}).get(seat.room.id) is not seat:
                continue
            if entry is None:
                self.feed.give_up_seat(seat.client, seat.room.id)
                continue
            assert isinstance(seat.client, Connection)
            self.feed.begin(seat, entry["seq"], opening.members.get(seat.room.id))
            self.tell_joined(seat.client, entry)
            self.feed.release(seat)

    def _tell_difference(self, client: Connection, room: int, entry: RoomEntry | None) -> None:
        if entry is None:
            if self.feed.give_up_seat(client, room):
                client.send({"type": "room.left", "room": room})
        elif room in client.involvements and client.involvements[room] != entry["involvement"]:
            client.involvements[room] = entry["involvement"]
            client.send({"type": "room.involvement", "room": room, "involvement": entry["involvement"]})

    def tell_joined(self, client: Connection, entry: RoomEntry) -> None:
        self.remember(client, entry)
        client.send({"type": "room.joined", "room": entry["id"], "state": entry})

    def remember(self, client: Connection, entry: RoomEntry) -> None:
        client.reads[entry["id"]] = (entry["read_seq"], entry["unread"], entry["mentions"])
        client.involvements[entry["id"]] = entry["involvement"]

    async def _look_at_profiles(self, users: set[int]) -> None:
        for payload, erased, rooms in await self.database.ask(queries.profiles, users):
            told: dict[str, Any] = {"id": payload["id"], "erased": True} if erased else dict(payload)
            data = encode({"type": "user.updated", "user": told})
            clients = {client for room in rooms if room in self.feed.rooms for client in self.feed.rooms[room].seats}
            for client in clients | self.feed.clients.get(payload["id"], set()):
                client.write(data)
        for client in self.connections:
            if client.user in users:
                await self.database.ask(client.identity.user.refresh_from_db, fields=["name", "avatar"])

    # The end

    async def drain(self, seconds: float) -> None:
        """Ask everybody to reconnect elsewhere, finish what is in flight, close who is still here."""
        self.draining = True
        for connection in self.connections:
            connection.ask_to_reconnect(seconds)
        while left := self.connections:
            now = time.monotonic()
            for connection in left:
                if connection.leave_at is None:
                    connection.ask_to_reconnect(seconds)
                elif connection.leave_at < now:
                    self._start(self._close_when_done(connection))
            if all(one.closed for one in left) and all((one.leave_at or now) + 1 < now for one in left):
                return
            await asyncio.sleep(0.1)

    async def _close_when_done(self, connection: Connection) -> None:
        if connection.busy is not None:
            await asyncio.wait([connection.busy], timeout=3)
        connection.close(GOING_AWAY, "going away")

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await self.link.stop()
        self.database.stop()


class FeedPublisher:
    """Brings what this process wrote to its own feed directly, and to the others by the link."""

    def __init__(self, loop: asyncio.AbstractEventLoop, live: Live) -> None:
        self._loop = loop
        self._live = live

    def publish(self, messages: list[tuple[str, events.Event]]) -> None:
        self._loop.call_soon_threadsafe(self._spread, messages)

    def _spread(self, messages: list[tuple[str, events.Event]]) -> None:
        for group, message in messages:
            self._live.hear(dict(message))
            self._live.link.publish(group, message)


_live: Live | None = None


def live_process() -> Live:
    """This process's, started at its first call; to be called in the event loop."""
    global _live
    if _live is None or _live._loop is not asyncio.get_running_loop():
        _live = Live()
        _live.start()
    return _live
