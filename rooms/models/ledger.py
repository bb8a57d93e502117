"""What a batch of messages reads and writes, in as few statements as there can be.

Sending is what happens all the time, and the ORM's objects and eight statements were most of what it
cost (docs/performance.md). Here rows are tuples, and PostgreSQL is asked three times: for what
decides, with what is new, to commit. All of it inside the caller's transaction.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from psycopg import Cursor

from rooms.models.among import array


class RoomRow(NamedTuple):
    """A room, locked until the transaction ends."""

    id: int
    kind: str
    archived: bool
    seq: int


class MemberRow(NamedTuple):
    """The membership of one who sends, locked too, and how they are called now."""

    id: int
    room_id: int
    user_id: int
    active: bool
    role: str
    muted_until: datetime | None
    name: str
    username: str
    avatar: str
    erased: bool


class Standing(NamedTuple):
    """What decides about a batch. `known`: (author, key) of what was sent before, and which message it is."""

    rooms: dict[int, RoomRow]
    members: dict[tuple[int, int], MemberRow]
    known: dict[tuple[int, UUID], int]


@dataclass(slots=True)
class NewMessage:
    """A row to be written; its id comes with the writing."""

    room: int
    author: int
    seq: int
    key: UUID
    first_hash: bytes
    body: str
    html: str
    reply_to: int | None
    created_at: datetime
    id: int = 0


def lock_standing(
    rooms: Collection[int], members: Collection[tuple[int, int]], keys: Collection[tuple[int, UUID]], *, wait: bool
) -> Standing:
    """Lock the rooms in order of id (those that are free at once, where it is not to `wait`), then
    read what decides: whoever wrote there before us has committed by now. `members`: (room, user)
    of those who send; `keys`: (author, key) of what they send.

    Memberships are locked in order of id, as `operations/reads.py` does: no two batches wait for each
    other in a ring.
    """
    read = _read_sqlite if connection.vendor == "sqlite" else _read_postgres
    found, people, known = read(
        (_rooms(wait=wait), [rooms]), (_members(wait=wait), [rooms, members]), (_keys(), [keys])
    )
    rows = [MemberRow._make(row) for row in people]
    return Standing(
        {row[0]: RoomRow._make(row) for row in found},
        {(one.room_id, one.user_id): one for one in rows},
        {(author, key if isinstance(key, UUID) else UUID(key)): message for author, key, message in known},
    )


def write(messages: Sequence[NewMessage], positions: Mapping[int, int], now: datetime) -> None:
    """Keep new messages, which get their ids; move their rooms to their last `seq`, and their authors'
    memberships (id → `seq`) along."""
    last = {message.room: message.seq for message in messages}
    if connection.vendor == "sqlite":
        rows = _write_sqlite(messages, last, positions, now)
    else:
        rows = _write_postgres(messages, last, positions, now)
    ids = {(room, seq): row_id for row_id, room, seq in rows}
    for message in messages:
        message.id = ids[message.room, message.seq]


# What is asked


def _rooms(*, wait: bool) -> str:
    return (
        f"SELECT id, kind, archived_at IS NOT NULL, seq FROM rooms_room WHERE {_among('id')} "  # noqa: S608
        f"ORDER BY id {_locking(wait=wait)}"
    )


def _members(*, wait: bool) -> str:
    """Of the rooms that were free alone: whose lock is held by others has its memberships locked too."""
    return (
        f"WITH free AS (SELECT id FROM rooms_room WHERE {_among('id')} {_locking(wait=wait)}) "  # noqa: S608
        "SELECT m.id, m.room_id, m.user_id, m.active, m.role, m.muted_until,"
        " u.name, u.username, u.avatar, u.erased_at IS NOT NULL "
        f"FROM {_pairs('room', 'author')} "
        "JOIN rooms_membership m ON m.room_id = given.room AND m.user_id = given.author "
        "JOIN accounts_user u ON u.id = m.user_id WHERE m.room_id IN (SELECT id FROM free) "
        f"ORDER BY m.id {_locking(wait=True, of='OF m')}"
    )


def _keys() -> str:
    return (
        f"SELECT m.author_id, m.key, m.id FROM {_pairs('author', 'key')} "  # noqa: S608
        "JOIN rooms_message m ON m.author_id = given.author AND m.key = given.key"
    )


def _among(column: str) -> str:
    if connection.vendor == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608
    return f"{column} = ANY(%s)"


def _pairs(one: str, other: str) -> str:
    """A table `given`, to be joined: where each column was asked for by itself, PostgreSQL read all that
    the authors ever wrote."""
    if connection.vendor == "sqlite":
        columns = f"json_extract(value, '$[0]') AS {one}, json_extract(value, '$[1]') AS {other}"
        return f"(SELECT {columns} FROM json_each(%s)) given"  # noqa: S608
    return f"unnest(%s) AS given({one}, {other})"


def _locking(*, wait: bool, of: str = "") -> str:
    """SQLite has one lock for all, which the transaction took when it began."""
    if connection.vendor == "sqlite":
        return ""
    return f"FOR NO KEY UPDATE {of} {'' if wait else 'SKIP LOCKED'}"


type Value = int | UUID
type Given = Collection[int] | Collection[tuple[int, int]] | Collection[tuple[int, UUID]]
type Question = tuple[str, Sequence[Given]]
type Rows = list[tuple[Any, ...]]


def _read_postgres(*questions: Question) -> list[Rows]:
    """All in one trip, each answered as things stand when the one before is done."""
    asked = "; ".join(sql % tuple(map(_arrays, given)) for sql, given in questions)
    cursor = Cursor(connection.connection)
    with connection.wrap_database_errors:
        cursor.execute(asked.encode())
        return [cursor.fetchall() for _result in cursor.results()]


def _arrays(given: Given) -> str:
    """Ids as one array, pairs as two; psycopg looks at each value on its own, for a third of what the
    whole trip costs."""
    columns = zip(*(one if isinstance(one, tuple) else (one,) for one in given), strict=True)
    return ", ".join(map(_array, columns))


def _array(values: Sequence[Value]) -> str:
    kind = "uuid" if isinstance(values[0], UUID) else "bigint"
    return f"'{array(value.hex if isinstance(value, UUID) else int(value) for value in values)}'::{kind}[]"


def _read_sqlite(*questions: Question) -> list[Rows]:
    answers: list[Rows] = []
    with connection.cursor() as cursor:
        for sql, given in questions:
            cursor.execute(sql, [json.dumps(list(values), default=lambda key: key.hex) for values in given])
            answers.append(cursor.fetchall())
    rooms, people, known = answers
    return [rooms, [(*row[:5], _in_utc(row[5]), *row[6:]) for row in people], known]


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


# What is written

COLUMNS = "room_id, author_id, seq, changed_seq, key, first_hash, body, html, reply_to_id, created_at"
WRITE = f"""
WITH given AS (
    SELECT * FROM json_to_recordset(%s) AS given(room bigint, author bigint, seq bigint, key uuid, first_hash text,
                                                 body text, html text, reply_to bigint)
), new AS (
    INSERT INTO rooms_message ({COLUMNS})
    SELECT room, author, seq, seq, key, decode(first_hash, 'hex'), body, html, reply_to, %s FROM given
    RETURNING id, room_id, seq
), counted AS (
    UPDATE rooms_room SET seq = last.seq FROM unnest(%s::bigint[], %s::bigint[]) AS last(room, seq) WHERE id = last.room
), moved AS (
    UPDATE rooms_membership SET read_seq = last.seq, read_at = %s
    FROM unnest(%s::bigint[], %s::bigint[]) AS last(membership, seq) WHERE id = last.membership
)
SELECT id, room_id, seq FROM new"""  # noqa: S608


def _write_postgres(
    messages: Sequence[NewMessage], last: Mapping[int, int], positions: Mapping[int, int], now: datetime
) -> Rows:
    given = json.dumps([_given(message) for message in messages])
    with connection.wrap_database_errors:
        cursor = Cursor(connection.connection)
        seqs, moved = (array(last), array(last.values())), (array(positions), array(positions.values()))
        cursor.execute(WRITE, [given, now, *seqs, now, *moved], prepare=True)
        return cursor.fetchall()


def _given(new: NewMessage) -> dict[str, Any]:
    return {
        "room": new.room,
        "author": new.author,
        "seq": new.seq,
        "key": new.key.hex,
        "first_hash": new.first_hash.hex(),
        "body": new.body,
        "html": new.html,
        "reply_to": new.reply_to,
    }


def _write_sqlite(
    messages: Sequence[NewMessage], last: Mapping[int, int], positions: Mapping[int, int], now: datetime
) -> Rows:
    moment = connection.ops.adapt_datetimefield_value(now)
    rows = [(*_row(message), moment) for message in messages]
    places = ", ".join(f"({', '.join(['%s'] * len(rows[0]))})" for _row in rows)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO rooms_message ({COLUMNS}) VALUES {places} RETURNING id, room_id, seq",  # noqa: S608
            [value for row in rows for value in row],
        )
        written: Rows = cursor.fetchall()
        cursor.executemany("UPDATE rooms_room SET seq = %s WHERE id = %s", _turned(last.items()))
        cursor.executemany(
            "UPDATE rooms_membership SET read_seq = %s, read_at = %s WHERE id = %s",
            [(seq, moment, row_id) for row_id, seq in positions.items()],
        )
    return written


def _row(new: NewMessage) -> tuple[Any, ...]:
    """In the order of COLUMNS, less the time."""
    return (
        *(new.room, new.author, new.seq, new.seq, new.key.hex, new.first_hash),
        *(new.body, new.html, new.reply_to),
    )


def _turned(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(second, first) for first, second in pairs]
