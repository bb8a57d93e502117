"""Where django-allauth is told how this site wants things."""

import logging
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.backend import may_sign_in
from accounts.models import User
from rooms.models import Site
from rooms.operations.sessions import end_all_sessions

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("The user name or the password is not right."),
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, then try again."),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come in by invitation alone: see `accounts.views.join`."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """What `TrustedProxyMiddleware` found; allauth has rules of its own, and none for Unix sockets."""
        address: str = request.META["REMOTE_ADDR"]
        return address

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """The password was right: say why it does not open."""
        return None if may_sign_in(user) else self.respond_user_inactive(request, user)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        return render(request, "account/account_inactive.html", {"ban": getattr(user, "ban", None)}, status=403)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("settings")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        return reverse("settings" if self.request.user.is_authenticated else "account_login")

    def get_reset_password_from_key_url(self, key: str) -> str:
        return public(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return public(super().get_email_confirmation_url(request, emailconfirmation))

    def format_email_subject(self, subject: str) -> str:
        return f"[{Site.load().name}] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        site = {"site_name": Site.load().name, "site_url": settings.CHAT_URL}
        try:
            super().send_mail(template_prefix, email, site | context)
        except (SMTPException, OSError):  # whoever signs up or asks for a link must not pay for it
            logger.exception("No mail could be sent (%s)", template_prefix)
            self.request.mail_failed = True

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if message_template == "account/messages/email_confirmation_sent.txt" and hasattr(request, "mail_failed"):
            level, message_template = messages.ERROR, "account/messages/email_failed.txt"
        super().add_message(request, level, message_template, *args, **kwargs)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """What happened to an account is nobody's business but its owner's: verified addresses only."""
        address = EmailAddress.objects.get_verified(user)
        if address:
            super().send_notification_mail(template_prefix, user, context, address.email)


class UserSessionsAdapter(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: list[UserSession]) -> None:
        """Allauth's only form ends all but the current one."""
        request = context.request
        end_all_sessions(actor=request.user, user=request.user, keep=request.session.session_key)


def public(url: str) -> str:
    """A link for an e-mail begins with the site's own address, whatever `Host` the request named."""
    parts = urlsplit(url)
    return f"{settings.CHAT_URL}{parts.path}"
