"""Who is in a room: joining, leaving, adding, removing."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from rooms.errors import Invalid, NotAllowed, NotFound
from rooms.models import Membership, Notice, Room
from rooms.operations.finding import find_people, find_person, find_room, membership_of
from rooms.operations.notices import notify
from rooms.operations.rooms import default_involvement
from rooms.operations.sequence import check_not_archived, locked_room, save_room
from rooms.permissions import can_manage_members, can_read

ADD_LIMIT = 200  # people at once: their room is locked for less than 50 ms


def join_room(*, actor: User, room: Room | int) -> Room:
    """An open room takes whoever comes."""
    found = find_room(actor, room)
    with transaction.atomic():
        fresh = locked_room(found.id)
        if fresh.kind != Room.Kind.OPEN and not can_read(fresh, membership_of(actor, fresh)):
            raise NotFound
        if fresh.kind == Room.Kind.OPEN:
            check_not_archived(fresh)
            take_in(fresh, [actor])
    return fresh


def add_members(*, actor: User, room: Room | int, users: Sequence[User | int]) -> Room:
    """Bring people in; those who are in already stay as they are."""
    found = find_room(actor, room)
    if not users or len(users) > ADD_LIMIT:
        raise Invalid("users", _("Choose between 1 and %(limit)d people.") % {"limit": ADD_LIMIT})
    people = find_people(users)
    with transaction.atomic():
        fresh = locked_room(found.id)
        if not can_manage_members(actor, fresh, membership_of(actor, fresh)):
            raise NotAllowed
        check_not_archived(fresh)
        take_in(fresh, people)
    return fresh


def take_in(room: Room, people: list[User]) -> None:
    """Make these people members of a room that is locked; several at once take one value."""
    kept = {one.user_id: one for one in Membership.objects.filter(room=room, user__in=people)}
    joining = [person for person in people if person.id not in kept or not kept[person.id].active]
    if not joining:
        return
    seq = room.seq + 1
    new = [
        Membership(room=room, user=person, involvement=default_involvement(room), read_seq=seq, changed_seq=seq)
        for person in joining
        if person.id not in kept
    ]
    back = [kept[person.id].id for person in joining if person.id in kept]
    Membership.objects.bulk_create(new)
    Membership.objects.filter(id__in=back).update(
        active=True,
        role=Membership.Role.MEMBER,
        involvement=default_involvement(room),
        read_seq=seq,
        changed_seq=seq,
    )
    room.member_count += len(joining)
    if not room.is_direct:
        hand_over(room)  # everybody had left: who comes first looks after it
    ids = [person.id for person in joining]
    save_room(room, "member_count", joined=ids)
    notify(ids, Notice.Kind.ROOM, room.id)


def leave_room(*, actor: User, room: Room | int) -> None:
    """Go; the last owner hands the room to its oldest member. A direct conversation is hidden."""
    found = find_room(actor, room)
    with transaction.atomic():
        fresh = locked_room(found.id)
        membership = membership_of(actor, fresh)
        if membership is None or not membership.active:
            if fresh.kind == Room.Kind.OPEN:
                return
            raise NotFound
        if not fresh.is_direct:
            _let_go(fresh, membership)
        elif not membership.hidden:
            membership.involvement = Membership.Involvement.HIDDEN
            membership.save(update_fields=["involvement"])
            notify([actor.id], Notice.Kind.ROOM, fresh.id)


def remove_member(*, actor: User, room: Room | int, user: User | int) -> None:
    """Take somebody out; nothing later reaches them. Taking oneself out is leaving."""
    found, person = find_room(actor, room), find_person(user)
    if person == actor:
        leave_room(actor=actor, room=found)
        return
    with transaction.atomic():
        fresh = locked_room(found.id)
        if not can_manage_members(actor, fresh, membership_of(actor, fresh)):
            raise NotAllowed
        membership = membership_of(person, fresh)
        if membership is None or not membership.active:
            raise NotFound
        _let_go(fresh, membership)


def leave_every_room(person: User) -> None:
    """For who is about to be erased. One room at a time: none is locked while the others are left."""
    joined = Membership.objects.active().filter(user=person).exclude(room__kind=Room.Kind.DIRECT)
    for room_id in joined.order_by("room_id").values_list("room_id", flat=True):
        with transaction.atomic():
            fresh = locked_room(room_id)
            membership = membership_of(person, fresh)
            if membership is not None and membership.active:
                _let_go(fresh, membership)


def _let_go(room: Room, membership: Membership) -> None:
    membership.active, membership.changed_seq = False, room.seq + 1
    was_owner = membership.role == Membership.Role.OWNER
    membership.role = Membership.Role.MEMBER
    membership.save(update_fields=["active", "changed_seq", "role"])
    if was_owner:
        hand_over(room)
    room.member_count -= 1
    save_room(room, "member_count", left=[membership.user_id])
    notify([membership.user_id], Notice.Kind.ROOM, room.id)


def hand_over(room: Room) -> None:
    """A room whose last owner is gone goes to its oldest member who can look after it."""
    members = Membership.objects.active().filter(room=room)
    if members.filter(role=Membership.Role.OWNER).exists():
        return
    oldest = members.filter(user__in=User.objects.present(), user__is_bot=False).oldest_first().first()
    if oldest is not None:
        oldest.role = Membership.Role.OWNER
        oldest.save(update_fields=["role"])


def set_involvement(*, actor: User, room: Room | int, involvement: str) -> None:
    """How much a room may ask of its member: everything, mentions or nothing."""
    found = find_room(actor, room)
    if involvement not in Membership.Involvement or involvement == Membership.Involvement.HIDDEN:
        raise Invalid("involvement")
    with transaction.atomic():
        changed = Membership.objects.active().filter(room=found, user=actor).update(involvement=involvement)
        if not changed:
            raise NotFound
        notify([actor.id], Notice.Kind.ROOM, found.id)
