"""What a batch of messages costs the database does not grow with what its authors ever wrote."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.models import User
from rooms.models import Room, ledger


def steps_of(work: Callable[[], object]) -> int:
    """SQLite: instructions of its machine, in tens; PostgreSQL: rows that were looked at."""
    if connection.vendor == "sqlite":
        taken: list[None] = []
        connection.connection.set_progress_handler(lambda: taken.append(None), 10)
        try:
            work()
        finally:
            connection.connection.set_progress_handler(None, 0)
        return len(taken)
    before = rows_looked_at()
    work()
    return rows_looked_at() - before


def rows_looked_at() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'rooms_message'"
        )
        [row] = cursor.fetchall()
    return int(row[0])


def write_many(room: Room, authors: list[User], first: int, count: int) -> None:
    key = "lower(hex(randomblob(16)))" if connection.vendor == "sqlite" else "gen_random_uuid()"
    with connection.cursor() as cursor:
        for turn, author in enumerate(authors):
            cursor.execute(
                "INSERT INTO rooms_message (room_id, author_id, seq, changed_seq, key, first_hash, body, html, created_at)"
                " WITH RECURSIVE numbers(n) AS (SELECT %s UNION ALL SELECT n + 2 FROM numbers WHERE n + 2 < %s)"
                f" SELECT %s, %s, n, n, {key}, '', 'hola', '<p>hola</p>', CURRENT_TIMESTAMP FROM numbers",  # noqa: S608
                [first + turn, first + count, room.id, author.id],
            )


@pytest.mark.parametrize("analyzed", [False, True])
def test_a_send_looks_at_no_more_where_its_authors_wrote_much(
    ana: User, bruno: User, plaza: Room, *, analyzed: bool
) -> None:
    authors = [ana, bruno]

    def send() -> None:
        members = {(plaza.id, author.id) for author in authors}
        keys = {(author.id, uuid4()) for author in authors for _each in range(10)}
        with transaction.atomic():
            standing = ledger.lock_standing({plaza.id}, members, keys, wait=True)
        assert len(standing.members) == 2
        assert not standing.known

    write_many(plaza, authors, 1_000, 20)
    at_first = steps_of(send)
    write_many(plaza, authors, 2_000, 40_000)
    if analyzed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    assert steps_of(send) <= 2 * at_first
