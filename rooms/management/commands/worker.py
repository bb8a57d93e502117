"""Run the worker as a process of its own."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from rooms import worker

logger = logging.getLogger(__name__)

# A job in hand may finish; what waits longer (the database waits 2.5 s) is rolled back there.
STOP_SECONDS = 1.5


class Command(BaseCommand):
    help = (
        "Do the periodic work: erase deleted texts, prune notices, sessions and the cache. "
        "Ends on SIGTERM or SIGINT. More than one may run."
    )

    def handle(self, **_options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        running = worker.start_thread(stop)
        logger.info("The worker runs")
        stop.wait()
        running.join(STOP_SECONDS)
        logger.info("The worker ends")
