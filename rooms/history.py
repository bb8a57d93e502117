"""A page of a room's history, read in one snapshot: for the JSON door and the pages alike."""

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypedDict

from accounts.models import User
from rooms.changes import BYTES_LIMIT
from rooms.errors import NotFound
from rooms.models import Message, Room
from rooms.models.message import MessageQuerySet
from rooms.models.replica import Position, position, read_room
from rooms.payloads import MessagePayload, encode, message_payloads

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
    return read_room(here, lambda database: _page(position(here, database), place, limit, database))


def _page(here: Position | None, place: Place, limit: int, database: str) -> PagePayload:
    if here is None:
        raise NotFound
    history = Message.objects.using(database).filter(room=here.room)
    earlier, later = _parts(history, _by_seq(history, place), limit)
    return {
        "messages": [*reversed(earlier.messages), *later.messages],
        "seq": here.seq,
        "epoch": here.epoch,
        "has_before": earlier.more,
        "has_after": later.more,
    }


def _by_seq(history: MessageQuerySet, place: Place) -> Place:
    """A reply names what it answers by its id."""
    if place.around_id is None:
        return place
    message = history.filter(id=place.around_id).only("seq").first()
    if message is None:
        raise NotFound
    return Place(around=message.seq)


@dataclass(slots=True)
class _Part:
    """What a page takes on one side of its place, outwards from there, and whether there is more."""

    messages: list[MessagePayload] = field(default_factory=list)
    size: int = 0
    more: bool = False


def _parts(history: MessageQuerySet, place: Place, limit: int) -> tuple[_Part, _Part]:
    """Before the place, and after it; a part of no messages only says whether there are any."""
    if place.around is not None:
        later = _later(history, place.around - 1, limit - limit // 2, BYTES_LIMIT // 2)
        return _earlier(history, place.around, limit // 2, BYTES_LIMIT - later.size), later
    if place.after is not None:
        return _earlier(history, place.after + 1, 0, 0), _later(history, place.after, limit, BYTES_LIMIT)
    if place.before is not None:
        return _earlier(history, place.before, limit, BYTES_LIMIT), _later(history, place.before - 1, 0, 0)
    return _part(history.order_by("-seq")[: limit + 1], limit, BYTES_LIMIT), _Part()


def _earlier(history: MessageQuerySet, before: int, limit: int, size: int) -> _Part:
    return _part(history.page_before(before, limit + 1), limit, size)


def _later(history: MessageQuerySet, after: int, limit: int, size: int) -> _Part:
    return _part(history.page_after(after, limit + 1), limit, size)


def _part(messages: MessageQuerySet, limit: int, size: int) -> _Part:
    """The first `limit` of `messages`, which are one more, that fit into `size` bytes (the first always does)."""
    texts = messages.text_bytes()
    fitting = min(limit, max(1, sum(total <= size for total in accumulate(texts))))
    part = _Part(more=len(texts) > fitting)
    for message in message_payloads(messages[:fitting]) if texts and fitting else ():
        length = len(encode(message)) + 1
        if part.messages and part.size + length > size:
            part.more = True
            break
        part.messages.append(message)
        part.size += length
    return part
