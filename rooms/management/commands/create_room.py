"""Make a room."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand
from rooms.models import Room
from rooms.operations.rooms import create_room


class Command(ActingCommand):
    help = "Make a room, and print its id and address."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("--kind", choices=[Room.Kind.OPEN, Room.Kind.CLOSED], default=Room.Kind.OPEN)
        parser.add_argument("--topic", default="")

    def act(self, actor: User, *, name: str, kind: str, topic: str, **_options: Any) -> None:
        room = create_room(actor=actor, name=name, kind=kind, topic=topic)
        self.stdout.write(f"{room.id}\t{settings.CHAT_URL}/rooms/{room.id}/")
