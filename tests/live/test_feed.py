"""The feed, with events that arrive late, twice, out of order or never: nobody sees a hole or a double."""

import asyncio
import contextlib
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.changes import Changes
from rooms.errors import NotFound, Unavailable
from rooms.events import RoomEvent
from rooms.live.feed import Feed
from rooms.live.outlet import payloads_of
from rooms.live.seats import Seat
from rooms.payloads import encode

ROOM = 7
ANA, BRUNO, CARLA = 1, 2, 3


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer, so that no test waits."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        if not ready and scheduled:
            self.now = max(self.now, scheduled[0]._when)
        super()._run_once()  # type: ignore[misc]


def run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)


@dataclass
class World:
    """The database: one room, in which every value is a new message, or somebody who comes or goes."""

    seq: int = 0
    epoch: str = "one"
    away: bool = False
    log: list[RoomEvent] = field(default_factory=list)
    members: set[int] = field(default_factory=lambda: {ANA, BRUNO})
    changed: dict[int, tuple[int, bool]] = field(default_factory=dict)  # user → (changed_seq, active)

    def commit(self, *, joined: int = 0, left: int = 0) -> RoomEvent:
        self.seq += 1
        for user, active in ((joined, True), (left, False)):
            if user:
                self.changed[user] = (self.seq, active)
                (self.members.add if active else self.members.discard)(user)
        event: RoomEvent = {
            "type": "room.event",
            "room": ROOM,
            "seq": self.seq,
            "frame": encode({"type": "message.created", "room": ROOM, "seq": self.seq}),
            "joined": [joined] if joined else [],
            "left": [left] if left else [],
            "reader": 0,
        }
        self.log.append(event)
        return event

    # A Reader

    async def moved(self, held: Mapping[int, int]) -> tuple[str, dict[int, int]]:
        await asyncio.sleep(0.002)
        return self.epoch, {room: self.seq for room, seq in held.items() if seq != self.seq}

    async def own_changes(self, room: int, after: int, reader: int) -> Changes:
        if reader not in self.members:
            raise NotFound
        return await self.changes(room, after)

    async def changes(self, room: int, after: int) -> Changes:
        if self.away:
            raise Unavailable
        state: Any = {"id": room, "seq": self.seq}
        messages: Any = [{"id": seq, "changed_seq": seq} for seq in range(after + 1, self.seq + 1)]
        moved = {user: active for user, (seq, active) in self.changed.items() if seq > after}
        joined = [user for user, active in moved.items() if active]
        left = [user for user, active in moved.items() if not active]
        changes = Changes(after, state, None if after > self.seq else messages, joined, left)
        await asyncio.sleep(0.003)  # it was read before others committed
        return changes


class Somebody:
    """A client that checks the order of what it hears."""

    def __init__(self, user: int) -> None:
        self.user = user
        self.position: int | None = None
        self.heard: list[int] = []
        self.broken: list[str] = []
        self.out = False
        self.resuming = False

    def push(self, frame: bytes) -> None:
        for payload in payloads_of(frame):
            self.write(payload)

    def write(self, data: bytes, *, live: bool = True) -> None:
        frame = json.loads(data)
        if frame["type"] == "room.left":
            self.out = True
            return
        after = frame["after"] if frame["type"] == "room.changes" else frame["seq"] - 1
        answer = self.resuming and frame["type"] != "message.created"
        if frame["type"] != "room.reset" and after != self.position and not answer:
            self.broken.append(f"{after}→{frame['seq']} at {self.position}")
        if self.out:
            self.broken.append(f"{frame['seq']} after it was removed")
        self.position = frame["seq"]
        self.heard.append(frame["seq"])

    def close(self, code: int, reason: str = "") -> None: ...

    async def taken(self) -> None: ...

    def wrote_own(self, room: int, seq: int) -> None: ...


async def sit(feed: Feed, world: World, client: Somebody) -> Seat:
    """As the door does it: the snapshot first, then a seat, then what was held."""
    seq, members = world.seq, set(world.members)
    await asyncio.sleep(0.002)
    feed.enter(client)
    seat = feed.take_seat(client, ROOM)
    client.position = seq
    feed.begin(seat, seq, members)
    feed.release(seat)
    return seat


async def settle(feed: Feed) -> None:
    """Two looks, a second apart, as the process does them."""
    for _ in range(3):
        await feed.look()
        await asyncio.sleep(1)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("commit"), st.sampled_from(["deliver", "lose", "twice", "later"])),
            st.tuples(st.just("wait"), st.sampled_from([0.0, 0.001, 0.05, 0.15, 1.0])),
            st.tuples(st.just("late"), st.integers(0, 20)),
            st.tuples(st.just("come"), st.sampled_from([ANA, BRUNO])),
            st.tuples(st.just("go"), st.integers(0, 3)),
            st.tuples(st.just("resume"), st.integers(0, 30)),
            st.tuples(st.just("look"), st.just(0)),
            st.tuples(st.just("away"), st.booleans()),
        ),
        max_size=60,
    )
)
@settings(max_examples=300, deadline=None)
def test_every_client_sees_each_value_once_and_in_order(steps: list[tuple[str, Any]]) -> None:
    run(_play(steps))


