"""The conversation page: everything that it needs to start, in one answer."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import PersonRequest
from rooms import history
from rooms.errors import NotFound
from rooms.history import PagePayload, Place
from rooms.models import Membership, Room, Site
from rooms.payloads import RoomEntry, RoomState, room_entries, room_state, user_payload

FAR_BEHIND = 30  # unread messages, from which on one starts to read where one left off


@login_required
@never_cache
@require_safe
def home(request: PersonRequest) -> HttpResponse:
    """The room that one read last; without any room, the page that says what to do."""
    mine = Membership.objects.listed().filter(user=request.user)
    last = mine.filter(read_at__isnull=False).order_by("-read_at").first() or mine.order_by("id").first()
    if last is not None:
        return redirect("room", room_id=last.room_id)
    return _page(request, None)


@login_required
@never_cache
@require_safe
def room(request: PersonRequest, room_id: int) -> HttpResponse:
    """`?at=SEQ` is a message's address."""
    try:
        return _page(request, room_id)
    except NotFound as error:
        raise Http404 from error


def _page(request: PersonRequest, room_id: int | None) -> HttpResponse:
    user = request.user
    at = _message_asked_for(request)
    entries = room_entries(user)
    state = _state(user, room_id, entries) if room_id is not None else None
    owned = Membership.objects.active().filter(user=user, role=Membership.Role.OWNER)
    # The page is read last, so that its `seq` is no lower than that of the room in the list
    page = _first_page(user, state, at) if state is not None else None
    data = {
        "user": user_payload(user),
        "moderator": user.is_moderator,
        "epoch": page["epoch"] if page is not None else Site.load().epoch,
        "rooms": entries,
        "owned": list(owned.values_list("room_id", flat=True)),
        "here": state,
        "page": page,
        "at": at,
    }
    return render(request, "rooms/page.html", {"data": data})


def _message_asked_for(request: HttpRequest) -> int | None:
    asked = request.GET.get("at", "")
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 16 else None


def _state(user: User, room_id: int, entries: list[RoomEntry]) -> RoomEntry | RoomState:
    """The room as its member sees it; one that is not in the list (open, or hidden) as it is."""
    for entry in entries:
        if entry["id"] == room_id:
            return entry
    found = Room.objects.visible_to(user).filter(id=room_id).first()
    if found is None:
        raise NotFound
    return room_state(found)


def _first_page(user: User, state: RoomEntry | RoomState, at: int | None) -> PagePayload:
    if at is None and "unread" in state:
        entry = cast("RoomEntry", state)
        at = entry["read_seq"] if entry["unread"] > FAR_BEHIND else None
    return history.page(user=user, room=state["id"], place=Place(around=at))
