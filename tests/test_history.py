"""However much was written, a page or a resume loads about a mebibyte of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from rooms.changes import BYTES_LIMIT, Changes, change_frames, changes_of
from rooms.errors import NotFound
from rooms.history import Place, page
from rooms.models import Message, Room
from rooms.operations.members import leave_room
from rooms.operations.rooms import create_room, start_direct
from rooms.operations.sending import Draft, send_messages

LARGEST = 96 * 1024


@pytest.fixture
def long_texts(ana: User, plaza: Room) -> Room:
    """5 MiB of 60 messages, in two bytes a character."""
    send_messages([Draft(actor=ana, room=plaza.id, body="¡hola!") for _number in range(60)])
    Message.objects.update(html="ñ" * (LARGEST // 2))
    return plaza


@pytest.fixture
def loaded(long_texts: Room, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each long text that comes from the database."""
    sizes: list[int] = []
    rows_of = SQLCompiler.results_iter

    def counted(self: SQLCompiler, *args: Any, **options: Any) -> Iterator[Any]:
        for row in rows_of(self, *args, **options):
            sizes.extend(len(text.encode()) for text in row if isinstance(text, str) and len(text) > LARGEST // 3)
            yield row

    monkeypatch.setattr(SQLCompiler, "results_iter", counted)
    return sizes


@pytest.mark.parametrize("place", [Place(), Place(before=40), Place(after=20), Place(around=30)])
def test_a_page_loads_no_more_than_it_shows(ana: User, long_texts: Room, loaded: list[int], place: Place) -> None:
    found = page(user=ana, room=long_texts.id, place=place, limit=200)
    assert BYTES_LIMIT - 2 * LARGEST < sum(loaded) <= BYTES_LIMIT
    assert len(found["messages"]) == len(loaded)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_a_page_says_whether_there_is_more_on_each_side(ana: User, plaza: Room, limit: int) -> None:
    send_messages([Draft(actor=ana, room=plaza.id, body=str(number)) for number in range(6)])
    seqs = list(Message.objects.order_by("seq").values_list("seq", flat=True))
    near = range(seqs[0] - 2, seqs[-1] + 3)
    places = [Place(), *(Place(**{side: seq}) for side in ("before", "after", "around") for seq in near)]
    for place in places:
        found = page(user=ana, room=plaza.id, place=place, limit=limit)
        shown = [message["seq"] for message in found["messages"]]
        assert shown == [seq for seq in seqs if shown and shown[0] <= seq <= shown[-1]], place
        assert len(shown) <= limit
        # An empty page stands where it was asked for
        here = place.after + 0.5 if place.after is not None else (place.before or place.around or 0) - 0.5
        first, last = (shown[0], shown[-1]) if shown else (here, here)
        assert found["has_before"] == any(seq < first for seq in seqs), place
        assert found["has_after"] == any(seq > last for seq in seqs), place


def read(room: Room, after: int) -> Changes:
    [changes] = changes_of([(room.id, after)])
    assert isinstance(changes, Changes)
    return changes


def test_a_resume_over_the_limit_is_a_reset_without_loading_anything(long_texts: Room, loaded: list[int]) -> None:
    changes = read(long_texts, 0)
    assert (changes.messages, loaded) == (None, [])
    assert b"room.reset" in change_frames(changes)[0][1]


def test_a_resume_under_the_limit_brings_everything(long_texts: Room, loaded: list[int]) -> None:
    seq = Room.objects.get(id=long_texts.id).seq
    changes = read(long_texts, seq - 10)
    assert len(changes.messages or []) == len(loaded) == 10
    assert b"room.reset" not in change_frames(changes)[0][1]


def test_the_largest_message_alone_is_a_page(ana: User, long_texts: Room) -> None:
    Message.objects.update(html="x" * 2 * BYTES_LIMIT)
    for place in (Place(), Place(around=30)):
        assert len(page(user=ana, room=long_texts.id, place=place, limit=1)["messages"]) == 1


def test_what_was_missed_in_many_rooms_takes_as_many_queries_as_in_one(ana: User, bruno: User) -> None:
    rooms = [create_room(actor=ana, name=str(number)) for number in range(8)]
    direct = start_direct(actor=ana, users=[bruno])
    for room in (*rooms, direct):
        for turn in range(3):
            send_messages([Draft(actor=ana, room=room.id, body=f"@ana {turn}")])
    counts = []
    for asked in ([rooms[0], direct], [*rooms, direct]):
        wishes = [(room.id, 2) for room in asked]
        with CaptureQueriesContext(connection) as queries:
            found = changes_of(wishes)
        counts.append(len(queries))
        assert found == [one for wish in wishes for one in changes_of([wish])]
    assert counts[0] == counts[1]


def test_each_wish_of_a_room_has_its_own_beginning(ana: User, bruno: User, plaza: Room) -> None:
    send_messages([Draft(actor=ana, room=plaza.id, body=str(turn)) for turn in range(5)])
    leave_room(actor=bruno, room=plaza)
    seq = Room.objects.get(id=plaza.id).seq
    early, late, nothing, ahead, gone = changes_of(
        [(plaza.id, seq - 4), (plaza.id, seq - 2), (plaza.id, seq), (plaza.id, seq + 1), (plaza.id + 100, 0)]
    )
    assert isinstance(gone, NotFound)
    for changes, bodies, left in (
        (early, ["2", "3", "4"], [bruno.id]),
        (late, ["4"], [bruno.id]),
        (nothing, [], []),
        (ahead, None, []),
    ):
        assert isinstance(changes, Changes)
        assert changes.left == left
        assert (changes.messages if bodies is None else [one["body"] for one in changes.messages or []]) == bodies