async def _play(steps: list[tuple[str, Any]]) -> None:
    world = World()
    feed = Feed(world)
    clients = [Somebody(ANA), Somebody(BRUNO)]
    for client in clients:
        await sit(feed, world, client)
    late: list[RoomEvent] = []
    coming: list[asyncio.Task[Seat]] = []
    for kind, value in steps:
        if kind == "commit":
            event = world.commit()
            if value == "later":
                late.append(event)
            for _ in range({"deliver": 1, "twice": 2}.get(value, 0)):
                feed.receive(event)
        elif kind == "wait":
            await asyncio.sleep(value)
        elif kind == "late" and late:
            feed.receive(late.pop(value % len(late)))
        elif kind == "come":
            clients.append(Somebody(value))
            coming.append(asyncio.create_task(sit(feed, world, clients[-1])))
        elif kind == "go" and len(clients) > 2:
            feed.leave(clients.pop(value % len(clients)))
        elif kind == "resume":
            await _resume(feed, clients[value % len(clients)], value)
        elif kind == "look":
            await feed.look()
        elif kind == "away":
            world.away = value
    world.away = False
    await asyncio.gather(*coming)
    await settle(feed)
    for client in clients:
        assert not client.broken
        if client in feed.seats and ROOM in feed.seats[client]:
            assert client.position == world.seq


async def _resume(feed: Feed, client: Somebody, cursor: int) -> None:
    seat = feed.seats.get(client, {}).get(ROOM)
    if seat is None or client.position is None:
        return
    client.resuming = True
    with contextlib.suppress(Unavailable):
        await feed.answer(seat, min(cursor, client.position))
    client.resuming = False


