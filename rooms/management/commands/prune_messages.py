"""Delete old messages for ever."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.models import User
from rooms.management.operator import ActingCommand, duration
from rooms.operations.history import prune_messages


class Command(ActingCommand):
    help = "Delete the messages of all rooms that are older than a time, for ever. --dry-run counts them first."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--older-than", type=duration, required=True, metavar="TIME", help="Such as 90d.")
        parser.add_argument("--dry-run", action="store_true", help="Say how many, and delete nothing.")

    def act(self, actor: User, *, older_than: timedelta, dry_run: bool, **_options: Any) -> None:
        moment = timezone.now() - older_than
        count = prune_messages(actor=actor, older_than=moment, dry_run=dry_run)
        verb = "would go" if dry_run else "are gone"
        self.stdout.write(f"{count} messages from before {moment:%Y-%m-%d %H:%M} UTC {verb}.")
