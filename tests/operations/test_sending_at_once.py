"""Many who send at once: one order, no gap, no double, and nobody waits for somebody else's room."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from accounts.models import User
from rooms.errors import ChatError, Conflict, Unavailable
from rooms.models import Membership, Message, Room, ledger
from rooms.models.ledger import NewMessage
from rooms.operations import sending
from rooms.operations.messages import edit_message
from rooms.operations.reads import mark_read
from rooms.operations.rooms import create_room, start_direct
from rooms.operations.sending import Draft, Sent, send_message, send_messages
from tests.operations.conftest import SOON, Locking, Recorder, Thread, at_once

KEY = UUID("7f1c0000-0000-4000-8000-000000000002")
pytestmark = pytest.mark.usefixtures("transactional_db")
LONGEST_WAIT = 3.0  # seconds: the protocol's; the database gives up after 2.5


@pytest.fixture
def calle(ana: User) -> Room:
    return create_room(actor=ana, name="Calle")


def test_eight_threads_in_three_rooms_leave_no_gap(ana: User, person: Callable[..., User]) -> None:
    rooms = [start_direct(actor=ana, users=[person(name)]) for name in ("uno", "dos", "tres")]

    def send(thread: int) -> list[Any]:
        return [
            outcome
            for turn in range(6)
            for outcome in send_messages([Draft(ana, room.id, f"{thread}.{turn}") for room in rooms[:: (-1) ** thread]])
        ]

    outcomes = [one for some in at_once(*(lambda thread=thread: send(thread) for thread in range(8))) for one in some]
    assert all(isinstance(one, Sent) for one in outcomes)
    for room in rooms:
        seqs = list(Message.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(2, 2 + 8 * 6))
        assert Room.objects.get(id=room.id).seq == seqs[-1]
        for thread in range(8):
            own = Message.objects.filter(room=room, body__startswith=f"{thread}.").order_by("seq")
            assert list(own.values_list("body", flat=True)) == [f"{thread}.{turn}" for turn in range(6)]


def test_the_same_key_sent_twice_at_once_is_one_message(published: Recorder, ana: User, plaza: Room) -> None:
    published.clear()
    outcomes = at_once(*[lambda: send_message(actor=ana, room=plaza, body="hola", key=KEY)] * 4)
    assert {one.message["id"] for one in outcomes} == {Message.objects.get().id}
    assert sorted(one.duplicate for one in outcomes) == [False, True, True, True]
    assert published.types == ["message.created"]


def test_the_same_key_sent_to_two_rooms_at_once_is_a_message_and_a_conflict(
    ana: User, plaza: Room, calle: Room
) -> None:
    for turn in range(5):
        key = UUID(int=turn + 1)
        outcomes = at_once(*(partial(send_messages, [Draft(ana, room.id, "hola", key)]) for room in (plaza, calle)))
        kinds = sorted(type(outcome).__name__ for [outcome] in outcomes)
        assert kinds == ["Conflict", "Sent"]


@pytest.mark.postgres
def test_a_key_that_another_room_is_just_taking_is_a_conflict(ana: User, plaza: Room, calle: Room) -> None:
    """The database alone sees it: the other's message is not committed when ours is looked for."""
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            send_message(actor=ana, room=calle, body="hola", key=KEY)
            written.set()
            go_on.wait(SOON)

    first = Thread(slow)
    assert written.wait(SOON)
    second = Thread(lambda: send_messages([Draft(ana, plaza.id, "hola", KEY)]))
    wait_until_somebody_waits()
    go_on.set()
    first.result()
    [outcome] = second.result()
    assert isinstance(outcome, Conflict)


def wait_until_somebody_waits() -> None:
    deadline = time.monotonic() + SOON
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
    raise AssertionError("nobody waits")


@pytest.mark.postgres
def test_a_busy_room_delays_nobody_elses(
    published: Recorder, ana: User, plaza: Room, calle: Room, locked_elsewhere: Locking
) -> None:
    published.clear()
    arrived = threading.Event()
    publish = published.publish
    published.publish = lambda some: (publish(some), arrived.set())  # type: ignore[assignment,func-returns-value]
    with locked_elsewhere(plaza):
        batch = Thread(lambda: send_messages([Draft(ana, plaza.id, "uno"), Draft(ana, calle.id, "dos")]))
        assert arrived.wait(2.0), "the free room waited for the busy one"
        assert [change["room"] for change in published.changes] == [calle.id]
        assert batch.is_alive()
    outcomes = batch.result()
    assert [one.message["body"] for one in outcomes if isinstance(one, Sent)] == ["uno", "dos"]


