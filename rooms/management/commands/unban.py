"""Lift a ban."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand, person_called
from rooms.operations.moderation import unban_user


class Command(ActingCommand):
    help = "Let somebody who was banned come in again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", metavar="USERNAME")
        parser.add_argument("--reason", default="", help="Kept in the moderation log.")

    def act(self, actor: User, *, user: str, reason: str, **_options: Any) -> None:
        person = person_called(user)
        unban_user(actor=actor, user=person, reason=reason)
        self.stdout.write(f"{person.username} is not banned.")
