"""The shapes that go over the wire, and what they cost to read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from accounts.models import User
from rooms.errors import Invalid, Muted, TooFast, TooLarge, error_payload
from rooms.models import Message, Reaction, Room
from rooms.operations.reactions import add_reaction
from rooms.operations.rooms import create_room, start_direct
from rooms.operations.sending import send_message
from rooms.payloads import (
    REACTION_USERS,
    message_payload,
    message_payloads,
    room_entries,
    room_state,
    timestamp,
    user_payload,
)


def test_a_moment_is_in_utc_to_the_millisecond() -> None:
    moment = datetime(2026, 11, 24, 11, 0, 1, 123_999, tzinfo=timezone(timedelta(hours=1)))
    assert timestamp(moment) == "2026-11-24T10:00:01.123Z"


def test_a_user_is_shown_as_the_protocol_says(ana: User) -> None:
    assert user_payload(ana) == {"id": ana.id, "name": "Ana", "username": "ana", "avatar": None}
    ana.avatar.name = "avatars/ana.png"
    assert user_payload(ana)["avatar"] == "/uploads/avatars/ana.png"


def test_a_message_is_shown_as_the_protocol_says(ana: User, bruno: User, plaza: Room) -> None:
    question = send_message(actor=bruno, room=plaza, body="¿qué?").message["id"]
    sent = send_message(actor=ana, room=plaza, body="hola @bruno", reply_to=question).message
    payload = add_reaction(actor=bruno, message=sent["id"], emoji="👍")
    assert payload == {
        **sent,
        "changed_seq": sent["seq"] + 1,
        "reactions": [{"emoji": "👍", "count": 1, "users": [bruno.id]}],
    }
    assert sent == {
        "id": sent["id"],
        "room": plaza.id,
        "seq": 4,
        "changed_seq": 4,
        "key": sent["key"],
        "author": user_payload(ana),
        "body": "hola @bruno",
        "html": f'<p>hola <span class="mention" data-user="{bruno.id}">@Bruno</span></p>',
        "created_at": timestamp(Message.objects.get(id=sent["id"]).created_at),
        "edited_at": None,
        "deleted": False,
        "reply_to": question,
        "mentions": [bruno.id],
        "attachments": [],
        "reactions": [],
    }


def test_of_many_who_react_the_first_fifty_are_named(ana: User, plaza: Room, person: Callable[..., User]) -> None:
    message = Message.objects.get(id=send_message(actor=ana, room=plaza, body="hola").message["id"])
    people = [person(f"p{i}") for i in range(REACTION_USERS + 3)]
    Reaction.objects.bulk_create(Reaction(message=message, user=user, emoji="👍") for user in people)
    [reaction] = message_payload(message)["reactions"]
    assert (reaction["count"], reaction["users"]) == (53, [user.id for user in people[:50]])


def test_messages_cost_a_constant_number_of_queries(
    ana: User, bruno: User, plaza: Room, django_assert_num_queries: Any
) -> None:
    def read() -> list[object]:
        return [*message_payloads(Message.objects.filter(room=plaza))]

    for count in (1, 20):
        for _turn in range(count):
            message = send_message(actor=ana, room=plaza, body="@bruno").message["id"]
            add_reaction(actor=bruno, message=message, emoji="👍")
        with django_assert_num_queries(3):
            read()


def test_a_state_is_the_same_for_everybody(ana: User, bruno: User, plaza: Room) -> None:
    assert room_state(Room.objects.get(id=plaza.id)) == {
        "id": plaza.id,
        "kind": "closed",
        "name": "Plaza",
        "slug": "plaza",
        "topic": "",
        "archived": False,
        "seq": 2,
        "first_seq": 1,
        "member_count": 2,
        "members": None,
    }
    direct = start_direct(actor=ana, users=[bruno])
    assert room_state(direct)["members"] == [user_payload(ana), user_payload(bruno)]


def test_entries_cost_a_constant_number_of_queries(
    ana: User, bruno: User, carla: User, plaza: Room, django_assert_num_queries: Any
) -> None:
    start_direct(actor=ana, users=[bruno])
    with django_assert_num_queries(3):
        assert len(room_entries(ana)) == 2
    start_direct(actor=ana, users=[carla])
    for number in range(10):
        send_message(actor=ana, room=create_room(actor=ana, name=str(number)), body="hola")
    with django_assert_num_queries(3):
        entries = room_entries(ana)
    assert [entry["id"] for entry in entries] == sorted(entry["id"] for entry in entries)
    assert len(entries) == 13
    assert [entry["id"] for entry in room_entries(ana.id, [plaza.id, 999])] == [plaza.id]


def test_an_error_says_its_code_and_what_belongs_to_it() -> None:
    assert error_payload(Invalid("body", "No.")) == {"code": "invalid", "detail": "No.", "field": "body"}
    assert error_payload(TooFast(1.23456))["retry_after"] == 1.235
    assert error_payload(Muted(datetime(2026, 11, 24, 10, tzinfo=UTC)))["until"] == "2026-11-24T10:00:00.000Z"
    assert error_payload(TooLarge())["detail"]
