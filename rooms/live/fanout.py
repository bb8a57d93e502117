"""The fan-out path: one ready frame, many sockets, and what happens to those who do not take it.

A message in a room of a thousand is a thousand writes, so this is where the server's time goes; a
reader who does not care for speed needs none of it. Its reasons (figures in docs/performance.md):

- A frame is built once: a server's frames are unmasked, hence equal for all.
- It goes straight to the socket when nothing waits there. Twisted's `write` only buffers: each
  delivery then costs add-writer, a wake-up, the send and remove-writer.
- Alone, a message leaves at once. What comes while others are written, and for as long again (at most
  20 ms), leaves in one write: under load messages join, and a hot room costs each member one write
  for many of them.
- Few objects are touched for each delivery. Between two messages the processor forgets them all:
  fetching forty cold lines of memory for a connection cost more than the send itself.
- What the kernel does not take is counted, per connection and in bytes. A slow reader costs the
  others nothing, and over the limit it goes.

The private names of Twisted and autobahn that this, `protocols.py` and `intake.py` touch stand in
`TRANSPORT_NAMES` and `PROTOCOL_NAMES`. Where one is missing the site runs over plain ASGI `send`
(`QueueOutlet`), and they read what comes.
"""

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import tcp
from twisted.internet.testing import StringTransport

from rooms.live.outlet import text_frame

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 0.02  # seconds

PING = b"\x89\x00"
TRANSPORT_NAMES = ("socket", "connected", "dataBuffer", "offset", "_tempDataLen", "abortConnection")
PROTOCOL_NAMES = (
    *("CONFIG_ATTRS", "STATE_OPEN", "STATE_CLOSED", "sendCloseFrame", "sendData", "_dataReceived", "state", "data"),
    *("succeedHandshake", "failHandshake", "_wskey", "websocket_version", "websocket_protocols"),
    *("websocket_extensions", "inside_message", "current_frame"),
)
REHEARSAL = b"""GET / HTTP/1.1\r
Host: rehearsal\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
\r
"""


def missing_names() -> list[str]:
    """What is expected of Twisted and autobahn and not there, found out with a connection in memory."""
    ours, theirs = socket.socketpair()
    placeholders: tuple[Any, Any] = (None, object())  # its protocol and reactor
    with ours, theirs:
        transport = tcp.Connection(ours, *placeholders)
        missing = [name for name in TRANSPORT_NAMES if not hasattr(transport, name)]
    factory: Any = WebSocketServerFactory()
    factory.protocol = WebSocketServerProtocol
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(StringTransport())
    protocol.dataReceived(REHEARSAL)
    return missing + [name for name in PROTOCOL_NAMES if not hasattr(protocol, name)]


class Receiver(Protocol):
    def push(self, frame: bytes) -> None:
        """Take a ready frame, which leaves with the next flush."""


class Flushed(Protocol):
    def flush(self, now: float) -> None:
        """Let go of what was pushed; `now` is the loop's time."""


def spread(payload: bytes, receivers: Iterable[Receiver]) -> None:
    """One payload to many: framed once."""
    frame = text_frame(payload)
    for receiver in receivers:
        receiver.push(frame)


class Tick:
    """When is written: at once, or together with what else has come by then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[Flushed] = []
        self._burst = 0.0  # when the writing began that goes on in this turn of the loop
        self._not_before = 0.0
        self._joining = False

    @contextmanager
    def joining(self) -> Iterator[None]:
        """What is pushed within the block leaves together."""
        self._joining = True
        try:
            yield
        finally:
            self._joining = False

    def moment(self) -> float:
        """When this turn's writing began: who wrote nothing since may write at once. 0: nobody may."""
        if self._joining:
            return 0.0
        if not self._burst and (now := self._loop.time()) >= self._not_before:
            self._burst = now
            self._loop.call_soon(self._end_burst)
        return self._burst

    def add(self, receiver: Flushed) -> None:
        """To be flushed; at most once until then."""
        self._due.append(receiver)
        if len(self._due) == 1 and not self._burst:
            self._plan()

    def _end_burst(self) -> None:
        self._pause_after(self._burst)
        self._burst = 0.0
        if self._due:
            self._plan()

    def _plan(self) -> None:
        if (pause := self._not_before - self._loop.time()) > 0:
            self._loop.call_later(pause, self._flush)
        else:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        begun = self._loop.time()
        due, self._due = self._due, []
        for receiver in due:
            receiver.flush(begun)
        self._pause_after(begun)

    def _pause_after(self, begun: float) -> None:
        ended = self._loop.time()
        self._not_before = ended + min(ended - begun, LONGEST_PAUSE)


