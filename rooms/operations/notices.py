"""Notices: rows that tell each process to look again at what belongs to one user."""

from collections.abc import Iterable

from rooms import events
from rooms.models import Notice


def notify(users: Iterable[int], kind: Notice.Kind, subject: int = 0) -> None:
    """To be called in the transaction that makes the change."""
    rows = [Notice(user_id=user, kind=kind, subject=subject) for user in users]
    if rows:
        Notice.objects.bulk_create(rows)
        events.publish_notices()
