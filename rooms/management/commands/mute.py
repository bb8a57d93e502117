"""Mute somebody in a room for a time."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.models import User
from rooms.management.operator import ActingCommand, duration, person_called, room_called
from rooms.operations.moderation import mute_member


class Command(ActingCommand):
    help = "Keep somebody from writing in a room for a time."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("room", metavar="ROOM", help="Its id, slug or name.")
        parser.add_argument("user", metavar="USERNAME")
        length = parser.add_mutually_exclusive_group(required=True)
        length.add_argument("--for", dest="length", type=duration, metavar="TIME", help="Such as 30m, 2h or 7d.")
        length.add_argument("--lift", action="store_true", help="Let them write again.")
        parser.add_argument("--reason", default="", help="Kept in the moderation log.")

    def act(self, actor: User, *, room: str, user: str, length: timedelta | None, reason: str, **_options: Any) -> None:
        found, person = room_called(actor, room), person_called(user)
        until = timezone.now() + length if length else None
        mute_member(actor=actor, room=found, user=person, until=until, reason=reason)
        state = f"cannot write in {found} until {until:%Y-%m-%d %H:%M} UTC" if until else f"may write in {found}"
        self.stdout.write(f"{person.username} {state}.")
