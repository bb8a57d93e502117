"""What a client missed in a room: all that changed after a value of its `seq`, in one snapshot."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from rooms.errors import NotFound
from rooms.models import Membership, Message, Room
from rooms.models.message import TEXT_BYTES
from rooms.models.snapshot import snapshot
from rooms.payloads import MessagePayload, RoomState, direct_members, encode, message_payloads, room_state
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


type Wish = tuple[int, int]  # a room's id, and the value after which its changes are wanted


def room_changes(room_id: int, after: int, reader: int, *, members_only: bool = True) -> Changes:
    """What changed after `after`; a reset where that is too much, or ahead of the room.

    `reader` must be a member in the same snapshot (or, with `members_only` off, may read an open
    room), else NotFound.
    """
    with snapshot():
        room = Room.objects.filter(id=room_id).first()
        if room is None or not _may_read(room, reader, members_only):
            raise NotFound
        [changes] = _changes_of([(room_id, after)])
    if isinstance(changes, NotFound):
        raise changes
    return changes


def _may_read(room: Room, reader: int, members_only: bool) -> bool:
    membership = Membership.objects.filter(room=room, user_id=reader).first()
    if members_only:
        return membership is not None and membership.active
    return can_read(room, membership)


def changes_of(wishes: Sequence[Wish]) -> list[Changes | NotFound]:
    """As `room_changes`, of many rooms at once and for the process itself: a constant number of
    queries, but for rooms in which hundreds of messages are missing."""
    with snapshot():
        return _changes_of(wishes)


def _changes_of(wishes: Sequence[Wish]) -> list[Changes | NotFound]:
    rooms = Room.objects.in_bulk({room for room, _after in wishes})
    there = [wish for wish in wishes if wish[0] in rooms]
    people = direct_members(rooms.values())
    moved = _moved_members(there)
    messages = _changed_messages(rooms, there)
    return [
        Changes(wish[1], room_state(rooms[wish[0]], people.get(wish[0])), messages[wish], *moved[wish])
        if wish[0] in rooms
        else NotFound()
        for wish in wishes
    ]


def _moved_members(wishes: Sequence[Wish]) -> dict[Wish, tuple[list[int], list[int]]]:
    """Who joined, and who left."""
    found = Membership.objects.filter(_since(wishes, "rooms_membership"))
    rows: defaultdict[int, list[tuple[int, int, bool]]] = defaultdict(list)
    for room, seq, user, active in found.values_list("room_id", "changed_seq", "user_id", "active"):
        rows[room].append((seq, user, active))

    def users(wish: Wish, *, active: bool) -> list[int]:
        return [user for seq, user, is_active in rows[wish[0]] if is_active == active and seq > wish[1]]

    return {wish: (users(wish, active=True), users(wish, active=False)) for wish in wishes}


def _changed_messages(rooms: Mapping[int, Room], wishes: Sequence[Wish]) -> dict[Wish, list[MessagePayload] | None]:
    missing = {(room, after): rooms[room].seq - after for room, after in wishes}
    few = [wish for wish, values in missing.items() if 0 < values <= CHANGES_LIMIT]
    found: dict[Wish, list[MessagePayload] | None] = {wish: None if missing[wish] < 0 else [] for wish in wishes}
    found |= _few_messages(few) if few else {}
    return found | {wish: _many_messages(wish) for wish, values in missing.items() if values > CHANGES_LIMIT}


def _few_messages(wishes: Sequence[Wish]) -> dict[Wish, list[MessagePayload] | None]:
    """Of rooms in which too few values are missing for too many messages. How large they are is asked
    before they are loaded."""
    sizes: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    changed = Message.objects.filter(_since(wishes, "rooms_message"))
    for room, seq, size in changed.values_list("room_id", "changed_seq", TEXT_BYTES):
        sizes[room].append((seq, size))
    fitting = [
        (room, after) for room, after in wishes if sum(size for seq, size in sizes[room] if seq > after) <= BYTES_LIMIT
    ]
    found: dict[Wish, list[MessagePayload] | None] = dict.fromkeys(wishes)
    if not fitting:
        return found
    payloads: defaultdict[int, list[MessagePayload]] = defaultdict(list)
    for payload in message_payloads(Message.objects.filter(_since(fitting, "rooms_message")).order_by("changed_seq")):
        payloads[payload["room"]].append(payload)
    return found | {
        (room, after): [one for one in payloads[room] if one["changed_seq"] > after] for room, after in fitting
    }


def _many_messages(wish: Wish) -> list[MessagePayload] | None:
    changed = Message.objects.filter(room=wish[0]).changed_since(wish[1])[: CHANGES_LIMIT + 1]
    sizes = changed.text_bytes()
    if len(sizes) > CHANGES_LIMIT or sum(sizes) > BYTES_LIMIT:
        return None
    return message_payloads(changed)


def _since(wishes: Sequence[Wish], table: str) -> RawSQL:
    """The condition for what changed in each of the rooms after the lowest value that is asked for. Put
    together by the ORM, it took longer to write than to answer; as a join, PostgreSQL reads all messages."""
    lowest: dict[int, int] = {}
    for room, after in wishes:
        lowest[room] = min(after, lowest.get(room, after))
    each = (f"{table}.room_id = {room:d} AND {table}.changed_seq > {after:d}" for room, after in lowest.items())
    return RawSQL(" OR ".join(each) or "FALSE", [], BooleanField())  # noqa: S611  (names of ours, and numbers)


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
