"""The live door's own threads for the database.

`database_sync_to_async` and Channels' `dispatch` share one thread a process: one slow query then
stops everybody (channels #2132; tried: 4 ms became 4.8 s).
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from rooms.errors import Unavailable

KEPT_SECONDS = 5.0  # that a thread keeps a connection before it is looked at again
ANSWER_SECONDS = 2.8  # the protocol's 3 s, less the way

_thread = threading.local()


class Database:
    """Runs functions that use the ORM in a bounded pool of threads."""

    def __init__(self, threads: int = settings.CHAT_DB_THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="live-db")

    async def run[**P, T](self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result; Unavailable when the database did not answer."""
        loop = asyncio.get_running_loop()
        context = copy_context()  # the reader's language goes along
        return await loop.run_in_executor(self._threads, lambda: context.run(lambda: _call(function, *args, **kwargs)))

    async def ask[**P, T](self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, for what only reads: Unavailable when the answer takes too long. (A write that
        takes long may yet be kept: nobody may go on before its outcome is known.)"""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self.run(function, *args, **kwargs)
        except TimeoutError as error:
            raise Unavailable from error

    def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _call[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    _let_go_of_an_old_connection()
    try:
        return function(*args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        connection.close()
        raise Unavailable from error


def _let_go_of_an_old_connection() -> None:
    """Back to the pool, which looks whether it is sound when it is taken again: a trip to the database,
    more than a small query's own cost. SQLite's stays with its thread."""
    now = time.monotonic()
    if connection.vendor != "sqlite" and now - getattr(_thread, "connected_at", 0.0) > KEPT_SECONDS:
        connection.close()
        _thread.connected_at = now
