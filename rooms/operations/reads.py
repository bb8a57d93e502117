"""How far people have read: many positions in one write."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from rooms.errors import ChatError, Invalid, NotFound
from rooms.models import Membership, Room
from rooms.models.among import pairs_among
from rooms.operations.finding import LARGEST_ID, row_id
from rooms.payloads import ReadPayload, read_payload


@dataclass(frozen=True, slots=True)
class ReadMark:
    """Read up to `seq`; or, `back`, unread from `seq` on."""

    user: int
    room: int
    seq: int
    back: bool = False


def mark_read(*, actor: User, room: Room | int, seq: int) -> ReadPayload:
    """Never moves back; clamped to the room's `seq`."""
    return _mark(ReadMark(actor.id, row_id(room), seq))


def mark_unread(*, actor: User, room: Room | int, seq: int) -> ReadPayload:
    """Moves back to just before `seq`."""
    return _mark(ReadMark(actor.id, row_id(room), seq, back=True))


def _mark(mark: ReadMark) -> ReadPayload:
    [outcome] = mark_all([mark])
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome


def mark_all(marks: Sequence[ReadMark]) -> list[ReadPayload | ChatError]:
    """Take many marks, in their order, in one transaction: an outcome each."""
    sound = [mark for mark in marks if mark.seq >= 0 and 0 < mark.room <= LARGEST_ID]
    wanted = {(mark.room, mark.user) for mark in sound}
    with transaction.atomic():
        # In order of id, as a batch of sends locks them.
        theirs = pairs_among("rooms_membership.room_id", "rooms_membership.user_id", wanted)
        found = Membership.objects.active().filter(theirs)
        locked = found.select_for_update(of=("self",), no_key=True).select_related("room").order_by("id")
        memberships = {(one.room_id, one.user_id): one for one in locked}
        before = {key: one.read_seq for key, one in memberships.items()}
        for mark in sound:
            _move(memberships.get((mark.room, mark.user)), mark)
        moved = [one for key, one in memberships.items() if one.read_seq != before[key]]
        Membership.objects.bulk_update(moved, ["read_seq", "read_at"])
        counted = Membership.objects.filter(id__among={one.id for one in memberships.values()}).with_unread()
        payloads = {(one.room_id, one.user_id): read_payload(one) for one in counted}
    return [_outcome(mark, payloads.get((mark.room, mark.user))) for mark in marks]


def _move(membership: Membership | None, mark: ReadMark) -> None:
    if membership is None:
        return
    if mark.back:
        position = min(membership.read_seq, max(mark.seq - 1, 0))
    else:
        position = max(membership.read_seq, min(mark.seq, membership.room.seq))
    if position != membership.read_seq:
        membership.read_seq, membership.read_at = position, timezone.now()


def _outcome(mark: ReadMark, payload: ReadPayload | None) -> ReadPayload | ChatError:
    if mark.seq < 0:
        return Invalid("seq")
    return payload or NotFound()
