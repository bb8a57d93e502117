"""What answers when no door could: below /api/ in JSON as the API itself refuses, else a page."""

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views import defaults

from rooms.api import api
from rooms.errors import Invalid, NotFound

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_for_the_api(request):
        return api.refuse(request, Invalid(None))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_for_the_api(request):
        return api.refuse(request, NotFound())
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Also for what a middleware raised: with the database away, whoever has a session gets no further."""
    error = sys.exc_info()[1]
    if _is_for_the_api(request) and isinstance(error, Exception):
        return api.on_exception(request, error)
    with translation.override(translation.get_language_from_request(request)):
        if isinstance(error, OperationalError | InterfaceError):
            return HttpResponse(render_to_string("503.html"), status=503)
        return defaults.server_error(request)


def _is_for_the_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
