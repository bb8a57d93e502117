"""Ban somebody."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand, person_called
from rooms.operations.moderation import ban_user


class Command(ActingCommand):
    help = "Shut somebody out: all their connections end within 2 s, with the reason."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", metavar="USERNAME")
        parser.add_argument("--reason", default="", help="Shown to them, and kept in the moderation log.")

    def act(self, actor: User, *, user: str, reason: str, **_options: Any) -> None:
        person = person_called(user)
        ban_user(actor=actor, user=person, reason=reason)
        self.stdout.write(f"{person.username} is banned.")
