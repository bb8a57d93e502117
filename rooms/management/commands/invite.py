"""Make an invitation link."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.models import User
from rooms.management.operator import ActingCommand, duration, room_called
from rooms.operations.invitations import create_invitation


class Command(ActingCommand):
    help = "Make a link by which people sign up, and print it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--room", help="They join this room too (an id, slug or name).")
        parser.add_argument("--uses", type=int, help="How many people it lets in (default: any number).")
        parser.add_argument("--for", dest="lifetime", type=duration, metavar="TIME", help="It ends after, say, 7d.")
        parser.add_argument("--note", default="", help="What it is for, shown to the moderators.")

    def act(
        self,
        actor: User,
        *,
        room: str | None,
        uses: int | None,
        lifetime: timedelta | None,
        note: str,
        **_options: Any,
    ) -> None:
        invitation = create_invitation(
            actor=actor,
            room=room_called(actor, room) if room is not None else None,
            uses=uses,
            expires_at=timezone.now() + lifetime if lifetime else None,
            note=note,
        )
        self.stdout.write(invitation.url)
