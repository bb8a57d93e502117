"""Remove a message."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand
from rooms.models import Message
from rooms.operations.moderation import remove_message


class Command(ActingCommand):
    help = (
        "Hide a message from everybody at once. A moderator can restore it in the admin for "
        "CHAT_REMOVED_KEEP_DAYS; then its text is erased."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("message", metavar="ID", type=int)
        parser.add_argument("--reason", default="", help="Kept in the moderation log.")

    def act(self, actor: User, *, message: int, reason: str, **_options: Any) -> None:
        removed = remove_message(actor=actor, message=message, reason=reason)
        self.stdout.write(f"Message {message} {_what_is_so(Message.objects.get(id=message), removed)}")


def _what_is_so(message: Message, removed: bool) -> str:
    """Whether it went just now, and what is left of its text."""
    if message.erased_at is not None:
        return "was gone already; its text is erased."
    if message.deleted_at is not None:
        return f"{'is removed' if removed else 'was removed already'}. Its author had deleted it: its text is not kept."
    if not removed and message.removed_at is not None:
        until = message.removed_at + timedelta(days=settings.CHAT_REMOVED_KEEP_DAYS)
        return f"was removed already; its text is kept until {until:%Y-%m-%d}."
    return f"is removed; its text is kept for {settings.CHAT_REMOVED_KEEP_DAYS} days."
