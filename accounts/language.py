"""Which language a page is in: the person's choice, else the browser's, else the site's."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.utils import translation
from django.utils.cache import patch_vary_headers

from accounts.models import User


class LanguageMiddleware:
    """Stands behind Django's AuthenticationMiddleware. It looks at the person only when there is a
    session, whose views ask for the person anyway, so that it costs no query of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.GET.get("language", "")
        language = chosen if is_known(chosen) else language_of(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        if is_known(chosen):
            remember(response, chosen)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language",))
        return response


def language_of(request: HttpRequest) -> str:
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated and request.user.language:
        return request.user.language
    return translation.get_language_from_request(request)


def language_of_connection(person: User, headers: dict[bytes, bytes]) -> str:
    """A WebSocket has headers as a page has, but is no request."""
    if person.language:
        return person.language
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin1"))
    return _language_of(cookies.get(settings.LANGUAGE_COOKIE_NAME, ""), headers.get(b"accept-language", b""))


@lru_cache(maxsize=1_000)
def _language_of(chosen: str, accepted: bytes) -> str:
    request = HttpRequest()
    request.COOKIES = {settings.LANGUAGE_COOKIE_NAME: chosen}
    request.META["HTTP_ACCEPT_LANGUAGE"] = accepted.decode("latin1")
    return translation.get_language_from_request(request)


def chosen_at_the_door(request: HttpRequest) -> str:
    """What somebody without an account chose with the link at the foot, or nothing."""
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return language if is_known(language) else ""


def remember(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_known(language: str) -> bool:
    return language in dict(settings.LANGUAGES)
