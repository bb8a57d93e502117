"""What all of the JSON door shares: how it lets in, how it writes, and how it refuses."""

import logging
import math
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import uuid4

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.request import RawPostDataException
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.renderers import BaseRenderer

from rooms.api.auth import NotSignedIn, SignedIn
from rooms.errors import ChatError, Invalid, TooFast, TooLarge, Unavailable, UnknownMethod, error_payload
from rooms.payloads import encode

logger = logging.getLogger(__name__)


class PayloadRenderer(BaseRenderer):
    """The same bytes as on the live door; Django's escapes would make them up to three times as long."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return encode(data)


class PlazaAPI(NinjaAPI):
    def __init__(self, **options: Any) -> None:
        super().__init__(auth=SignedIn(), renderer=PayloadRenderer(), **options)
        handlers: dict[type[Exception], Any] = {
            ChatError: self.refuse,
            ValidationError: self._invalid,
            HttpError: self._not_json,
            RawPostDataException: self._not_json,
            AuthenticationError: self._not_signed_in,
            RequestDataTooBig: self._too_large,
            OperationalError: self._unavailable,
            InterfaceError: self._unavailable,
            Exception: self._internal,
        }
        for error, handler in handlers.items():
            self.add_exception_handler(error, handler)

    @property
    def urls(self) -> tuple[list[URLPattern | URLResolver], str, str]:
        patterns, app, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = self._refusing_methods(pattern.callback)
        return patterns, app, namespace

    def _refusing_methods(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """A view of Ninja's, which answers a method that it does not know in plain text."""

        @wraps(view)
        def refusing(request: HttpRequest, *args: Any, **fields: Any) -> HttpResponse:
            response = view(request, *args, **fields)
            if not isinstance(response, HttpResponseNotAllowed):
                return response
            refusal = self.refuse(request, UnknownMethod())
            refusal.headers["Allow"] = response.headers["Allow"]
            return refusal

        return refusing

    def create_response(self, request: HttpRequest, data: Any, **options: Any) -> HttpResponse:
        """What somebody may see today stays in no cache."""
        response = super().create_response(request, data, **options)
        response.headers["Cache-Control"] = "no-store"
        return response

    def refuse(self, request: HttpRequest, error: ChatError) -> HttpResponse:
        response = self.create_response(request, error_payload(error), status=error.status)
        if isinstance(error, TooFast):
            response.headers["Retry-After"] = str(math.ceil(error.extra["retry_after"]))
        return response

    def _invalid(self, request: HttpRequest, error: ValidationError) -> HttpResponse:
        """`field` is the first that was wrong; what Pydantic says about it is for no reader of ours."""
        fields = [part for part in error.errors[0]["loc"][1:] if isinstance(part, str)]
        return self.refuse(request, Invalid(fields[-1] if fields and fields[-1] not in BODIES else None))

    def _not_json(self, request: HttpRequest, _error: Exception) -> HttpResponse:
        return self.refuse(request, Invalid(None))

    def _not_signed_in(self, request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
        return self.refuse(request, NotSignedIn())

    def _too_large(self, request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
        return self.refuse(request, TooLarge())

    def _unavailable(self, request: HttpRequest, error: Exception) -> HttpResponse:
        logger.warning("The database did not answer %s %s: %s", request.method, request.path, error)
        return self.refuse(request, Unavailable())

    def _internal(self, request: HttpRequest, error: Exception) -> HttpResponse:
        incident = uuid4().hex[:12]
        logger.error("Incident %s at %s %s", incident, request.method, request.path, exc_info=error)
        return self.refuse(request, ChatError(incident=incident))


# Ninja's names of whole bodies and queries, which are no fields
BODIES = ("form", "where")
