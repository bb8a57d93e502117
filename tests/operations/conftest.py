"""What the tests of operations need: to hear what was published, and to act in other threads."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from rooms import events
from rooms.models import Room

type Locking = Callable[[Room], AbstractContextManager[None]]

SOON = 20.0  # seconds; for what happens at once unless it is broken


class Recorder:
    """Keeps what was published, as the processes would get it."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Any]] = []

    def publish(self, messages: list[tuple[str, events.Event]]) -> None:
        assert not connection.in_atomic_block, "published before the commit"
        self.messages += messages

    @property
    def changes(self) -> list[Any]:
        """Each with its `event`, decoded."""
        return [
            {**message, "event": json.loads(message["frame"])}
            for _group, message in self.messages
            if message["type"] == "room.event"
        ]

    @property
    def types(self) -> list[str]:
        return [change["event"]["type"] for change in self.changes]

    def clear(self) -> None:
        self.messages.clear()


@pytest.fixture
def published(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """What is published from here on, by transactions that really commit."""
    recorder = Recorder()
    monkeypatch.setattr(events, "_publisher", recorder)
    return recorder


class Thread[T](threading.Thread):
    """A function at work beside the test, on a connection of its own."""

    def __init__(self, function: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._function = function
        self._result: T | None = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:
            self._error = error
        finally:
            connection.close()

    def result(self) -> T:
        self.join(SOON)
        assert not self.is_alive(), "it still waits"
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]


def at_once[T](*functions: Callable[[], T]) -> list[T]:
    """The results of functions that begin together."""
    gate = threading.Barrier(len(functions))

    def begin(function: Callable[[], T]) -> Callable[[], T]:
        def work() -> T:
            gate.wait(SOON)
            return function()

        return work

    threads = [Thread(begin(function)) for function in functions]
    return [thread.result() for thread in threads]


@pytest.fixture
def locked_elsewhere(transactional_db: None) -> Locking:
    """Another transaction holds a room's lock, for as long as the `with` lasts."""

    @contextmanager
    def hold(room: Room) -> Iterator[None]:
        held, let_go = threading.Event(), threading.Event()

        def work() -> None:
            with transaction.atomic():
                list(Room.objects.locked(room.id))
                held.set()
                let_go.wait(SOON)

        thread = Thread(work)
        try:
            assert held.wait(SOON)
            yield
        finally:
            let_go.set()
            thread.result()

    return hold
