"""Make an owner of the site."""

import os
import secrets
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from rooms.management.operator import OperatorCommand
from rooms.operations.site import create_owner

PASSWORD_VARIABLE = "CHAT_OWNER_PASSWORD"  # noqa: S105  (a name)


class Command(OperatorCommand):
    help = (
        "Make an owner, and set the site up if it is new. The password is read with --password-stdin, or "
        f"from the environment variable {PASSWORD_VARIABLE}; else one is made up and printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="The name that others see (default: the user name).")
        parser.add_argument("--email", default="")
        parser.add_argument("--password-stdin", action="store_true", help="Read the password from standard input.")

    def run(self, *, username: str, name: str, email: str, password_stdin: bool, **_options: Any) -> None:
        given = sys.stdin.readline().rstrip("\r\n") if password_stdin else os.environ.get(PASSWORD_VARIABLE, "")
        password = given if given or password_stdin else secrets.token_urlsafe(15)
        owner = create_owner(username=username, password=password, name=name, email=email)
        self.stdout.write(f"{owner.username} is an owner now, and signs in at {settings.CHAT_URL}")
        if password != given:
            self.stdout.write(f"Password: {password}")
