"""What goes away with time: deleted texts, removed messages, old history, old notices."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from rooms.errors import NotAllowed
from rooms.models import Mention, Message, Notice, Reaction
from rooms.operations.log import Action, log_action
from rooms.operations.messages import UNDELETE_SECONDS
from rooms.operations.sequence import locked_room, save_room

# No operation holds a room's lock over 50 ms: bulk work goes in parts.
PART = 50
NOTICES_KEPT = timedelta(hours=1)
ERASE_AFTER = timedelta(seconds=UNDELETE_SECONDS + 1)


def erase_expired() -> int:
    """Erase the texts whose time to come back is over; how many. On the wire nothing changes."""
    now = timezone.now()
    over = Q(deleted_at__lt=now - ERASE_AFTER) | Q(removed_at__lt=now - timedelta(days=settings.CHAT_REMOVED_KEEP_DAYS))
    ids = list(Message.objects.filter(over, erased_at__isnull=True).values_list("id", flat=True)[:PART])
    with transaction.atomic():
        # Asked again in the same statement: it may have been taken back since.
        erased = Message.objects.filter(over, id__in=ids, erased_at__isnull=True).update(
            body="", html="", erased_at=now
        )
        gone = Message.objects.filter(id__in=ids, erased_at=now)
        Mention.objects.filter(message__in=gone).delete()
        Reaction.objects.filter(message__in=gone).delete()
    return erased


def prune_messages(*, actor: User, older_than: datetime, dry_run: bool = False) -> int:
    """Delete the messages written before a moment, for ever, room by room and in parts; how many.

    Each part takes one value of its room: `room.updated` with the new `first_seq`.
    """
    if not actor.is_owner:
        raise NotAllowed
    old = Message.objects.filter(created_at__lt=older_than)
    if dry_run:
        return old.count()
    pruned = 0
    for room_id in list(old.order_by().values_list("room_id", flat=True).distinct()):
        while part := _prune_part(room_id, older_than):
            pruned += part
    log_action(actor, Action.PRUNE_MESSAGES, older_than=older_than.isoformat(), messages=pruned)
    return pruned


def _prune_part(room_id: int, older_than: datetime) -> int:
    with transaction.atomic():
        room = locked_room(room_id)
        oldest = Message.objects.filter(room=room).order_by("seq").values_list("seq", "created_at")[:PART]
        last = max((seq for seq, created in oldest if created < older_than), default=None)
        if last is None:
            return 0
        count, by_model = Message.objects.filter(room=room, seq__lte=last).delete()
        room.first_seq = last + 1
        save_room(room, "first_seq")
        return by_model.get("rooms.Message", count)


def prune_notices() -> int:
    """Forget notices that every process has read long ago; one that was away longer starts afresh."""
    count, _by_model = Notice.objects.filter(created_at__lt=timezone.now() - NOTICES_KEPT).delete()
    return count
