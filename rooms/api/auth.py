"""Who asks: the token is looked at before the cookie, and only a cookie needs Django's CSRF header."""

from typing import NoReturn

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from ninja.security.base import AuthBase

from accounts.models import AccessToken, User, token_digest
from rooms.errors import ChatError, NotAllowed, TooFast
from rooms.limits import SendLimiter, change_limiter, read_limiter

SAFE_METHODS = ("GET", "HEAD")


class NotSignedIn(ChatError):
    code, status = "unauthorized", 401

    def default_detail(self) -> str:
        return _("Sign in first.")


class ApiRequest(HttpRequest):
    """A request that `SignedIn` has let in."""

    auth: User


class SignedIn(AuthBase):
    """Lets in who is known, and who is not too fast: `writes` is what their other than reading takes from."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, writes: SendLimiter = change_limiter) -> None:
        super().__init__()
        self._writes = writes

    def __call__(self, request: HttpRequest) -> User:
        """The person; raises NotSignedIn, NotAllowed for somebody who was shut out, or TooFast."""
        user = self._person(request)
        limiter = read_limiter if request.method in SAFE_METHODS else self._writes
        if wait := limiter.take(user.id):
            raise TooFast(wait)
        return user

    def _person(self, request: HttpRequest) -> User:
        if "Authorization" in request.headers:
            return _by_token(request.headers["Authorization"])
        user = _by_session(request)
        # Ninja's own cookie check comes before it knows whether anybody is signed in, and so
        # answers a valid token's POST, and one without any credentials, with a CSRF error.
        _csrf.process_request(request)
        _csrf.process_view(request, _any_view, (), {})
        return user


class _CsrfCheck(CsrfViewMiddleware):
    """Refuses as an operation does; Django's own would render a page."""

    def _reject(self, request: HttpRequest, reason: str) -> NoReturn:
        raise NotAllowed(_("The CSRF header is missing or wrong."))


def _any_view() -> HttpResponse:
    """The check passes an exempt view over, as all of Ninja's are; this one stands for them."""
    return HttpResponse()


_csrf = _CsrfCheck(lambda _request: _any_view())


def _by_token(header: str) -> User:
    scheme, _space, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn
    digest = token_digest(token.strip())
    row = AccessToken.objects.filter(digest=digest, revoked_at__isnull=True).select_related("user__ban").first()
    if row is None:
        raise NotSignedIn
    return _welcome(row.user)


def _by_session(request: HttpRequest) -> User:
    if isinstance(request.user, User):
        return _welcome(request.user)
    # Django's session knows nobody who was banned, so that it would say 401 and not why.
    user_id = request.session.get(SESSION_KEY)
    user = User.objects.select_related("ban").filter(pk=user_id).first() if user_id else None
    signed = request.session.get(HASH_SESSION_KEY, "")
    if user is None or not constant_time_compare(signed, user.get_session_auth_hash()):
        raise NotSignedIn
    return _welcome(user)


def _welcome(user: User) -> User:
    if user.erased_at is not None:
        raise NotSignedIn
    if hasattr(user, "ban"):
        raise NotAllowed(_("You are banned."), reason=user.ban.reason)
    if not user.is_active:
        raise NotAllowed(_("This account is closed."))
    return user