@given(
    st.integers(0, 5),
    st.integers(0, 5),
    st.lists(st.sampled_from(["deliver", "lose", "twice"]), min_size=11, max_size=11),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_who_is_removed_gets_nothing_later_whichever_way_events_come(
    before: int, after: int, ways: list[str], looks: bool
) -> None:
    run(_remove(before, after, ways, looks))


async def _remove(before: int, after: int, ways: list[str], looks: bool) -> None:
    world = World()
    feed = Feed(world)
    ana, bruno = Somebody(ANA), Somebody(BRUNO)
    await sit(feed, world, ana)
    await sit(feed, world, bruno)
    events = [world.commit() for _ in range(before)]
    events.append(world.commit(left=BRUNO))
    removal = world.seq
    events += [world.commit() for _ in range(after)]
    for event, way in zip(events, ways, strict=False):
        for _ in range({"deliver": 1, "twice": 2}.get(way, 0)):
            feed.receive(event)
        if looks:
            await feed.look()
    await settle(feed)
    assert bruno.out
    assert all(seq <= removal for seq in bruno.heard)
    assert not bruno.broken
    assert not ana.broken
    assert ana.position == world.seq


@pytest.mark.parametrize("ahead", [-1, 0, 1, 5])
def test_who_was_removed_reads_nothing_with_a_cursor_ahead_of_what_the_process_knows(ahead: int) -> None:
    async def play() -> None:
        world = World()
        feed, bruno = Feed(world), Somebody(BRUNO)
        world.commit()
        seat = await sit(feed, world, bruno)
        removal = world.commit(left=BRUNO)["seq"]
        for _secret in range(3):
            world.commit()
        await feed.answer(seat, removal + ahead)  # nobody told the feed
        assert bruno.out
        assert bruno.heard == []

    run(play())


def test_an_early_event_waits_100_ms_for_its_predecessor() -> None:
    async def play() -> None:
        world = World()
        feed, ana = Feed(world), Somebody(ANA)
        await sit(feed, world, ana)
        first, second = world.commit(), world.commit()
        feed.receive(second)
        await asyncio.sleep(0.09)
        assert ana.heard == []
        feed.receive(first)
        assert ana.heard == [1, 2]

    run(play())


def test_a_snapshot_older_than_the_feed_is_a_gap_like_any_other() -> None:
    async def play() -> None:
        world = World()
        feed, ana, bruno = Feed(world), Somebody(ANA), Somebody(BRUNO)
        await sit(feed, world, ana)
        feed.receive(world.commit())
        feed.enter(bruno)
        seat = feed.take_seat(bruno, ROOM)
        bruno.position = 0
        feed.begin(seat, 0, None)
        feed.release(seat)
        await asyncio.sleep(0.1)
        assert bruno.heard == [1]
        assert not bruno.broken

    run(play())


def test_what_never_came_is_read_from_the_database() -> None:
    async def play() -> None:
        world = World()
        feed, ana = Feed(world), Somebody(ANA)
        await sit(feed, world, ana)
        world.commit()
        feed.receive(world.commit())
        await asyncio.sleep(0.2)
        assert ana.heard == [2]  # one `room.changes` from 0 to 2
        assert not ana.broken

    run(play())


def test_a_look_finds_what_no_event_told() -> None:
    async def play() -> None:
        world = World()
        feed, ana = Feed(world), Somebody(ANA)
        await sit(feed, world, ana)
        world.commit()
        await feed.look()
        assert ana.heard == []
        await asyncio.sleep(0.2)
        assert ana.heard == [1]

    run(play())


@pytest.mark.parametrize("restore", ["another epoch", "fewer values"])
def test_a_restored_database_is_noticed(restore: str) -> None:
    async def play() -> None:
        world, told = World(), []
        feed, ana = Feed(world, restored=lambda: told.append(True)), Somebody(ANA)
        await sit(feed, world, ana)
        for _ in range(3):
            feed.receive(world.commit())
        await feed.look()
        assert told == []
        if restore == "another epoch":
            world.epoch = "two"
        else:
            world.seq = 1
        await feed.look()
        assert told == [True]

    run(play())


def test_a_room_is_wanted_with_its_first_client_and_no_longer_with_its_last() -> None:
    async def play() -> None:
        world = World()
        wanted: list[int] = []
        feed = Feed(world, wanted=wanted.append, unwanted=wanted.remove)
        ana, bruno = Somebody(ANA), Somebody(BRUNO)
        await sit(feed, world, ana)
        await sit(feed, world, bruno)
        assert wanted == [ROOM]
        feed.leave(ana)
        assert wanted == [ROOM]
        feed.leave(bruno)
        assert wanted == []

    run(play())


def test_an_answer_and_a_lagging_seats_repair_take_turns() -> None:
    """Reads that overlap: what a slower one read earlier is not written over what is newer."""

    async def play() -> None:
        world = World()
        feed, ana = Feed(world), Somebody(ANA)
        slow = feed._catching_up._reader = SlowReader(world)  # others read at their own pace
        seat = await sit(feed, world, ana)
        for _ in range(3):
            world.commit()
        ana.resuming = True
        answers = [asyncio.create_task(feed.answer(seat, 0)) for _ in range(2)]
        await asyncio.sleep(0.5)
        feed.receive(world.commit())
        await asyncio.gather(*answers)
        ana.resuming = False
        await settle(feed)
        assert slow.most_at_once == 1
        assert ana.position == world.seq
        assert not ana.broken

    run(play())


class SlowReader:
    """Counts how many reads of changes overlap."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.moved, self.own_changes = world.moved, world.own_changes
        self.at_once = self.most_at_once = 0

    async def changes(self, room: int, after: int) -> Changes:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(1)
        self.at_once -= 1
        return await self._world.changes(room, after)


def test_who_missed_the_same_is_told_what_was_read_just_now() -> None:
    run(_ask_one_after_another())


async def _ask_one_after_another() -> None:
    world = World()
    reader = CountingReader(world)
    feed = Feed(reader)
    world.commit()
    seats = [await sit(feed, world, Somebody(user)) for user in (ANA, BRUNO)]

    async def ask() -> None:
        for seat in seats:
            client = seat.client
            assert isinstance(client, Somebody)
            client.resuming = True
            await feed.answer(seat, 0)
            assert (client.heard[-1], client.broken) == (world.seq, [])

    await ask()
    assert reader.asked == 1
    feed.receive(world.commit())
    await ask()
    assert reader.asked == 2  # what was read does not go so far
    await asyncio.sleep(2)
    await ask()
    assert reader.asked == 3


def test_an_answer_does_not_wait_until_a_lagging_seat_has_caught_up() -> None:
    run(_ask_while_the_database_is_away())


async def _ask_while_the_database_is_away() -> None:
    world = World()
    feed = Feed(world)
    await sit(feed, world, Somebody(ANA))
    client = Somebody(BRUNO)
    coming = asyncio.create_task(sit(feed, world, client))
    await asyncio.sleep(0.001)
    world.away = True
    feed.receive(world.commit())
    seat = await coming  # read before the event, seated after it
    with pytest.raises(Unavailable):
        await feed.answer(seat, 0)
    world.away = False
    await asyncio.sleep(2)
    client.resuming = True
    await feed.answer(seat, 0)
    assert (client.heard[-1], client.broken) == (1, [])


def test_what_was_read_before_a_restore_is_told_to_nobody() -> None:
    run(_ask_after_a_restore())


async def _ask_after_a_restore() -> None:
    world = World(seq=1)
    reader = CountingReader(world)
    feed = Feed(reader)
    seat = await sit(feed, world, Somebody(ANA))
    await feed.look()
    assert isinstance(seat.client, Somebody)
    seat.client.resuming = True
    await feed.answer(seat, 0)
    world.epoch = "another"
    await feed.look()
    await feed.answer(seat, 0)
    assert reader.asked == 2


class CountingReader:
    def __init__(self, world: World) -> None:
        self._world = world
        self.moved, self.own_changes = world.moved, world.own_changes
        self.asked = 0

    async def changes(self, room: int, after: int) -> Changes:
        self.asked += 1
        return await self._world.changes(room, after)
