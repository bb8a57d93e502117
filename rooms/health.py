"""Whether this process lives and is ready, and what it has counted."""

import json
import logging
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from rooms.errors import Unavailable
from rooms.live.database import Database

logger = logging.getLogger(__name__)

BELOW = "/healthz/"


class Readiness:
    """What this process says to the balancer."""

    draining = False


async def health(scope: dict[str, Any], _receive: object, send: Any) -> None:
    """`/healthz/live` and `/healthz/ready`, before Django: a balancer asks each process every second, and
    on its way through Django a question cost more than anything else that an idle process does."""
    status, said = await _answer(scope)
    body = json.dumps(said).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _answer(scope: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if not _is_for_us(dict(scope["headers"]).get(b"host", b"").decode("latin-1")):
        return 400, {"detail": "This host is not the site's."}
    match scope["path"].removeprefix(BELOW):
        case "live":
            return 200, {"live": True}
        case "ready":
            return await _ready()
    return 404, {"detail": "There is no such question."}


def _is_for_us(host: str) -> bool:
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


async def _ready() -> tuple[int, dict[str, Any]]:
    """200 while the database answers; without Redis too, since the feeds then repair themselves."""
    state = {"draining": Readiness.draining, "database": await _database_answers()}
    usable = state["database"] and not state["draining"]
    return 200 if usable else 503, {"ready": usable, **state}


async def _database_answers() -> bool:
    try:
        await _database().ask(_ask_database)
    except Unavailable as error:
        logger.warning("The database does not answer: %s", error.__cause__)
        return False
    return True


@cache
def _database() -> Database:
    """A thread of its own, however long those of the live door have to wait."""
    return Database(threads=1)


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def metrics(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
