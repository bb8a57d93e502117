"""Who comes into a room, who goes, and to whom it then belongs."""

from collections.abc import Callable

import pytest

from accounts.models import User
from rooms.errors import Archived, Invalid, NotAllowed, NotFound
from rooms.models import Ban, Membership, Message, Notice, Room
from rooms.operations import members
from rooms.operations.members import add_members, join_room, leave_room, remove_member, set_involvement
from rooms.operations.rooms import archive_room, create_room, start_direct
from rooms.operations.sending import send_message
from rooms.payloads import room_entries, room_state
from tests.operations.conftest import Recorder, at_once


def membership(user: User, room: Room) -> Membership:
    return Membership.objects.get(user=user, room=room)


def fresh(room: Room) -> Room:
    return Room.objects.get(id=room.id)


@pytest.fixture
def calle(ana: User) -> Room:
    """An open room of Ana's."""
    return create_room(actor=ana, name="Calle")


def test_anybody_joins_an_open_room(published: Recorder, carla: User, calle: Room) -> None:
    published.clear()
    joined = join_room(actor=carla, room=calle.id)
    assert (joined.seq, joined.member_count) == (2, 2)
    assert (membership(carla, calle).read_seq, membership(carla, calle).changed_seq) == (2, 2)
    [change] = published.changes
    assert change["event"] == {"type": "room.updated", "room": calle.id, "seq": 2, "state": room_state(fresh(calle))}
    assert (change["joined"], change["left"]) == ([carla.id], [])
    assert Notice.objects.filter(user=carla, kind="room", subject=calle.id).count() == 1
    assert ("notices", {"type": "notice"}) in published.messages


def test_joining_twice_takes_no_value(published: Recorder, ana: User, calle: Room) -> None:
    published.clear()
    assert join_room(actor=ana, room=calle).seq == 1
    assert published.messages == []


def test_a_closed_room_is_not_found_and_an_archived_one_not_joined(ana: User, carla: User, plaza: Room) -> None:
    calle = create_room(actor=ana, name="Calle")
    archive_room(actor=ana, room=calle)
    with pytest.raises(NotFound):
        join_room(actor=carla, room=plaza)
    with pytest.raises(Archived):
        join_room(actor=carla, room=calle)


def test_a_moderator_who_looks_after_a_closed_room_does_not_join_it(moderator: User, plaza: Room) -> None:
    with pytest.raises(NotFound):
        join_room(actor=moderator, room=plaza)


def test_several_who_are_added_take_one_value(
    published: Recorder, ana: User, bruno: User, carla: User, person: Callable[..., User], plaza: Room
) -> None:
    dora, before = person("dora"), fresh(plaza)
    published.clear()
    room = add_members(actor=ana, room=plaza, users=[dora, carla.id, bruno, dora])
    assert (room.seq, room.member_count) == (before.seq + 1, 4)
    assert [change["joined"] for change in published.changes] == [[carla.id, dora.id]]
    published.clear()
    assert add_members(actor=ana, room=plaza, users=[carla]).seq == room.seq
    assert published.messages == []


def test_as_many_as_may_be_added_take_one_value_too(
    published: Recorder, ana: User, plaza: Room, person: Callable[..., User]
) -> None:
    people = [person(f"guest{number}") for number in range(members.ADD_LIMIT)]
    before = fresh(plaza)
    published.clear()
    room = add_members(actor=ana, room=plaza, users=people)
    assert (room.seq, room.member_count) == (before.seq + 1, before.member_count + len(people))
    assert [change["joined"] for change in published.changes] == [[one.id for one in people]]
    with pytest.raises(Invalid):
        add_members(actor=ana, room=plaza, users=[*people, ana])


