"""The way down to one client, and how much of what was written still waits on it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

type Send = Callable[[dict[str, Any]], Awaitable[None]]

EXTENSION = "plaza.outlet"


class Outlet(Protocol):
    def write(self, data: bytes) -> int:
        """Send one text frame; the bytes that it takes on the wire."""

    def waiting(self) -> int:
        """Bytes that the client has not taken yet, as far as this server can tell."""

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame after what waits, and no more."""

    def abort(self) -> None:
        """Drop the connection: a close frame cannot get through."""


class QueueOutlet:
    """Over plain ASGI, for any server: a queue and a task, so that no client delays another."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: deque[dict[str, Any]] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._pump())

    def write(self, data: bytes) -> int:
        self._put({"type": "websocket.send", "text": data.decode()}, len(data))
        return len(data)

    def waiting(self) -> int:
        return self._size

    def close(self, code: int, reason: str = "") -> None:
        self._put({"type": "websocket.close", "code": code, "reason": reason}, 0)

    def abort(self) -> None:
        self._task.cancel()

    def _put(self, message: dict[str, Any], size: int) -> None:
        self._queue.append(message)
        self._size += size
        self._wake.set()

    async def _pump(self) -> None:
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


class Backlog:
    """How many bytes of live frames wait for a client, in the order in which it takes them.

    What answers a client's own wish (`welcome`, a resume) waits too, but does not count.
    """

    def __init__(self) -> None:
        self._written = self._taken = 0
        self._frames: deque[tuple[int, int]] = deque()  # (offset of its end, its size if it counts)
        self.live = 0
        self.moved_at = 0.0  # when the client took something, or the first of what waits was written

    def wrote(self, size: int, waiting: int, now: float, *, live: bool) -> None:
        if self._taken == self._written:
            self.moved_at = now
        self._written += size
        if waiting or self._frames:
            self._frames.append((self._written, size if live else 0))
            self.live += size if live else 0
        self.look(waiting, now)

    def look(self, waiting: int, now: float) -> None:
        """Take note of how much waits now."""
        # A ping that waits was not counted when it was written.
        taken = max(self._written - waiting, self._taken)
        if taken > self._taken or not waiting:
            self._taken, self.moved_at = taken, now
        while self._frames and self._frames[0][0] <= taken:
            self.live -= self._frames.popleft()[1]
