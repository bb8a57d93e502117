"""How much waits for a client, and how a stock server is written to."""

import asyncio
from typing import Any

import pytest

from rooms.live.connection import Connection, Identity, close_reason
from rooms.live.outlet import Backlog, QueueOutlet


def test_what_was_taken_counts_no_longer() -> None:
    backlog = Backlog()
    backlog.wrote(100, waiting=100, now=1, live=True)
    backlog.wrote(50, waiting=150, now=1, live=True)
    assert backlog.live == 150
    backlog.look(waiting=40, now=2)
    assert backlog.live == 50  # the first frame is gone, the second has begun
    backlog.look(waiting=0, now=3)
    assert backlog.live == 0


def test_an_answer_waits_too_and_does_not_count() -> None:
    backlog = Backlog()
    backlog.wrote(1000, waiting=1000, now=1, live=False)
    backlog.wrote(10, waiting=1010, now=1, live=True)
    assert backlog.live == 10
    backlog.look(waiting=10, now=2)
    assert backlog.live == 10


def test_what_is_taken_at_once_never_counts() -> None:
    backlog = Backlog()
    for _ in range(1000):
        backlog.wrote(1000, waiting=0, now=1, live=True)
    assert backlog.live == 0


def test_a_stall_begins_when_the_first_of_what_waits_is_written() -> None:
    backlog = Backlog()
    backlog.wrote(100, waiting=100, now=500, live=True)
    assert backlog.moved_at == 500
    backlog.wrote(100, waiting=200, now=505, live=True)
    assert backlog.moved_at == 500
    backlog.look(waiting=199, now=507)
    assert backlog.moved_at == 507
    backlog.look(waiting=199, now=512)
    assert backlog.moved_at == 507


def test_what_others_wrote_in_between_hides_nothing() -> None:
    """A ping of the server's own waits, but was never counted as written."""
    backlog = Backlog()
    backlog.look(waiting=8, now=1)
    backlog.wrote(100, waiting=108, now=2, live=True)
    backlog.look(waiting=0, now=3)
    assert (backlog.live, backlog.moved_at) == (0, 3)


class Pipe:
    """An outlet that somebody empties by hand."""

    def __init__(self) -> None:
        self.size = 0
        self.ended: list[int | str] = []

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)

    def waiting(self) -> int:
        return self.size

    def close(self, code: int, reason: str = "") -> None:
        self.ended.append(code)

    def abort(self) -> None:
        self.ended.append("aborted")


def connect(pipe: Pipe) -> Connection:
    user: Any = type("Somebody", (), {"id": 1})()
    connection = Connection(pipe, Identity(user, None, 1, None))
    connection.welcome()
    return connection


async def test_a_burst_that_is_taken_soon_is_no_slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rooms.live.connection.BURST_SECONDS", 0.01)
    pipe = Pipe()
    connection = connect(pipe)
    for _ in range(20):
        connection.write(b"x" * 100_000)
    pipe.size = 0
    await asyncio.sleep(0.02)
    assert pipe.ended == []
    for _ in range(20):
        connection.write(b"x" * 100_000)
    await asyncio.sleep(0.02)
    assert pipe.ended == [4408]


async def test_past_4_mib_nobody_waits() -> None:
    pipe = Pipe()
    connection = connect(pipe)
    for _ in range(45):
        connection.write(b"x" * 100_000)
    assert pipe.ended == [4408]


async def test_who_takes_nothing_of_the_welcome_goes_too() -> None:
    pipe = Pipe()
    user: Any = type("Somebody", (), {"id": 1})()
    connection = Connection(pipe, Identity(user, None, 1, None))
    connection.write(b"x" * 1000, live=False)
    connection.sweep(connection._backlog.moved_at + 9)
    assert pipe.ended == []
    connection.sweep(connection._backlog.moved_at + 11)
    assert pipe.ended == [4408]


def test_a_reason_fits_and_stays_utf_8() -> None:
    assert close_reason("spam") == "spam"
    assert close_reason("a" + "ñ" * 100) == "a" + "ñ" * 59
    assert len(close_reason("🌊" * 100).encode()) <= 123


async def test_a_server_that_knows_no_1012_is_asked_to_close_anyhow() -> None:
    sent: list[dict[str, Any]] = []
    closed = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        if message.get("code") == 1012:
            raise RuntimeError("invalid close code")
        sent.append(message)
        if message["type"] == "websocket.close":
            closed.set()

    outlet = QueueOutlet(send)
    outlet.write("ñ".encode())
    outlet.close(1012, "starting afresh")
    await asyncio.wait_for(closed.wait(), 5)
    assert [message.get("text") or message.get("code") for message in sent] == ["ñ", 1000]
    assert outlet.waiting() == 0


async def test_a_client_that_takes_nothing_delays_no_other() -> None:
    async def never(_message: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    taken = asyncio.Event()

    async def at_once(_message: dict[str, Any]) -> None:
        taken.set()

    slow, quick = QueueOutlet(never), QueueOutlet(at_once)
    slow.write(b"x" * 10)
    quick.write(b"x")
    await asyncio.wait_for(taken.wait(), 5)
    assert slow.waiting() == 10
    slow.abort()
    quick.abort()
