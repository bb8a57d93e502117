"""People over HTTP: oneself, those one asks for by id, and those one may look for."""

from typing import Any

from ninja import Router

from accounts.models import User
from rooms.api.auth import ApiRequest
from rooms.api.schemas import IdList
from rooms.operations.text import clean_line
from rooms.payloads import UserPayload, user_payload

FOUND_LIMIT = 50
router = Router()

type Answer = dict[str, Any]


@router.get("/me")
def me(request: ApiRequest) -> UserPayload:
    return user_payload(request.auth)


@router.get("/users")
def users(request: ApiRequest, ids: IdList) -> Answer:
    """Those of them whom one may see, by id."""
    found = User.objects.met_by(request.auth).filter(id__in=ids).order_by("id")
    return {"users": [user_payload(user) for user in found]}


@router.get("/people")
def people(request: ApiRequest, q: str = "") -> Answer:
    """Whom one may add to a room or write to, by name."""
    text = clean_line("q", q, 80)
    others = User.objects.present().exclude(id=request.auth.id)
    found = others.called(text) if text else others.by_name()
    return {"users": [user_payload(user) for user in found[:FOUND_LIMIT]]}
