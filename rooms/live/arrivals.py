"""Who comes in, and what they are told first: read once for all who come at the same moment.

When a server dies, a thousand come to the next one at once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
class Opening:
    """All that a new connection is told. `members` are those of rooms that are new to this process."""

    epoch: str
    entries: list[RoomEntry]
    members: dict[int, list[int]]


class Arrival(NamedTuple):
    """Who comes, and what they are told, of one moment."""

    identity: Identity
    opening: Opening


def arrive(them: Sequence[Credentials], started: Collection[int]) -> list[Arrival | Refusal]:
    """Each of them in one snapshot; `started` as for `opening`."""
    with snapshot():
        identities = _identities(them)
        verdicts = [
            Refusal(NOT_SIGNED_IN, "not signed in") if one is None else _refusal(one.user) for one in identities
        ]
        welcome = [
            one for one, refusal in zip(identities, verdicts, strict=True) if one is not None and refusal is None
        ]
        openings = _openings({one.user.id for one in welcome}, started)
    arrivals = iter(Arrival(one, openings[one.user.id]) for one in welcome)
    return [refusal or next(arrivals) for refusal in verdicts]


def _identities(them: Sequence[Credentials]) -> list[Identity | None]:
    tokens = _tokens({token_digest(one.token) for one in them if one.token is not None})
    sessions = _sessions({one.session for one in them if one.token is None and one.session})
    people = _people({one.user for one in tokens.values()} | {one.user for one in sessions.values()})
    return [
        _by_session(sessions.get(one.session or ""), people)
        if one.token is None
        else _by_token(tokens.get(token_digest(one.token)), people)
        for one in them
    ]


class _Token(NamedTuple):
    id: int
    user: int


class _Session(NamedTuple):
    key: str
    user: int
    hash: str
    expires_at: datetime


def _tokens(digests: Collection[str]) -> dict[str, _Token]:
    if not digests:
        return {}
    rows = AccessToken.objects.filter(digest__among=digests, revoked_at__isnull=True)
    return {digest: _Token(pk, user) for digest, pk, user in rows.values_list("digest", "pk", "user_id")}


def _sessions(keys: Collection[str]) -> dict[str, _Session]:
    if not keys:
        return {}
    found: dict[str, _Session] = {}
    for row in Session.objects.filter(session_key__among=keys, expire_date__gt=timezone.now()):
        session = row.get_decoded()
        if (user := str(session.get(SESSION_KEY, ""))).isdecimal():
            found[row.session_key] = _Session(
                row.session_key, int(user), session.get(HASH_SESSION_KEY, ""), row.expire_date
            )
    return found


def _people(ids: Collection[int]) -> dict[int, User]:
    people = User.objects.select_related("ban").filter(id__among=ids) if ids else ()
    return {user.id: user for user in people}


def _by_token(token: _Token | None, people: dict[int, User]) -> Identity | None:
    return Identity(people[token.user], None, token.id, None) if token and token.user in people else None


def _by_session(session: _Session | None, people: dict[int, User]) -> Identity | None:
    user = people.get(session.user) if session else None
    if session is None or user is None or not constant_time_compare(session.hash, user.get_session_auth_hash()):
        return None
    return Identity(user, session.key, None, session.expires_at)


def _refusal(user: User) -> Refusal | None:
    if hasattr(user, "ban"):
        return Refusal(BANNED, user.ban.reason or "banned")
    return None if user.is_active else Refusal(BANNED, "deactivated")


def opening(user: int, started: Collection[int], rooms: Collection[int]) -> Opening:
    """The user's entries of those `rooms` that they are in, and the members of those that are not
    `started` on this process, in one snapshot."""
    with snapshot():
        return _openings({user}, started, rooms)[user]


def _openings(
    users: Collection[int], started: Collection[int], rooms: Collection[int] | None = None
) -> dict[int, Opening]:
    if not users:
        return {}
    entries = entries_of(users, rooms)
    new = {entry["id"] for some in entries.values() for entry in some}.difference(started)
    members: dict[int, list[int]] = {room: [] for room in new}
    people = Membership.objects.active().filter(room__among=new).values_list("room_id", "user_id") if new else ()
    for room, member in people:
        members[room].append(member)
    epoch = Site.load().epoch
    return {user: Opening(epoch, entries[user], members) for user in users}


def still_welcome(identities: Iterable[Identity]) -> dict[Identity, Refusal | None]:
    """Of each: whether they may stay, or why not."""
    them = list(identities)
    people = _people({one.user.id for one in them})
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
