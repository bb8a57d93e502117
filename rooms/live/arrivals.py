"""Who comes in, and what they are told first: read once for all who come at the same moment.

When a server dies, a thousand come to the next one at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import AccessToken, User, token_digest
from rooms.live.connection import BANNED, NOT_SIGNED_IN, Identity
from rooms.models import Membership, Site
from rooms.models.snapshot import snapshot
from rooms.payloads import RoomEntry, entries_of


class Credentials(NamedTuple):
    """By what somebody comes in: the key of a session, or a token."""

    session: str | None
    token: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody may not be here: the code that closes the connection, and what they are told."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Arrival:
    identity: Identity
    rooms: list[int]


@dataclass(frozen=True, slots=True)
class Opening:
    """All that a new connection is told, read in one snapshot. `members` are those of rooms that are
    new to this process."""

    epoch: str
    entries: list[RoomEntry]
    members: dict[int, list[int]]


def arrive(them: Sequence[Credentials]) -> list[Arrival | Refusal]:
    """Who each of them is, and which rooms they are in."""
    by_token = _by_token({one.token for one in them if one.token is not None})
    by_session = _by_session({one.session for one in them if one.token is None and one.session})
    identities = [
        by_session.get(one.session or "") if one.token is None else by_token.get(token_digest(one.token))
        for one in them
    ]
    rooms: defaultdict[int, list[int]] = defaultdict(list)
    users = {identity.user.id for identity in identities if identity is not None}
    for user, room in Membership.objects.listed().filter(user__in=users).values_list("user_id", "room_id"):
        rooms[user].append(room)
    return [_arrival(identity, rooms) for identity in identities]


def _arrival(identity: Identity | None, rooms: dict[int, list[int]]) -> Arrival | Refusal:
    if identity is None:
        return Refusal(NOT_SIGNED_IN, "not signed in")
    return _refusal(identity.user) or Arrival(identity, rooms.get(identity.user.id, []))


def _by_token(tokens: Collection[str]) -> dict[str, Identity]:
    """By the tokens' digests."""
    if not tokens:
        return {}
    rows = AccessToken.objects.filter(digest__in=[token_digest(token) for token in tokens], revoked_at__isnull=True)
    return {row.digest: Identity(row.user, None, row.pk, None) for row in rows.select_related("user__ban")}


def _by_session(keys: Collection[str]) -> dict[str, Identity]:
    if not keys:
        return {}
    rows = list(Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()))
    sessions = {row.session_key: row.get_decoded() for row in rows}
    ids = {session[SESSION_KEY] for session in sessions.values() if session.get(SESSION_KEY)}
    people = {str(user.pk): user for user in User.objects.filter(pk__in=ids).select_related("ban")}
    found: dict[str, Identity] = {}
    for row in rows:
        session = sessions[row.session_key]
        user, signed = people.get(str(session.get(SESSION_KEY))), session.get(HASH_SESSION_KEY, "")
        if user is not None and constant_time_compare(signed, user.get_session_auth_hash()):
            found[row.session_key] = Identity(user, row.session_key, None, row.expire_date)
    return found


def _refusal(user: User) -> Refusal | None:
    if hasattr(user, "ban"):
        return Refusal(BANNED, user.ban.reason or "banned")
    return None if user.is_active else Refusal(BANNED, "deactivated")


def open_all(identities: Sequence[Identity], started: Collection[int]) -> list[Opening | Refusal]:
    """As `opening`, once the connections are registered: who was banned meanwhile is refused."""
    refusals = still_welcome(identities)
    openings = opening([one.user.id for one in identities if refusals[one] is None], started)
    return [refusals[one] or openings[one.user.id] for one in identities]


def opening(
    users: Collection[int], started: Collection[int], rooms: Collection[int] | None = None
) -> dict[int, Opening]:
    """Of each user: the entries of their rooms (or of `rooms` among them), and the members of those
    that are not `started` on this process."""
    with snapshot():
        entries = entries_of(users, rooms)
        new = {entry["id"] for some in entries.values() for entry in some} - set(started)
        members: dict[int, list[int]] = {room: [] for room in new}
        people = Membership.objects.active().filter(room__in=new).values_list("room_id", "user_id") if new else ()
        for room, member in people:
            members[room].append(member)
        epoch = Site.load().epoch
    return {user: Opening(epoch, entries[user], members) for user in users}


def still_welcome(identities: Iterable[Identity]) -> dict[Identity, Refusal | None]:
    """Of each: whether they may stay, or why not."""
    them = list(identities)
    people = User.objects.select_related("ban").in_bulk({one.user.id for one in them})
    keys, ids = {one.session_key for one in them if one.session_key}, {one.token for one in them if one.token}
    going_on = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = set(going_on.values_list("session_key", flat=True)) if keys else set()
    held = AccessToken.objects.filter(pk__in=ids, revoked_at__isnull=True)
    tokens = set(held.values_list("pk", flat=True)) if ids else set()
    return {one: _judge(one, people.get(one.user.id), sessions, tokens) for one in them}


def _judge(identity: Identity, user: User | None, sessions: set[str], tokens: set[int]) -> Refusal | None:
    if user is not None and (refusal := _refusal(user)):
        return refusal
    valid = identity.session_key in sessions or identity.token in tokens
    same_password = user is not None and (identity.session_key is None or user.password == identity.user.password)
    return None if valid and same_password else Refusal(NOT_SIGNED_IN, "signed out")
