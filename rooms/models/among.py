"""Many values as one parameter of a query, of which the database knows how many they are.

Of a list, Django and psycopg look at each value by itself: half of what a query for a hundred people cost.
Told by JSON, PostgreSQL bets on a hundred values, and reads a whole table for three.
"""

import json
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Field, ForeignObject, Lookup
from django.db.models.expressions import RawSQL


def array(values: Iterable[int | str]) -> str:
    """PostgreSQL's text of an array; texts are letters and digits, such as keys and digests."""
    return "{" + ",".join(map(str, values)) + "}"


@ForeignObject.register_lookup  # it inherits none
@Field.register_lookup
class Among(Lookup):
    """`field__among=values`, for ids and for texts of letters and digits."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, given = self.process_lhs(compiler, connection)
        if connection.vendor == "sqlite":
            return f"{column} IN (SELECT value FROM json_each(%s))", (*given, json.dumps(list(self.rhs)))  # noqa: S608
        kind = "text" if isinstance(next(iter(self.rhs), 0), str) else "bigint"
        return f"{column} = ANY(%s::{kind}[])", (*given, array(self.rhs))


def pairs_among(one: str, other: str, pairs: Collection[tuple[int, int]]) -> RawSQL:
    """A condition: the two columns, named with their table, hold one of these pairs of ids. Of two lists, a
    database looks for each of one with each of the other."""
    if connection.vendor == "sqlite":
        each = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(%s)"
        given = [json.dumps(list(pairs))]
    else:
        each = "SELECT * FROM unnest(%s::bigint[], %s::bigint[])"
        given = [array(first for first, _second in pairs), array(second for _first, second in pairs)]
    return RawSQL(f"({one}, {other}) IN ({each})", given, BooleanField())  # noqa: S611  (names of ours)
