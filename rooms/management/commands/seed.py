"""Fill the site with a demo."""

import os
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.models import User
from rooms.management.operator import ActingCommand
from rooms.operations.seed import seed_site

SAY_EVERY = 10_000


class Command(ActingCommand):
    help = (
        "Fill the site with a believable demo: people who talk in two languages for three months. "
        "All its people are in its first room. Refuses on a site with real people."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--users", type=count, default=20, metavar="N")
        parser.add_argument("--rooms", type=count, default=5, metavar="R")
        parser.add_argument("--messages", type=count, default=2_000, metavar="M")
        parser.add_argument("--tokens", type=Path, metavar="FILE", help="Write an access token a line, one a person.")
        parser.add_argument("--password", default="", help="By which all its people sign in (default: by none).")
        parser.add_argument("--random", type=int, metavar="NUMBER", help="The same number makes the same demo.")
        parser.add_argument("--force", action="store_true", help="Even though real people are here.")

    def act(
        self,
        actor: User,
        *,
        users: int,
        rooms: int,
        messages: int,
        tokens: Path | None,
        password: str,
        random: int | None,
        force: bool,
        verbosity: int,
        **_options: Any,
    ) -> None:
        # Opened first: nobody wants a demo whose tokens are lost.
        secret = open_secret(tokens) if tokens else None
        seeded = seed_site(
            actor=actor,
            users=users,
            rooms=rooms,
            messages=messages,
            force=force,
            password=password,
            chance=Random(random) if random is not None else None,  # noqa: S311
            progress=self._progress() if verbosity else lambda _done: None,
        )
        if secret is not None:
            with os.fdopen(secret, "w") as file:
                file.writelines(f"{token}\n" for token in seeded.tokens)
        first = seeded.rooms[0]
        self.stdout.write(
            f"{users} people, {rooms} rooms, {messages} messages; all people are in {first} ({first.id})."
        )

    def _progress(self) -> Callable[[int], None]:
        said = 0

        def say(done: int) -> None:
            nonlocal said
            if done // SAY_EVERY > said:
                said = done // SAY_EVERY
                self.stderr.write(f"{done} messages …")

        return say


def open_secret(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise CommandError(f"Cannot write {path}: {error.strerror}.") from error
    os.fchmod(descriptor, 0o600)
    return descriptor


def count(text: str) -> int:
    """A whole number from 0, also as 100_000 or 100,000."""
    digits = text.replace("_", "").replace(",", "")
    if not digits.isascii() or not digits.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number")
    return int(digits)
