"""What the live door reads of the database, on the real one."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from rooms.live import queries
from rooms.models import Room, Site
from rooms.operations.rooms import create_room

GONE = 2**62


def test_a_room_that_stands_where_it_stood_is_not_told(ana: User, plaza: Room) -> None:
    garden = create_room(actor=ana, name="Garden")
    stood = dict(Room.objects.values_list("id", "seq"))
    assert queries.moved(stood) == (Site.load().epoch, {})
    assert queries.moved({}) == (Site.load().epoch, {})
    assert queries.moved(stood | {garden.id: 0}) == (Site.load().epoch, {garden.id: stood[garden.id]})


def test_a_room_that_went_back_or_is_gone_is_told(plaza: Room) -> None:
    seq = Room.objects.get(id=plaza.id).seq
    assert queries.moved({plaza.id: seq + 7, GONE: 3})[1] == {plaza.id: seq, GONE: 0}


def test_many_rooms_are_compared_in_one_query(plaza: Room) -> None:
    held = dict.fromkeys(range(GONE, GONE + 2_000), 0)
    with CaptureQueriesContext(connection) as captured:
        assert queries.moved(held)[1] == {}
    assert len(captured) == 1


def test_a_database_without_a_site_has_another_epoch(plaza: Room) -> None:
    Site.objects.all().delete()
    assert queries.moved({plaza.id: 1}) == ("", {})
