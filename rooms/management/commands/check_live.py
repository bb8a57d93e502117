"""Try the site as a client does."""

import asyncio
import ssl
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from rooms import worker
from rooms.check_live import FAULTS, Report, check_address, check_redis, check_worker
from rooms.live_client import Address
from rooms.management.operator import OperatorCommand
from rooms.models import Site
from rooms.operations.checks import close_check, open_check


class Command(OperatorCommand):
    help = (
        "Connect through the public address, send, receive and measure; exit code 0 when all is well, else 1 "
        "with what is wrong: " + ", ".join(FAULTS) + "."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=settings.CHAT_URL, help="The address (default: CHAT_URL).")
        parser.add_argument(
            "--token", help="Sign in by it, and write and delete in a room (default: a bot and a room for the moment)."
        )
        parser.add_argument("--room", type=int, metavar="ID", help="With --token: where to write (default: its first).")
        parser.add_argument("--ca", metavar="FILE", help="A certificate to trust besides the system's.")

    def run(self, *, url: str, token: str | None, room: int | None, ca: str | None, **_options: Any) -> None:
        try:
            address = Address.of(url)
        except ValueError as error:
            raise CommandError(f"{url!r} is no address such as https://chat.example.org") from error
        context = trust(ca) if ca else None
        if token is not None:
            report = asyncio.run(check_address(address, token, room=room, tls=context))
        else:
            check = open_check()
            try:
                report = asyncio.run(check_address(address, check.token, room=check.room.id, tls=context))
            finally:
                close_check(check)
        self._look_behind(report)
        self._say(report)
        if report.faults:
            sys.exit(1)

    def _look_behind(self, report: Report) -> None:
        """Redis and the worker, as this machine's settings name them: only if they are that site's."""
        if not report.epoch:
            return
        try:
            if Site.load().epoch != report.epoch:
                report.passed("behind it", "not looked at: the settings here are of another site")
                return
            check_redis(report, settings.REDIS_HOSTS)
            check_worker(report, worker.silent_for(), worker.DEAD_SECONDS)
        except DatabaseError as error:
            report.passed("behind it", f"not looked at: the database does not answer here ({error})")

    def _say(self, report: Report) -> None:
        for step in report.steps:
            sign = self.style.ERROR("FAIL") if step.fault else self.style.SUCCESS("ok  ")
            self.stdout.write(f"{sign}  {step.name:<11} {step.detail}")
        for fault in report.faults:
            self.stdout.write(f"\n{fault}: {FAULTS[fault]}")
        if not report.faults:
            self.stdout.write("\nAll is well.")


def trust(path: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(path)
    except OSError as error:  # an ssl.SSLError is one
        raise CommandError(f"{path} holds no certificate that can be read: {error}") from error
    return context
