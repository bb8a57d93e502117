"""What a batch of messages costs the database does not grow with what its authors ever wrote."""

from uuid import uuid4

from django.db import connection, transaction

from accounts.models import User
from rooms.models import Room, ledger
from tests.steps import analyze, steps_of


def write_many(room: Room, authors: list[User], first: int, count: int) -> None:
    key = "lower(hex(randomblob(16)))" if connection.vendor == "sqlite" else "gen_random_uuid()"
    with connection.cursor() as cursor:
        for turn, author in enumerate(authors):
            cursor.execute(
                "INSERT INTO rooms_message"
                " (room_id, author_id, seq, changed_seq, key, first_hash, body, html, created_at)"
                " WITH RECURSIVE numbers(n) AS (SELECT %s UNION ALL SELECT n + 2 FROM numbers WHERE n + 2 < %s)"
                f" SELECT %s, %s, n, n, {key}, '', 'hola', '<p>hola</p>', CURRENT_TIMESTAMP FROM numbers",
                [first + turn, first + count, room.id, author.id],
            )


def test_a_send_looks_at_no_more_where_its_authors_wrote_much(ana: User, bruno: User, plaza: Room) -> None:
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
    analyze()
    assert steps_of(send) <= 2 * at_first + 50
