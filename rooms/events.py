"""What happened, told to every process: group names, event types, publishing after the commit.

The channel layer is a hint and the database the truth: a publish that fails is logged and counted,
never raised, and the feed of each process finds what it missed.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict
from zlib import crc32

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from prometheus_client import Counter

from rooms.payloads import MessagePayload, RoomState, UserPayload, encode

logger = logging.getLogger(__name__)
lost_publishes = Counter("plaza_publishes_lost", "Events that could not be published; the feeds repair them.")

NOTICES = "notices"
PRESENCE = "presence"
PUBLISH_SECONDS = 1.0

MessageEventType = Literal["message.created", "message.updated"]


class RoomEvent(TypedDict):
    """One value of a room's `seq`: what goes to clients, and who joined or left with it."""

    type: Literal["room.event"]
    room: int
    seq: int
    frame: bytes  # the event as it goes over the wire, encoded once for all processes
    joined: list[int]
    left: list[int]
    reader: int  # whose position it moves, being their own message; 0 for nobody's


class TypingEvent(TypedDict):
    type: Literal["room.typing"]
    room: int
    user: UserPayload


class NoticeHint(TypedDict):
    type: Literal["notice"]


class PresenceEvent(TypedDict):
    type: Literal["presence"]
    process: str
    users: list[int]


class EchoEvent(TypedDict):
    """A process's word to itself, by which it knows that the layer still carries."""

    type: Literal["echo"]


Event = RoomEvent | TypingEvent | NoticeHint | PresenceEvent | EchoEvent


class Publisher(Protocol):
    """Brings events to the processes; it neither raises nor waits over a second."""

    def publish(self, messages: list[tuple[str, Event]]) -> None: ...


def publish_new_messages(messages: Iterable[tuple[MessagePayload, int]]) -> None:
    """Each with whose position it moves."""
    publish_after_commit([_message_change("message.created", message, reader) for message, reader in messages])


def publish_updated_message(message: MessagePayload) -> None:
    """A message as it now is, at its `changed_seq`."""
    publish_after_commit([_message_change("message.updated", message)])


def publish_room(state: RoomState, joined: Iterable[int] = (), left: Iterable[int] = ()) -> None:
    """A room as it now is, at its `seq`."""
    event = {"type": "room.updated", "room": state["id"], "seq": state["seq"], "state": state}
    publish_after_commit([_change(state["id"], state["seq"], event, joined=joined, left=left)])


def publish_notices() -> None:
    """Some notices were written: every process looks at once."""
    publish_after_commit([(NOTICES, {"type": "notice"})])


def room_group(room: int) -> str:
    return f"room.{room}"


def layer_of(group: str) -> str:
    """The channel layer that carries a group: each of several Redis servers has its share of the rooms."""
    layers = list(settings.CHANNEL_LAYERS)
    return layers[crc32(group.encode()) % len(layers)]


def publish_after_commit(messages: Sequence[tuple[str, Event]]) -> None:
    # Robust: whatever a publisher raises, the change is kept, and its sender must hear so.
    transaction.on_commit(lambda: _publisher.publish(list(messages)), robust=True)


def use_publisher(publisher: Publisher) -> None:
    """A process with a feed of its own publishes through it."""
    global _publisher
    _publisher = publisher


def _message_change(kind: MessageEventType, message: MessagePayload, reader: int = 0) -> tuple[str, RoomEvent]:
    room, seq = message["room"], message["changed_seq"]
    return _change(room, seq, {"type": kind, "room": room, "seq": seq, "message": message}, reader=reader)


def _change(
    room: int,
    seq: int,
    event: dict[str, Any],
    *,
    joined: Iterable[int] = (),
    left: Iterable[int] = (),
    reader: int = 0,
) -> tuple[str, RoomEvent]:
    change: RoomEvent = {
        "type": "room.event",
        "room": room,
        "seq": seq,
        "frame": encode(event),
        "joined": list(joined),
        "left": list(left),
        "reader": reader,
    }
    return room_group(room), change


class LayerPublisher:
    """For commands and the worker, which have no feed: straight to the layer, at best effort."""

    def publish(self, messages: list[tuple[str, Event]]) -> None:
        shares: defaultdict[str, list[tuple[str, Event]]] = defaultdict(list)
        for group, message in messages:
            shares[layer_of(group)].append((group, message))
        async_to_sync(self._send_all)(shares)

    async def _send_all(self, shares: Mapping[str, list[tuple[str, Event]]]) -> None:
        await asyncio.gather(*(self._send(layer, share) for layer, share in shares.items()))

    async def _send(self, name: str, messages: list[tuple[str, Event]]) -> None:
        layer = get_channel_layer(name)
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                for group, message in messages:
                    await layer.group_send(group, message)
        except Exception as error:
            # Whatever the layer raised: the change is kept, and the feeds will find it.
            lost_publishes.inc(len(messages))
            logger.warning("Not published, the channel layer %s did not take it: %r", name, error)


_publisher: Publisher = LayerPublisher()
