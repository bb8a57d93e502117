"""Send a message."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand, room_called
from rooms.operations.sending import send_message


class Command(ActingCommand):
    help = "Send a message to a room that the person is in, and print its id."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("room", metavar="ROOM", help="Its id, slug or name.")
        parser.add_argument("text", metavar="TEXT", help="Markdown; - reads it from standard input.")

    def act(self, actor: User, *, room: str, text: str, **_options: Any) -> None:
        body = _read_input() if text == "-" else text
        sent = send_message(actor=actor, room=room_called(actor, room), body=body)
        self.stdout.write(str(sent.message["id"]))


def _read_input() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise CommandError("What stands on standard input is not UTF-8.") from error
