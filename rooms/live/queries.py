"""What the live door reads of the database, each in a thread of its own pool."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import AccessToken, User, token_digest
from rooms.live.connection import BANNED, NOT_SIGNED_IN, Identity
from rooms.models import Membership, Notice, Site
from rooms.models.snapshot import snapshot
from rooms.payloads import ReadPayload, RoomEntry, UserPayload, read_payload, room_entries, user_payload

# One row with the epoch alone when nothing moved
MOVED = """
SELECT site.epoch, changed.room, changed.seq
FROM rooms_site site
LEFT JOIN (
    SELECT CAST(held.key AS bigint) AS room, COALESCE(room.seq, 0) AS seq
    FROM {each} held
    LEFT JOIN rooms_room room ON room.id = CAST(held.key AS bigint)
    WHERE COALESCE(room.seq, 0) <> CAST(held.value AS bigint)
) changed ON true
WHERE site.id = 1
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody may not be here: the code that closes the connection, and what they are told."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Opening:
    """All that a new connection is told, read in one snapshot."""

    epoch: str
    entries: list[RoomEntry]
    members: dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class Arrival:
    identity: Identity
    rooms: list[int]


def arrive(session_key: str | None, token: str | None) -> Arrival | Refusal:
    """Who comes in by these credentials, and which rooms they are in."""
    identity = _by_token(token) if token is not None else _by_session(session_key)
    if identity is None:
        return Refusal(NOT_SIGNED_IN, "not signed in")
    if refusal := _refusal(identity.user):
        return refusal
    rooms = Membership.objects.listed().filter(user=identity.user).values_list("room_id", flat=True)
    return Arrival(identity, list(rooms))


def _by_token(token: str) -> Identity | None:
    row = (
        AccessToken.objects.filter(digest=token_digest(token), revoked_at__isnull=True)
        .select_related("user__ban")
        .first()
    )
    return Identity(row.user, None, row.pk, None) if row else None


def _by_session(session_key: str | None) -> Identity | None:
    if not session_key:
        return None
    row = Session.objects.filter(session_key=session_key, expire_date__gt=timezone.now()).first()
    if row is None:
        return None
    session = row.get_decoded()
    user_id, signed = session.get(SESSION_KEY), session.get(HASH_SESSION_KEY, "")
    user = User.objects.select_related("ban").filter(pk=user_id).first() if user_id else None
    if user is None or not constant_time_compare(signed, user.get_session_auth_hash()):
        return None
    return Identity(user, session_key, None, row.expire_date)


def _refusal(user: User) -> Refusal | None:
    if hasattr(user, "ban"):
        return Refusal(BANNED, user.ban.reason or "banned")
    return None if user.is_active else Refusal(BANNED, "deactivated")


def first_opening(identity: Identity, started: Collection[int]) -> Opening | Refusal:
    """As `opening`, once the connection is registered: who was banned meanwhile is refused."""
    refusal = still_welcome([identity])[identity]
    return refusal or opening(identity.user.id, started)


def opening(user: int, started: Collection[int], rooms: Collection[int] | None = None) -> Opening:
    """The entries of a user's rooms (or of `rooms` among them), and the members of those that are
    not `started` on this process."""
    with snapshot():
        entries = room_entries(user, rooms)
        new = [entry["id"] for entry in entries if entry["id"] not in started]
        members: dict[int, list[int]] = {room: [] for room in new}
        people = Membership.objects.active().filter(room__in=new).values_list("room_id", "user_id") if new else ()
        for room, member in people:
            members[room].append(member)
        return Opening(Site.load().epoch, entries, members)


def moved(held: Mapping[int, int]) -> tuple[str, dict[int, int]]:
    """The epoch, and the `seq` of each room that is elsewhere than `held` says (0: it is gone), in
    one query. The database compares: ten thousand rows that tell nothing new cost 40 ms of Python."""
    each = "json_each_text(%s::json)" if connection.vendor == "postgresql" else "json_each(%s)"
    with connection.cursor() as cursor:
        cursor.execute(MOVED.format(each=each), [json.dumps(held)])
        rows = cursor.fetchall()
    epoch = rows[0][0] if rows else ""
    return epoch, {room: seq for _epoch, room, seq in rows if room is not None}


def session_ends(keys: Collection[str]) -> dict[str, datetime]:
    """When each of these sessions ends; one that is over is not among them."""
    going_on = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return dict(going_on.values_list("session_key", "expire_date"))


def notice_before(moment: datetime) -> int:
    """The last notice that was written before then."""
    older = Notice.objects.filter(created_at__lt=moment)
    return older.order_by("-created_at").values_list("id", flat=True).first() or 0


def notices_after(last: int, holes: Collection[int]) -> list[tuple[int, int, str, int]]:
    """(id, user, kind, subject) of what is new, and of the holes that were filled since."""
    rows = Notice.objects.filter(id__gt=last) | Notice.objects.filter(id__in=list(holes))
    return list(rows.order_by("id").values_list("id", "user_id", "kind", "subject"))


def still_welcome(identities: Iterable[Identity]) -> dict[Identity, Refusal | None]:
    """Of each: whether they may stay, or why not."""
    them = list(identities)
    people = User.objects.select_related("ban").in_bulk({one.user.id for one in them})
    sessions = set(
        Session.objects.filter(
            session_key__in=[one.session_key for one in them if one.session_key], expire_date__gt=timezone.now()
        ).values_list("session_key", flat=True)
    )
    tokens = set(
        AccessToken.objects.filter(
            pk__in=[one.token for one in them if one.token], revoked_at__isnull=True
        ).values_list("pk", flat=True)
    )
    return {one: _judge(one, people.get(one.user.id), sessions, tokens) for one in them}


def _judge(identity: Identity, user: User | None, sessions: set[str], tokens: set[int]) -> Refusal | None:
    if user is not None and (refusal := _refusal(user)):
        return refusal
    valid = identity.session_key in sessions or identity.token in tokens
    same_password = user is not None and (
        identity.session_key is None or user.get_session_auth_hash() == identity.user.get_session_auth_hash()
    )
    return None if valid and same_password else Refusal(NOT_SIGNED_IN, "signed out")


def profiles(users: Collection[int]) -> list[tuple[UserPayload, bool, list[int]]]:
    """Of each: the payload, whether they were erased, and the rooms that they are in."""
    rooms: dict[int, list[int]] = {user: [] for user in users}
    for user, room in Membership.objects.active().filter(user__in=users).values_list("user_id", "room_id"):
        rooms[user].append(room)
    found = User.objects.filter(id__in=users)
    return [(user_payload(user), user.erased_at is not None, rooms[user.id]) for user in found]


def reads_since(users: Collection[int], moment: datetime) -> list[tuple[int, int, int]]:
    """(user, room, read_seq) of these users' positions that moved since then."""
    rows = Membership.objects.listed().filter(user__in=users, read_at__gt=moment)
    return list(rows.values_list("user_id", "room_id", "read_seq"))


def reads_of(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], ReadPayload]:
    """The full positions of (user, room) pairs."""
    users, rooms = {user for user, _room in pairs}, {room for _user, room in pairs}
    found = Membership.objects.listed().filter(user__in=users, room__in=rooms).with_unread()
    return {(one.user_id, one.room_id): read_payload(one) for one in found if (one.user_id, one.room_id) in pairs}
