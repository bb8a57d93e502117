"""Who may what: yes or no, never a write. `docs/permissions.md` shows it as one table.

`membership` is the person's own in the room that is asked about, or None.
"""

from datetime import datetime
from typing import Protocol

from django.utils import timezone

from accounts.models import User
from rooms.models import Membership, Message, Room


class RoomLike(Protocol):
    """A `Room`, or a row of one."""

    @property
    def kind(self) -> str: ...
    @property
    def archived(self) -> bool: ...


class MembershipLike(Protocol):
    """A `Membership`, or a row of one."""

    @property
    def active(self) -> bool: ...
    @property
    def role(self) -> str: ...
    @property
    def muted_until(self) -> datetime | None: ...


def can_invite(user: User, room: Room | None, membership: Membership | None = None) -> bool:
    """Let new people in; an owner of a room does so for that room."""
    if user.is_bot or (room is not None and room.is_direct):
        return False
    return user.is_moderator or (room is not None and _owns(membership))


def can_create_rooms(user: User) -> bool:
    return user.is_active and not user.is_bot


def can_read(room: RoomLike, membership: MembershipLike | None) -> bool:
    return room.kind == Room.Kind.OPEN or _is_in(membership)


def can_write(membership: MembershipLike | None) -> bool:
    """Leaves aside what is temporary: a mute, an archived room."""
    return _is_in(membership)


def muted_until(membership: MembershipLike | None) -> datetime | None:
    """When a mute that holds now will end."""
    until = membership.muted_until if membership else None
    return until if until is not None and until > timezone.now() else None


def can_manage_members(user: User, room: Room, membership: Membership | None) -> bool:
    return not room.is_direct and not user.is_bot and (user.is_moderator or _owns(membership))


def can_rename(user: User, room: Room, membership: Membership | None) -> bool:
    return can_manage_members(user, room, membership)


def can_archive(user: User, room: Room, membership: Membership | None) -> bool:
    return can_manage_members(user, room, membership)


def can_edit(user: User, message: Message) -> bool:
    return message.author_id == user.id


def can_remove_messages(user: User) -> bool:
    """Others' messages; one deletes one's own."""
    return user.is_moderator and not user.is_bot


def can_mute(user: User, other: User) -> bool:
    return can_ban(user, other)


def can_ban(user: User, other: User) -> bool:
    """Nobody bans an owner or themselves; owners alone ban a moderator."""
    if user.is_bot or not user.is_moderator or user.id == other.id or other.is_superuser:
        return False
    return user.is_owner or not other.is_staff


def can_make_moderators(user: User) -> bool:
    return user.is_owner and not user.is_bot


def _is_in(membership: MembershipLike | None) -> bool:
    return membership is not None and membership.active


def _owns(membership: MembershipLike | None) -> bool:
    return membership is not None and membership.active and membership.role == Membership.Role.OWNER
