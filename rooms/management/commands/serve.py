"""Serve the site: HTTP and WebSockets, in one process."""

import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from rooms import markdown
from rooms.models import Site
from rooms.operations.site import setup_secret


class Command(BaseCommand):
    help = "Serve the site. SIGTERM asks everybody to reconnect elsewhere, and then ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--unix", metavar="PATH", default="", help="Listen on a Unix socket instead.")

    def handle(self, **options: Any) -> None:
        # Daphne installs its reactor when it is imported, so no other command may import it.
        from chatsite.asgi import application
        from rooms.live.launcher import LiveServer, endpoint

        try:
            self._say_where()
        except DatabaseError as error:
            raise CommandError(f"The database is not there yet ({error}). `manage.py migrate` makes it.") from error
        # Else the first message in a language waits for its lexer's tables.
        threading.Thread(target=markdown.load_lexers, daemon=True).start()
        if settings.CHAT_WORKER == "thread":
            from rooms.worker import start_thread

            start_thread()
        where = endpoint(host=options["host"], port=options["port"], unix=options["unix"])
        server = LiveServer(application, where)
        server.run()
        if server.abort_start:
            raise CommandError(f"Cannot listen on {where}: is another server running there?")

    def _say_where(self) -> None:
        self.stdout.write(f"Plaza is at {settings.CHAT_URL}")
        if Site.load().set_up_at is None:
            self.stdout.write(f"Set it up at {settings.CHAT_URL}/setup/?secret={setup_secret()}")
        self.stdout.flush()
