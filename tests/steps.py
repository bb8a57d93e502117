"""How much work a database has with something, whatever the machine."""

from collections.abc import Callable

from django.db import connection


def steps_of(work: Callable[[], object]) -> int:
    """SQLite: instructions of its machine, in tens; PostgreSQL: rows that were looked at. Within one
    transaction of the test's."""
    if connection.vendor == "sqlite":
        taken: list[None] = []
        connection.connection.set_progress_handler(lambda: taken.append(None), 10)
        try:
            work()
        finally:
            connection.connection.set_progress_handler(None, 0)
        return len(taken)
    before = _rows_looked_at()
    work()
    return _rows_looked_at() - before


def analyze() -> None:
    """The database counts what is in its tables, as it does by itself now and then."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _rows_looked_at() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read) FROM pg_stat_xact_user_tables")
        [row] = cursor.fetchall()
    return int(row[0])
