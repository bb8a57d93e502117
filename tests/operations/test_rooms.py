"""Making, naming and archiving rooms, and conversations that are one for the same people."""

from collections.abc import Callable

import pytest

from accounts.models import User
from rooms.errors import Invalid, NotAllowed, NotFound
from rooms.models import Ban, Membership, ModerationEntry, Room
from rooms.operations.rooms import archive_room, create_room, rename_room, start_direct, unarchive_room
from rooms.operations.sending import send_message
from rooms.payloads import room_entries
from tests.operations.conftest import Recorder, at_once


def test_a_room_belongs_to_its_maker(ana: User) -> None:
    room = create_room(actor=ana, name="  Plaza   Mayor ", kind="closed", topic=" de todo ")
    assert (room.name, room.slug, room.topic, room.kind) == ("Plaza Mayor", "plaza-mayor", "de todo", "closed")
    assert (room.seq, room.first_seq, room.member_count, room.created_by) == (1, 1, 1, ana)
    mine = Membership.objects.get(room=room)
    assert (mine.user, mine.role, mine.read_seq, mine.involvement) == (ana, "owner", 1, "mentions")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": " "}, "name"),
        ({"name": "a" * 81}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": "a", "topic": "a" * 201}, "topic"),
        ({"name": "a", "kind": "direct"}, "kind"),
        ({"name": "a", "kind": "secret"}, "kind"),
    ],
)
def test_what_a_room_may_not_be(ana: User, fields: dict[str, str], wrong: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create_room(actor=ana, **fields)
    assert refusal.value.extra == {"field": wrong}
    assert not Room.objects.exists()


def test_a_bot_makes_no_rooms(db: None, person: Callable[..., User]) -> None:
    with pytest.raises(NotAllowed):
        create_room(actor=person("bot", is_bot=True), name="Plaza")


def test_a_rename_takes_a_value_and_the_same_again_none(published: Recorder, ana: User, plaza: Room) -> None:
    published.clear()
    room = rename_room(actor=ana, room=plaza, name="Ágora", topic="de todo")
    assert [(change["seq"], change["event"]["state"]["name"]) for change in published.changes] == [(room.seq, "Ágora")]
    assert (room.slug, room.topic) == ("agora", "de todo")
    published.clear()
    assert rename_room(actor=ana, room=plaza, name=" Ágora ", topic="de todo").seq == room.seq
    assert rename_room(actor=ana, room=plaza).seq == room.seq
    assert published.messages == []


def test_owners_and_moderators_rename_and_archive(
    ana: User, bruno: User, carla: User, moderator: User, plaza: Room
) -> None:
    changes: list[Callable[[User], Room]] = [
        lambda actor: rename_room(actor=actor, room=plaza, name="Otra"),
        lambda actor: archive_room(actor=actor, room=plaza),
        lambda actor: unarchive_room(actor=actor, room=plaza),
    ]
    for change in changes:
        with pytest.raises(NotAllowed):
            change(bruno)
        with pytest.raises(NotFound):
            change(carla)
        assert change(ana)
        assert change(moderator)


def test_archiving_takes_a_value_and_leaves_an_entry(published: Recorder, ana: User, plaza: Room) -> None:
    published.clear()
    room = archive_room(actor=ana, room=plaza, reason="se acabó")
    assert [change["event"]["state"]["archived"] for change in published.changes] == [True]
    assert archive_room(actor=ana, room=plaza).seq == room.seq
    assert not unarchive_room(actor=ana, room=plaza).archived
    entries = ModerationEntry.objects.order_by("id").values_list("action", "actor_id", "room_id", "reason")
    assert list(entries) == [
        ("archive_room", ana.id, plaza.id, "se acabó"),
        ("unarchive_room", ana.id, plaza.id, ""),
    ]


def test_a_conversation_is_neither_renamed_nor_archived(ana: User, bruno: User) -> None:
    room = start_direct(actor=ana, users=[bruno])
    with pytest.raises(NotAllowed):
        rename_room(actor=ana, room=room, name="x")
    with pytest.raises(NotAllowed):
        archive_room(actor=ana, room=room)


def test_the_same_people_have_the_same_conversation(ana: User, bruno: User, carla: User) -> None:
    two, three = start_direct(actor=ana, users=[bruno]), start_direct(actor=ana, users=[bruno, carla])
    assert two != three
    assert start_direct(actor=bruno, users=[ana.id, bruno.id, ana.id]) == two
    assert start_direct(actor=carla, users=[ana, bruno]) == three
    [entry] = room_entries(carla)
    assert (entry["kind"], entry["involvement"], entry["seq"], entry["read_seq"]) == ("direct", "everything", 1, 1)
    assert entry["members"] is not None
    assert {member["username"] for member in entry["members"]} == {"ana", "bruno", "carla"}


def test_two_who_begin_at_once_get_the_same_conversation(published: Recorder, ana: User, bruno: User) -> None:
    rooms = at_once(
        lambda: start_direct(actor=ana, users=[bruno]),
        lambda: start_direct(actor=bruno, users=[ana]),
        lambda: start_direct(actor=ana, users=[bruno]),
    )
    assert set(rooms) == {Room.objects.get()}
    assert Membership.objects.count() == 2
    assert send_message(actor=bruno, room=rooms[0], body="hola").message["seq"] == 2


def test_a_conversation_has_two_to_twenty_people(ana: User, bruno: User, carla: User) -> None:
    for users in ([], [ana], list(range(1_000, 1_020))):
        with pytest.raises(Invalid):
            start_direct(actor=ana, users=users)
    Ban.objects.create(user=carla)
    for absent in (carla.id, 999_999, 0, 2**70):
        with pytest.raises(NotFound):
            start_direct(actor=ana, users=[bruno.id, absent])
