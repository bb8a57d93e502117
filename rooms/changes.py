"""What a client missed in a room: all that changed after a value of its `seq`, in one snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from rooms.errors import NotFound
from rooms.models import Membership, Message, Room
from rooms.models.snapshot import snapshot
from rooms.payloads import MessagePayload, RoomState, encode, message_payload, room_state
from rooms.permissions import can_read

CHANGES_LIMIT = 500  # messages; past it, or past BYTES_LIMIT, a client loads the room afresh
BYTES_LIMIT = 1024 * 1024
FRAME_LIMIT = 256 * 1024
ENVELOPE = 160  # bytes of a `room.changes` frame, less its state and messages


@dataclass(frozen=True)
class Changes:
    """A room as it stands at `seq`, and what changed since `after`; `messages` is None for a reset."""

    after: int
    state: RoomState
    messages: list[MessagePayload] | None
    joined: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)

    @property
    def room(self) -> int:
        return self.state["id"]

    @property
    def seq(self) -> int:
        return self.state["seq"]

    @cached_property
    def frames(self) -> list[tuple[int, bytes]]:
        """As `change_frames`, encoded once for all who share the read."""
        return change_frames(self)


def room_changes(room_id: int, after: int, reader: int | None = None, *, members_only: bool = True) -> Changes:
    """What changed after `after`; a reset where that is too much, or ahead of the room.

    `reader` must be a member in the same snapshot (or, with `members_only` off, may read an open
    room), else NotFound; None reads for the process itself.
    """
    with snapshot():
        room = Room.objects.filter(id=room_id).first()
        if room is None or not _may_read(room, reader, members_only):
            raise NotFound
        changed = Membership.objects.filter(room=room).changed_since(after).values_list("user_id", "active")
        joined = [user for user, active in changed if active]
        left = [user for user, active in changed if not active]
        messages = _changed_messages(room, after)
        return Changes(after, room_state(room), messages, joined, left)


def _may_read(room: Room, reader: int | None, members_only: bool) -> bool:
    if reader is None:
        return True
    membership = Membership.objects.filter(room=room, user_id=reader).first()
    if members_only:
        return membership is not None and membership.active
    return can_read(room, membership)


def _changed_messages(room: Room, after: int) -> list[MessagePayload] | None:
    if after > room.seq:
        return None
    changed = Message.objects.filter(room=room).changed_since(after)[: CHANGES_LIMIT + 1]
    sizes = changed.text_bytes()
    if len(sizes) > CHANGES_LIMIT or sum(sizes) > BYTES_LIMIT:
        return None
    return [message_payload(message) for message in changed.with_details()]


def change_frames(changes: Changes) -> list[tuple[int, bytes]]:
    """The events that say it, each at most 256 KiB, each with the `seq` up to which it goes.

    One value changes at most one message, so that they can be cut between any two messages.
    """
    if changes.messages is None:
        return [reset_frame(changes.state)]
    state = encode(changes.state)
    encoded = [(message["changed_seq"], encode(message)) for message in changes.messages]
    if sum(len(data) for _seq, data in encoded) > BYTES_LIMIT:
        return [reset_frame(changes.state)]
    frames: list[tuple[int, bytes]] = []
    after = changes.after
    for seq, part in _parts(encoded, len(state)):
        upto = changes.seq if seq is None else seq
        frames.append((upto, _changes_frame(changes.room, after, upto, state, part)))
        after = upto
    return frames


def reset_frame(state: RoomState) -> tuple[int, bytes]:
    frame = {"type": "room.reset", "room": state["id"], "seq": state["seq"], "state": state}
    return state["seq"], encode(frame)


def _parts(encoded: list[tuple[int, bytes]], state_size: int) -> Iterator[tuple[int | None, list[bytes]]]:
    """The messages of each frame with the last one's `changed_seq`; None for the last frame."""
    part: list[bytes] = []
    size, last = state_size + ENVELOPE, 0
    for seq, data in encoded:
        if part and size + len(data) + 1 > FRAME_LIMIT:
            yield last, part
            part, size = [], state_size + ENVELOPE
        part.append(data)
        size += len(data) + 1
        last = seq
    yield None, part


def _changes_frame(room: int, after: int, seq: int, state: bytes, messages: list[bytes]) -> bytes:
    head = f'{{"type":"room.changes","room":{room},"after":{after},"seq":{seq},"state":'.encode()
    return b"".join((head, state, b',"messages":[', b",".join(messages), b"]}"))
