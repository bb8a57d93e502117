"""Several reads of one moment: what a snapshot shows, it shows together."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def snapshot(database: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """A read-only transaction in which every statement sees the same state.

    PostgreSQL's default level shows each statement its own state; SQLite's IMMEDIATE, which our
    writes use, would queue a reader behind every writer, so here it is DEFERRED: a read alone.
    Inside a transaction that is open already, that one is the snapshot.
    """
    connection = connections[database]
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        yield from _bracket(connection, "BEGIN DEFERRED")
    else:
        yield from _bracket(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _bracket(connection: BaseDatabaseWrapper, begin: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(begin)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