@pytest.mark.parametrize("part", [1, 3, 50])
def test_a_long_batch_goes_in_parts_and_keeps_each_rooms_order(
    ana: User, plaza: Room, calle: Room, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(sending, "PART", part)
    outcomes = send_messages([Draft(ana, (plaza, calle)[i % 2].id, str(i)) for i in range(10)])
    assert [one.message["body"] for one in outcomes if isinstance(one, Sent)] == [str(i) for i in range(10)]
    for turn, room in enumerate((plaza, calle)):
        bodies = list(Message.objects.filter(room=room).order_by("seq").values_list("body", flat=True))
        assert bodies == [str(i) for i in range(turn, 10, 2)]


def test_what_comes_after_a_draft_that_waits_does_not_overtake_it(
    ana: User, plaza: Room, calle: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room is busy for the first part of the batch, and free again for the second."""
    monkeypatch.setattr(sending, "PART", 2)
    parts: list[tuple[int, ...]] = []
    write = sending._write

    def busy_at_first(items: Any, outcomes: Any, *, wait: bool) -> Any:
        parts.append(tuple(item.position for item in items))
        if len(parts) > 1:
            return write(items, outcomes, wait=wait)
        mine = [item for item in items if item.draft.room == plaza.id]
        write([item for item in items if item not in mine], outcomes, wait=wait)
        return mine

    monkeypatch.setattr(sending, "_write", busy_at_first)
    rooms = [plaza, calle, plaza, calle]
    outcomes = send_messages([Draft(ana, room.id, str(i)) for i, room in enumerate(rooms)])
    assert parts == [(0, 1), (3,), (0, 2)]
    assert all(isinstance(one, Sent) for one in outcomes)
    assert list(Message.objects.filter(room=plaza).order_by("seq").values_list("body", flat=True)) == ["0", "2"]


@pytest.mark.postgres
def test_a_room_that_stays_locked_is_unavailable_and_its_neighbour_is_not(
    ana: User, plaza: Room, calle: Room, locked_elsewhere: Locking
) -> None:
    with locked_elsewhere(plaza):
        begun = time.monotonic()
        busy, free = send_messages([Draft(ana, plaza.id, "uno"), Draft(ana, calle.id, "dos")])
        assert time.monotonic() - begun < LONGEST_WAIT
    assert isinstance(busy, Unavailable)
    assert isinstance(free, Sent)


def test_a_wait_for_the_lock_ends_as_unavailable(ana: User, plaza: Room, locked_elsewhere: Locking) -> None:
    with locked_elsewhere(plaza):
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            send_message(actor=ana, room=plaza, body="hola", key=KEY)
        assert time.monotonic() - begun < LONGEST_WAIT
    assert not send_message(actor=ana, room=plaza, body="hola", key=KEY).duplicate


def test_other_operations_end_their_wait_too(ana: User, plaza: Room, locked_elsewhere: Locking) -> None:
    """The doors turn the database's refusal into `unavailable`."""
    message = send_message(actor=ana, room=plaza, body="hola").message["id"]
    with locked_elsewhere(plaza):
        begun = time.monotonic()
        with pytest.raises(OperationalError):
            edit_message(actor=ana, message=message, body="adiós")
        assert time.monotonic() - begun < LONGEST_WAIT


@pytest.mark.sqlite
def test_reading_waits_for_no_writer(ana: User, plaza: Room, locked_elsewhere: Locking) -> None:
    with locked_elsewhere(plaza):
        assert Membership.objects.filter(room=plaza).with_unread().count() == 2


# What the database refuses


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, errors: list[Exception], body: str) -> Iterator[list[int]]:
    """The database refuses to write messages, as often as there are errors, while `body` is among them."""
    sizes: list[int] = []
    write = ledger.write

    def refuse(messages: Sequence[NewMessage], *others: Any) -> None:
        sizes.append(len(messages))
        if errors and any(one.body == body for one in messages):
            raise errors.pop(0)
        write(messages, *others)

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "write", refuse)
        yield sizes


def deadlock() -> OperationalError:
    error = OperationalError("deadlock detected")
    error.__cause__ = DeadlockDetected()
    return error


def test_what_the_database_refuses_fails_alone(
    published: Recorder, ana: User, plaza: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.clear()
    drafts = [Draft(ana, plaza.id, body) for body in ("uno", "mal", "tres")]
    with refusing(
        monkeypatch, [IntegrityError(), IntegrityError(), IntegrityError(), IntegrityError()], "mal"
    ) as sizes:
        one, bad, three = send_messages(drafts)
    assert isinstance(one, Sent)
    assert isinstance(three, Sent)
    assert isinstance(bad, ChatError)
    assert bad.code == "internal"
    assert sizes == [3, 1, 1, 1, 1, 1]
    assert [change["seq"] for change in published.changes] == [one.message["seq"], three.message["seq"]]
    assert three.message["seq"] == one.message["seq"] + 1


def test_after_a_deadlock_each_draft_is_run_again(
    published: Recorder, ana: User, plaza: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.clear()
    with refusing(monkeypatch, [deadlock(), deadlock()], "uno") as sizes:
        outcomes = send_messages([Draft(ana, plaza.id, "uno"), Draft(ana, plaza.id, "dos")])
    assert [one.message["body"] for one in outcomes if isinstance(one, Sent)] == ["uno", "dos"]
    assert sizes == [2, 1, 1, 1]
    assert len(published.changes) == Message.objects.count() == 2


def test_deadlocks_without_end_are_unavailable(ana: User, plaza: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing(monkeypatch, [deadlock() for _try in range(9)], "uno"):
        [outcome] = send_messages([Draft(ana, plaza.id, "uno")])
    assert isinstance(outcome, Unavailable)
    assert not Message.objects.exists()


@pytest.mark.postgres
def test_a_null_that_slips_through_is_refused_by_the_database_alone(
    ana: User, plaza: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "clean_body", lambda body: body)
    good, bad = send_messages([Draft(ana, plaza.id, "bien"), Draft(ana, plaza.id, "m\x00al")])
    assert isinstance(good, Sent)
    assert isinstance(bad, ChatError)


def test_sending_and_reading_at_once_never_moves_a_position_back(ana: User, bruno: User, plaza: Room) -> None:
    def send() -> None:
        for turn in range(10):
            send_message(actor=ana, room=plaza, body=str(turn))

    def read() -> None:
        for _turn in range(10):
            mark_read(actor=ana, room=plaza, seq=3)

    at_once(send, read)
    assert Membership.objects.get(room=plaza, user=ana).read_seq == Room.objects.get(id=plaza.id).seq