def test_only_owners_and_moderators_manage_members(
    ana: User, bruno: User, carla: User, moderator: User, plaza: Room
) -> None:
    with pytest.raises(NotAllowed):
        add_members(actor=bruno, room=plaza, users=[carla])
    with pytest.raises(NotAllowed):
        remove_member(actor=bruno, room=plaza, user=ana)
    with pytest.raises(NotFound):
        add_members(actor=carla, room=plaza, users=[carla])
    add_members(actor=moderator, room=plaza, users=[carla])
    remove_member(actor=moderator, room=plaza, user=carla)


def test_nobody_adds_whom_there_is_not(ana: User, carla: User, plaza: Room) -> None:
    Ban.objects.create(user=carla)
    for users in ([carla], [999_999], [2**70]):
        with pytest.raises(NotFound):
            add_members(actor=ana, room=plaza, users=users)
    with pytest.raises(Invalid):
        add_members(actor=ana, room=plaza, users=[])


def test_who_is_removed_is_told_by_name_and_loses_the_room(
    published: Recorder, ana: User, bruno: User, plaza: Room
) -> None:
    before = fresh(plaza)
    published.clear()
    remove_member(actor=ana, room=plaza, user=bruno)
    [change] = published.changes
    assert (change["seq"], change["left"], change["joined"]) == (before.seq + 1, [bruno.id], [])
    assert change["event"]["state"]["member_count"] == 1
    assert (membership(bruno, plaza).active, membership(bruno, plaza).changed_seq) == (False, before.seq + 1)
    assert Notice.objects.filter(user=bruno, kind="room", subject=plaza.id).count() == 2
    assert room_entries(bruno) == []
    assert not Room.objects.visible_to(bruno).exists()
    with pytest.raises(NotFound):
        remove_member(actor=ana, room=plaza, user=bruno)


def test_who_comes_back_begins_anew_as_a_member(ana: User, bruno: User, carla: User, plaza: Room) -> None:
    send_message(actor=ana, room=plaza, body="@bruno")
    remove_member(actor=ana, room=plaza, user=bruno)
    send_message(actor=ana, room=plaza, body="@bruno")
    room = add_members(actor=ana, room=plaza, users=[bruno])
    [entry] = room_entries(bruno)
    assert (entry["read_seq"], entry["unread"], entry["mentions"], entry["member_count"]) == (room.seq, 0, 0, 2)
    assert membership(bruno, plaza).role == Membership.Role.MEMBER


def test_the_last_owner_who_leaves_hands_the_room_to_its_oldest_member(
    ana: User, bruno: User, carla: User, person: Callable[..., User], plaza: Room
) -> None:
    bot = person("bot", is_bot=True)
    Membership.objects.filter(room=plaza, user=bruno).update(active=False)
    add_members(actor=ana, room=plaza, users=[bot])
    add_members(actor=ana, room=plaza, users=[carla])
    add_members(actor=ana, room=plaza, users=[bruno])
    leave_room(actor=ana, room=plaza)
    owners = Membership.objects.filter(room=plaza, role=Membership.Role.OWNER)
    assert [one.user for one in owners] == [carla]


def test_nobody_inherits_a_room_who_cannot_come_in(
    ana: User, bruno: User, carla: User, person: Callable[..., User], plaza: Room
) -> None:
    add_members(actor=ana, room=plaza, users=[person("dora"), carla])
    Ban.objects.create(user=bruno)
    User.objects.filter(username="dora").update(is_active=False)
    leave_room(actor=ana, room=plaza)
    assert [one.user for one in Membership.objects.filter(room=plaza, role="owner")] == [carla]


def test_with_two_owners_nothing_is_handed_over(ana: User, bruno: User, carla: User, plaza: Room) -> None:
    add_members(actor=ana, room=plaza, users=[carla])
    Membership.objects.filter(room=plaza, user=carla).update(role=Membership.Role.OWNER)
    leave_room(actor=ana, room=plaza)
    assert [one.user for one in Membership.objects.filter(room=plaza, role="owner")] == [carla]


