"""Positions, unread counts and mentions: whatever happens, they are what the protocol says."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from rooms.errors import ChatError, Invalid, NotAllowed, NotFound
from rooms.models import Membership, Message, Room
from rooms.operations.members import add_members, remove_member
from rooms.operations.messages import delete_message, edit_message, undelete_message
from rooms.operations.moderation import remove_message, restore_message
from rooms.operations.reads import ReadMark, mark_all, mark_read, mark_unread
from rooms.operations.rooms import create_room
from rooms.operations.sending import send_message
from rooms.payloads import room_entries
from tests.operations.conftest import Recorder
from tests.steps import analyze, steps_of


def counts(user: User, room: Room) -> tuple[int, int, int]:
    [entry] = room_entries(user, [room.id])
    return entry["read_seq"], entry["unread"], entry["mentions"]


def test_a_position_begins_where_one_joined(ana: User, carla: User, plaza: Room) -> None:
    send_message(actor=ana, room=plaza, body="@carla")
    room = add_members(actor=ana, room=plaza, users=[carla])
    assert counts(carla, plaza) == (room.seq, 0, 0)


def test_reading_moves_on_and_never_back(ana: User, bruno: User, plaza: Room) -> None:
    first, second = (send_message(actor=ana, room=plaza, body="@bruno").message["seq"] for _turn in range(2))
    read = mark_read(actor=bruno, room=plaza, seq=first)
    assert read == {"room": plaza.id, "read_seq": first, "unread": 1, "mentions": 1}
    assert mark_read(actor=bruno, room=plaza, seq=first - 1) == read
    assert mark_read(actor=bruno, room=plaza, seq=second)["unread"] == 0


@pytest.mark.parametrize("seq", [10_000, 2**63 - 1, 2**63, 10**40])
def test_reading_is_clamped_to_the_rooms_seq(ana: User, bruno: User, plaza: Room, seq: int) -> None:
    last = send_message(actor=ana, room=plaza, body="hola").message["seq"]
    assert mark_read(actor=bruno, room=plaza, seq=seq)["read_seq"] == last


def test_unreading_moves_back_to_just_before(ana: User, bruno: User, plaza: Room) -> None:
    first = send_message(actor=ana, room=plaza, body="hola").message["seq"]
    send_message(actor=bruno, room=plaza, body="hola")
    assert mark_unread(actor=bruno, room=plaza, seq=first) == {
        "room": plaza.id,
        "read_seq": first - 1,
        "unread": 1,
        "mentions": 0,
    }
    assert mark_unread(actor=bruno, room=plaza, seq=10**40)["read_seq"] == first - 1
    assert mark_unread(actor=bruno, room=plaza, seq=0)["read_seq"] == 0


def test_who_is_no_member_has_no_position(carla: User, ana: User, bruno: User, plaza: Room) -> None:
    calle = create_room(actor=ana, name="Calle")
    remove_member(actor=ana, room=plaza, user=bruno)
    for actor, room in ((carla, plaza.id), (carla, calle.id), (bruno, plaza.id), (ana, 2**70), (ana, 0)):
        with pytest.raises(NotFound):
            mark_read(actor=actor, room=room, seq=1)


def test_a_negative_seq_is_invalid(ana: User, plaza: Room) -> None:
    with pytest.raises(Invalid):
        mark_read(actor=ana, room=plaza, seq=-1)


def test_many_marks_are_taken_in_their_order_and_a_bad_one_fails_no_other(ana: User, bruno: User, plaza: Room) -> None:
    seqs = [send_message(actor=ana, room=plaza, body="hola").message["seq"] for _turn in range(3)]
    marks = [
        ReadMark(bruno.id, plaza.id, seqs[2]),
        ReadMark(bruno.id, 2**70, 1),
        ReadMark(bruno.id, plaza.id, -1),
        ReadMark(ana.id, plaza.id, seqs[1], back=True),
        ReadMark(bruno.id, plaza.id, seqs[1], back=True),
        ReadMark(bruno.id, 999_999, 1),
    ]
    outcomes = mark_all(marks)
    got = [one.code if isinstance(one, ChatError) else (one["read_seq"], one["unread"]) for one in outcomes]
    assert got == [(seqs[0], 2), "not_found", "invalid", (seqs[0], 0), (seqs[0], 2), "not_found"]


def test_reading_tells_nobody_through_the_layer(published: Recorder, ana: User, bruno: User, plaza: Room) -> None:
    seq = send_message(actor=ana, room=plaza, body="hola").message["seq"]
    published.clear()
    mark_read(actor=bruno, room=plaza, seq=seq)
    assert published.messages == []
    assert Membership.objects.get(room=plaza, user=bruno).read_at is not None


def test_many_marks_cost_a_constant_number_of_queries(
    ana: User, bruno: User, plaza: Room, django_assert_num_queries: Any
) -> None:
    rooms = [plaza, *(create_room(actor=ana, name=str(i)) for i in range(10))]
    for room in rooms:
        send_message(actor=ana, room=room, body="hola")
    with django_assert_num_queries(5):
        mark_all([ReadMark(ana.id, plaza.id, 1, back=True)])
    with django_assert_num_queries(5):
        mark_all([ReadMark(ana.id, room.id, 1, back=True) for room in rooms[1:]])


def test_many_marks_look_at_no_membership_but_theirs(db: None) -> None:
    """Each of two hundred in a room of their own, then each in all of these rooms."""
    people = User.objects.bulk_create(User(username=f"person{number}", name="-") for number in range(200))
    rooms = Room.objects.bulk_create(Room(kind="closed", name=f"Room {number}", seq=1) for number in range(200))
    pairs = list(zip(people, rooms, strict=True))

    def take_in(them: list[tuple[User, Room]]) -> None:
        Membership.objects.bulk_create(Membership(room=room, user=user, changed_seq=1) for user, room in them)
        analyze()

    def mark() -> None:
        outcomes = mark_all([ReadMark(user.id, room.id, 0) for user, room in pairs[:20]])
        assert all(isinstance(outcome, dict) for outcome in outcomes)

    take_in(pairs)
    alone = steps_of(mark)
    take_in([(user, room) for user in people for room in rooms if (user, room) not in pairs])
    assert steps_of(mark) <= 2 * alone + 50


def test_counts_stop_at_a_thousand(ana: User, bruno: User, plaza: Room) -> None:
    def add(number: int) -> None:
        seq = Room.objects.get(id=plaza.id).seq
        made = [
            Message(
                room=plaza,
                author=ana,
                key=f"{seq + i:032x}",
                first_hash=b"",
                body="a",
                seq=seq + i,
                changed_seq=seq + i,
                created_at=timezone.now(),
            )
            for i in range(1, number + 1)
        ]
        Message.objects.bulk_create(made)
        for message in made:
            message.mention_set.create(user=bruno, room=plaza, seq=message.seq)
        Room.objects.filter(id=plaza.id).update(seq=seq + number)

    add(999)
    assert counts(bruno, plaza)[1:] == (999, 999)
    add(1)
    assert counts(bruno, plaza)[1:] == (1_000, 1_000)
    add(1)
    assert counts(bruno, plaza)[1:] == (1_000, 1_000)


# Any sequence of what two people and a moderator may do


@dataclass(frozen=True)
class Step:
    verb: str
    who: int
    which: int  # of the messages, or of the room's values, modulo how many there are
    body: str


BODIES = st.sampled_from(["hola", "@ana", "@bruno", "@ana @bruno", "`@ana`"])
VERBS = st.sampled_from(
    ["send", "send", "send", "edit", "delete", "undelete", "remove", "restore", "read", "unread", "unread"]
)
STEPS = st.lists(st.builds(Step, VERBS, st.integers(0, 1), st.integers(0, 30), BODIES), max_size=30)


@pytest.fixture
def moderated(ana: User, bruno: User, moderator: User, plaza: Room) -> tuple[list[User], User, Room]:
    return [ana, bruno], moderator, plaza


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_counts_are_what_a_naive_count_says(moderated: tuple[list[User], User, Room], steps: list[Step]) -> None:
    people, moderator, plaza = moderated
    with transaction.atomic():
        naive = {user.id: counts(user, plaza)[0] for user in people}
        for step in steps:
            take(step, people[step.who], moderator, plaza, naive)
            for user in people:
                assert counts(user, plaza) == (naive[user.id], *naive_counts(user, plaza, naive[user.id]))
        assert_one_change_a_value(plaza)
        transaction.set_rollback(True)


def take(step: Step, actor: User, moderator: User, room: Room, naive: dict[int, int]) -> None:
    """Does the step, and moves the naive position as the protocol says."""
    seq = Room.objects.get(id=room.id).seq
    messages = list(Message.objects.filter(room=room).order_by("id"))
    message = messages[step.which % len(messages)] if messages else None
    with suppress(NotAllowed):  # to edit what is deleted, to undelete what was removed
        if step.verb == "send":
            naive[actor.id] = send_message(actor=actor, room=room, body=step.body).message["seq"]
        elif step.verb == "read":
            mark_read(actor=actor, room=room, seq=step.which)
            naive[actor.id] = max(naive[actor.id], min(step.which, seq))
        elif step.verb == "unread":
            mark_unread(actor=actor, room=room, seq=step.which)
            naive[actor.id] = min(naive[actor.id], max(step.which - 1, 0))
        elif message is not None:
            change(step, actor, moderator, message)


def change(step: Step, actor: User, moderator: User, message: Message) -> None:
    if step.verb == "edit":
        edit_message(actor=actor, message=message, body=step.body)
    elif step.verb == "delete":
        delete_message(actor=actor, message=message)
    elif step.verb == "undelete":
        undelete_message(actor=actor, message=message)
    elif step.verb == "remove":
        remove_message(actor=moderator, message=message)
    else:
        restore_message(actor=moderator, message=message)


def naive_counts(user: User, room: Room, read_seq: int) -> tuple[int, int]:
    unread = [
        message
        for message in Message.objects.filter(room=room)
        if message.seq > read_seq and message.author_id != user.id and not message.deleted
    ]
    mentioning = [
        message for message in unread if f"@{user.username}" in message.body and not message.body.startswith("`")
    ]
    return min(len(unread), 1_000), min(len(mentioning), 1_000)


def assert_one_change_a_value(room: Room) -> None:
    values = list(Message.objects.filter(room=room).values_list("changed_seq", flat=True))
    assert len(values) == len(set(values))
    assert all(value <= Room.objects.get(id=room.id).seq for value in values)
