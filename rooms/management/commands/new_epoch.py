"""Begin a new epoch after a restore."""

from typing import Any

from accounts.models import User
from rooms.management.operator import ActingCommand
from rooms.operations.site import begin_new_epoch


class Command(ActingCommand):
    help = (
        "To be run after the database was restored from a backup: every process drops what it knew, "
        "and clients what they stored. Prints the new epoch."
    )

    def act(self, actor: User, **_options: Any) -> None:
        self.stdout.write(begin_new_epoch(actor=actor))
