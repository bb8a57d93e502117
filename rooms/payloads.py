"""Model to TypedDict: the only JSON shapes, shared by the live door and the API."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict

import msgspec
from django.core.files.storage import default_storage

from accounts.models import User
from rooms.models import Membership, Message, Room

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


def author_payload(user: User | None) -> UserPayload | None:
    """Null for somebody who was erased."""
    return user_payload(user) if user is not None and user.erased_at is None else None


def message_payload(message: Message) -> MessagePayload:
    """Reads the author, mentions and reactions: have them loaded by `with_details()`."""
    deleted = message.deleted
    return {
        "id": message.id,
        "room": message.room_id,
        "seq": message.seq,
        "changed_seq": message.changed_seq,
        "key": str(message.key),
        "author": author_payload(message.author),
        "body": "" if deleted else message.body,
        "html": "" if deleted else message.html,
        "created_at": timestamp(message.created_at),
        "edited_at": timestamp(message.edited_at) if message.edited_at else None,
        "deleted": deleted,
        "reply_to": message.reply_to_id,
        "mentions": [] if deleted else [mention.user_id for mention in message.mention_set.all()],
        "attachments": [],
        "reactions": [] if deleted else _reaction_payloads(message),
    }


def _reaction_payloads(message: Message) -> list[ReactionPayload]:
    by_emoji: defaultdict[str, list[int]] = defaultdict(list)
    for reaction in message.reactions.all():
        by_emoji[reaction.emoji].append(reaction.user_id)
    return [{"emoji": emoji, "count": len(users), "users": users[:REACTION_USERS]} for emoji, users in by_emoji.items()]


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


def room_entry(membership: Membership, members: list[UserPayload] | None = None) -> RoomEntry:
    """`membership` comes from `with_unread()`, its room loaded."""
    read = read_payload(membership)
    return {
        **room_state(membership.room, members),
        "read_seq": read["read_seq"],
        "unread": read["unread"],
        "mentions": read["mentions"],
        "involvement": membership.involvement,
    }


def room_entries(user: User | int, rooms: Iterable[int] | None = None) -> list[RoomEntry]:
    """The entries of a user's `welcome` (or those of `rooms` among them), by id."""
    user_id = user if isinstance(user, int) else user.id
    return entries_of([user_id], rooms)[user_id]


def entries_of(users: Iterable[int], rooms: Iterable[int] | None = None) -> dict[int, list[RoomEntry]]:
    """Of each user, in three queries for all of them."""
    entries: dict[int, list[RoomEntry]] = {user: [] for user in users}
    memberships = Membership.objects.listed().filter(user__in=entries)
    if rooms is not None:
        memberships = memberships.filter(room__in=list(rooms))
    found = list(memberships.with_unread().prefetch_related("room").order_by("room_id"))
    people = direct_members({membership.room for membership in found})
    for membership in found:
        entries[membership.user_id].append(room_entry(membership, people.get(membership.room_id)))
    return entries
