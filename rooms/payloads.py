"""Model to TypedDict: the only JSON shapes, shared by the live door and the API."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import msgspec
from django.core.files.storage import default_storage

from accounts.models import User
from rooms.models import Membership, Mention, Message, Reaction, Room
from rooms.models.message import MessageQuerySet

REACTION_USERS = 50  # of each emoji


class UserPayload(TypedDict):
    id: int
    name: str
    username: str
    avatar: str | None


class ReactionPayload(TypedDict):
    emoji: str
    count: int
    users: list[int]


class MessagePayload(TypedDict):
    id: int
    room: int
    seq: int
    changed_seq: int
    key: str
    author: UserPayload | None
    body: str
    html: str
    created_at: str
    edited_at: str | None
    deleted: bool
    reply_to: int | None
    mentions: list[int]
    attachments: list[int]
    reactions: list[ReactionPayload]


class RoomState(TypedDict):
    """A room as everybody in it sees it."""

    id: int
    kind: str
    name: str
    slug: str
    topic: str
    archived: bool
    seq: int
    first_seq: int
    member_count: int
    members: list[UserPayload] | None


class RoomEntry(RoomState):
    """A room as one of its members sees it: an entry of `welcome`."""

    read_seq: int
    unread: int
    mentions: int
    involvement: str


class ReadPayload(TypedDict):
    room: int
    read_seq: int
    unread: int
    mentions: int


_encode = msgspec.json.Encoder().encode  # a tenth of the standard library's time


def encode(frame: Mapping[str, Any]) -> bytes:
    """JSON as it goes over the wire."""
    return _encode(frame)


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_payload(user: User) -> UserPayload:
    return person_payload(user.id, user.name, user.username, user.avatar.name or "")


def person_payload(user_id: int, name: str, username: str, avatar: str) -> UserPayload:
    """`avatar` is the file's name in the storage, or empty."""
    picture = default_storage.url(avatar) if avatar else None
    return {"id": user_id, "name": name or username, "username": username, "avatar": picture}


def message_payload(message: Message) -> MessagePayload:
    """As it stands in the database."""
    [payload] = message_payloads(Message.objects.filter(id=message.id))
    return payload


class MessageRow(NamedTuple):
    """What a payload shows of a message, by its path from `Message`."""

    id: int
    room_id: int
    seq: int
    changed_seq: int
    key: UUID
    body: str
    html: str
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    removed_at: datetime | None
    reply_to_id: int | None
    author_id: int | None
    author__name: str
    author__username: str
    author__avatar: str
    author__erased_at: datetime | None

    @property
    def deleted(self) -> bool:
        return self.deleted_at is not None or self.removed_at is not None


def message_payloads(messages: MessageQuerySet) -> list[MessagePayload]:
    """In their order, in three queries; of rows, since to make models of them took twice as long as
    all the rest."""
    rows = [MessageRow(*row) for row in messages.values_list(*MessageRow._fields)]
    shown = [row.id for row in rows if not row.deleted]
    mentions = _mentions(shown, messages.db)
    reactions = _reactions(shown, messages.db)
    return [_message_payload(row, mentions.get(row.id, []), reactions.get(row.id, [])) for row in rows]


