"""The way down to one client, whatever server carries it.

What goes down is a ready WebSocket frame: a server's frames are unmasked, so that the same bytes go
to all who get them.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

logger = logging.getLogger(__name__)

type Send = Callable[[dict[str, Any]], Awaitable[None]]

PATH = "/ws/v1/"  # of the site's WebSockets
EXTENSION = "plaza.outlet"


class Outlet(Protocol):
    def write(self, frames: bytes) -> int:
        """Send one or more frames, as `text_frame` makes them; returns what is `waiting` then."""

    def waiting(self) -> int:
        """Bytes that the client has not taken yet, as far as this server can tell."""

    def heard_at(self) -> float:
        """When the client last sent anything, by the monotonic clock."""

    def ping(self) -> None:
        """Ask for a sign of life."""

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame after what waits, and no more."""

    def abort(self) -> None:
        """Drop the connection: a close frame cannot get through."""


def text_frame(payload: bytes) -> bytes:
    """A payload as one unmasked, final text frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


def payloads_of(frames: bytes) -> list[bytes]:
    """The payloads of frames that `text_frame` made."""
    payloads: list[bytes] = []
    start = 0
    while start < len(frames):
        length = frames[start + 1]
        begin = start + {126: 4, 127: 10}.get(length, 2)
        size = int.from_bytes(frames[start + 2 : begin]) if length > 125 else length
        payloads.append(frames[begin : begin + size])
        start = begin + size
    return payloads


class QueueOutlet:
    """Over plain ASGI, for any server: a queue and a task, so that no client delays another."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: deque[dict[str, Any]] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._pump())

    def write(self, frames: bytes) -> int:
        for payload in payloads_of(frames):
            self._put({"type": "websocket.send", "text": payload.decode()}, len(payload))
        return self._size

    def waiting(self) -> int:
        return self._size

    def heard_at(self) -> float:
        return time.monotonic()  # a stock server looks for dead clients by itself

    def ping(self) -> None: ...

    def close(self, code: int, reason: str = "") -> None:
        self._put({"type": "websocket.close", "code": code, "reason": reason}, 0)

    def abort(self) -> None:
        self._task.cancel()

    def _put(self, message: dict[str, Any], size: int) -> None:
        if self._task.done():
            return  # the client left meanwhile
        self._queue.append(message)
        self._size += size
        self._wake.set()

    async def _pump(self) -> None:
        try:
            await self._send_all()
        except Exception as error:
            # Servers differ in what they raise once the client has gone.
            logger.info("A client left while it was written to: %r", error)
        finally:
            self._size = 0

    async def _send_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                message = self._queue.popleft()
                if message["type"] == "websocket.close":
                    return await self._end(message)
                await self._send(message)
                self._size -= len(message["text"].encode())

    async def _end(self, message: dict[str, Any]) -> None:
        try:
            await self._send(message)
        except Exception:
            # Whatever the server raised: stock Daphne does so at codes such as 1012, and goes on.
            await self._send({"type": "websocket.close", "code": 1000})
