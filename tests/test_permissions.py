"""Executes the table of `docs/permissions.md`, cell by cell, against the operations."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from rooms import history
from rooms.errors import NotAllowed, NotFound
from rooms.models import Membership, Message, Room
from rooms.operations.invitations import create_invitation
from rooms.operations.members import add_members, remove_member, take_in
from rooms.operations.messages import delete_message
from rooms.operations.moderation import ban_user, mute_member, remove_message
from rooms.operations.people import make_moderator
from rooms.operations.rooms import archive_room, create_room, rename_room
from rooms.operations.sending import send_message

DOCUMENT = Path(__file__).parent.parent / "docs" / "permissions.md"


def table() -> list[tuple[str, str, bool]]:
    """(who, what, whether they may), as the document says."""
    rows = [line.strip("|").split("|") for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    head, _rule, *body = [[cell.strip() for cell in row] for row in rows]
    return [
        (who, row[0], {"yes": True, "no": False}[cell])
        for row in body
        for who, cell in zip(head[1:], row[1:], strict=True)
    ]


@pytest.fixture
def cast(
    owner: User, moderator: User, ana: User, bruno: User, carla: User, plaza: Room, person: Callable[..., User]
) -> dict[str, User]:
    bot = person("robot", is_bot=True)
    take_in(plaza, [bot])
    # Even a bot that somehow owns the room manages nothing
    Membership.objects.filter(room=plaza, user=bot).update(role=Membership.Role.OWNER)
    return {
        "site owner": owner,
        "moderator": moderator,
        "room owner": ana,
        "member": bruno,
        "outsider": carla,
        "bot": bot,
    }


@pytest.fixture
def dora(plaza: Room, person: Callable[..., User]) -> User:
    """Another member, to whom things happen."""
    dora = person("dora")
    take_in(Room.objects.get(pk=plaza.pk), [dora])
    return dora


def own_message(actor: User, room: Room) -> Message:
    """Written without the operation: by outsiders too, as if they had been members before."""
    seq = Room.objects.get(pk=room.pk).seq + 1
    Room.objects.filter(pk=room.pk).update(seq=seq)
    return Message.objects.create(
        room=room,
        author=actor,
        seq=seq,
        changed_seq=seq,
        key=uuid4(),
        first_hash=b"",
        body="mine",
        html="<p>mine</p>",
        created_at=timezone.now(),
    )


type Deed = Callable[[User, Room, User, User], object]

# Each takes the actor, the room, another member, and a person outside of the room
DEEDS: dict[str, Deed] = {
    "invite to the site": lambda actor, _room, _dora, _else: create_invitation(actor=actor),
    "invite to the room": lambda actor, room, _dora, _else: create_invitation(actor=actor, room=room),
    "create rooms": lambda actor, _room, _dora, _else: create_room(actor=actor, name="Another"),
    "read": lambda actor, room, _dora, _else: history.page(user=actor, room=room.pk, place=history.Place()),
    "write": lambda actor, room, _dora, _else: send_message(actor=actor, room=room, body="words"),
    "add members": lambda actor, room, _dora, other: add_members(actor=actor, room=room, users=[other]),
    "remove members": lambda actor, room, dora, _else: remove_member(actor=actor, room=room, user=dora),
    "rename": lambda actor, room, _dora, _else: rename_room(actor=actor, room=room, name="Another"),
    "archive": lambda actor, room, _dora, _else: archive_room(actor=actor, room=room),
    "delete own": lambda actor, room, _dora, _else: delete_message(actor=actor, message=own_message(actor, room)),
    "remove others'": lambda actor, room, dora, _else: remove_message(actor=actor, message=own_message(dora, room)),
    "mute": lambda actor, room, dora, _else: mute_member(
        actor=actor, room=room, user=dora, until=timezone.now() + timedelta(hours=1)
    ),
    "ban": lambda actor, _room, dora, _else: ban_user(actor=actor, user=dora),
    "make moderators": lambda actor, _room, dora, _else: make_moderator(actor=actor, user=dora),
}


@pytest.mark.parametrize(("who", "what", "may"), table(), ids=str)
def test_each_cell_of_the_table_is_so(
    cast: dict[str, User], plaza: Room, dora: User, person: Callable[..., User], who: str, what: str, may: bool
) -> None:
    elsewhere = person("elsa")
    if may:
        DEEDS[what](cast[who], plaza, dora, elsewhere)
        return
    with pytest.raises((NotAllowed, NotFound)):
        DEEDS[what](cast[who], plaza, dora, elsewhere)


def test_the_table_leaves_nothing_and_nobody_out(cast: dict[str, User]) -> None:
    cells = table()
    assert {what for _who, what, _may in cells} == set(DEEDS)
    assert {who for who, _what, _may in cells} == set(cast)
    assert len(cells) == len(DEEDS) * len(cast)


@pytest.mark.parametrize("what", ["add members", "remove members", "rename", "archive", "write", "read"])
def test_an_outsider_never_hears_that_a_closed_room_exists(
    cast: dict[str, User], plaza: Room, dora: User, person: Callable[..., User], what: str
) -> None:
    with pytest.raises(NotFound):
        DEEDS[what](cast["outsider"], plaza, dora, person("elsa"))


def test_owners_alone_judge_moderators_and_nobody_judges_an_owner(
    owner: User, moderator: User, person: Callable[..., User]
) -> None:
    second = person("mara", is_staff=True)
    for actor, whom in ((moderator, second), (moderator, owner), (moderator, moderator), (owner, owner)):
        with pytest.raises(NotAllowed):
            ban_user(actor=actor, user=whom)
    ban_user(actor=owner, user=second)