class TransportOutlet:
    """Straight to a Twisted transport's socket while nothing waits, else behind what waits.

    Its protocol says when autobahn writes something, and when it has said its last word.
    """

    __slots__ = ("_clear", "_end", "_ended", "_protocol", "_send", "heard")

    def __init__(self, protocol: Any, end: Callable[[int, str], None]) -> None:
        self._protocol = protocol
        self._end = end
        self._send = protocol.transport.socket.send
        self._clear = False  # nothing waits, so that the transport need not be looked at
        self._ended = False
        self.heard = time.monotonic()  # as `heard_at`, which the protocol keeps true

    def write(self, frames: bytes) -> int:
        if self._clear or self._look():
            try:
                sent = self._send(frames)
            except OSError:
                sent = 0  # full, or broken: Twisted finds out which
            if sent == len(frames):
                return 0
            frames = frames[sent:]
        if self._ended or self._protocol.transport is None:
            return 0  # the client left meanwhile
        self._clear = False
        self._protocol.transport.write(frames)
        return self.waiting()

    def _look(self) -> bool:
        self._clear = not self._ended and not self.waiting()
        return self._clear

    def others_write(self) -> None:
        """Twisted's buffer holds something, which nothing may overtake."""
        self._clear = False

    def finish(self) -> None:
        """Nothing may follow: a close frame was written, or the connection is lost."""
        self._clear, self._ended = False, True

    def waiting(self) -> int:
        if self._clear:
            return 0
        transport = self._protocol.transport
        if transport is None or not transport.connected:
            return 0  # nobody will take what is left in its buffer
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)

    def heard_at(self) -> float:
        return self.heard

    def ping(self) -> None:
        self.write(PING)

    def close(self, code: int, reason: str = "") -> None:
        self._end(code, reason)

    def abort(self) -> None:
        protocol = self._protocol
        if protocol.state != protocol.STATE_CLOSED and protocol.transport is not None:
            protocol.transport.abortConnection()


class Backlog:
    """How many bytes of live frames wait for a client, in the order in which it takes them.

    What answers a client's own wish (`welcome`, a resume) waits too, but does not count.
    """

    __slots__ = ("_live", "_pieces", "_taken", "_written", "moved_at")

    def __init__(self) -> None:
        self._written = self._taken = 0
        self._pieces: deque[tuple[int, int]] = deque()  # (offset of its end, its size if it counts)
        self._live = 0
        self.moved_at = 0.0  # when the client took something, or the first of what waits was written

    @property
    def live(self) -> int:
        if not self._pieces:
            return 0
        end, size = self._pieces[0]
        return self._live - max(0, size - (end - self._taken))

    def wrote(self, size: int, waiting: int, now: float, *, live: bool) -> None:
        """`waiting` is what the client has not taken once these bytes are written."""
        if self._taken == self._written:
            self.moved_at = now
        self._written += size
        if waiting or self._pieces:
            self._pieces.append((self._written, size if live else 0))
            self._live += size if live else 0
        self.look(waiting, now)

    def look(self, waiting: int, now: float) -> None:
        """Take note of how much waits now."""
        # A ping that waits was not counted when it was written.
        taken = max(self._written - waiting, self._taken)
        if taken > self._taken or not waiting:
            self._taken, self.moved_at = taken, now
        while self._pieces and self._pieces[0][0] <= taken:
            self._live -= self._pieces.popleft()[1]
