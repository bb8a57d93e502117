"""What django-allauth and Django tell us of, each as one operation."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from rooms.operations.sessions import end_all_sessions, end_session


@receiver(user_logged_out)
def sign_out(request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
    """Sent before Django forgets the session, so that its key is still known."""
    if user and request.session.session_key:
        end_session(user=user, session_key=request.session.session_key)


@receiver([password_changed, password_set])
def keep_only_this_session(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    end_all_sessions(actor=user, user=user, keep=request.session.session_key or "")


@receiver(password_reset)
def keep_no_session(user: User, **_kwargs: Any) -> None:
    """Whoever had to reset a password may not know who else has it."""
    end_all_sessions(actor=user, user=user)
