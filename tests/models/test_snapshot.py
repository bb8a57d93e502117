"""A snapshot shows one moment, waits for no writer, and writes nothing."""

import threading
import time

import pytest
from django.db import DatabaseError, transaction

from accounts.models import User
from rooms.models import Message, Room
from rooms.models.snapshot import snapshot
from rooms.operations.sending import send_message
from tests.operations.conftest import SOON, Thread

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_what_is_committed_between_two_statements_is_not_seen(ana: User, plaza: Room) -> None:
    with snapshot():
        before = Room.objects.get(id=plaza.id).seq
        Thread(lambda: send_message(actor=ana, room=plaza, body="hola")).result()
        assert not Message.objects.exists()
        assert Room.objects.get(id=plaza.id).seq == before
    assert Message.objects.exists()


def test_without_it_the_second_statement_sees_more(ana: User, plaza: Room) -> None:
    """What the test before would be worth if the snapshot did nothing."""
    assert not Message.objects.exists()
    Thread(lambda: send_message(actor=ana, room=plaza, body="hola")).result()
    assert Message.objects.exists()


def test_it_waits_for_no_writer_even_when_that_commits_between_its_statements(ana: User, plaza: Room) -> None:
    written, commit = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            send_message(actor=ana, room=plaza, body="hola")
            written.set()
            commit.wait(SOON)

    writer = Thread(write)
    assert written.wait(SOON)
    begun = time.monotonic()
    with snapshot():
        first = Room.objects.get(id=plaza.id).seq
        assert time.monotonic() - begun < 1, "it waited for the writer"
        commit.set()
        writer.result()
        assert not Message.objects.exists()
        assert Room.objects.get(id=plaza.id).seq == first
    assert Room.objects.get(id=plaza.id).seq == first + 1


@pytest.mark.postgres
def test_nothing_is_written_in_it(plaza: Room) -> None:
    with snapshot(), pytest.raises(DatabaseError):
        Room.objects.update(name="otra")


def test_an_error_inside_ends_it(plaza: Room) -> None:
    def fail() -> None:
        with snapshot():
            Room.objects.get(id=0)

    with pytest.raises(Room.DoesNotExist):
        fail()
    with transaction.atomic():
        Room.objects.filter(id=plaza.id).update(name="otra")
    assert Room.objects.get(id=plaza.id).name == "otra"


def test_in_a_transaction_it_is_that_one(plaza: Room) -> None:
    with transaction.atomic(), snapshot():
        Room.objects.filter(id=plaza.id).update(name="otra")
    assert Room.objects.get(id=plaza.id).name == "otra"
