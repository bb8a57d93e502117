"""What an operator's check of the live site needs for a moment: a bot, its token and a room of its own."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import AccessToken, User, token_digest
from rooms.models import Room
from rooms.operations.members import take_in
from rooms.operations.people import save_person
from rooms.operations.sequence import locked_room

PREFIX = "check-live-"
# What a check that was killed left behind.
FORGOTTEN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Check:
    bot: User
    room: Room
    token: str


def open_check() -> Check:
    """For the operator alone. Nobody else is in the room, so that nobody sees it."""
    _remove_forgotten()
    name = f"{PREFIX}{secrets.token_hex(5)}"
    token = secrets.token_urlsafe(32)
    bot = User(username=name, name=name, is_bot=True)
    bot.set_unusable_password()
    with transaction.atomic():
        save_person(bot)
        AccessToken.objects.create(user=bot, name=name, digest=token_digest(token))
        made = Room.objects.create(kind=Room.Kind.CLOSED, name=name, slug=name, created_by=bot)
        take_in(locked_room(made.id), [bot])
    return Check(bot, made, token)


def close_check(check: Check) -> None:
    """Remove all of it; to be called once its connections are closed."""
    with transaction.atomic():
        Room.objects.filter(id=check.room.id).delete()
        User.objects.filter(id=check.bot.id).delete()


def _remove_forgotten() -> None:
    bots = User.objects.filter(username__startswith=PREFIX, is_bot=True, date_joined__lt=timezone.now() - FORGOTTEN)
    with transaction.atomic():
        Room.objects.filter(created_by__in=bots, name__startswith=PREFIX).delete()
        bots.delete()
