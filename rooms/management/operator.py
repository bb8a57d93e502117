"""What the operators' commands share: the person they act as, and errors of one line."""

import re
from abc import ABC, abstractmethod
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from accounts.models import User
from rooms.errors import ChatError
from rooms.models import Room

DURATION = re.compile(r"(\d{1,6})([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=36_500)


class OperatorCommand(BaseCommand, ABC):
    """Calls an operation; what that refuses becomes an error, with exit code 1."""

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            self.run(**options)
        except ChatError as error:
            raise CommandError(refusal(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database did not take this: {error}") from error

    @abstractmethod
    def run(self, *args: Any, **options: Any) -> None:
        """Parse what is left to parse, and call the operation."""


class ActingCommand(OperatorCommand):
    """Acts as a named person, so that what they may not do is refused, and the log names them."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as", dest="actor", metavar="USERNAME", help="Who does this (default: the first owner).")

    def run(self, *_args: Any, **options: Any) -> None:
        self.act(acting_person(options.pop("actor", None)), **options)

    @abstractmethod
    def act(self, *args: Any, **options: Any) -> None:
        """As `run`, with the `actor` first."""


def refusal(error: ChatError) -> str:
    """What was refused and why, in one line."""
    field = error.extra.get("field")
    about = f"{field}: " if field else ""
    return f"{about}{error.detail} [{error.code}]"


def acting_person(username: str | None) -> User:
    if username is not None:
        person = person_called(username)
        if not User.objects.present().filter(pk=person.pk).exists():
            raise CommandError(f"{person.username} is banned or deactivated, and can do nothing here.")
        return person
    owner: User | None = User.objects.present().filter(is_superuser=True).order_by("id").first()
    if owner is None:
        raise CommandError("This site has no owner yet. Make one with: manage.py create_owner USERNAME")
    return owner


def person_called(username: str) -> User:
    """By user name, in any case, with or without an @."""
    person: User | None = User.objects.filter(
        username__iexact=username.removeprefix("@"), erased_at__isnull=True
    ).first()
    if person is None:
        raise CommandError(f"There is nobody with the user name {username!r}.")
    return person


def room_called(actor: User, word: str) -> Room:
    """By id, slug or name, among the rooms that the actor reads or looks after."""
    rooms = Room.objects.known_to(actor)
    if word.isascii() and word.isdecimal() and len(word) < 19:
        by_id = rooms.filter(id=int(word)).first()
        if by_id is not None:
            return by_id
    found = list(rooms.filter(slug=word).order_by("id")) or list(rooms.filter(name__iexact=word).order_by("id"))
    if not found:
        raise CommandError(f"{actor.username} sees no room with the id, slug or name {word!r}.")
    if len(found) > 1:
        ids = ", ".join(f"{room.id} ({room.name})" for room in found)
        raise CommandError(f"Several rooms are called {word!r}; say which one by its id: {ids}.")
    return found[0]


def duration(text: str) -> timedelta:
    """An argument such as 90s, 30m, 2h, 90d or 2w."""
    match = DURATION.fullmatch(text.strip().lower())
    length = timedelta(**{UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < length <= LONGEST:
        raise ArgumentTypeError(f"{text!r} is not a time such as 90s, 30m, 2h, 90d or 2w")
    return length
