"""How much waits for a client, and how a stock server is written to."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from rooms.live.connection import Connection, Identity, close_reason
from rooms.live.fanout import Tick
from rooms.live.outlet import QueueOutlet, payloads_of, text_frame


class Pipe:
    """An outlet that somebody empties by hand."""

    def __init__(self) -> None:
        self.size = 0
        self.written: list[bytes] = []
        self.ended: list[int | str] = []
        self.heard = time.monotonic()
        self.pings = 0

    def write(self, frames: bytes) -> int:
        self.size += len(frames)
        self.written.append(frames)
        return self.size

    def waiting(self) -> int:
        return self.size

    def heard_at(self) -> float:
        return self.heard

    def ping(self) -> None:
        self.pings += 1

    def close(self, code: int, reason: str = "") -> None:
        self.ended.append(code)

    def abort(self) -> None:
        self.ended.append("aborted")


def connect(pipe: Pipe) -> Connection:
    user: Any = type("Somebody", (), {"id": 1})()
    return Connection(pipe, Identity(user, None, 1, None), Tick(asyncio.get_running_loop()))


def welcome(pipe: Pipe) -> Connection:
    connection = connect(pipe)
    connection.welcome()
    return connection


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_read_as_it_was_made(size: int) -> None:
    assert payloads_of(text_frame(b"x" * size) + text_frame(b"more")) == [b"x" * size, b"more"]


async def test_alone_a_message_leaves_at_once_and_what_follows_joins() -> None:
    pipe = Pipe()
    connection = welcome(pipe)
    frames = [text_frame(word) for word in (b"one", b"two", b"three")]
    for frame in frames:
        connection.push(frame)
    assert pipe.written == frames[:1]
    await until(lambda: len(pipe.written) > 1)
    assert pipe.written == [frames[0], frames[1] + frames[2]]


async def test_what_answers_a_wish_overtakes_nothing() -> None:
    pipe = Pipe()
    connection = welcome(pipe)
    for word in (b"one", b"two"):
        connection.write(word)
    connection.write(b"ack", live=False)
    connection.write(b"three")
    await until(lambda: len(pipe.written) == 4)
    assert b"".join(pipe.written) == b"".join(map(text_frame, (b"one", b"two", b"ack", b"three")))


async def test_a_burst_that_is_taken_soon_is_no_slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rooms.live.connection.BURST_SECONDS", 0.01)
    pipe = Pipe()
    connection = welcome(pipe)
    for _ in range(20):
        connection.write(b"x" * 100_000)
    await until(lambda: pipe.size > 2_000_000)
    pipe.size = 0
    await asyncio.sleep(0.02)
    assert pipe.ended == []
    for _ in range(20):
        connection.write(b"x" * 100_000)
    await until(lambda: pipe.ended == [4408])


async def test_past_4_mib_nobody_waits() -> None:
    pipe = Pipe()
    connection = welcome(pipe)
    for _ in range(45):
        connection.write(b"x" * 100_000)
    await until(lambda: pipe.ended == [4408])


async def test_who_is_silent_is_asked_and_who_does_not_answer_is_dead() -> None:
    pipe = Pipe()
    connection = welcome(pipe)
    connection.sweep(pipe.heard + 29)
    assert pipe.pings == 0
    pipe.size = 0  # its system takes the heartbeat
    connection.sweep(pipe.heard + 31)
    assert pipe.pings == 1
    pipe.heard += 31  # it answered
    connection.sweep(pipe.heard + 29)
    assert pipe.pings == 1
    connection.sweep(pipe.heard + 51)
    assert pipe.ended == ["aborted"]


async def test_who_takes_nothing_of_the_welcome_goes_too() -> None:
    pipe = Pipe()
    connection = connect(pipe)
    connection.write(b"x" * 1000, live=False)
    now = time.monotonic()
    connection.sweep(now + 9)
    assert pipe.ended == []
    connection.sweep(now + 11)
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
    outlet.write(text_frame("ñ".encode()))
    outlet.close(1012, "starting afresh")
    await asyncio.wait_for(closed.wait(), 5)
    assert [message.get("text") or message.get("code") for message in sent] == ["ñ", 1000]
    assert outlet.waiting() == 0


async def test_a_client_that_left_leaves_nothing_waiting() -> None:
    async def gone(_message: dict[str, Any]) -> None:
        raise RuntimeError("closed")

    outlet = QueueOutlet(gone)
    outlet.write(text_frame(b"hola"))
    await asyncio.sleep(0)
    assert outlet.waiting() == 0
    assert outlet.write(text_frame(b"hola")) == 0


async def test_a_client_that_takes_nothing_delays_no_other() -> None:
    async def never(_message: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    taken = asyncio.Event()

    async def at_once(_message: dict[str, Any]) -> None:
        taken.set()

    slow, quick = QueueOutlet(never), QueueOutlet(at_once)
    slow.write(text_frame(b"x" * 10))
    quick.write(text_frame(b"x"))
    await asyncio.wait_for(taken.wait(), 5)
    assert slow.waiting() == 10
    slow.abort()
    quick.abort()
