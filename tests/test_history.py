"""However much was written, a page or a resume loads about a mebibyte of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models.signals import post_init

from accounts.models import User
from rooms.changes import BYTES_LIMIT, change_frames, room_changes
from rooms.history import Place, page
from rooms.models import Message, Room
from rooms.operations.sending import Draft, send_messages

LARGEST = 96 * 1024


@pytest.fixture
def long_texts(ana: User, plaza: Room) -> Room:
    """5 MiB of 60 messages, in two bytes a character."""
    send_messages([Draft(actor=ana, room=plaza.id, body="¡hola!") for _number in range(60)])
    Message.objects.update(html="ñ" * (LARGEST // 2))
    return plaza


@pytest.fixture
def loaded(long_texts: Room) -> Iterator[list[int]]:
    """The bytes of each text that comes from the database."""
    sizes: list[int] = []

    def count(instance: Message, **_signal: Any) -> None:
        sizes.append(len(instance.html.encode()))

    post_init.connect(count, sender=Message)
    yield sizes
    post_init.disconnect(count, sender=Message)


@pytest.mark.parametrize("place", [Place(), Place(before=40), Place(after=20), Place(around=30)])
def test_a_page_loads_no_more_than_it_shows(ana: User, long_texts: Room, loaded: list[int], place: Place) -> None:
    found = page(user=ana, room=long_texts.id, place=place, limit=200)
    assert BYTES_LIMIT - 2 * LARGEST < sum(loaded) <= BYTES_LIMIT
    assert len(found["messages"]) == len(loaded)


def test_a_resume_over_the_limit_is_a_reset_without_loading_anything(long_texts: Room, loaded: list[int]) -> None:
    changes = room_changes(long_texts.id, 0)
    assert (changes.messages, loaded) == (None, [])
    assert b"room.reset" in change_frames(changes)[0][1]


def test_a_resume_under_the_limit_brings_everything(long_texts: Room, loaded: list[int]) -> None:
    seq = Room.objects.get(id=long_texts.id).seq
    changes = room_changes(long_texts.id, seq - 10)
    assert len(changes.messages or []) == len(loaded) == 10
    assert b"room.reset" not in change_frames(changes)[0][1]


def test_the_largest_message_alone_is_a_page(ana: User, long_texts: Room) -> None:
    Message.objects.update(html="x" * 2 * BYTES_LIMIT)
    for place in (Place(), Place(around=30)):
        assert len(page(user=ana, room=long_texts.id, place=place, limit=1)["messages"]) == 1
