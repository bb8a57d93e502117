"""The worker: runs the periodic jobs of `tasks.py`, and never dies of one that fails."""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.core.cache import cache
from django.db import DatabaseError, connection

from rooms.tasks import JOBS, Job

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
FIRST_RETRY, LONGEST_RETRY = 1.0, 10.0
BEAT_KEY = "worker_beat"
BEAT_SECONDS = 3.0
# Longer than the database may keep a job waiting, and than the longest pause between two tries.
DEAD_SECONDS = 20.0


def start_thread(stop: threading.Event | None = None) -> threading.Thread:
    """Run the worker beside whatever else this process does, until `stop` is set or the process ends."""
    thread = threading.Thread(target=run, args=[stop or threading.Event()], name="worker", daemon=True)
    thread.start()
    return thread


def run(stop: threading.Event, jobs: Sequence[Job] = JOBS) -> None:
    """Do each job when it is due, until `stop` is set. Two workers at once do no harm."""
    planned = [Planned(job) for job in (Job("beat", BEAT_SECONDS, beat), *jobs)]
    while not stop.is_set():
        for one in planned:
            if one.due_at <= time.monotonic() and not stop.is_set():
                one.attempt(stop)
        stop.wait(LOOK_SECONDS)
    connection.close()


@dataclass(slots=True)
class Planned:
    """A job with the time of its next run, and how often it failed since it last succeeded."""

    job: Job
    due_at: float = 0.0
    failures: int = 0

    def attempt(self, stop: threading.Event) -> None:
        try:
            self._run(stop)
            if connection.vendor != "sqlite":
                connection.close()  # back to the pool, which checks it when it is taken again
        except Exception as error:
            self._failed(error)
        else:
            self.failures, self.due_at = 0, time.monotonic() + self.job.seconds

    def _run(self, stop: threading.Event) -> None:
        done = 0
        while not stop.is_set() and (part := self.job.run()):
            done += part
        if done:
            logger.info("Worker: %s: %d", self.job.name, done)

    def _failed(self, error: Exception) -> None:
        """Again soon, then ever later up to a limit, or at the usual time if that comes first."""
        pause = min(self.job.seconds, LONGEST_RETRY, FIRST_RETRY * 2**self.failures)
        self.failures += 1
        self.due_at = time.monotonic() + pause
        if isinstance(error, DatabaseError):
            logger.warning("Worker: %s: the database did not answer, again in %g s: %s", self.job.name, pause, error)
        else:
            logger.error("Worker: %s failed, again in %g s", self.job.name, pause, exc_info=error)
        with suppress(DatabaseError):
            connection.close()


def beat() -> int:
    """Say that a worker is alive, where `silent_for` finds it."""
    cache.set(BEAT_KEY, time.time(), None)
    return 0


def silent_for() -> float | None:
    """Seconds since a worker last beat; None if none ever did."""
    beaten_at: float | None = cache.get(BEAT_KEY)
    return None if beaten_at is None else max(0.0, time.time() - beaten_at)
