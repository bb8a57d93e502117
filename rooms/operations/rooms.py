"""Making, naming and archiving rooms."""

import hashlib
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from rooms.errors import Invalid, NotAllowed
from rooms.models import Membership, Notice, Room
from rooms.operations.finding import find_people, find_room, membership_of, row_id
from rooms.operations.log import Action, log_action
from rooms.operations.notices import notify
from rooms.operations.sequence import locked_room, save_room
from rooms.operations.text import REASON_LIMIT, TOPIC_LIMIT, clean_line, clean_name
from rooms.permissions import can_archive, can_create_rooms, can_rename

DIRECT_LIMIT = 20  # people


def create_room(*, actor: User, name: str, kind: str = Room.Kind.OPEN, topic: str = "") -> Room:
    """A room with its maker as owner and first member."""
    if not can_create_rooms(actor):
        raise NotAllowed
    if kind not in (Room.Kind.OPEN, Room.Kind.CLOSED):
        raise Invalid("kind")
    title = clean_name(name)
    room = Room(kind=kind, name=title, slug=_slug(title), topic=clean_line("topic", topic, TOPIC_LIMIT))
    with transaction.atomic():
        _open_with(room, [actor], owner=actor)
    return room


def start_direct(*, actor: User, users: Sequence[User | int]) -> Room:
    """The conversation of these people and oneself: the same people, the same room."""
    ids = {row_id(user) for user in (*users, actor)}
    if len(ids) < 2:
        raise Invalid("users", _("Choose somebody to talk to."))
    if len(ids) > DIRECT_LIMIT:
        raise Invalid("users", _("At most %(limit)d people.") % {"limit": DIRECT_LIMIT})
    people = find_people(ids)
    key = direct_key(people)
    with transaction.atomic():
        # Two at once: the unique key lets one of them make it, and the other finds it.
        room, created = Room.objects.get_or_create(
            direct_key=key, defaults={"kind": Room.Kind.DIRECT, "created_by": actor}
        )
        if created:
            _open_with(room, people)
        else:
            _show(room, actor)
    return room


def direct_key(people: list[User]) -> str:
    """The same for the same people, whoever begins."""
    ids = ",".join(str(person.id) for person in sorted(people, key=lambda person: person.id))
    return hashlib.sha256(ids.encode()).hexdigest()


def _open_with(room: Room, people: list[User], owner: User | None = None) -> None:
    """The first value of a room is its people's joining."""
    room.seq, room.member_count, room.created_by = 1, len(people), owner or room.created_by
    room.save()
    Membership.objects.bulk_create(
        [
            Membership(
                room=room,
                user=person,
                role=Membership.Role.OWNER if person == owner else Membership.Role.MEMBER,
                involvement=default_involvement(room),
                read_seq=room.seq,
                changed_seq=room.seq,
            )
            for person in people
        ]
    )
    notify([person.id for person in people], Notice.Kind.ROOM, room.id)


def default_involvement(room: Room) -> Membership.Involvement:
    return Membership.Involvement.EVERYTHING if room.is_direct else Membership.Involvement.MENTIONS


def _show(room: Room, actor: User) -> None:
    hidden = Membership.objects.filter(room=room, user=actor, involvement=Membership.Involvement.HIDDEN)
    if hidden.update(involvement=Membership.Involvement.EVERYTHING):
        notify([actor.id], Notice.Kind.ROOM, room.id)


def rename_room(*, actor: User, room: Room | int, name: str | None = None, topic: str | None = None) -> Room:
    """A new name or topic, or both; the same again changes nothing."""
    found = find_room(actor, room)
    with transaction.atomic():
        fresh = locked_room(found.id)
        if not can_rename(actor, fresh, membership_of(actor, fresh)):
            raise NotAllowed
        before = (fresh.name, fresh.topic)
        if name is not None:
            fresh.name = clean_name(name)
            fresh.slug = _slug(fresh.name)
        if topic is not None:
            fresh.topic = clean_line("topic", topic, TOPIC_LIMIT)
        if (fresh.name, fresh.topic) != before:
            save_room(fresh, "name", "slug", "topic")
    return fresh


def archive_room(*, actor: User, room: Room | int, reason: str = "") -> Room:
    """Nobody writes here any more; everybody may still read."""
    return _set_archived(actor, room, True, reason)


def unarchive_room(*, actor: User, room: Room | int, reason: str = "") -> Room:
    return _set_archived(actor, room, False, reason)


def _set_archived(actor: User, room: Room | int, archived: bool, reason: str) -> Room:
    found = find_room(actor, room)
    why = clean_line("reason", reason, REASON_LIMIT)
    with transaction.atomic():
        fresh = locked_room(found.id)
        membership = membership_of(actor, fresh)
        if not can_archive(actor, fresh, membership):
            raise NotAllowed
        if fresh.archived != archived:
            fresh.archived_at = timezone.now() if archived else None
            save_room(fresh, "archived_at")
            log_action(actor, Action.ARCHIVE_ROOM if archived else Action.UNARCHIVE_ROOM, room=fresh, reason=why)
    return fresh


def _slug(name: str) -> str:
    return slugify(name)[:80]
