"""Editing and deleting messages; `sending.py` sends them."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from rooms.errors import NotAllowed, NotFound
from rooms.models import Mention, Message, Room
from rooms.operations.finding import find_message, membership_of
from rooms.operations.rendering import render
from rooms.operations.sequence import check_may_write, check_not_archived, locked_message, save_message
from rooms.operations.text import clean_body
from rooms.payloads import MessagePayload, message_payload
from rooms.permissions import can_edit, can_read

UNDELETE_SECONDS = 10


def edit_message(*, actor: User, message: Message | int, body: str) -> MessagePayload:
    """New text for one's own message; the same text again changes nothing."""
    found = find_message(actor, message)
    text = clean_body(body)
    [(html, mentioned)] = render([(found.room_id, text)])
    with transaction.atomic():
        room, fresh = _own_message(actor, found)
        if fresh.deleted:
            raise NotAllowed
        check_may_write(room, membership_of(actor, room))
        if fresh.body == text:
            return message_payload(fresh)
        fresh.body, fresh.html, fresh.edited_at = text, html, timezone.now()
        _mention(fresh, mentioned)
        return save_message(room, fresh, "body", "html", "edited_at")


def _mention(message: Message, users: list[int]) -> None:
    Mention.objects.filter(message=message).exclude(user__in=users).delete()
    Mention.objects.bulk_create(
        [Mention(message=message, user_id=user, room_id=message.room_id, seq=message.seq) for user in users],
        ignore_conflicts=True,
    )


def delete_message(*, actor: User, message: Message | int) -> MessagePayload:
    """The author's deletion: undone within 10 s, then the worker erases the text."""
    found = find_message(actor, message)
    with transaction.atomic():
        room, fresh = _own_message(actor, found)
        if fresh.deleted:
            return message_payload(fresh)
        check_not_archived(room)
        fresh.deleted_at = timezone.now()
        return save_message(room, fresh, "deleted_at")


def undelete_message(*, actor: User, message: Message | int) -> MessagePayload:
    """Take one's own deletion back, within 10 s."""
    found = find_message(actor, message)
    with transaction.atomic():
        room, fresh = _own_message(actor, found)
        if not fresh.deleted:
            return message_payload(fresh)
        last = timezone.now() - timedelta(seconds=UNDELETE_SECONDS)
        if fresh.removed_at or fresh.erased_at or fresh.deleted_at is None or fresh.deleted_at < last:
            raise NotAllowed
        check_not_archived(room)
        fresh.deleted_at = None
        return save_message(room, fresh, "deleted_at")


def _own_message(actor: User, message: Message) -> tuple[Room, Message]:
    room, fresh = locked_message(message)
    if not can_read(room, membership_of(actor, room)):
        raise NotFound
    if not can_edit(actor, fresh):
        raise NotAllowed
    return room, fresh
