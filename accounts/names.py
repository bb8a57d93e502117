"""How names are found and put in order, in every database alike: whatever their accents and their case.

The page's own filters do the same in `static/rooms/js/models/matching.js`.
"""

import re
import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import CharField, Func, Lookup, TextField, Value
from django.db.models.functions import StrIndex
from django.db.models.sql.compiler import SQLCompiler
from django.dispatch import receiver

# Of Latin, Greek and Cyrillic. What other scripts write as marks may be vowels, and makes another word.
ACCENTS = re.compile("[\u0300-\u036f]")


def folded(text: str | None) -> str | None:
    """“MUÑOZ” and “Mª” as “munoz” and “ma”; SQLite calls this, where NULL is None."""
    if text is None or text.isascii():
        return text and text.lower()
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()


class Folded(Func):
    """As `folded`, in the database."""

    function = "folded"
    arity = 1
    output_field = TextField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **options: Any) -> Any:
        template = r"lower(regexp_replace(normalize(%(expressions)s, NFKD), '[\u0300-\u036f]', '', 'g'))"
        return self.as_sql(compiler, connection, template=template, **options)


@CharField.register_lookup
@TextField.register_lookup
class Holds(Lookup):
    """`name__holds="angel"` finds “Ángela”. No pattern is made of the text, so that % and _ are themselves."""

    lookup_name = "holds"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        wanted = Value(self.rhs) if self.rhs_is_direct_value() else self.rhs
        sql, params = compiler.compile(StrIndex(Folded(self.lhs), Folded(wanted)))
        return f"{sql} > 0", params


@receiver(connection_created)
def teach_sqlite(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Its own `lower` and `LIKE` know the case of a to z alone."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("folded", 1, folded, deterministic=True)
