"""Make an access token for a program."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand, person_called
from rooms.operations.tokens import create_token


class Command(ActingCommand):
    help = "Make a token by which a program signs in as somebody, and print it. Only its hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", metavar="USERNAME")
        parser.add_argument("--name", default="made by an operator", help="What it is for.")

    def act(self, actor: User, *, user: str, name: str, **_options: Any) -> None:
        person = person_called(user)
        _row, token = create_token(actor=actor, user=person, name=name)
        self.stderr.write(f"A token for {person.username}, shown this once:")
        self.stdout.write(token)
