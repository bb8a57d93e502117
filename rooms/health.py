"""Whether this process lives and is ready, and what it has counted."""

import logging
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

logger = logging.getLogger(__name__)


class Readiness:
    """What this process says to the balancer."""

    draining = False


def live(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"live": True})


def ready(_request: HttpRequest) -> JsonResponse:
    """200 while the database answers; without Redis too, since the feeds then repair themselves."""
    state: dict[str, Any] = {"draining": Readiness.draining, "database": _database_answers()}
    usable = state["database"] and not state["draining"]
    return JsonResponse({"ready": usable, **state}, status=200 if usable else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("The database does not answer", exc_info=True)
        return False
    return True


def metrics(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
