"""One server process: its feed, its link to the others, and what it does once a second."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

from django.conf import settings
from prometheus_client import Gauge

from rooms import events
from rooms.errors import ChatError
from rooms.limits import change_limiter, send_limiter
from rooms.live import arrivals
from rooms.live.arrivals import Arrival, Credentials, Refusal
from rooms.live.belongings import Belongings
from rooms.live.connection import GOING_AWAY, Connection
from rooms.live.database import ANSWER_SECONDS, Database
from rooms.live.fanout import Tick, spread
from rooms.live.feed import Feed
from rooms.live.gather import Gatherer, Tell
from rooms.live.links import Links
from rooms.live.online import Online
from rooms.live.patience import Patience
from rooms.live.presence import Presence
from rooms.live.reader import DatabaseReader
from rooms.operations.reads import ReadMark, mark_all
from rooms.operations.sending import Draft, Sent, send_messages
from rooms.payloads import ReadPayload, encode

logger = logging.getLogger(__name__)

SEND_REST = 0.06  # seconds from the beginning of a batch of sends to the next; alone, one waits for nobody
SENDS_ENOUGH = 25  # of those that wait, for a batch without a rest
ARRIVAL_REST, ARRIVALS_ENOUGH = 0.02, 100  # the same, of those who come
READ_PAUSE = 0.2  # seconds that read positions gather

connections_gauge = Gauge("plaza_connections", "Live connections of this process.")


class Live:
    """Made once in a process, in its event loop."""

    def __init__(self) -> None:
        self.name = uuid4().hex[:12]
        self.draining = False
        self._loop = asyncio.get_running_loop()
        self.tick = Tick(self._loop)
        self.database = Database()
        self.patience = Patience(ANSWER_SECONDS)
        self.links = Links(self.name, self.hear)
        self.feed = Feed(
            DatabaseReader(self.database),
            wanted=lambda room: self.links.want(events.room_group(room)),
            unwanted=lambda room: self.links.drop(events.room_group(room)),
            gained=lambda _user, _room: self.belongings.look_soon(),  # there is a notice about it
            restored=self.close_all,
        )
        self.presence = Presence(self.name)
        self.online = Online(self.feed, self.presence, self._say_who_is_here)
        self.belongings = Belongings(
            self.feed, self.database, start=self._start, start_afresh=self.close_all, greet=self.online.greet
        )
        self.arrivals: Gatherer[Credentials, Arrival | Refusal] = Gatherer(
            self._arrive, rest=ARRIVAL_REST, enough=ARRIVALS_ENOUGH
        )
        self.sends: Gatherer[Draft, Sent] = Gatherer(
            self._write_sends, key=lambda draft: draft.room, at_once=1, rest=SEND_REST, enough=SENDS_ENOUGH
        )
        self.reads: Gatherer[ReadMark, ReadPayload] = Gatherer(
            self._write_reads, key=lambda mark: (mark.user, mark.room), at_once=1, pause=READ_PAUSE
        )
        self.send_limiter = send_limiter
        self.change_limiter = change_limiter
        # Of the threads, so that edits in a room whose lock is held leave some for everything else
        self.changes_at_once = asyncio.Semaphore(max(1, settings.CHAT_DB_THREADS // 2))
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        self.links.want(events.NOTICES)
        self.links.want(events.PRESENCE)
        self.links.start()
        events.use_publisher(FeedPublisher(self._loop, self))
        look_at = (self.feed.look, self.belongings.look_at_reads, self.belongings.look_at_ends)
        for each in (*look_at, self._sweep, self.online.tell):
            self._start(self._every_second(each))
        self._start(self.belongings.follow())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
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

    # Events

    def hear(self, message: dict[str, Any]) -> None:
        """A message of another process, or of this one's own publishing."""
        match message:
            case {"type": "several", "messages": messages}:
                with self.tick.joining():
                    for one in messages:
                        self.hear(one)
            case {"type": "room.event"}:
                self.feed.receive(message)  # type: ignore[arg-type]
            case {"type": "room.typing", "room": room, "user": user}:
                self.tell_typing(room, user)
            case {"type": "notice"}:
                self.belongings.look_soon()
            case {"type": "presence", "process": process, "users": users}:
                self.presence.heard(process, users)

    def tell_typing(self, room_id: int, user: dict[str, Any]) -> None:
        room = self.feed.rooms.get(room_id)
        if room is None or user["id"] not in room.members:
            return
        data = encode({"type": "typing", "room": room_id, "user": user})
        spread(data, (client for client in room.seats if client.user != user["id"]))

    async def arrive(self, credentials: Credentials) -> Arrival | Refusal:
        """Who comes and what they are told, not older than any notice about them. To be seated before
        anything else is awaited: from then on they hear what changes."""
        while True:
            began = self._loop.time()
            arrival = await self.arrivals.put(credentials)
            if isinstance(arrival, Refusal) or self._is_up_to_date(arrival, began):
                return arrival

    def _is_up_to_date(self, arrival: Arrival, began: float) -> bool:
        identity, opening = arrival
        members_are_known = all(
            entry["id"] in opening.members or self.feed.has_started(entry["id"]) for entry in opening.entries
        )
        return members_are_known and not self.belongings.was_noticed(identity.user.id, began)

    async def _arrive(
        self, them: Sequence[Credentials], _tell: Tell[Arrival | Refusal]
    ) -> Sequence[Arrival | Refusal | ChatError]:
        return await self.database.ask(arrivals.arrive, them, self.feed.started())

    async def _write_sends(self, drafts: Sequence[Draft], tell: Tell[Sent]) -> Sequence[Sent | ChatError]:
        def told(position: int, outcome: Sent | ChatError) -> None:
            self._loop.call_soon_threadsafe(tell, position, outcome)

        return await self.database.run(send_messages, drafts, told=told)

    async def _write_reads(
        self, marks: Sequence[ReadMark], _tell: Tell[ReadPayload]
    ) -> Sequence[ReadPayload | ChatError]:
        return await self.database.run(mark_all, marks)

    def _say_who_is_here(self, users: list[int]) -> None:
        self.links.publish(events.PRESENCE, {"type": "presence", "process": self.name, "users": users})

    # Once a second

    async def _sweep(self) -> None:
        now = time.monotonic()
        for connection in self.connections:
            connection.sweep(now)

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
        await self.links.stop()
        self.database.stop()


class FeedPublisher:
    """Brings what this process wrote to its own feed directly, and to the others by the link."""

    def __init__(self, loop: asyncio.AbstractEventLoop, live: Live) -> None:
        self._loop = loop
        self._live = live

    def publish(self, messages: list[tuple[str, events.Event]]) -> None:
        self._loop.call_soon_threadsafe(self._spread, messages)

    def _spread(self, messages: list[tuple[str, events.Event]]) -> None:
        with self._live.tick.joining() if len(messages) > 1 else nullcontext():
            for group, message in messages:
                self._live.hear(dict(message))
                self._live.links.publish(group, message)


_live: Live | None = None


def live_process() -> Live:
    """This process's, started at its first call; to be called in the event loop."""
    global _live
    if _live is None or _live._loop is not asyncio.get_running_loop():
        _live = Live()
        _live.start()
    return _live
