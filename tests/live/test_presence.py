"""Who is online, from what the processes say and no longer say."""

import asyncio
import json
from typing import Any

from accounts.models import User
from rooms.events import RoomEvent
from rooms.live.connection import Connection, Identity
from rooms.live.outlet import payloads_of
from rooms.live.presence import Presence
from rooms.live.process import Live

ANA, BRUNO = 1, 2
NOBODY: frozenset[int] = frozenset()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_process_says_who_is_on_it_at_once_and_every_10_s() -> None:
    clock = Clock()
    presence = Presence("web1", clock)
    here = frozenset({ANA})
    assert presence.news(here) == here
    clock.now += 9
    assert presence.news(here) is None
    clock.now += 1
    assert presence.news(here) == here
    clock.now += 1
    assert presence.news(frozenset({ANA, BRUNO})) == frozenset({ANA, BRUNO})


def test_the_people_of_a_process_that_is_silent_for_25_s_are_offline() -> None:
    clock = Clock()
    presence = Presence("web1", clock)
    presence.heard("web2", [BRUNO])
    assert presence.changes(frozenset({ANA})) == (frozenset({ANA, BRUNO}), NOBODY)
    clock.now += 25
    assert presence.changes(frozenset({ANA})) == (NOBODY, NOBODY)
    clock.now += 0.1
    assert presence.changes(frozenset({ANA})) == (NOBODY, frozenset({BRUNO}))


def test_who_is_on_two_processes_goes_with_the_last() -> None:
    presence = Presence("web1", Clock())
    presence.heard("web2", [ANA])
    presence.changes(frozenset({ANA}))
    assert presence.changes(NOBODY) == (NOBODY, NOBODY)
    presence.heard("web2", [])
    assert presence.changes(NOBODY) == (NOBODY, frozenset({ANA}))


class Ear:
    """An outlet that notes what it is given."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def write(self, frames: bytes) -> int:
        self.heard += [json.loads(payload) for payload in payloads_of(frames)]
        return 0

    def waiting(self) -> int:
        return 0

    def heard_at(self) -> float:
        return 0.0

    def ping(self) -> None: ...
    def close(self, code: int, reason: str = "") -> None: ...
    def abort(self) -> None: ...


async def test_who_was_online_when_they_joined_a_room_is_told_there() -> None:
    """As the page is open sooner than the feed knows that somebody was added."""
    live = Live()
    ear = Ear()
    ana, carla = (
        Connection(outlet, Identity(User(id=user, username=str(user)), None, user, None), live.tick)
        for user, outlet in ((1, ear), (3, Ear()))
    )
    for connection in (ana, carla):
        live.enter(connection)
        connection.welcome()
    seat = live.feed.take_seat(ana, 10)
    live.feed.begin(seat, 1, [1])
    live.feed.release(seat)
    await live.online.tell()
    event: RoomEvent = {
        "type": "room.event",
        "room": 10,
        "seq": 2,
        "frame": b'{"type":"room.updated"}',
        "joined": [3],
        "left": [],
        "reader": 0,
    }
    live.feed.receive(event)
    await live.online.tell()
    await live.online.tell()
    await asyncio.sleep(0.1)
    told = [frame["online"] for frame in ear.heard if frame["type"] == "presence"]
    assert told == [[1], [3]]
    assert not live.feed.newcomers()
