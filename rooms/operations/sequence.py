"""A room's counter: who holds the room's lock takes the next value, and what it was for is told."""

from collections.abc import Iterable

from rooms import events
from rooms.errors import Archived, Muted, NotAllowed, NotFound
from rooms.models import Message, Room
from rooms.payloads import MessagePayload, message_payload, room_state
from rooms.permissions import MembershipLike, RoomLike, can_write, muted_until


def locked_room(room_id: int) -> Room:
    """The room, locked until the transaction ends."""
    room = Room.objects.locked(room_id).first()
    if room is None:
        raise NotFound
    return room


def locked_message(message: Message) -> tuple[Room, Message]:
    """A message as it stands once its room and itself are locked."""
    room = locked_room(message.room_id)
    # The row too: the worker, which erases texts, takes no room's lock.
    fresh = Message.objects.select_for_update(no_key=True).filter(id=message.id).first()
    if fresh is None:
        raise NotFound
    return room, fresh


def check_may_write(room: RoomLike, membership: MembershipLike | None) -> None:
    """To be asked under the room's lock: until then, somebody may be removed or muted."""
    if not can_write(membership):
        raise NotAllowed
    if until := muted_until(membership):
        raise Muted(until)
    check_not_archived(room)


def check_not_archived(room: RoomLike) -> None:
    if room.archived:
        raise Archived


def take_seq(room: Room, *changed: str) -> int:
    """The room's next value, saved together with its other changed fields."""
    room.seq += 1
    room.save(update_fields=["seq", *changed])
    return room.seq


def save_message(room: Room, message: Message, *changed: str) -> MessagePayload:
    """Record a change of one message as the room's next value, and tell everybody."""
    message.changed_seq = take_seq(room)
    message.save(update_fields=["changed_seq", *changed])
    payload = message_payload(message)
    events.publish_updated_message(payload)
    return payload


def save_room(room: Room, *changed: str, joined: Iterable[int] = (), left: Iterable[int] = ()) -> None:
    """Record a change of the room itself as its next value, and tell everybody."""
    take_seq(room, *changed)
    events.publish_room(room_state(room), joined, left)
