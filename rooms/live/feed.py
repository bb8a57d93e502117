"""The feed: one a process. It takes each event once and hands it to the process's own connections.

The channel layer may lose, double, delay and reorder; the feed knows the last `seq` that it
delivered in each room, waits 100 ms for what is missing, and then reads it from the database. So
every connection sees a room's values rise by one. Nothing here touches Django's ORM: what the
database knows comes through a `Reader`.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from prometheus_client import Counter

from rooms.changes import Changes, encode
from rooms.errors import ChatError, NotFound, Unavailable
from rooms.events import RoomEvent

logger = logging.getLogger(__name__)

PATIENCE = 0.1  # seconds that an early event waits for its predecessors
RETRY = 0.5  # seconds after which a repair that failed is tried again
HELD_LIMIT = 1_000  # frames held back from one connection in one room
EARLY_LIMIT = 1_000  # events kept for one room while a repair reads
STARTING_AFRESH = 1012  # the code that closes a connection whose way is lost

repairs = Counter("plaza_feed_repairs", "Times that a room's changes were read because an event was missing.")
lags = Counter("plaza_feed_lags", "Times that one connection was behind the feed and caught up by itself.")


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded event that leads from `after` to `seq`."""

    after: int
    seq: int
    data: bytes
    reader: int = 0


class Client(Protocol):
    """What the feed needs of a connection."""

    user: int

    def write(self, data: bytes, *, live: bool = True) -> None: ...
    def close(self, code: int, reason: str = "") -> None: ...
    async def taken(self) -> None:
        """Wait until less than 256 KiB waits for the client."""

    def wrote_own(self, room: int, seq: int) -> None:
        """The client's own message went by: its position moved with it."""


class Reader(Protocol):
    """The truth."""

    async def moved(self, held: Mapping[int, int]) -> tuple[str, dict[int, int]]:
        """The epoch, and the `seq` of each room that is elsewhere than `held` says, in one query."""

    async def changes(self, room: int, after: int, reader: int | None) -> Changes: ...


@dataclass(eq=False, slots=True)
class Seat:
    """One connection in one room: how far it got, and what is held back from it meanwhile."""

    client: Client
    room: "RoomFeed"
    seq: int = 0
    begun: bool = False
    held: list[Frame] | None = field(default_factory=list)
    turn: asyncio.Lock | None = None  # of those who write what was missed


@dataclass(eq=False, slots=True)
class RoomFeed:
    """One room on this process. `seq` is None until a snapshot says where it begins."""

    id: int
    seq: int | None = None
    members: set[int] = field(default_factory=set)
    seats: dict[Client, Seat] = field(default_factory=dict)
    early: dict[int, RoomEvent] = field(default_factory=dict)
    repair: asyncio.Task[None] | None = None
    patience: asyncio.TimerHandle | None = None


