"""What the live door reads of the database, each in a thread of its own pool."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from accounts.models import User
from rooms.models import Membership, Notice
from rooms.models.among import array, pairs_among
from rooms.payloads import ReadPayload, UserPayload, read_payload, user_payload

# One row with the epoch alone when nothing moved
MOVED = """
SELECT site.epoch, changed.room, changed.seq
FROM rooms_site site
LEFT JOIN (
    SELECT CAST(held.key AS bigint) AS room, COALESCE(room.seq, 0) AS seq
    FROM {held}
    LEFT JOIN rooms_room room ON room.id = CAST(held.key AS bigint)
    WHERE COALESCE(room.seq, 0) <> held.value
) changed ON true
WHERE site.id = 1
"""


def moved(held: Mapping[int, int]) -> tuple[str, dict[int, int]]:
    """The epoch, and the `seq` of each room that is elsewhere than `held` says (0: it is gone), in
    one query. The database compares: ten thousand rows that tell nothing new cost 40 ms of Python."""
    if connection.vendor == "postgresql":
        table, given = "unnest(%s::bigint[], %s::bigint[]) AS held(key, value)", [array(held), array(held.values())]
    else:
        table, given = "json_each(%s) AS held", [json.dumps(held)]
    with connection.cursor() as cursor:
        cursor.execute(MOVED.format(held=table), given)
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


def profiles(users: Collection[int]) -> list[tuple[UserPayload, bool, list[int]]]:
    """Of each: the payload, whether they were erased, and the rooms that they are in."""
    rooms: dict[int, list[int]] = {user: [] for user in users}
    for user, room in Membership.objects.active().filter(user__in=users).values_list("user_id", "room_id"):
        rooms[user].append(room)
    found = User.objects.filter(id__in=users)
    return [(user_payload(user), user.erased_at is not None, rooms[user.id]) for user in found]


def reads_since(users: Collection[int], moment: datetime) -> list[tuple[int, int, int]]:
    """(user, room, read_seq) of these users' positions that moved since then."""
    moved = Membership.objects.listed().filter(user__among=frozenset(users), read_at__gt=moment)
    return list(moved.values_list("user_id", "room_id", "read_seq"))


def reads_of(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], ReadPayload]:
    """The full positions of (user, room) pairs."""
    theirs = pairs_among("rooms_membership.user_id", "rooms_membership.room_id", pairs)
    found = Membership.objects.listed().filter(theirs).with_unread()
    return {(one.user_id, one.room_id): read_payload(one) for one in found}
