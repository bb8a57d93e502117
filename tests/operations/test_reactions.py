"""Reactions: held or not held, an emoji and nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from rooms.errors import Archived, Invalid, Muted, NotAllowed, NotFound
from rooms.models import Message, Reaction, Room
from rooms.operations.members import join_room
from rooms.operations.messages import delete_message
from rooms.operations.moderation import mute_member
from rooms.operations.reactions import KINDS_LIMIT, add_reaction, remove_reaction
from rooms.operations.rooms import archive_room, create_room
from rooms.operations.sending import send_message
from tests.operations.conftest import Recorder


@pytest.fixture
def message(ana: User, plaza: Room) -> Message:
    return Message.objects.get(id=send_message(actor=ana, room=plaza, body="hola").message["id"])


def test_a_reaction_takes_a_value_once(published: Recorder, ana: User, bruno: User, message: Message) -> None:
    published.clear()
    first = add_reaction(actor=bruno, message=message, emoji="👍")
    second = add_reaction(actor=ana, message=message.id, emoji=" 👍 ")
    assert add_reaction(actor=ana, message=message, emoji="👍") == second
    assert first["reactions"] == [{"emoji": "👍", "count": 1, "users": [bruno.id]}]
    assert second["reactions"] == [{"emoji": "👍", "count": 2, "users": [bruno.id, ana.id]}]
    assert [change["seq"] for change in published.changes] == [message.seq + 1, message.seq + 2]
    assert second["edited_at"] is None


def test_a_reaction_is_taken_back_once(published: Recorder, ana: User, message: Message) -> None:
    add_reaction(actor=ana, message=message, emoji="👍")
    published.clear()
    gone = remove_reaction(actor=ana, message=message, emoji="👍")
    assert gone["reactions"] == []
    assert remove_reaction(actor=ana, message=message, emoji="👍") == gone
    assert published.types == ["message.updated"]


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👍🏽", "👨‍👩‍👧‍👦", "🇲🇽", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "©", "⭐", "☺", "↩️", "㊗️"])
def test_what_is_an_emoji(ana: User, message: Message, emoji: str) -> None:
    assert add_reaction(actor=ana, message=message, emoji=emoji)["reactions"][0]["emoji"] == emoji


@pytest.mark.parametrize(
    "emoji",
    ["", " ", "a", "<b>", "👍a", "👍 👍", "あ", "ℂ", "\u3000", "\u2066", "👍\u2067", "\ud83d", "1", "👍" * 17, "\x00"],
)
def test_what_is_none(ana: User, message: Message, emoji: str) -> None:
    with pytest.raises(Invalid) as refusal:
        add_reaction(actor=ana, message=message, emoji=emoji)
    assert refusal.value.extra == {"field": "emoji"}


def test_a_message_takes_so_many_different_ones(ana: User, bruno: User, message: Message) -> None:
    Reaction.objects.bulk_create(
        Reaction(message=message, user=bruno, emoji=chr(0x1F600 + i)) for i in range(KINDS_LIMIT)
    )
    with pytest.raises(Invalid):
        add_reaction(actor=ana, message=message, emoji="👍")
    assert add_reaction(actor=ana, message=message, emoji=chr(0x1F600))["reactions"][0]["count"] == 2


def test_who_may_not_react(ana: User, bruno: User, carla: User, moderator: User, plaza: Room, message: Message) -> None:
    with pytest.raises(NotFound):
        add_reaction(actor=carla, message=message, emoji="👍")
    mute_member(actor=moderator, room=plaza, user=bruno, until=timezone.now() + timedelta(hours=1))
    with pytest.raises(Muted):
        add_reaction(actor=bruno, message=message, emoji="👍")
    delete_message(actor=ana, message=message)
    with pytest.raises(NotAllowed):
        add_reaction(actor=ana, message=message, emoji="👍")
    archive_room(actor=ana, room=plaza)
    with pytest.raises(Archived):
        remove_reaction(actor=ana, message=message, emoji="👍")


def test_a_reader_of_an_open_room_reacts_once_they_have_joined(ana: User, carla: User) -> None:
    room = create_room(actor=ana, name="Calle")
    message = send_message(actor=ana, room=room, body="hola").message["id"]
    with pytest.raises(NotAllowed):
        add_reaction(actor=carla, message=message, emoji="👍")
    join_room(actor=carla, room=room)
    assert add_reaction(actor=carla, message=message, emoji="👍")["reactions"]
