"""The fan-out path: straight to sockets, joined under load, counted where nobody takes."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rooms.live import fanout
from rooms.live.fanout import Backlog, Tick, TransportOutlet, missing_names, spread
from rooms.live.outlet import text_frame


class Reader:
    """Keeps what each flush let go."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick
        self.pushed: list[bytes] = []
        self.flushed: list[list[bytes]] = []

    def push(self, frame: bytes) -> None:
        self.pushed.append(frame)
        if len(self.pushed) == 1:
            self.tick.add(self)

    def flush(self, now: float) -> None:
        self.flushed.append(self.pushed)
        self.pushed = []


async def test_what_comes_within_a_tick_leaves_together() -> None:
    reader = Reader(Tick(asyncio.get_running_loop()))
    spread(b"one", [reader])
    spread(b"two", [reader])
    await asyncio.sleep(0)
    assert reader.flushed == [[text_frame(b"one"), text_frame(b"two")]]


async def test_who_wrote_nothing_yet_may_write_at_once_unless_frames_are_to_join() -> None:
    tick = Tick(asyncio.get_running_loop())
    with tick.joining():
        assert not tick.moment()
    begun = tick.moment()
    assert begun == tick.moment() > 0
    tick._burst -= 10  # as if it took so long
    await asyncio.sleep(0)
    assert not tick.moment()  # for as long again, but at most 20 ms


async def test_what_comes_during_a_burst_waits_for_the_pause_after_it() -> None:
    tick = Tick(asyncio.get_running_loop())
    reader = Reader(tick)
    assert tick.moment()
    tick._burst -= 10
    spread(b"one", [reader])
    for _turn in range(3):
        await asyncio.sleep(0)
    assert reader.flushed == []
    async with asyncio.timeout(5):
        while not reader.flushed:
            await asyncio.sleep(0.001)


class Clock:
    """An event loop that shows the moments that it is given, and runs what is due at once."""

    def __init__(self, *moments: float) -> None:
        self.moments = list(moments)
        self.pauses: list[float] = []

    def time(self) -> float:
        return self.moments.pop(0)

    def call_soon(self, work: Callable[[], None]) -> None:
        work()

    def call_later(self, pause: float, _work: Callable[[], None]) -> None:
        self.pauses.append(pause)


@pytest.mark.parametrize(("took", "pause"), [(0.015, 0.014), (3.0, 0.019)])
def test_after_a_flush_there_is_a_pause_as_long_as_it_took_but_20_ms(took: float, pause: float) -> None:
    clock: Any = Clock(0.0, 1.0, 1.0 + took, 1.001 + took)
    reader = Reader(Tick(clock))
    spread(b"one", [reader])
    assert len(reader.flushed) == 1
    spread(b"two", [reader])
    spread(b"three", [reader])
    assert clock.pauses == [pytest.approx(pause)]
    assert len(reader.flushed) == 1


class Wire:
    """A Twisted transport's outside, over a real socket."""

    def __init__(self, ours: socket.socket) -> None:
        self.transport: Any = self
        self.socket = ours
        self.connected = 1
        self.dataBuffer = b""
        self.offset = self._tempDataLen = 0
        self.buffered: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.buffered.append(data)
        self._tempDataLen += len(data)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_where_nothing_waits_a_frame_goes_straight_to_the_socket(pair: tuple[socket.socket, socket.socket]) -> None:
    wire = Wire(pair[0])
    assert TransportOutlet(wire, lambda _code, _reason: None).write(b"hola") == 0
    assert pair[1].recv(10) == b"hola"
    assert wire.buffered == []


def test_what_the_kernel_does_not_take_waits_and_keeps_its_order(pair: tuple[socket.socket, socket.socket]) -> None:
    wire = Wire(pair[0])
    outlet = TransportOutlet(wire, lambda _code, _reason: None)
    sent = b"0123456789" * 200_000
    waiting = outlet.write(sent)
    assert 0 < waiting < len(sent)
    assert outlet.write(b"after") == waiting + 5  # though the socket may have room again
    taken = b""
    while len(taken) < len(sent) - waiting:
        taken += pair[1].recv(1_000_000)
    assert taken + b"".join(wire.buffered) == sent + b"after"


def test_a_client_that_left_meanwhile_is_no_error(pair: tuple[socket.socket, socket.socket]) -> None:
    wire = Wire(pair[0])
    outlet = TransportOutlet(wire, lambda _code, _reason: None)
    pair[1].close()
    assert outlet.write(b"hola") == 4  # Twisted will find out
    wire.connected = 0
    assert outlet.waiting() == 0
    outlet.finish()
    assert outlet.write(b"hola") == 0
    assert wire.buffered == [b"hola"]


def test_what_autobahn_writes_is_not_overtaken(pair: tuple[socket.socket, socket.socket]) -> None:
    wire = Wire(pair[0])
    outlet = TransportOutlet(wire, lambda _code, _reason: None)
    outlet.write(b"one")
    wire.write(b"pong")
    outlet.others_write()
    assert outlet.write(b"two") == len(b"pongtwo")
    assert pair[1].recv(100) == b"one"
    wire._tempDataLen = 0  # Twisted has written them
    assert outlet.write(b"three") == 0
    assert pair[1].recv(100) == b"three"


def test_nothing_follows_the_last_word(pair: tuple[socket.socket, socket.socket]) -> None:
    wire = Wire(pair[0])
    outlet = TransportOutlet(wire, lambda _code, _reason: None)
    outlet.write(b"one")
    outlet.finish()
    assert outlet.write(b"two") == 0
    assert (pair[1].recv(100), wire.buffered) == (b"one", [])


def test_twisted_and_autobahn_have_the_names_that_are_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_names() == []
    monkeypatch.setattr(fanout, "TRANSPORT_NAMES", ("socket", "gone_with_the_next_release"))
    assert missing_names() == ["gone_with_the_next_release"]


def test_what_was_taken_counts_no_longer() -> None:
    backlog = Backlog()
    backlog.wrote(100, waiting=100, now=1, live=True)
    backlog.wrote(50, waiting=150, now=1, live=True)
    assert backlog.live == 150
    backlog.look(waiting=40, now=2)
    assert backlog.live == 40  # the first is gone, the second has begun
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
