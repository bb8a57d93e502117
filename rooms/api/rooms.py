"""Rooms over HTTP, and who is in them."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from accounts.models import User
from rooms import changes
from rooms.api.auth import ApiRequest
from rooms.api.schemas import (
    AddressId,
    AddressSeq,
    InvitationForm,
    InvolvementForm,
    Limit,
    MuteForm,
    PeopleForm,
    ReasonForm,
    RoomChanges,
    RoomForm,
)
from rooms.errors import NotFound
from rooms.models import Membership, Room, Site
from rooms.models.snapshot import snapshot
from rooms.operations import invitations, members, moderation
from rooms.operations import rooms as operations
from rooms.operations.text import NAME_LIMIT, clean_line
from rooms.payloads import room_entries, room_state, timestamp, user_payload

MEMBERS_LIMIT = 200
CALLED_LIMIT = 20
OPEN_LIMIT = 200
router = Router()

type Answer = dict[str, Any]


@router.get("/rooms")
def my_rooms(request: ApiRequest) -> Answer:
    with snapshot():
        return {"epoch": Site.load().epoch, "rooms": room_entries(request.auth)}


@router.get("/rooms/open")
def open_rooms(request: ApiRequest, after: AddressSeq = 0, limit: Limit = OPEN_LIMIT) -> Answer:
    """Those that one may read and join, in order of id, those above `after`."""
    size = min(limit, OPEN_LIMIT)
    found = Room.objects.filter(kind=Room.Kind.OPEN, archived_at__isnull=True, id__gt=after).order_by("id")
    rooms = list(found[: size + 1])
    mine = Membership.objects.active().filter(user=request.auth, room__in=rooms).values_list("room_id", flat=True)
    joined = set(mine)
    shown = [{**room_state(room), "joined": room.id in joined} for room in rooms[:size]]
    return {"rooms": shown, "has_after": len(rooms) > size}


@router.post("/rooms", response={201: Any})
def create_room(request: ApiRequest, form: RoomForm) -> Answer:
    room = operations.create_room(actor=request.auth, name=form.name, kind=form.kind, topic=form.topic)
    return _room(request.auth, room)


@router.patch("/rooms/{room_id}")
def rename_room(request: ApiRequest, room_id: AddressId, form: RoomChanges) -> Answer:
    room = operations.rename_room(actor=request.auth, room=room_id, name=form.name, topic=form.topic)
    return _room(request.auth, room)


@router.post("/rooms/{room_id}/archive")
def archive_room(request: ApiRequest, room_id: AddressId, form: ReasonForm | None = None) -> Answer:
    room = operations.archive_room(actor=request.auth, room=room_id, reason=form.reason if form else "")
    return _room(request.auth, room)


@router.post("/rooms/{room_id}/unarchive")
def unarchive_room(request: ApiRequest, room_id: AddressId, form: ReasonForm | None = None) -> Answer:
    room = operations.unarchive_room(actor=request.auth, room=room_id, reason=form.reason if form else "")
    return _room(request.auth, room)


@router.post("/rooms/{room_id}/join")
def join_room(request: ApiRequest, room_id: AddressId) -> Answer:
    return _room(request.auth, members.join_room(actor=request.auth, room=room_id))


@router.post("/rooms/{room_id}/leave")
def leave_room(request: ApiRequest, room_id: AddressId) -> Answer:
    members.leave_room(actor=request.auth, room=room_id)
    return {}


@router.put("/rooms/{room_id}/involvement")
def set_involvement(request: ApiRequest, room_id: AddressId, form: InvolvementForm) -> Answer:
    members.set_involvement(actor=request.auth, room=room_id, involvement=form.involvement)
    return {"involvement": form.involvement}


@router.get("/rooms/{room_id}/changes")
def room_changes(request: ApiRequest, room_id: AddressId, after: AddressSeq) -> HttpResponse:
    """The first part of what changed, as one event; its bytes are those of the live door."""
    found = changes.room_changes(room_id, after, request.auth.id, members_only=False)
    _seq, frame = changes.change_frames(found)[0]
    return HttpResponse(frame, content_type="application/json; charset=utf-8", headers={"Cache-Control": "no-store"})


@router.get("/rooms/{room_id}/members")
def room_members(request: ApiRequest, room_id: AddressId, after: AddressSeq = 0, q: str = "") -> Answer:
    """In order of id, those above `after`; or the few whom `q` calls best. With the ids of all of the room's owners."""
    text = clean_line("q", q, NAME_LIMIT)
    if not Room.objects.visible_to(request.auth).filter(id=room_id).exists():
        raise NotFound
    people = User.objects.met_by(request.auth).filter(
        memberships__in=Membership.objects.active().filter(room=room_id), id__gt=after
    )
    ordered, limit = (people.called(text), CALLED_LIMIT) if text else (people.order_by("id"), MEMBERS_LIMIT)
    found = list(ordered[: limit + 1])
    owners = (
        Membership.objects.active().filter(room=room_id, role=Membership.Role.OWNER).values_list("user_id", flat=True)
    )
    shown = [user_payload(user) for user in found[:limit]]
    return {"users": shown, "has_after": len(found) > limit, "owners": list(owners)}


@router.post("/rooms/{room_id}/members")
def add_members(request: ApiRequest, room_id: AddressId, form: PeopleForm) -> Answer:
    return _room(request.auth, members.add_members(actor=request.auth, room=room_id, users=form.users))


@router.delete("/rooms/{room_id}/members/{user_id}")
def remove_member(request: ApiRequest, room_id: AddressId, user_id: AddressId) -> Answer:
    members.remove_member(actor=request.auth, room=room_id, user=user_id)
    return {}


@router.put("/rooms/{room_id}/members/{user_id}/mute")
def mute_member(request: ApiRequest, room_id: AddressId, user_id: AddressId, form: MuteForm) -> Answer:
    moderation.mute_member(actor=request.auth, room=room_id, user=user_id, until=form.until, reason=form.reason)
    return {"until": timestamp(form.until) if form.until else None}


@router.post("/rooms/{room_id}/invitations", response={201: Any})
def create_invitation(request: ApiRequest, room_id: AddressId, form: InvitationForm) -> Answer:
    expires_at = timezone.now() + timedelta(days=form.days) if form.days else None
    invitation = invitations.create_invitation(actor=request.auth, room=room_id, uses=form.uses, expires_at=expires_at)
    return {"url": invitation.url}


@router.post("/directs")
def start_direct(request: ApiRequest, form: PeopleForm) -> Answer:
    return _room(request.auth, operations.start_direct(actor=request.auth, users=form.users))


def _room(user: User, room: Room) -> Answer:
    """The room as its member sees it; a moderator who is not in it sees its state."""
    entries = room_entries(user, [room.id])
    return {"room": entries[0] if entries else room_state(room)}
