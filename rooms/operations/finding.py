"""Rows found through the actor, so that an outsider hears "not found" and never "forbidden"."""

from collections.abc import Iterable

from accounts.models import User
from rooms.errors import NotFound
from rooms.models import Membership, Message, Room

# Database ids are signed 64-bit; what is larger exists nowhere, and SQLite refuses to look for it.
LARGEST_ID = 2**63 - 1


def row_id(row: Room | Message | User | int) -> int:
    number = row if isinstance(row, int) else row.pk
    if not 0 < number <= LARGEST_ID:
        raise NotFound
    return int(number)


def find_room(actor: User, room: Room | int) -> Room:
    """A room that the actor may read, or looks after as a moderator."""
    found = Room.objects.known_to(actor).filter(id=row_id(room)).first()
    if found is None:
        raise NotFound
    return found


def find_message(actor: User, message: Message | int) -> Message:
    """A message that the actor may read."""
    found = Message.objects.visible_to(actor).filter(id=row_id(message)).first()
    if found is None:
        raise NotFound
    return found


def find_person(user: User | int) -> User:
    found: User | None = User.objects.filter(id=row_id(user), erased_at__isnull=True).first()
    if found is None:
        raise NotFound
    return found


def find_people(users: Iterable[User | int]) -> list[User]:
    """All of them, in order of id and each once; somebody who cannot sign in is not found."""
    ids = {row_id(user) for user in users}
    found = list(User.objects.present().filter(id__in=ids).order_by("id"))
    if len(found) != len(ids):
        raise NotFound
    return found


def membership_of(actor: User, room: Room) -> Membership | None:
    return Membership.objects.filter(room=room, user=actor).first()