class Feed:
    """`wanted` is called with a room's id when its first local member comes, `unwanted` with the
    last one's going; `gained` when somebody here joined a room: (user, room)."""

    def __init__(
        self,
        reader: Reader,
        *,
        wanted: Callable[[int], None] = lambda room: None,
        unwanted: Callable[[int], None] = lambda room: None,
        gained: Callable[[int, int], None] = lambda user, room: None,
        restored: Callable[[], None] = lambda: None,
    ) -> None:
        self._reader = reader
        self._wanted, self._unwanted = wanted, unwanted
        self._gained, self._restored = gained, restored
        self._tasks: set[asyncio.Task[Any]] = set()
        self.rooms: dict[int, RoomFeed] = {}
        self.clients: defaultdict[int, set[Client]] = defaultdict(set)
        self.seats: defaultdict[Client, dict[int, Seat]] = defaultdict(dict)
        self.epoch: str | None = None

    # Who is here

    def enter(self, client: Client) -> None:
        self.clients[client.user].add(client)
        self.seats[client] = {}

    def leave(self, client: Client) -> None:
        for seat in list(self.seats.pop(client, {}).values()):
            self._unseat(seat)
        self.clients[client.user].discard(client)
        if not self.clients[client.user]:
            del self.clients[client.user]

    def started(self) -> set[int]:
        """The rooms whose members and position this process knows already."""
        return {room.id for room in self.rooms.values() if room.seq is not None}

    def take_seat(self, client: Client, room_id: int) -> Seat:
        """A seat whose events are held until `begin` and `release`."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = RoomFeed(room_id)
            self._wanted(room_id)
        seat = self.seats[client].get(room_id)
        if seat is None:
            seat = Seat(client, room)
            room.seats[client] = seat
            self.seats[client][room_id] = seat
        return seat

    def begin(self, seat: Seat, seq: int, members: Iterable[int] | None) -> None:
        """The seat's snapshot was read at `seq`; a room's first one says where its feed begins."""
        seat.seq, seat.begun = seq, True
        if seat.room.seq is None:
            seat.room.seq = seq
            seat.room.members = set(members or ())
            self._advance(seat.room)

    def release(self, seat: Seat) -> None:
        """Its snapshot is written: what was held since goes on from there."""
        held, seat.held = seat.held or [], None
        for position, frame in enumerate(held):
            if not self._offer(seat, frame):  # a gap: the rest waits for it
                self._hold(seat, held[position + 1 :])
                return
        if seat.room.seq is not None and seat.seq < seat.room.seq:
            self._catch_up(seat)

    def give_up_seat(self, client: Client, room_id: int) -> bool:
        """Whether the client was in the room: it is no longer."""
        seat = self.seats.get(client, {}).pop(room_id, None)
        if seat is None:
            return False
        self._unseat(seat)
        return True

    def _unseat(self, seat: Seat) -> None:
        room = seat.room
        room.seats.pop(seat.client, None)
        if not room.seats and self.rooms.get(room.id) is room:
            del self.rooms[room.id]
            if room.patience:
                room.patience.cancel()
            self._unwanted(room.id)

    def _is_current(self, seat: Seat) -> bool:
        return seat.room.seats.get(seat.client) is seat

    # What happens

    def receive(self, event: RoomEvent) -> None:
        """An event of the channel layer or of this process itself: in any order, any number of times."""
        room = self.rooms.get(event["room"])
        if room is None or (room.seq is not None and event["seq"] <= room.seq):
            return
        if len(room.early) < EARLY_LIMIT:
            room.early[event["seq"]] = event
        self._advance(room)

    def _advance(self, room: RoomFeed) -> None:
        """Deliver what is next; wait a little for what is missing."""
        if room.seq is None:
            return
        while event := room.early.pop(room.seq + 1, None):
            self._deliver_event(room, event)
        for seq in [seq for seq in room.early if seq <= room.seq]:
            del room.early[seq]
        if room.early and room.patience is None and room.repair is None:
            loop = asyncio.get_running_loop()
            room.patience = loop.call_later(PATIENCE, self._lose_patience, room)

    def _lose_patience(self, room: RoomFeed) -> None:
        room.patience = None
        if room.early:
            self._repair(room)

    def _deliver_event(self, room: RoomFeed, event: RoomEvent) -> None:
        after = event["seq"] - 1
        self._apply_membership(room, event["joined"], event["left"])
        self._deliver(room, Frame(after, event["seq"], encode(event["event"]), event["reader"]))

    def _deliver(self, room: RoomFeed, frame: Frame) -> None:
        room.seq = frame.seq
        for seat in list(room.seats.values()):
            self._offer(seat, frame)

    def _offer(self, seat: Seat, frame: Frame) -> bool:
        """Whether the seat is past this frame now; else it is held back."""
        if seat.held is not None:
            self._hold(seat, [frame])
            return False
        if frame.after == seat.seq:
            seat.seq = frame.seq
            if frame.reader == seat.client.user:
                seat.client.wrote_own(seat.room.id, frame.seq)
            seat.client.write(frame.data)
        elif frame.seq > seat.seq:
            self._catch_up(seat)
            self._hold(seat, [frame])
            return False
        return True

    def _hold(self, seat: Seat, frames: list[Frame]) -> None:
        """Past the limit, `release` finds a gap and reads again."""
        if seat.held is not None and len(seat.held) < HELD_LIMIT:
            seat.held += frames

    def _apply_membership(self, room: RoomFeed, joined: Iterable[int], left: Iterable[int]) -> None:
        """Before the value with which they came or went is delivered."""
        for user in left:
            room.members.discard(user)
            for client in list(self.clients.get(user, ())):
                if self.give_up_seat(client, room.id):
                    client.write(encode({"type": "room.left", "room": room.id}))
        for user in joined:
            room.members.add(user)
            if user in self.clients:
                self._gained(user, room.id)

    # What was missed

    async def look(self) -> None:
        """Compare all rooms with the database: once a second, in one query.

        Another epoch, or a room that is behind what was delivered, means that the database was
        restored from a backup.
        """
        delivered = {room.id: room.seq for room in self.rooms.values() if room.seq is not None}
        epoch, moved = await self._reader.moved(delivered)
        if self.epoch is None:
            self.epoch = epoch
        if epoch != self.epoch or any(seq < delivered[room] for room, seq in moved.items()):
            logger.warning("The database was restored: starting afresh")
            self.epoch = None  # the next snapshot says which
            self._restored()
            return
        if moved:
            asyncio.get_running_loop().call_later(PATIENCE, self._repair_behind, moved)

    def _repair_behind(self, seen: dict[int, int]) -> None:
        for room_id, seq in seen.items():
            room = self.rooms.get(room_id)
            if room is not None and room.seq is not None and room.seq < seq:
                self._repair(room)

    def _repair(self, room: RoomFeed) -> None:
        if room.repair is None:
            repairs.inc()
            room.repair = self._start(self._read_missing(room))

    async def _read_missing(self, room: RoomFeed) -> None:
        try:
            while (after := room.seq) is not None and self.rooms.get(room.id) is room:
                changes = await self._read(room, after)
                if changes is None or changes.seq <= (room.seq or 0):
                    return
                if room.seq == after:  # else it came after all: look again from there
                    self._deliver_changes(room, changes)
                    return
        finally:
            room.repair = None
            if self.rooms.get(room.id) is room:
                self._advance(room)

    async def _read(self, room: RoomFeed, after: int) -> Changes | None:
        """Tried until the database answers."""
        while self.rooms.get(room.id) is room:
            try:
                return await self._reader.changes(room.id, after, None)
            except NotFound:
                logger.warning("Room %d is gone from the database", room.id)
                return None
            except ChatError:
                await asyncio.sleep(RETRY)
        return None

    def _deliver_changes(self, room: RoomFeed, changes: Changes) -> None:
        self._apply_membership(room, changes.joined, changes.left)
        after = changes.after
        for seq, data in changes.frames:
            self._deliver(room, Frame(after, seq, data))
            after = seq

    # One connection alone

    def _catch_up(self, seat: Seat) -> None:
        lags.inc()
        if seat.held is None:
            seat.held = []
        self._start(self._resume_in_turn(seat, None))

    async def answer(self, seat: Seat, cursor: int) -> None:
        """Write what a client missed after its `cursor`, and let its live events go on from there.

        Raises Unavailable, and leaves the seat where it was, when the database does not answer.
        """
        await self._resume_in_turn(seat, cursor)

    async def _resume_in_turn(self, seat: Seat, cursor: int | None) -> None:
        """One at a time: an answer's parts and a lagging seat's must not mix."""
        if seat.turn is None:
            seat.turn = asyncio.Lock()
        async with seat.turn:
            if not self._is_current(seat):
                return
            if seat.held is None:
                seat.held = []
            try:
                await self._resume(seat, cursor)
            except Unavailable:
                self.release(seat)
                raise
            except Exception:
                # A held seat hears nothing more: better that its client comes again.
                seat.client.close(STARTING_AFRESH, "starting afresh")
                raise

    async def _resume(self, seat: Seat, cursor: int | None) -> None:
        try:
            changes = await self._read_for(seat, cursor)
        except NotFound:
            if self.give_up_seat(seat.client, seat.room.id):
                seat.client.write(encode({"type": "room.left", "room": seat.room.id}))
            return
        if changes is None or not self._is_current(seat):
            return
        if changes.seq != (seat.seq if cursor is None else cursor):
            for _seq, data in changes.frames:
                await seat.client.taken()
                if not self._is_current(seat):
                    return
                seat.client.write(data, live=False)
        seat.seq = changes.seq
        self.release(seat)

    async def _read_for(self, seat: Seat, cursor: int | None) -> Changes | None:
        """Once for a client that waits for its answer; for a seat that lags, until the database answers."""
        while self._is_current(seat):
            try:
                after = seat.seq if cursor is None else cursor
                return await self._reader.changes(seat.room.id, after, seat.client.user)
            except Unavailable:
                if cursor is not None:
                    raise
                await asyncio.sleep(RETRY)
        return None

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("The feed failed", exc_info=error)
