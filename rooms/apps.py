"""Everything about talking."""

import gc

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoomsConfig(AppConfig):
    name = "rooms"
    verbose_name = _("Rooms")

    def ready(self) -> None:
        # The code itself is no garbage: a collection that looked through it took 60 ms, while a room was locked
        gc.freeze()
