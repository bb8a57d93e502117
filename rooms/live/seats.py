"""Who sits in a room on this process, and how far each connection got in it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from rooms.events import RoomEvent
from rooms.live.fanout import spread

HELD_LIMIT = 1_000  # frames held back from one connection in one room


class Client(Protocol):
    """What the feed needs of a connection."""

    user: int

    def push(self, frame: bytes) -> None:
        """Take a live event as a ready frame."""

    def write(self, data: bytes, *, live: bool = True) -> None: ...
    def close(self, code: int, reason: str = "") -> None: ...
    async def taken(self) -> None:
        """Wait until less than 256 KiB waits for the client."""

    def wrote_own(self, room: int, seq: int) -> None:
        """The client's own message went by: its position moved with it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded event that leads from `after` to `seq`."""

    after: int
    seq: int
    data: bytes
    reader: int = 0


@dataclass(eq=False, slots=True)
class Seat:
    """One connection in one room: in step with it, or apart.

    Apart are those from whom events are held back until something is written to them, and those
    whose snapshot was newer than what the feed delivered.
    """

    client: Client
    room: "RoomFeed"
    begun: bool = False
    held: list[Frame] | None = field(default_factory=list)
    turn: asyncio.Lock | None = None  # of those who write what was missed
    _seq: int = 0

    def is_current(self) -> bool:
        return self.room.seats.get(self.client) is self

    @property
    def seq(self) -> int:
        """How far it got."""
        return self.room.seq or 0 if self.client in self.room.in_step else self._seq

    def begin(self, seq: int) -> None:
        self._seq, self.begun = seq, True

    def hold(self, frames: Iterable[Frame] = ()) -> None:
        """Hold frames back from now on. Past the limit there is a gap, and it is read again."""
        if self.held is None:
            self._seq = self.seq
            self.room.in_step.pop(self.client, None)
            self.room.apart[self.client] = self
            self.held = []
        self.held += list(frames)[: HELD_LIMIT - len(self.held)]

    def release(self) -> bool:
        """Write what was held, and go on from there; whether there is no gap."""
        held, self.held = self.held or [], None
        for position, frame in enumerate(held):
            if not self.offer(frame):
                self.hold(held[position + 1 :])
                return False
        if self.room.seq is not None and self._seq < self.room.seq:
            self.hold()
            return False
        self.fall_in()
        return True

    def offer(self, frame: Frame) -> bool:
        """A frame for a seat that is apart; whether there is no gap before it."""
        if self.held is not None:
            self.hold([frame])
        elif frame.after == self._seq:
            self._seq = frame.seq
            if frame.reader == self.client.user:
                self.client.wrote_own(self.room.id, frame.seq)
            self.client.write(frame.data)
        elif frame.seq > self._seq:
            self.hold([frame])
            return False
        return True

    def fall_in(self) -> None:
        """In step, once both are as far: the next frame is for all who are."""
        if self._seq == self.room.seq:
            self.room.apart.pop(self.client, None)
            self.room.in_step[self.client] = self


@dataclass(eq=False, slots=True)
class RoomFeed:
    """One room on this process. `seq` is None until a snapshot says where it begins."""

    id: int
    seq: int | None = None
    gone: bool = False  # with its last seat
    members: set[int] = field(default_factory=set)
    in_step: dict[Client, Seat] = field(default_factory=dict)
    apart: dict[Client, Seat] = field(default_factory=dict)
    seats: dict[Client, Seat] = field(default_factory=dict)
    early: dict[int, RoomEvent] = field(default_factory=dict)
    repair: asyncio.Task[None] | None = None
    patience: asyncio.TimerHandle | None = None

    def seat(self, client: Client) -> Seat:
        seat = self.seats[client] = self.apart[client] = Seat(client, self)
        return seat

    def unseat(self, client: Client) -> None:
        for where in (self.seats, self.in_step, self.apart):
            where.pop(client, None)

    def deliver(self, frame: Frame) -> list[Seat]:
        """To all in step at once, to the others as far as they got; returns those with a gap."""
        self.seq = frame.seq
        spread(frame.data, self.in_step)
        gaps: list[Seat] = []
        for seat in list(self.apart.values()):
            if not seat.offer(frame):
                gaps.append(seat)
            elif seat.held is None:
                seat.fall_in()
        return gaps
