"""Reads that may go to a replica of the database: pages of history, and exports.

A replica is behind by what it has not replayed yet, and a page that lacks what its reader was told of
breaks the order that the protocol promises. So it is asked for a room only once it knows all that
the primary knows of it; who may read the room is asked of the primary first, and again where it is read.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.models import QuerySet, Subquery

from rooms.models.room import Room
from rooms.models.site import Site
from rooms.models.snapshot import snapshot

logger = logging.getLogger(__name__)

REPLICA = "replica"
WAIT_SECONDS = 1.0  # for all that a page asks of it
REST_SECONDS = 5.0  # for which a replica that failed is left alone


class Position(NamedTuple):
    """How far a room has come; a restored database has another epoch."""

    room: int
    seq: int
    epoch: str


class Rest:
    """Until when this process does not ask the replica."""

    until = 0.0


def read_room[T](rooms: QuerySet[Room], read: Callable[[str], T]) -> T:
    """What `read` finds in the one room among `rooms`, in a snapshot of the database that it is told to use."""
    if is_usable() and (wanted := position(rooms, DEFAULT_DB_ALIAS)):
        try:
            with _at_most(WAIT_SECONDS), snapshot(REPLICA):
                if _has_replayed(wanted):
                    return read(REPLICA)
        except Error as error:
            logger.warning("The replica failed, asking the primary: %r", error)
            Rest.until = time.monotonic() + REST_SECONDS
            connections[REPLICA].close()
    with snapshot():
        return read(DEFAULT_DB_ALIAS)


def is_usable() -> bool:
    return REPLICA in connections.settings and time.monotonic() >= Rest.until


def position(rooms: QuerySet[Room], database: str) -> Position | None:
    epoch = Subquery(Site.objects.values("epoch")[:1])
    found = rooms.using(database).values_list("id", "seq", epoch).first()
    return Position(*found) if found else None


def _has_replayed(wanted: Position) -> bool:
    here = position(Room.objects.filter(id=wanted.room), REPLICA)
    return here is not None and here.epoch == wanted.epoch and here.seq >= wanted.seq


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Cut the connection to a replica that is frozen: libpq itself would wait for it for ever."""
    connection = connections[REPLICA]
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as way:
        cut = Timer(seconds, way.shutdown, [socket.SHUT_RDWR])
        cut.start()
        try:
            yield
        finally:
            cut.cancel()
