"""The link to the channel layer, for which nobody waits.

Tried with Redis stopped: `group_add` hung for 15 s behind the layer's one lock, and with Redis down
it raised and left the group listed but never subscribed. So one task brings the subscriptions to
what is wanted until it succeeds, and another sends what waits in a bounded queue.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from channels.layers import get_channel_layer

from rooms.events import PUBLISH_SECONDS, Event, lost_publishes
from rooms.live.redis_layer import RedisLayer

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 5_000
SUBSCRIBE_SECONDS = 2.0
RETRY_SECONDS = 0.5
# Our own word comes back to us this often; without it for so long, the subscriptions are made anew.
ECHO_SECONDS = 2.0
DEAF_SECONDS = 6.0

type Waiting = tuple[float, dict[str, Any]]  # since when, and what


class Link:
    """Over one of the channel layers; `received` is called with each message that another process published,
    those of one group that left together as `several`."""

    def __init__(self, process: str, received: Callable[[dict[str, Any]], None], layer: str = "default") -> None:
        self._process = process
        self._received = received
        self._name = layer
        self._layer = get_channel_layer(layer)
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._queue: dict[str, list[Waiting]] = {}  # by group, those who have waited longest first
        self._waiting = 0
        self._changed = asyncio.Event()
        self._queued = asyncio.Event()
        self._channel = ""
        self._heard_at = 0.0
        self._echo = f"echo.{process}"
        self._listener: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._wanted.add(self._echo)
        work: list[Coroutine[Any, Any, None]] = [self._keep_subscribed(), self._send_queued(), self._listen_to_echo()]
        self._tasks = [asyncio.create_task(one) for one in work]

    async def stop(self) -> None:
        for task in [*self._tasks, *([self._listener] if self._listener else [])]:
            task.cancel()

    def want(self, group: str) -> None:
        self._wanted.add(group)
        self._changed.set()

    def drop(self, group: str) -> None:
        self._wanted.discard(group)
        self._changed.set()

    def publish(self, group: str, message: Event) -> None:
        """Queue a message for the other processes; those of the oldest group go when too many wait."""
        if self._waiting >= QUEUE_LIMIT:
            lost_publishes.inc(len(self._take_oldest()[1]))
        self._queue.setdefault(group, []).append((time.monotonic(), {**message, "origin": self._process}))
        self._waiting += 1
        self._queued.set()

    async def _send_queued(self) -> None:
        while True:
            await self._queued.wait()
            self._queued.clear()
            while self._queue:
                await self._send_what_waits()

    async def _send_what_waits(self) -> None:
        """In one trip, until the first of it has waited for a second."""
        first = next(iter(self._queue.values()))[0][0]
        waiting = [self._take_oldest() for _turn in range(len(self._queue))]
        sending = [(group, fresh) for group, all in waiting if (fresh := self._without_old(all))]
        try:
            async with asyncio.timeout(max(first + PUBLISH_SECONDS - time.monotonic(), 0.01)):
                await self._send([(group, _together(messages, self._process)) for group, messages in sending])
        except Exception as error:
            # Whatever the layer raised: what it loses, the feeds find in the database.
            lost_publishes.inc(sum(len(messages) for _group, messages in sending))
            logger.warning("Not published over the channel layer %s: %r", self._name, error)

    async def _send(self, messages: list[tuple[str, dict[str, Any]]]) -> None:
        if isinstance(self._layer, RedisLayer):
            await self._layer.group_send_all(messages)
        else:
            for group, message in messages:
                await self._layer.group_send(group, message)

    def _take_oldest(self) -> tuple[str, list[Waiting]]:
        group = next(iter(self._queue))
        waiting = self._queue.pop(group)
        self._waiting -= len(waiting)
        return group, waiting

    def _without_old(self, waiting: list[Waiting]) -> list[dict[str, Any]]:
        oldest = time.monotonic() - PUBLISH_SECONDS
        fresh = [message for queued_at, message in waiting if queued_at >= oldest]
        lost_publishes.inc(len(waiting) - len(fresh))
        return fresh

    async def _keep_subscribed(self) -> None:
        while True:
            try:
                await self._subscribe()
            except Exception as error:
                logger.warning("The channel layer %s does not answer, trying again: %r", self._name, error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await self._changed.wait()
            self._changed.clear()

    async def _subscribe(self) -> None:
        async with asyncio.timeout(SUBSCRIBE_SECONDS):
            if not self._channel:
                self._channel = await self._layer.new_channel()
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(self._channel))
        while missing := self._wanted - self._joined:
            group = missing.pop()
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                await self._layer.group_add(group, self._channel)
            self._joined.add(group)
        while surplus := self._joined - self._wanted:
            group = surplus.pop()
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                await self._layer.group_discard(group, self._channel)
            self._joined.discard(group)

    async def _listen(self, channel: str) -> None:
        while True:
            message = await self._layer.receive(channel)
            try:
                self._take(message)
            except Exception:
                # One message that cannot be understood must not make this process deaf.
                logger.exception("Not understood: %.200r", message)

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("origin") != self._process:
            self._received(message)
        elif message["type"] == "echo":
            self._heard_at = time.monotonic()

    async def _listen_to_echo(self) -> None:
        """The layer does not tell when it lost its connection or a subscription: hear it oneself."""
        self._heard_at = time.monotonic()
        while True:
            await asyncio.sleep(ECHO_SECONDS)
            self.publish(self._echo, {"type": "echo"})
            if time.monotonic() - self._heard_at > DEAF_SECONDS:
                await self._begin_again()

    async def _begin_again(self) -> None:
        logger.warning("Nothing comes back from the channel layer %s: subscribing afresh", self._name)
        self._heard_at = time.monotonic()
        if self._listener:
            self._listener.cancel()
        self._channel = ""
        self._joined.clear()
        try:
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                await self._layer.flush()
        except Exception as error:
            logger.warning("The channel layer %s could not be cleared: %r", self._name, error)
        self._changed.set()


def _together(messages: list[dict[str, Any]], process: str) -> dict[str, Any]:
    """A busy room's messages cost Redis, and those who listen, no more than one."""
    return messages[0] if len(messages) == 1 else {"type": "several", "messages": messages, "origin": process}
