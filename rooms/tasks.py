"""What the worker does, and how often. Each job may run twice at once, or again after a failure."""

from collections.abc import Callable
from dataclasses import dataclass

from rooms.operations.history import erase_expired, prune_notices
from rooms.operations.upkeep import prune_cache, prune_sessions

MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """`run` does a part of what is due and says how much; it is called until nothing is left."""

    name: str
    seconds: float
    run: Callable[[], int]


JOBS = (
    Job("erase expired texts", 1.0, erase_expired),
    Job("prune notices", 5 * MINUTE, prune_notices),
    Job("prune the cache", 10 * MINUTE, prune_cache),
    Job("prune sessions", HOUR, prune_sessions),
)
