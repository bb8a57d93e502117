"""A page of a room's history, read in one snapshot: for the JSON door and the pages alike."""

from dataclasses import dataclass
from typing import TypedDict

from accounts.models import User
from rooms.changes import BYTES_LIMIT
from rooms.errors import NotFound
from rooms.models import Message, Room, Site
from rooms.models.message import MessageQuerySet
from rooms.models.replica import read_room
from rooms.payloads import MessagePayload, encode, message_payload

PAGE_LIMIT = 200
PAGE_DEFAULT = 50


class PagePayload(TypedDict):
    """Messages oldest first, tombstones included; `seq` is the room's in the same snapshot."""

    messages: list[MessagePayload]
    seq: int
    epoch: str
    has_before: bool
    has_after: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is, as `seq` or a message's id: at most one is given; `before` and `after` exclude it."""

    before: int | None = None
    after: int | None = None
    around: int | None = None
    around_id: int | None = None


def page(*, user: User, room: int, place: Place, limit: int = PAGE_DEFAULT) -> PagePayload:
    """Raises NotFound for a room that `user` may not read, or a message that it has not. A page ends early at 1 MiB."""
    here = Room.objects.visible_to(user).filter(id=room)
    return read_room(here, lambda database: _page(here.using(database).first(), place, limit, database))


def _page(room: Room | None, place: Place, limit: int, database: str) -> PagePayload:
    if room is None:
        raise NotFound
    history = Message.objects.using(database).filter(room=room)
    place = _by_seq(history, place)
    messages = _messages(history, place, limit)
    has_before, has_after = _neighbours(history, place, messages)
    return {
        "messages": messages,
        "seq": room.seq,
        "epoch": Site.objects.using(database).get(id=1).epoch,
        "has_before": has_before,
        "has_after": has_after,
    }


def _by_seq(history: MessageQuerySet, place: Place) -> Place:
    """A reply names what it answers by its id."""
    if place.around_id is None:
        return place
    message = history.filter(id=place.around_id).only("seq").first()
    if message is None:
        raise NotFound
    return Place(around=message.seq)


def _messages(history: MessageQuerySet, place: Place, limit: int) -> list[MessagePayload]:
    if place.around is not None:
        later, size = _within(history.page_after(place.around - 1, limit - limit // 2), BYTES_LIMIT // 2)
        earlier, _size = _within(history.page_before(place.around, limit // 2), BYTES_LIMIT - size)
        return [*reversed(earlier), *later]
    if place.after is not None:
        later, _size = _within(history.page_after(place.after, limit), BYTES_LIMIT)
        return later
    newest = history.order_by("-seq")[:limit] if place.before is None else history.page_before(place.before, limit)
    earlier, _size = _within(newest, BYTES_LIMIT)
    return earlier[::-1]


def _within(messages: MessageQuerySet, limit: int) -> tuple[list[MessagePayload], int]:
    """Those that fit into `limit` bytes (the first always does), and their bytes."""
    taken: list[MessagePayload] = []
    size = 0
    for message in messages.fitting(limit).with_details():
        payload = message_payload(message)
        size += len(encode(payload)) + 1
        if taken and size > limit:
            break
        taken.append(payload)
    return taken, size


def _neighbours(history: MessageQuerySet, place: Place, messages: list[MessagePayload]) -> tuple[bool, bool]:
    """Whether there are messages before and after the page; an empty one stands where it was asked for."""
    if messages:
        first, last = messages[0]["seq"], messages[-1]["seq"]
    elif place.after is not None:
        first, last = place.after + 1, place.after
    else:
        last = (place.before or 0) - 1
        first = last + 1
    return bool(_seqs(history.page_before(first, 1))), bool(_seqs(history.page_after(last, 1)))


def _seqs(messages: MessageQuerySet) -> list[int]:
    """In order, unlike `exists()`: PostgreSQL then takes the index. Without an order it bet on finding
    one of many soon, and read the table from its beginning."""
    return list(messages.values_list("seq", flat=True))