def _mentions(messages: Collection[int], database: str) -> Mapping[int, list[int]]:
    """Message → who is mentioned in it."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    rows = Mention.objects.using(database).filter(message__in=messages).order_by("id")
    for message, user in rows.values_list("message_id", "user_id"):
        found[message].append(user)
    return found


def _reactions(messages: Collection[int], database: str) -> Mapping[int, list[ReactionPayload]]:
    """Message → its emoji in the order in which they came, each with who was first."""
    found: defaultdict[int, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = Reaction.objects.using(database).filter(message__in=messages).order_by("id")
    for message, emoji, user in rows.values_list("message_id", "emoji", "user_id"):
        found[message][emoji].append(user)
    return {
        message: [
            {"emoji": emoji, "count": len(users), "users": users[:REACTION_USERS]} for emoji, users in by_emoji.items()
        ]
        for message, by_emoji in found.items()
    }


def _message_payload(row: MessageRow, mentions: list[int], reactions: list[ReactionPayload]) -> MessagePayload:
    deleted = row.deleted
    return {
        "id": row.id,
        "room": row.room_id,
        "seq": row.seq,
        "changed_seq": row.changed_seq,
        "key": str(row.key),
        "author": _author_payload(row),
        "body": "" if deleted else row.body,
        "html": "" if deleted else row.html,
        "created_at": timestamp(row.created_at),
        "edited_at": timestamp(row.edited_at) if row.edited_at else None,
        "deleted": deleted,
        "reply_to": row.reply_to_id,
        "mentions": mentions,
        "attachments": [],
        "reactions": reactions,
    }


def _author_payload(row: MessageRow) -> UserPayload | None:
    """Null for somebody who was erased."""
    if row.author_id is None or row.author__erased_at is not None:
        return None
    return person_payload(row.author_id, row.author__name, row.author__username, row.author__avatar)


def room_state(room: Room, members: list[UserPayload] | None = None) -> RoomState:
    """`members` are a direct conversation's people; they are read where they are not given."""
    if room.is_direct and members is None:
        members = direct_members([room])[room.id]
    return {
        "id": room.id,
        "kind": room.kind,
        "name": room.name,
        "slug": room.slug,
        "topic": room.topic,
        "archived": room.archived,
        "seq": room.seq,
        "first_seq": room.first_seq,
        "member_count": room.member_count,
        "members": members if room.is_direct else None,
    }


def direct_members(rooms: Iterable[Room]) -> dict[int, list[UserPayload]]:
    """The people of each direct conversation among `rooms`, in one query."""
    people: dict[int, list[UserPayload]] = {room.id: [] for room in rooms if room.is_direct}
    if not people:
        return people
    memberships = Membership.objects.active().filter(room__in=people).select_related("user").order_by("id")
    for membership in memberships:
        if membership.user.erased_at is None:
            people[membership.room_id].append(user_payload(membership.user))
    return people


def read_payload(membership: Membership) -> ReadPayload:
    """`membership` comes from `with_unread()`."""
    return {
        "room": membership.room_id,
        "read_seq": membership.read_seq,
        "unread": getattr(membership, "unread"),  # noqa: B009  (annotated)
        "mentions": getattr(membership, "mentions"),  # noqa: B009
    }


def room_entries(user: User | int, rooms: Iterable[int] | None = None) -> list[RoomEntry]:
    """The entries of a user's `welcome` (or those of `rooms` among them), by id."""
    user_id = user if isinstance(user, int) else user.id
    return entries_of([user_id], rooms)[user_id]


def entries_of(users: Iterable[int], rooms: Iterable[int] | None = None) -> dict[int, list[RoomEntry]]:
    """Of each user, in three queries for all of them."""
    entries: dict[int, list[RoomEntry]] = {user: [] for user in users}
    memberships = Membership.objects.listed().filter(user__among=entries.keys())
    if rooms is not None:
        memberships = memberships.filter(room__in=list(rooms))
    # Asked for in order, PostgreSQL is tempted to read all memberships in the order of an index
    rows = sorted(memberships.unread_rows(), key=attrgetter("room_id"))
    states = _room_states({row.room_id for row in rows})
    for row in rows:
        entries[row.user_id].append(
            {
                **states[row.room_id],
                "read_seq": row.read_seq,
                "unread": row.unread,
                "mentions": row.mentions,
                "involvement": row.involvement,
            }
        )
    return entries


def _room_states(ids: Collection[int]) -> dict[int, RoomState]:
    rooms = Room.objects.in_bulk(ids) if ids else {}
    people = direct_members(rooms.values())
    return {room.id: room_state(room, people.get(room.id)) for room in rooms.values()}
