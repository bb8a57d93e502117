"""Messages over HTTP: pages of history, sending, reporting, removing."""

from typing import Any

from ninja import Query, Router, Status

from rooms import history
from rooms.api.auth import ApiRequest, SignedIn
from rooms.api.schemas import AddressId, IdList, MessageForm, PageQuery, ReasonForm
from rooms.history import PAGE_LIMIT, PagePayload
from rooms.limits import send_limiter
from rooms.models import Message, Reaction
from rooms.operations import moderation, sending

router = Router()

type Answer = dict[str, Any]


@router.get("/rooms/{room_id}/messages")
def page(request: ApiRequest, room_id: AddressId, where: Query[PageQuery]) -> PagePayload:
    limit = min(where.limit, PAGE_LIMIT)
    return history.page(user=request.auth, room=room_id, place=where.place, limit=limit)


@router.post("/rooms/{room_id}/messages", response={200: Any, 201: Any}, auth=SignedIn(writes=send_limiter))
def send_message(request: ApiRequest, room_id: AddressId, form: MessageForm) -> Status[Answer]:
    """201, or 200 for a key that was seen before."""
    sent = sending.send_message(actor=request.auth, room=room_id, body=form.body, key=form.key, reply_to=form.reply_to)
    if sent.duplicate:
        return Status(200, {"message": sent.message, "duplicate": True})
    return Status(201, {"message": sent.message})


@router.get("/reactions")
def own_reactions(request: ApiRequest, messages: IdList) -> Answer:
    """One's own to these messages, of each in the order in which they came: a message names only the first of many."""
    seen = Message.objects.visible_to(request.auth).filter(id__in=messages)
    found = Reaction.objects.filter(user=request.auth, message__in=seen).order_by("message", "id")
    return {"reactions": list(found.values("message", "emoji"))}


@router.post("/messages/{message_id}/report", response={201: Any})
def report_message(request: ApiRequest, message_id: AddressId, form: ReasonForm | None = None) -> Answer:
    report = moderation.report_message(actor=request.auth, message=message_id, reason=form.reason if form else "")
    return {"report": report.pk}


@router.post("/messages/{message_id}/remove")
def remove_message(request: ApiRequest, message_id: AddressId, form: ReasonForm | None = None) -> Answer:
    moderation.remove_message(actor=request.auth, message=message_id, reason=form.reason if form else "")
    return {}
