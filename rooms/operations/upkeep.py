"""What the database need not keep: sessions that ended, cached values that ran out."""

from datetime import UTC, datetime
from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection


def prune_sessions() -> int:
    """Forget the sessions that ran out, and the devices that no session belongs to; how many devices."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    gone, _rows = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return int(gone)


def prune_cache() -> int:
    """Django's database cache deletes what ran out only once it is full; how many rows."""
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    # As the cache itself writes it: whole seconds of UTC, without a zone.
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [connection.ops.adapt_datetimefield_value(now)])  # noqa: S608
        return int(cursor.rowcount)
