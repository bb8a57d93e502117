"""Counts the queries that reach PostgreSQL, from its log."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops import postgres
from tests.benchmarks.peers.start import psql

# BEGIN, COMMIT and SET are no queries
QUERY = re.compile(r"LOG:  (?:statement|execute [^:]*): +(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


@dataclass
class Count:
    """Known once the block has ended."""

    queries: int = 0


@contextmanager
def counted_queries(sockets: str, log: Path) -> Iterator[Count]:
    """What all processes ask in this block; what they ask anyway, once a second, is in it."""
    count = Count()
    _say(sockets, "all")
    start = log.stat().st_size
    try:
        yield count
    finally:
        _say(sockets, "none")
    with log.open("rb") as file:
        file.seek(start)
        count.queries = len(QUERY.findall(file.read().decode(errors="replace")))


def _say(sockets: str, statements: str) -> None:
    setting = f"ALTER SYSTEM SET log_statement = '{statements}'"
    psql(sockets, postgres.DATABASE, "-c", setting, "-c", "SELECT pg_reload_conf()", "-c", "SELECT pg_sleep(0.2)")
