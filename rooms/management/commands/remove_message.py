"""Remove a message."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand
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
        remove_message(actor=actor, message=message, reason=reason)
        self.stdout.write(f"Message {message} is removed; its text is kept for {settings.CHAT_REMOVED_KEEP_DAYS} days.")
