"""The feed: one a process. It takes each event once and hands it to the process's own connections.

The channel layer may lose, double, delay and reorder; the feed knows the last `seq` that it
delivered in each room, waits 100 ms for what is missing, and then reads it from the database. So
every connection sees a room's values rise by one. Nothing here touches Django's ORM: what the
database knows comes through a `Reader`.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable

from rooms.changes import Changes
from rooms.events import RoomEvent
from rooms.live.catching_up import CatchingUp
from rooms.live.chores import Chores
from rooms.live.repairs import Reader, Repairs
from rooms.live.seats import Client, Frame, RoomFeed, Seat
from rooms.payloads import encode

logger = logging.getLogger(__name__)

PATIENCE = 0.1  # seconds that an early event waits for its predecessors
EARLY_LIMIT = 1_000  # events kept for one room while a repair reads


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
        chores = Chores()
        self._reader = reader
        self._repairs = Repairs(reader, chores, deliver=self._deliver_changes, go_on=self._advance)
        self._catching_up = CatchingUp(reader, chores, self._exclude)
        self._wanted, self._unwanted = wanted, unwanted
        self._gained, self._restored = gained, restored
        self.release = self._catching_up.release
        self.answer = self._catching_up.answer
        self.forget = self._catching_up.forget
        self.rooms: dict[int, RoomFeed] = {}
        self.clients: defaultdict[int, set[Client]] = defaultdict(set)
        self.seats: defaultdict[Client, dict[int, Seat]] = defaultdict(dict)
        self.epoch: str | None = None
        self._joined: defaultdict[int, set[int]] = defaultdict(set)

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
        return set(filter(self.has_started, self.rooms))

    def has_started(self, room_id: int) -> bool:
        room = self.rooms.get(room_id)
        return room is not None and room.seq is not None

    def take_seat(self, client: Client, room_id: int) -> Seat:
        """A seat whose events are held until `begin` and `release`."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = RoomFeed(room_id)
            self._wanted(room_id)
        seat = self.seats[client].get(room_id)
        if seat is None:
            seat = self.seats[client][room_id] = room.seat(client)
        return seat

    def begin(self, seat: Seat, seq: int, members: Iterable[int] | None) -> None:
        """The seat's snapshot was read at `seq`; a room's first one says where its feed begins."""
        seat.begin(seq)
        if seat.room.seq is None:
            seat.room.seq = seq
            seat.room.members = set(members or ())
            self._advance(seat.room)

    def give_up_seat(self, client: Client, room_id: int) -> bool:
        """Whether the client was in the room: it is no longer."""
        seat = self.seats.get(client, {}).pop(room_id, None)
        if seat is None:
            return False
        self._unseat(seat)
        return True

    def _unseat(self, seat: Seat) -> None:
        room = seat.room
        room.unseat(seat.client)
        if not room.seats and not room.gone:
            room.gone = True
            del self.rooms[room.id]
            if room.patience:
                room.patience.cancel()
            self._unwanted(room.id)

    def _exclude(self, seat: Seat) -> None:
        if self.give_up_seat(seat.client, seat.room.id):
            seat.client.write(encode({"type": "room.left", "room": seat.room.id}))

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
            self._apply_membership(room, event["joined"], event["left"])
            self._deliver(room, Frame(event["seq"] - 1, event["seq"], event["frame"], event["reader"]))
        for seq in [seq for seq in room.early if seq <= room.seq]:
            del room.early[seq]
        if room.early and room.patience is None and room.repair is None:
            loop = asyncio.get_running_loop()
            room.patience = loop.call_later(PATIENCE, self._lose_patience, room)

    def _lose_patience(self, room: RoomFeed) -> None:
        room.patience = None
        if room.early:
            self._repairs.start(room)

    def _deliver(self, room: RoomFeed, frame: Frame) -> None:
        for client in self.clients.get(frame.reader, ()):
            if client in room.in_step:
                client.wrote_own(room.id, frame.seq)
        for seat in room.deliver(frame):
            self._catching_up.later(seat)

    def _deliver_changes(self, room: RoomFeed, changes: Changes) -> None:
        self._apply_membership(room, changes.joined, changes.left)
        after = changes.after
        for seq, data in changes.frames:
            self._deliver(room, Frame(after, seq, data))
            after = seq

    def _apply_membership(self, room: RoomFeed, joined: Iterable[int], left: Iterable[int]) -> None:
        """Before the value with which they came or went is delivered."""
        for user in left:
            room.members.discard(user)
            for client in list(self.clients.get(user, ())):
                if seat := self.seats.get(client, {}).get(room.id):
                    self._exclude(seat)
        for user in joined:
            room.members.add(user)
            self._joined[room.id].add(user)
            if user in self.clients:
                self._gained(user, room.id)

    def newcomers(self) -> dict[int, set[int]]:
        """Room → who joined it since this was asked last."""
        joined, self._joined = self._joined, defaultdict(set)
        return joined

    # Once a second

    async def look(self) -> None:
        """Compare all rooms with the database, in one query.

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
            self.forget()
            self._restored()
            return
        if moved:
            asyncio.get_running_loop().call_later(PATIENCE, self._repair_behind, moved)

    def _repair_behind(self, seen: dict[int, int]) -> None:
        for room_id, seq in seen.items():
            room = self.rooms.get(room_id)
            if room is not None and room.seq is not None and room.seq < seq:
                self._repairs.start(room)