def test_the_last_one_leaves_an_empty_room(ana: User, bruno: User, plaza: Room) -> None:
    leave_room(actor=bruno, room=plaza)
    leave_room(actor=ana, room=plaza)
    assert fresh(plaza).member_count == 0
    with pytest.raises(NotFound):
        leave_room(actor=ana, room=plaza)


def test_leaving_an_open_room_twice_takes_no_value(published: Recorder, carla: User, calle: Room) -> None:
    published.clear()
    leave_room(actor=carla, room=calle)
    assert published.messages == []


def test_leaving_a_conversation_hides_it_for_oneself_until_one_starts_it_again(
    published: Recorder, ana: User, bruno: User
) -> None:
    room = start_direct(actor=ana, users=[bruno])
    published.clear()
    leave_room(actor=ana, room=room)
    assert (fresh(room).seq, fresh(room).member_count, published.changes) == (1, 2, [])
    assert room_entries(ana) == []
    assert len(room_entries(bruno)) == 1
    published.clear()
    leave_room(actor=ana, room=room)
    assert published.messages == []
    assert start_direct(actor=bruno, users=[ana]) == room
    assert room_entries(ana) == []
    assert start_direct(actor=ana, users=[bruno]) == room
    assert [entry["id"] for entry in room_entries(ana)] == [room.id]


def test_the_people_of_a_conversation_are_settled(ana: User, bruno: User, carla: User) -> None:
    room = start_direct(actor=ana, users=[bruno])
    with pytest.raises(NotAllowed):
        add_members(actor=ana, room=room, users=[carla])
    with pytest.raises(NotAllowed):
        remove_member(actor=ana, room=room, user=bruno)
    with pytest.raises(NotFound):
        join_room(actor=carla, room=room)


def test_two_who_join_at_once_both_are_in(transactional_db: None, bruno: User, carla: User, calle: Room) -> None:
    at_once(*(lambda actor=actor: join_room(actor=actor, room=calle) for actor in (bruno, carla, bruno, carla)))
    assert (fresh(calle).seq, fresh(calle).member_count) == (3, 3)


def test_an_involvement_is_one_of_three(ana: User, carla: User, plaza: Room) -> None:
    for involvement in ("everything", "mentions", "nothing"):
        set_involvement(actor=ana, room=plaza, involvement=involvement)
        assert room_entries(ana)[0]["involvement"] == involvement
    for involvement in ("hidden", "loud", ""):
        with pytest.raises(Invalid):
            set_involvement(actor=ana, room=plaza, involvement=involvement)
    with pytest.raises(NotFound):
        set_involvement(actor=carla, room=plaza, involvement="nothing")


def test_a_stranger_has_no_involvement_in_an_open_room(carla: User, calle: Room) -> None:
    with pytest.raises(NotFound):
        set_involvement(actor=carla, room=calle, involvement="nothing")


def test_who_may_see_what(ana: User, bruno: User, carla: User, moderator: User, plaza: Room, calle: Room) -> None:
    direct = start_direct(actor=ana, users=[bruno])
    said = {room: send_message(actor=ana, room=room, body="hola").message["id"] for room in (plaza, calle, direct)}

    def seen(user: User) -> tuple[set[Room], set[int]]:
        messages = Message.objects.visible_to(user).values_list("id", flat=True)
        return set(Room.objects.visible_to(user)), set(messages)

    assert seen(bruno) == ({plaza, calle, direct}, set(said.values()))
    assert seen(carla) == seen(moderator) == ({calle}, {said[calle]})
    assert set(Room.objects.moderated_by(moderator)) == {plaza, calle}
    assert set(Room.objects.moderated_by(carla)) == set()


def test_who_comes_first_into_an_empty_room_looks_after_it(ana: User, bruno: User, carla: User) -> None:
    room = create_room(actor=ana, name="Vacía")
    leave_room(actor=ana, room=room)
    join_room(actor=bruno, room=room)
    join_room(actor=carla, room=room)
    owners = Membership.objects.filter(room=room, role="owner", active=True).values_list("user", flat=True)
    assert list(owners) == [bruno.id]
